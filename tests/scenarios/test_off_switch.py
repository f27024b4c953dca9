"""The off switch between real processes: at once, everywhere, told, and undone."""

import contextlib
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from node.transport import status
from scripts.cities import Cities
from scripts.city import City, free_ports, new_id
from tests.scenarios.stage import (
    ASK,
    ENDS,
    EXCHANGE,
    SCENARIO,
    Hand,
    eventually,
    hand,
    lines,
    of_standing,
    settled,
)
from tests.scenarios.test_two_processes import twin

pytestmark = pytest.mark.all

SCALES = "/federation.v1.FederationService/ExchangeScales"
WATCH = "/grpc.health.v1.Health/Watch"
OFF = "NOT_A_PARTNER"
TURNS = 8
Both = tuple[City, City, Hand, dict[str, str]]


@pytest.fixture(scope="module")
def both(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    """Two processes of one city, and a partner whose keys are in our hand."""
    root = tmp_path_factory.mktemp("off")
    with hand(root, new_database()) as (hand_, residents):
        second = twin(hand_.home, root / "second")
        second.start()
        second.wait()
        try:
            yield hand_.home, second, hand_, residents
        finally:
            second.stop()


def suspend(city: City, other: str) -> None:
    city.operator("SuspendPartner", request_id=new_id(), city=other, reason="a drill")


def resume(city: City, other: str) -> None:
    city.operator("ResumePartner", request_id=new_id(), city=other, reason="a drill is over")


@contextlib.contextmanager
def watching(channel: grpc.Channel) -> Iterator[Any]:
    stream: Any = channel.unary_stream(WATCH, None, health_pb2.HealthCheckResponse.FromString)(
        b"", timeout=30
    )
    try:
        yield stream
    finally:
        stream.cancel()


def end_of(stream: Any) -> str:  # noqa: ANN401 - gRPC's own
    """The reason that a stream ends with."""
    try:
        for _ in stream:
            pass
    except grpc.RpcError as raised:
        told: Any = raised
        error = status.from_metadata(told.trailing_metadata())
        return error.reason.name if error else str(told.code())
    return "OK"


def test_what_one_process_suspends_the_others_refuse_with_the_very_next_call(both: Both) -> None:
    one, two, hand_, residents = both
    resident = of_standing(residents, "excellent")[0]
    consent = one.consent(resident, hand_.city, [SCENARIO], ENDS)
    with hand_.channel(two.peer_port) as open_one:
        answered = hand_.question(one.code(resident, consent))
        assert hand_.ask(open_one, answered).body
        for turn in range(TURNS):
            assert hand_.ask(open_one, b"", SCALES).reason == "OK"
            # Whichever comes first: a new question, one that was answered, or any other method.
            calls = deque(
                [
                    (ASK, hand_.question(one.code(resident, consent))),
                    (ASK, answered),
                    (SCALES, b""),
                ]
            )
            calls.rotate(turn)
            suspend(one, hand_.city)
            for method, body in calls:
                assert hand_.ask(open_one, body, method).reason == OFF, (turn, method)
            # What tells it, and brings new keys, is heard on.
            assert hand_.ask(open_one, b"\xff", EXCHANGE).reason == "MALFORMED"
            resume(two, hand_.city)
            assert hand_.ask(open_one, answered).body


def test_a_stream_to_one_process_ends_when_the_other_suspends(both: Both) -> None:
    one, two, hand_, _ = both
    with (
        hand_.channel(two.peer_port) as far,
        hand_.channel(one.peer_port) as near,
        contextlib.ExitStack() as running,
    ):
        assert eventually(lambda: served(near) and served(far))
        there, here = running.enter_context(watching(far)), running.enter_context(watching(near))
        assert [next(stream).status for stream in (here, there)] == [1, 1]
        suspend(one, hand_.city)
        assert [end_of(stream) for stream in (here, there)] == [OFF, OFF]
        for channel in (near, far):
            with watching(channel) as late:
                assert end_of(late) == OFF
        resume(one, hand_.city)
        assert eventually(lambda: served(far))


def served(channel: grpc.Channel) -> bool:
    with watching(channel) as stream:
        try:
            return bool(next(stream).status == 1)
        except grpc.RpcError:
            return False


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cities]:
    with settled(tmp_path_factory.mktemp("told"), ("410100", "330100")) as cities:
        yield cities


def partner(city: City, other: City) -> dict[str, Any]:
    found = city.operator("GetPartner", city=other.about.code)["partner"]
    assert isinstance(found, dict)
    return found


def test_the_partner_is_told_and_shows_it_and_a_resumption_needs_no_restart(
    pair: Cities,
) -> None:
    home, host = pair["zhengzhou"], pair["hangzhou"]
    suspend(home, host.about.code)
    assert eventually(lambda: partner(host, home)["state"] == "PARTNER_STATE_SUSPENDED")
    told = partner(host, home)
    assert (told["suspended_here"], told["suspended_there"]) == (False, True)
    assert eventually(lambda: bool(partner(home, host)["told"]))
    steps = host.operator("GetPartner", city=home.about.code)["steps"]
    assert (steps[-1]["actor"], steps[-1]["move"]) == (f"city {home.about.code}", "suspended")
    for city, other in ((home, host), (host, home)):
        findings = {f["subject"]: f for f in city.operator("ExamineNode")["findings"]}
        state = findings[f"partner {other.about.code}"]
        assert state["severity"] == "SEVERITY_OK"
        assert "Suspended" in state["detail_en"]
        assert f"partner {other.about.code} contact" not in findings
    resume(home, host.about.code)
    assert eventually(lambda: partner(home, host)["state"] == "PARTNER_STATE_ACTIVE")
    assert eventually(lambda: partner(host, home)["state"] == "PARTNER_STATE_ACTIVE")


def test_who_suspended_when_and_why_is_kept_and_nothing_failed_by_it(
    pair: Cities,
) -> None:
    home, host = pair["zhengzhou"], pair["hangzhou"]
    rows = home.operator("GetPartner", city=host.about.code)["steps"]
    [step, *_] = [row for row in reversed(rows) if row["move"] == "suspend"]
    assert (step["actor"], step["reason"]) == ("operator/default", "a drill")
    assert not any(line.get("event") == "call_failed" for line in lines(home) + lines(host))


def test_a_node_serves_its_metrics_where_the_settings_say(pair: Cities, tmp_path: Path) -> None:
    home, host = pair["zhengzhou"], pair["hangzhou"]
    [port] = free_ports(1)
    home.stop()
    text = home.settings.read_text("utf-8")
    commented = '# metrics_listen = "127.0.0.1:9464"'
    assert commented in text
    home.settings.write_text(
        text.replace(commented, f'metrics_listen = "127.0.0.1:{port}"'), "utf-8"
    )
    home.start()
    home.wait()
    assert eventually(lambda: home.operator("SyncPartner", city=host.about.code)["partner"]["told"])
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        found = answer.read().decode().splitlines()
    code = host.about.code
    for line in (
        f'hutong_partner_state{{city="{code}",state="active"}} 1.0',
        f'hutong_partner_told{{city="{code}"}} 1.0',
        f'hutong_partner_contact_failures{{city="{code}"}} 0.0',
        f'hutong_partner_agreement_version{{city="{code}"}} 1.0',
    ):
        assert line in found
    # Calls before that were refused, or not told yet.
    called = 'hutong_calls_total{city="",method="SyncPartner",port="local",reason="OK"} '
    assert any(line.startswith(called) for line in found)
    assert not any(line.startswith("hutong_degraded{") for line in found)
