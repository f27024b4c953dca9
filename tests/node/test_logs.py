"""Logs name no one: whatever looks personal is struck out, wherever it stands."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from federation.identifiers import CityCode, code_text
from node import data
from node.logs import LEVELS, configure_logs, strike_out

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = tuple(
    resident.document_number for city in data.cities() for resident in data.residents(city.pinyin)
)
CODE = code_text(CityCode("410100"), bytes(range(16)))
WIDE = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})

personal = st.one_of(
    st.sampled_from(NUMBERS),
    st.binary(min_size=16, max_size=16).map(lambda raw: code_text(CityCode("410100"), raw)),
)
WAYS: dict[str, Callable[[str], object]] = {
    "value": lambda s: s,
    "middle of a text": lambda s: f"resident {s}: not found",
    "brackets": lambda s: f"({s})",
    "Chinese text": lambda s: f"证件号码{s}无效",
    "list": lambda s: [1, [s]],
    "tuple": lambda s: ("a", s),
    "set": lambda s: {s},
    "value of a dict": lambda s: {"a": {"b": [s]}},
    "key of a dict": lambda s: {"a": {s: 1}},
    "exception": ValueError,
    "bytes": lambda s: s.encode(),
    "class of its own": lambda s: type("Odd", (), {"__repr__": lambda _: f"Odd({s})"})(),
    "lower case": lambda s: s.lower() if "<" not in s else s,
    "full width": lambda s: s.translate(WIDE),
}


def logged(event: dict[str, object]) -> str:
    struck = strike_out(None, "info", event)
    return str(structlog.processors.JSONRenderer(ensure_ascii=False)(None, "info", struck))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@given(secret=personal)
def test_a_number_or_code_is_struck_out_in(way: Callable[[str], object], secret: str) -> None:
    line = logged({"event": "x", "field": way(secret)})
    for form in (secret, secret.lower(), secret.translate(WIDE)):
        assert form not in line
    assert "[struck out]" in line


@given(secret=personal, key=st.sampled_from(("event", "exception", "anything")))
def test_no_key_is_trusted(secret: str, key: str) -> None:
    assert secret not in logged({key: f"Traceback ...\nValueError: {secret}\n"})
    assert secret not in logged({"event": "x", secret: key})


def test_a_number_in_groups_or_as_an_integer_is_struck_out() -> None:
    number = "999999199012217071"
    for shown in (int(number), "999999 19901221 7071", "999999-19901221-7071"):
        line = logged({"event": "x", "field": shown})
        assert "19901221" not in line


@pytest.mark.parametrize(
    "key", ["name", "score", "score_milli", "points_milli", "document_number", "Name"]
)
def test_what_a_personal_key_holds_is_struck_out_at_any_depth(key: str) -> None:
    assert "secret" not in logged({"event": "x", key: "secret"})
    assert "secret" not in logged({"event": "x", "a": [{"b": {key: ["secret"]}}]})


def test_what_operators_need_is_left_as_it_is() -> None:
    kept = {
        "event": "call_done",
        "request_id": "0192f0c1-2b3c-7def-8123-123456789012",
        "key_id": "ab" * 32,
        "fingerprint": "-".join(["1234"] * 16),
        "city": "410100",
        "reason": "NOT_RECOGNISED",
        "milliseconds": 12,
        "ratio": 0.5,
        "fresh": True,
        "nothing": None,
        "timestamp": "2026-11-24T02:00:00.123456Z",
        "address": "[2001:db8::1]:7443",
        "说明": "伙伴已暂停,请稍后。",
    }
    assert json.loads(logged(dict(kept))) == kept


@given(words=st.text(max_size=200))
def test_whatever_is_logged_is_one_line_of_json(words: str) -> None:
    line = logged({"event": words.encode(errors="replace").decode()})
    assert isinstance(json.loads(line)["event"], str)
    assert "\n" not in line


@given(lines=st.lists(personal, min_size=2, max_size=4))
def test_several_in_one_text_are_all_struck_out(lines: list[str]) -> None:
    line = logged({"event": ", ".join(lines)})
    assert not any(secret in line for secret in lines)


SPEAK = f"""
import logging, structlog
from node.logs import configure_logs
configure_logs("info", city="410100")
log = structlog.get_logger()
log.debug("quiet")
log.info("loud", document={NUMBERS[0]!r})
try:
    raise ValueError({NUMBERS[1]!r})
except ValueError:
    log.exception("failed")
    logging.getLogger("grpc").exception("library failed with %s", {NUMBERS[2]!r})
logging.getLogger("grpc").info("quiet too")
"""


def test_a_process_logs_json_lines_to_standard_error_and_names_no_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SPEAK], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout == ""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"].split("\n")[0] for line in lines[:2]] == ["loud", "failed"]
    assert lines[2]["event"].startswith("library failed with [struck out]")
    assert [line["level"] for line in lines] == ["info", "error", "error"]
    assert {line.get("city") for line in lines[:2]} == {"410100"}
    assert not any(number in done.stderr for number in NUMBERS)
    assert "Traceback" in lines[1]["exception"]


def test_every_level_of_the_settings_is_one_of_the_logs() -> None:
    before = structlog.get_config(), logging.root.handlers[:], logging.root.level
    try:
        for level in LEVELS:
            configure_logs(level, city="410100")
    finally:
        structlog.configure(**before[0])
        structlog.contextvars.clear_contextvars()
        logging.root.handlers[:] = before[1]
        logging.root.setLevel(before[2])
