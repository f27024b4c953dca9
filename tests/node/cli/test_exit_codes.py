"""docs/operating/exit-codes.md says what the code does."""

import re
from pathlib import Path

import pytest

from federation.errors import HutongError, Status
from node import limits
from node.cli import exits
from node.errors import LOG_BROKEN
from node.lifecycle import _ENDS

OPERATING = Path(__file__).parents[3] / "docs" / "operating"
PAGE = OPERATING / "exit-codes.md"
_KILLED = 137


def ends_with(signal: str, when: str) -> int | None:
    """What the page says that a node ends with by a signal; None where it goes on."""
    heading, _, *rows = re.findall(r"(?m)^\|.*\|$", PAGE.read_text("utf-8").split("## Signals")[1])
    place = next(i for i, cell in enumerate(heading.split("|")) if when in cell)
    [row] = [row for row in rows if row.startswith(f"| `{signal}` |")]
    said = row.split("|")[place]
    assert "goes on" in said or re.search(r": \d+ $", said), said
    return None if "goes on" in said else int(said.rpartition(": ")[2])


def test_every_status_has_an_exit_code_and_the_page_tells_it() -> None:
    assert set(exits.OF_STATUS) == set(Status)
    told = [int(code) for code in re.findall(r"(?m)^\| (\d+) \|", PAGE.read_text("utf-8"))]
    known = {v for k, v in vars(exits).items() if k.isupper() and isinstance(v, int)}
    # No process can say itself that it was killed.
    assert set(told) == known | {_KILLED}
    assert told == sorted(set(told))


def test_a_log_that_is_not_what_was_signed_has_a_code_of_its_own() -> None:
    error = HutongError(LOG_BROKEN, size="1", what="x", known="2")
    assert exits.exit_code(error) == exits.BROKEN_LOG
    assert exits.BROKEN_LOG not in exits.OF_STATUS.values()


@pytest.mark.parametrize(
    ("signal", "code"),
    [("TERM", exits.TERMINATED), ("INT", exits.INTERRUPTED), ("HUP", exits.HUNG_UP)],
)
def test_each_signal_that_asks_to_end_is_in_the_table(signal: str, code: int) -> None:
    assert signal in {number.name.removeprefix("SIG") for number in _ENDS}
    assert len(_ENDS) == 3
    assert ends_with(signal, "serves") == exits.DONE
    assert ends_with(signal, "starts or drains") == code
    assert ends_with("KILL", "serves") == ends_with("KILL", "starts or drains") == _KILLED
    assert ends_with("PIPE", "serves") is ends_with("PIPE", "starts or drains") is None


def test_the_page_and_the_unit_wait_as_long_as_a_drain_may_take() -> None:
    page, unit = PAGE.read_text("utf-8"), (OPERATING / "hutong.service").read_text("utf-8")
    assert f"for {limits.DRAIN.seconds} s at most" in page
    assert f"for {limits.RENEWAL_LAST.seconds} s at most" in page
    [given] = re.findall(r"(?m)^TimeoutStopSec=(\d+)$", unit)
    assert f"`TimeoutStopSec={given}`" in page
    assert f"`--stop-timeout {given}`" in page
    assert int(given) >= (limits.DRAIN + limits.RENEWAL_LAST + 4 * limits.DRAIN_LAST).seconds


def test_the_unit_takes_an_end_that_was_asked_for_for_none_that_failed() -> None:
    unit = (OPERATING / "hutong.service").read_text("utf-8")
    [codes] = re.findall(r"(?m)^SuccessExitStatus=(.*)$", unit)
    asked = {exits.HUNG_UP, exits.INTERRUPTED, exits.TERMINATED}
    assert {int(code) for code in codes.split()} == asked
