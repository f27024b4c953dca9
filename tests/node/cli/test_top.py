"""`hutong top`: real processes added up, frames that fit, and a line that breaks."""

import re
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from node import bootstrap
from node.cli import exits
from node.cli.texts import LANGUAGES, has, text
from node.cli.top.drawing import frame
from node.cli.top.figures import Figures, figures, quantile
from node.cli.top.window import Window
from node.errors import HutongError
from scripts.cities import free_ports
from tests.node.cli.conftest import Run
from tests.node.transport.house import FRIEND, House, Loop, now, opened, stranger
from tests.node.transport.test_metrics import keep, made, reached

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]
OK = ("reason", "OK")
GONE = ("reason", "PEER_UNREACHABLE")
SIZES = ((80, 24), (40, 10), (200, 60), (20, 3), (1, 1))


def samples(**changes: float) -> bootstrap.Samples:
    """What a node measures, written as Prometheus reads it."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {
        ("process_start_time_seconds", ()): NOW.timestamp() - 90_000,
        ("process_cpu_seconds_total", ()): changes.get("cpu", 1.0),
        ("process_resident_memory_bytes", ()): 150e6,
        ("hutong_duty_held", ()): changes.get("duty", 0.0),
        ("hutong_log_entries", ()): 12_345.0,
        ("hutong_log_checkpoint_entries", ()): 12_340.0,
        ("hutong_log_cosigned_entries", ()): 12_300.0,
        ("hutong_key_expiry_timestamp_seconds", (("use", "tls"),)): NOW.timestamp() + 86_400 * 331,
        ("hutong_degraded", (("subject", "partner 330100 contact"),)): 1.0,
        ("hutong_degraded", (("subject", "something-new"),)): 1.0,
    }
    for city, state in (("330100", "active"), ("320100", "suspended")):
        labels = (("city", city), ("state", state))
        found["hutong_partner_state", labels] = 1.0
        found["hutong_partner_last_contact_timestamp_seconds", (("city", city),)] = (
            NOW.timestamp() - 12
        )
    for reason in ("OK", "ROLE_REFUSED"):
        of_call = (("method", "Redeem"), ("port", "local"), ("reason", reason))
        found["hutong_calls_total", of_call] = changes.get(reason, 0.0)
    for bound, count in (("0.01", 0.5), ("0.1", 0.99), ("+Inf", 1.0)):
        of_bound = (("le", bound), ("method", "Redeem"), ("port", "local"))
        calls = changes.get("OK", 0.0) + changes.get("ROLE_REFUSED", 0.0)
        found["hutong_call_duration_seconds_bucket", of_bound] = count * calls
    return found


def two_processes() -> list[Window]:
    windows = [Window("127.0.0.1:1"), Window("127.0.0.1:2")]
    for place, window in enumerate(windows):
        window.add(0.0, samples(OK=100, ROLE_REFUSED=0, cpu=1.0))
        window.add(10.0, samples(OK=200, ROLE_REFUSED=20 * place, cpu=3.0, duty=place))
    return windows


def drawn(found: Figures, width: int = 80, height: int = 24, language: str = "en") -> list[str]:
    def say(name: str, /, **fields: object) -> str:
        return text(name, language, **fields)

    return [line.plain for line in frame(found, say, width, height)]


def test_the_processes_of_a_city_are_added_up_and_what_they_share_is_taken_once() -> None:
    found = figures(two_processes(), "410100", NOW)
    local = found.ports["local"]
    assert local.rate == pytest.approx(22.0)
    assert local.failed == {"ROLE_REFUSED": pytest.approx(2.0)}
    assert local.p50 == pytest.approx(0.01)
    assert local.p99 == pytest.approx(0.1)
    assert found.log_entries == 12_345
    assert [row.cpu for row in found.processes] == pytest.approx([0.2, 0.2])
    assert [row.does_timed_work for row in found.processes] == [False, True]
    assert [(row.city, row.state) for row in found.partners] == [
        ("320100", "suspended"),
        ("330100", "active"),
    ]
    assert len(found.alerts) == 2


def test_a_frame_says_what_is_asked_at_night() -> None:
    lines = drawn(figures(two_processes(), "410100", NOW))
    whole = "\n".join(lines)
    for part in (
        "hutong 410100  2026-11-29 12:00:00 UTC  processes 2/2",
        "clients   22.0 calls/s  p50 10 ms  p99 100 ms  not OK 2.0/s  ROLE_REFUSED 2.0",
        "log 12,345 entries, 12,340 under a checkpoint, 12,300 cosigned",
        "keys end in tls 331 d",
        "! partner 330100: is not reached",
        "! something-new",
        "hutong doctor says what to type",
        "timed work",
        "143 MiB",
        "1 d",
        "12 s",
    ):
        assert part in whole, part
    assert "410100" in drawn(figures(two_processes(), "410100", NOW), language="zh")[0]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_no_frame_is_larger_than_its_terminal(width: int, height: int, language: str) -> None:
    for windows in (two_processes(), [Window("127.0.0.1:1", "nobody listens")], []):
        lines = drawn(figures(windows, "410100", NOW), width, height, language)
        assert len(lines) <= height
        assert all(cell_len(line) <= width for line in lines), lines


def test_what_does_not_fit_is_counted() -> None:
    windows = two_processes()
    many = dict(samples(OK=200, ROLE_REFUSED=0, cpu=3.0))
    for number in range(60):
        labels = (("city", f"{330100 + number}"), ("state", "active"))
        many["hutong_partner_state", labels] = 1.0
    windows[0].add(20.0, many)
    lines = drawn(figures(windows, "410100", NOW))
    assert len(lines) <= 24
    assert any(line.endswith(" more") for line in lines)
    assert (
        sum(line.startswith("33") for line in drawn(figures(windows, "410100", NOW), 80, 99)) > 59
    )


@pytest.mark.parametrize("height", range(4, 40))
def test_no_line_is_left_out_without_being_counted(height: int) -> None:
    found = figures(two_processes(), "410100", NOW)
    whole, lines = drawn(found, 80, 99), drawn(found, 80, height)
    counted = [int(line.split()[0]) for line in lines if re.fullmatch(r"\d+ more", line)]
    assert len(lines) - len(counted) + sum(counted) == len(whole)
    assert len(lines) <= height


def test_what_goes_both_ways_with_a_partner_stands_in_its_row() -> None:
    window = Window("127.0.0.1:1")
    for at in (0.0, 10.0):
        found = dict(samples())
        of_city = ("city", "330100")
        for name, labels, grown in (
            ("hutong_calls_total", (of_city, ("method", "M"), ("port", "peer"), OK), 100),
            ("hutong_outgoing_calls_total", (of_city, ("method", "M"), OK), 40),
            ("hutong_outgoing_calls_total", (of_city, ("method", "M"), GONE), 20),
            ("hutong_outgoing_call_duration_seconds_bucket", (of_city, ("le", "0.5")), 60),
            ("hutong_outgoing_call_duration_seconds_bucket", (of_city, ("le", "+Inf")), 60),
        ):
            found[name, labels] = grown * at / 10
        for delivery, count in (("status", 7.0), ("use", 1.0), ("checkpoint", 900.0)):
            found["hutong_partner_undelivered", (of_city, ("delivery", delivery))] = count
        window.add(at, found)
    rows = {row.city: row for row in figures([window], "", NOW).partners}
    friend = rows["330100"]
    assert friend.inward is not None
    assert friend.outward is not None
    assert (friend.inward.rate, friend.outward.rate) == (10, 6)
    assert friend.outward.failed == {"PEER_UNREACHABLE": 2}
    assert friend.outward.p99 == pytest.approx(0.495)
    assert friend.undelivered == 8
    other = rows["320100"]
    assert other.inward is not None
    assert other.inward.rate == 0
    [line] = [x for x in drawn(figures([window], "", NOW)) if x.startswith("330100")]
    assert " ".join(line.split()) == "330100 active 10.0 6.0 2.0 495 ms 12 s - - - 8"


def test_until_two_looks_were_taken_no_rate_is_told() -> None:
    window = Window("127.0.0.1:1")
    window.add(0.0, samples(OK=1_000_000))
    found = figures([window], "410100", NOW)
    assert not found.known
    assert "- calls/s" in drawn(found)[1]


def test_a_process_that_began_anew_or_went_away_makes_no_rate_of_a_million() -> None:
    window = Window("127.0.0.1:1")
    window.add(0.0, samples(OK=10))
    restarted = dict(samples(OK=1_000_000))
    restarted["process_start_time_seconds", ()] = NOW.timestamp()
    window.add(1.0, restarted)
    assert figures([window], "", NOW).ports == {}
    window.lose("nobody listens")
    found = figures([window], "", NOW)
    assert [row.problem for row in found.processes] == ["nobody listens"]
    assert any("does not answer: nobody listens" in line for line in drawn(found))
    window.add(3.0, samples(OK=5))
    window.add(4.0, samples(OK=7))
    assert figures([window], "", NOW).ports["local"].rate == pytest.approx(2.0)


def test_the_window_is_some_seconds_and_no_more() -> None:
    window = Window("127.0.0.1:1")
    for second in range(100):
        # A flood long ago is over.
        window.add(float(second), samples(OK=1_000_000 if second > 5 else 0))
    assert 10 <= window.seconds <= 11
    assert figures([window], "", NOW).ports["local"].rate == 0


@given(
    counts=st.lists(st.floats(0, 1e6), min_size=1, max_size=8),
    part=st.sampled_from([0.5, 0.9, 0.99]),
)
def test_a_quantile_lies_in_the_buckets(counts: list[float], part: float) -> None:
    total, buckets = 0.0, dict[float, float]()
    for place, count in enumerate(counts):
        total += count
        buckets[float(place + 1)] = total
    buckets[float("inf")] = total
    found = quantile(buckets, part)
    assert (found is None) == (total == 0)
    assert found is None or 0 <= found <= len(counts)
    if found is not None:
        below = max((n for bound, n in buckets.items() if bound <= found), default=0.0)
        assert below <= part * total * (1 + 1e-9)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    """A node in this process whose metrics are read, with one partner."""
    loop, folder = Loop(), tmp_path_factory.mktemp("top")
    with opened(loop, folder / "here") as house:
        house.trust(stranger(folder / "friend", FRIEND))
        keep(house, reached(3, -1.5))
        [port] = free_ports(1)
        with made(house).served(f"127.0.0.1:{port}"):
            yield house, f"127.0.0.1:{port}"
    loop.close()


def test_one_frame_of_a_real_node_has_its_partner(run: Run, served: tuple[House, str]) -> None:
    _, address = served
    ran = run("top", "--once", "--every", "0.2", "--metrics", address)
    assert (ran.code, ran.err) == (exits.DONE, "")
    assert "processes 1/1" in ran.out
    row = next(line for line in ran.out.splitlines() if line.startswith(FRIEND))
    assert "active" in row
    assert " 3 " in row
    assert "\x1b" not in ran.out


def test_json_has_every_number_for_machines(run: Run, served: tuple[House, str]) -> None:
    _, address = served
    ran = run("top", "--once", "--json", "--every", "0.2", "--metrics", address)
    assert ran.code == exits.DONE
    assert ran.json["known"] is True
    [partner] = ran.json["partners"]
    assert (partner["city"], partner["failures"]) == (FRIEND, 3)
    assert ran.json["log_entries"] >= 0
    assert datetime.fromisoformat(ran.json["at"]).tzinfo is not None
    assert abs(partner["last_contact"] - now().timestamp()) < 3600


def test_without_metrics_the_setting_is_named_and_of_nobody_it_is_said(
    run: Run, node_folder: Path
) -> None:
    ran = run("top", "--once", "--settings", node_folder / "hutong.toml")
    assert ran.code == exits.REFUSED
    assert "metrics_listen" in ran.err
    ran = run("top", "--once", "--every", "0.2", "--metrics", "127.0.0.1:1")
    assert ran.code == exits.UNREACHABLE
    assert "127.0.0.1:1 does not answer" in ran.out
    assert run("top", "--once", "--metrics", "nowhere").code == exits.USAGE


class Liar(BaseHTTPRequestHandler):
    """Somebody else who answers where metrics should be."""

    says = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.says)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as the base has it
        """Say nothing."""


@pytest.mark.parametrize(
    "says",
    [
        b"\xff\xfe",
        b"hutong_calls_total{",
        b"hutong_calls_total{port=} x",
        b"<html>not found</html>",
        b"a b c\n",
    ],
)
def test_whoever_else_answers_there_is_no_node(says: bytes) -> None:
    Liar.says = says
    with socketserver.TCPServer(("127.0.0.1", 0), Liar) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            with pytest.raises(HutongError) as refused:
                bootstrap.scrape(f"127.0.0.1:{server.server_address[1]}", 5.0)
        finally:
            server.shutdown()
            thread.join()
    assert "Prometheus" in refused.value.fields["problem"]


def test_a_label_cannot_steer_the_terminal() -> None:
    window = Window("127.0.0.1:1")
    evil = dict(samples())
    evil["hutong_degraded", (("subject", "x\x1b[2J\n\x9b"),)] = 1.0
    window.add(0.0, evil)
    lines = drawn(figures([window], "", NOW))
    assert all(line.isprintable() for line in lines)


def test_whatever_the_doctor_can_warn_of_has_words(run: Run) -> None:
    source = "".join(p.read_text("utf-8") for p in (ROOT / "node" / "services").glob("*.py"))
    parts = set(re.findall(r'subject_of\([\w.]+(?:\([^)]*\))?, "([a-z-]+)"', source))
    own = set(re.findall(r'(?:Finding|expiry)\(\s*"([a-z-]+)"', source)) | {"disk", "log"}
    assert len(parts) > 6
    assert len(own) > 6
    # An invitation that is open is as it should be.
    for whose, names in (("partner", parts - {"invitation"}), ("own", own)):
        for name in names:
            assert has(f"words.top_{whose}_{name.replace('-', '_')}"), name
