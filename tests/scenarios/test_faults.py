"""Processes that die between commit and answer, hang, or find their store locked or full."""

import contextlib
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from grpc_health.v1 import health_pb2, health_pb2_grpc

from federation.errors import HutongError
from node import bootstrap, data
from node.errors import NODE_UNREACHABLE, STORE_UNAVAILABLE
from node.model import Role
from scripts.cities import Cities, City, new_id
from tests.scenarios.stage import (
    ROOT,
    Hand,
    Line,
    check,
    count,
    enrolled,
    eventually,
    hand,
    of_standing,
    open_files,
    settled,
    store_of,
    visit,
)

pytestmark = pytest.mark.all

Pair = tuple[Cities, dict[str, str]]


@pytest.fixture(scope="module")
def held(
    store: str | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Hand, dict[str, str]]]:
    with hand(tmp_path_factory.mktemp("killed"), store) as made:
        yield made


def test_a_home_city_killed_between_commit_and_answer_gives_the_first_answer(
    held: tuple[Hand, dict[str, str]],
) -> None:
    hand_, residents = held
    home = hand_.home
    code = visit(home, _city(hand_), of_standing(residents, "excellent")[0])
    body, before = hand_.question(code), count(home, "SELECT count(*) FROM uses")
    with (
        Line(home.peer_port) as line,
        hand_.channel(line.port) as channel,
        ThreadPoolExecutor(1) as pool,
    ):
        hand_.ask(channel, b"")  # the connection stands
        line.muted.set()
        lost = pool.submit(hand_.ask, channel, body)
        assert eventually(lambda: count(home, "SELECT count(*) FROM uses") == before + 1)
        home.kill()
        line.cut()
        assert not lost.result(60).body
    kept = _answers(home)
    home.start()
    home.wait()
    with hand_.channel() as channel:
        first = hand_.ask(channel, body)
        assert first == hand_.ask(channel, body)
    assert first.body
    # What it says now is what it had committed then, and nothing was done twice.
    assert any(first.body[-200:] in answer for answer in kept)
    assert _answers(home) == kept
    assert count(home, "SELECT count(*) FROM uses") == before + 1


def _city(hand_: Hand) -> City:
    return City(data.city(hand_.city), Path(), 0, 0, 0)


def _answers(city: City) -> list[bytes]:
    with store_of(city) as store:
        rows = store.execute(sa.text("SELECT response FROM answers ORDER BY request_id"))
        return [bytes(row[0]) for row in rows]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Hangzhou is the host; Zhengzhou and Suzhou are home cities."""
    directory = tmp_path_factory.mktemp("faults")
    with settled(directory, ("330100", "410100", "320500"), freshness_seconds=1) as cities:
        residents = enrolled(cities["zhengzhou"])
        residents |= enrolled(cities["suzhou"])
        residents |= enrolled(cities["hangzhou"])
        yield cities, residents


def recognised(answer: dict[str, object]) -> bool:
    return answer["outcome"] == "RECOGNITION_OUTCOME_RECOGNISED"


def good(residents: dict[str, str], city: str, place: int = 0) -> str:
    found = [v for k, v in residents.items() if k.startswith(city) and "excellent" in k]
    return found[place]


def test_a_host_city_killed_between_commit_and_answer_of_a_redemption(pair: Pair) -> None:
    cities, residents = pair
    host, home = cities["hangzhou"], cities["zhengzhou"]
    decisions = check(host, visit(home, host, good(residents, "zhengzhou")))["decisions"]
    redeem = {"request_id": new_id(), "decision_id": decisions[0]["decision_id"]}
    before = count(host, "SELECT count(*) FROM redemptions")
    files = bootstrap.issue_client(
        host.settings, role=Role.VENUE, name="library", directory=host.directory / "again"
    )
    with Line(host.local_port) as line, ThreadPoolExecutor(1) as pool:
        client = bootstrap.local_client(
            address=f"127.0.0.1:{line.port}",
            certificate=files.certificate,
            key=files.key,
            ca=files.ca,
            timeout_seconds=20,
        )
        client.call("VenueService/ListIncentives", {})
        line.muted.set()
        lost = pool.submit(client.call, "VenueService/Redeem", redeem)
        assert eventually(lambda: count(host, "SELECT count(*) FROM redemptions") == before + 1)
        host.kill()
        line.cut()
        error = lost.exception(60)
        assert isinstance(error, HutongError)
        assert error.reason == NODE_UNREACHABLE
        client.close()
    with store_of(host) as store:
        kept = store.execute(
            sa.text("SELECT redemption_id FROM redemptions WHERE decision_id = :d"),
            {"d": redeem["decision_id"]},
        ).scalar_one()
    host.forget_clients()
    host.start()
    host.wait()
    first = host.venue("library", "Redeem", **redeem)
    assert first["redemption_id"] == kept
    assert host.venue("library", "Redeem", **redeem) == first
    assert count(host, "SELECT count(*) FROM redemptions") == before + 1


def test_a_home_city_that_hangs_costs_its_own_visitors_only(pair: Pair) -> None:
    cities, residents = pair
    host, hung, well = cities["hangzhou"], cities["zhengzhou"], cities["suzhou"]
    shown = [visit(hung, host, good(residents, "zhengzhou", i)) for i in (1, 2, 3)]
    request_ids = [new_id() for _ in shown]
    others = [visit(well, host, good(residents, "suzhou", i)) for i in range(3)]
    assert hung.process is not None
    hung.process.send_signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(len(shown)) as pool:
            waiting = [
                pool.submit(check, host, code, request_id=request_id)
                for code, request_id in zip(shown, request_ids, strict=True)
            ]
            for code in others:
                assert recognised(check(host, code))
            # All of that came while the first ones still waited.
            assert not any(each.done() for each in waiting)
            for each in waiting:
                answer = each.result(60)
                assert answer["outcome"] == "RECOGNITION_OUTCOME_HOME_UNREACHABLE"
                assert [d["eligible"] for d in answer["decisions"]] == [False, True]
    finally:
        hung.process.send_signal(signal.SIGCONT)
    for code, request_id in zip(shown, request_ids, strict=True):
        assert recognised(check(host, code, request_id=request_id))
    used = count(
        hung, "SELECT count(*) FROM uses WHERE resident_id = :r", r=good(residents, "zhengzhou", 1)
    )
    assert used == 1


def health(city: City) -> int:
    """What the node says of itself."""
    client = city.client(Role.OPERATOR)
    stub = health_pb2_grpc.HealthStub(client._channel)
    return int(stub.Check(health_pb2.HealthCheckRequest(), timeout=20).status)


def refused_by_the_store(city: City, resident: str) -> str:
    """What a resident is told who gives a consent."""
    with pytest.raises(HutongError) as raised:
        visit(city, city, resident)
    assert raised.value.reason == STORE_UNAVAILABLE
    return raised.value.fields["problem"]


def test_a_locked_store_is_told_and_heals(pair: Pair) -> None:
    cities, residents = pair
    city, resident = cities["suzhou"], good(residents, "suzhou")
    path = city.directory / "hutong.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        before = count(city, "SELECT count(*) FROM consents")
        assert refused_by_the_store(city, resident) == "another process holds its lock"
        assert eventually(lambda: health(city) == health_pb2.HealthCheckResponse.NOT_SERVING)
        other.execute("ROLLBACK")
    assert count(city, "SELECT count(*) FROM consents") == before
    assert eventually(lambda: health(city) == health_pb2.HealthCheckResponse.SERVING)
    assert visit(city, city, resident)


def test_a_full_disk_is_told_nothing_is_half_written_and_it_heals(pair: Pair) -> None:
    cities, residents = pair
    city, resident = cities["suzhou"], good(residents, "suzhou", 1)
    assert city.process is not None
    before = count(city, "SELECT count(*) FROM consents")
    codes = count(city, "SELECT count(*) FROM codes")
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    # No file of the process may grow beyond this: as a full disk, it refuses the write.
    resource.prlimit(city.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    try:
        assert refused_by_the_store(city, resident) in ("the disk is full", "the disk fails")
        assert eventually(lambda: health(city) == health_pb2.HealthCheckResponse.NOT_SERVING)
    finally:
        resource.prlimit(city.process.pid, resource.RLIMIT_FSIZE, unlimited)
    assert count(city, "SELECT count(*) FROM consents") == before
    assert count(city, "SELECT count(*) FROM codes") == codes
    assert eventually(lambda: health(city) == health_pb2.HealthCheckResponse.SERVING)
    assert visit(city, city, resident)
    with store_of(city) as store:
        assert store.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"


def test_nothing_stays_open_after_many_calls(pair: Pair) -> None:
    cities, residents = pair
    host, home = cities["hangzhou"], cities["zhengzhou"]
    resident = good(residents, "zhengzhou", 4)

    def round_trip() -> None:
        answer = check(host, visit(home, host, resident))
        assert recognised(answer)
        check(host, visit(home, host, residents["zhengzhou-low-79-00"]))

    for _ in range(5):
        round_trip()
    before = {city: open_files(cities[city].process) for city in ("hangzhou", "zhengzhou")}
    for _ in range(45):
        round_trip()
    for city, files in before.items():
        assert open_files(cities[city].process) <= files + 2


def test_a_port_in_use_is_told_with_its_setting(pair: Pair) -> None:
    cities, _ = pair
    city = cities["hangzhou"]
    done = subprocess.run(
        [sys.executable, "-m", "node.cli", "serve", "--settings", str(city.settings)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 5
    assert f"127.0.0.1:{city.peer_port}" in done.stderr
    assert "peer_listen" in done.stderr
    assert "Traceback" not in done.stderr
    assert city.operator("ListPartners")["partners"]


def test_a_node_told_to_stop_answers_what_runs_then_ends(pair: Pair) -> None:
    cities, residents = pair
    host, hung = cities["hangzhou"], cities["zhengzhou"]
    code = visit(hung, host, good(residents, "zhengzhou", 5))
    assert hung.process is not None
    assert host.process is not None
    before = _asked(host)
    hung.process.send_signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(check, host, code)
            assert eventually(lambda: _asked(host) > before)
            host.process.send_signal(signal.SIGTERM)
            assert running.result(60)["outcome"] == "RECOGNITION_OUTCOME_HOME_UNREACHABLE"
        assert host.process.wait(60) == 0
    finally:
        hung.process.send_signal(signal.SIGCONT)
    for port in (host.peer_port, host.local_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert "Traceback" not in host.log.read_text("utf-8")
    host.forget_clients()
    host.start()
    host.wait()


def _asked(host: City) -> int:
    """How many questions the host has kept."""
    return count(host, "SELECT count(*) FROM questions")
