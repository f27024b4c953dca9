"""A flood costs lines by the minute, not by the call, and no partner can forge one."""

import json
import logging
import os
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from node import limits
from node.holding import Holding
from node.logs import one_line, strike_out

ROOT = Path(__file__).resolve().parents[2]
MINUTE = limits.LOG_TOGETHER.total_seconds()
LONGEST = limits.LOG_TOGETHER_LONGEST.total_seconds()


class Log:
    """A log over a clock that is moved."""

    def __init__(self) -> None:
        self.now = 0.0
        self.holding = Holding(lambda: self.now)
        self.lines: list[dict[str, Any]] = []

    def say(self, event: str, level: str = "info", **fields: object) -> bool:
        """Whether the line went out at once."""
        said = {"event": event, "level": level, "timestamp": f"{self.now}", **fields}
        try:
            self.lines.append(dict(self.holding(None, level, said)))
        except structlog.DropEvent:
            return False
        return True

    def tick(self, *, at_end: bool = False) -> None:
        for level, fields in self.holding.due(at_end=at_end):
            self.lines.append({"level": level, **fields})


def dead(log: Log, level: str = "info", **fields: object) -> bool:
    fields |= {"partner": "330100", "reason": "PEER_UNREACHABLE"}
    return log.say("status_not_delivered", level, **fields)


def test_an_hour_of_a_dead_partner_is_some_lines_and_none_is_lost() -> None:
    log, tries = Log(), 0
    for second in range(3600):
        log.now = float(second)
        if second % 5 == 0:
            log.tick()
        if second % 2 == 0:
            tries += 1
            dead(log, problem="no connection", request_id=f"id-{second}", milliseconds=second)
    log.tick(at_end=True)
    assert log.lines[0]["timestamp"] == "0.0"
    assert len(log.lines) <= 9
    assert sum(line.get("again", 1) for line in log.lines) == tries
    for line in log.lines[1:]:
        assert (line["partner"], line["reason"]) == ("330100", "PEER_UNREACHABLE")
        assert line["problem"] == "no connection"
        assert not {"request_id", "milliseconds", "timestamp"} & set(line)
    gaps = [float(line["since"]) for line in log.lines[1:]]
    assert gaps == sorted(gaps)


def test_the_first_is_told_at_once_and_so_is_what_differs() -> None:
    log = Log()
    assert dead(log)
    assert not dead(log)
    assert log.say("status_not_delivered", partner="420100", reason="PEER_UNREACHABLE")
    assert log.say("status_not_delivered", partner="330100", reason="PEER_REFUSED")
    assert log.say("checkpoint_not_cosigned", partner="330100", reason="PEER_UNREACHABLE")
    assert dead(log, level="warning")
    assert log.say("call_failed", "error", method="GiveConsent", exc_info=ValueError("x"))
    assert not log.say("call_failed", "error", method="GiveConsent", exc_info=ValueError("y"))
    assert log.say("call_failed", "error", method="GiveConsent", exc_info=TypeError("x"))


def test_what_comes_back_after_a_quiet_time_is_news() -> None:
    log = Log()
    assert dead(log)
    log.now = MINUTE
    assert dead(log)
    assert "again" not in log.lines[-1]
    assert not dead(log)
    log.now += MINUTE
    log.tick()
    assert log.lines[-1]["again"] == 1
    # The interval is twice as long now; a whole one without a word ends it.
    log.now += 2 * MINUTE
    log.tick()
    assert dead(log)
    assert "again" not in log.lines[-1]


def test_without_anybody_who_looks_the_next_line_brings_the_count() -> None:
    log = Log()
    for second in range(61):
        log.now = float(second)
        dead(log)
    assert [line.get("again") for line in log.lines] == [None, 60]
    assert log.lines[-1]["since"] == "1.0"


def test_the_intervals_grow_to_the_longest_and_no_further() -> None:
    log, told = Log(), list[float]()
    for second in range(0, 4 * 3600, 5):
        log.now = float(second)
        before = len(log.lines)
        dead(log)
        log.tick()
        if len(log.lines) > before:
            told.append(log.now)
    gaps = [b - a for a, b in pairwise(told)]
    assert gaps[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert set(gaps[4:]) == {LONGEST}


def test_calls_that_are_served_are_each_told_and_those_refused_the_first_few() -> None:
    log = Log()
    for _ in range(500):
        log.say("served", method="Redeem", caller="venue/library", reason="OK")
        log.say("served", method="Redeem", caller="venue/library", reason="ROLE_REFUSED")
    reasons = [line["reason"] for line in log.lines]
    assert reasons.count("OK") == 500
    assert reasons.count("ROLE_REFUSED") == limits.LOG_REFUSALS
    log.tick(at_end=True)
    assert log.lines[-1]["again"] == 500 - limits.LOG_REFUSALS


def test_kinds_without_end_take_neither_memory_nor_lines_without_end() -> None:
    log = Log()
    for number in range(3 * limits.LOG_KINDS):
        log.say("x", work=str(number))
    assert len(log.lines) == limits.LOG_KINDS + 1
    log.now += MINUTE
    log.tick()
    assert log.lines[-1]["again"] == 2 * limits.LOG_KINDS - 1
    assert log.say("x", work="new")


def test_threads_at_once_lose_no_count() -> None:
    log = Log()
    threads = [threading.Thread(target=lambda: [dead(log) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.tick(at_end=True)
    assert sum(line.get("again", 1) for line in log.lines) == 2000


FORGED = (
    'x\n{"event": "recovered", "level": "info"}',
    "x\r\n<2>forged",
    "x\u2028{}",
    "x\u2029{}",
    "x\x85{}",
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b2J",
    "\u202egnol",
    "a\x00b",
    "\ud800",
    "\U000e0041",
)


def rendered(**fields: object) -> str:
    struck = strike_out(None, "info", {"event": "x", "level": "info", **fields})
    return one_line(json.dumps(struck, ensure_ascii=False))


@pytest.mark.parametrize("said", FORGED)
def test_what_a_partner_says_neither_ends_a_line_nor_steers_a_terminal(said: str) -> None:
    line = rendered(problem=said, other={said: [said]})
    assert line.isprintable()
    assert line.isascii() or "\u202e" not in line
    assert json.loads(line)["problem"] == said


@given(st.text())
def test_whatever_is_said_is_one_line_that_reads_as_it_was(said: str) -> None:
    line = rendered(problem=f"={said}")
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    assert isinstance(json.loads(line)["problem"], str)


def test_a_text_without_end_is_cut() -> None:
    line = rendered(problem="长" * 10 * limits.LOG_CHARACTERS, number="999999199012217071" * 9999)
    assert len(line) < 3 * limits.LOG_CHARACTERS
    assert f"[{9 * limits.LOG_CHARACTERS} more]" in line


SPEAK = """
import logging, sys, structlog
from node.logs import configure_logs, tell_all_held
configure_logs(sys.argv[1], city="410100")
log = structlog.get_logger()
for number in range(2000):
    log.warning("periodic_work_failed", work="sweep", reason="STORE_UNAVAILABLE", number=number)
    logging.getLogger("grpc").warning("it failed %d", number)
    try:
        raise ValueError(f"fault {number}")
    except ValueError:
        log.exception("turn_failed", turn="x")
log.critical("own_log_broken")
tell_all_held()
"""


def spoken(level: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SPEAK, level],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    return done.stderr.splitlines()


def test_a_process_that_fails_two_thousand_times_writes_a_handful_of_lines() -> None:
    lines = [json.loads(line) for line in spoken("info")]
    assert len(lines) == 7
    first = lines[0]
    assert (first["event"], first["work"]) == ("periodic_work_failed", "sweep")
    assert first["next"] == "hutong doctor"
    counts = {line["event"]: line["again"] for line in lines if "again" in line}
    assert counts == {"periodic_work_failed": 1999, "turn_failed": 1999, "it failed %d": 1999}
    assert {line["city"] for line in lines if "logger" not in line} == {"410100"}


def test_who_asks_for_everything_gets_each_line_and_who_asks_for_errors_only_those() -> None:
    assert len(spoken("debug")) == 3 * 2000 + 1
    assert {json.loads(line)["level"] for line in spoken("error")} == {"error", "critical"}


def test_the_journal_is_told_how_bad_each_line_is_and_nobody_else_is(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    with file.open("w+b") as stream:
        found = os.fstat(stream.fileno())
        journal = f"{found.st_dev}:{found.st_ino}"
        subprocess.run(
            [sys.executable, "-c", SPEAK, "info"],
            cwd=ROOT,
            check=True,
            stderr=stream,
            env=os.environ | {"JOURNAL_STREAM": journal},
        )
        heads = {line[:3] for line in file.read_text("utf-8").splitlines()}
    assert heads == {"<4>", "<3>", "<2>"}
    # A pipe is no journal, whatever a parent left in the environment.
    assert {line[0] for line in spoken("info", JOURNAL_STREAM=journal)} == {"{"}


def test_libraries_are_held_by_their_own_words() -> None:
    record = logging.LogRecord("grpc", logging.WARNING, "x.py", 1, "it failed %d", (7,), None)
    holding = Holding(lambda: 0.0)
    event = {"event": str(record.msg), "level": "warning", "logger": record.name}
    assert holding(None, "", dict(event))
    with pytest.raises(structlog.DropEvent):
        holding(None, "", dict(event))


def test_a_node_that_cannot_start_says_so_to_the_journal_as_an_error(tmp_path: Path) -> None:
    settings = tmp_path / "hutong.toml"
    settings.write_text('city = "410100"\nstor = "x\\n<7>nothing is wrong"\n', "utf-8")
    with (tmp_path / "journal").open("w+b") as stream:
        found = os.fstat(stream.fileno())
        done = subprocess.run(
            [sys.executable, "-m", "node.cli", "serve", "--settings", str(settings)],
            cwd=ROOT,
            check=False,
            stderr=stream,
            env=os.environ | {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"},
        )
    assert done.returncode == 3
    [line] = (tmp_path / "journal").read_text("utf-8").splitlines()
    assert line.startswith("<3>")
    assert "nearest is store" in line
