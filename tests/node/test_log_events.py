"""Each event that wants something done says what to type, and the page of the night tells it."""

import ast
from pathlib import Path

import pytest

import node
from federation.errors import NOT_RECOGNISED, HutongError
from node.errors import PEER_REFUSED, PEER_UNREACHABLE
from node.log_events import NEXT, own_words, what_next
from tests.node.typed import filled, parsed

SOURCE = Path(node.__file__).parent
PAGE = SOURCE.parent / "docs" / "operating" / "at-night.md"
WANTS = {"warning", "error", "exception", "critical"}


def _logged() -> dict[str, set[str]]:
    """The levels of each event that the code logs."""
    found: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        for each in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(each, ast.Call):
                continue
            name = ast.unparse(each.func)
            if name.startswith("_LOG.") and each.args and isinstance(each.args[0], ast.Constant):
                level = name.removeprefix("_LOG.")
                found.setdefault(str(each.args[0].value), set()).add(level)
            # What fails in a turn is logged by the name that it was made with.
            if name == "Turns":
                [failed] = [k.value for k in each.keywords if k.arg == "failed"]
                assert isinstance(failed, ast.Constant)
                found.setdefault(str(failed.value), set()).add("warning")
    return found


LOGGED = _logged()


def test_each_event_that_wants_something_done_says_what_to_type() -> None:
    wanting = {event for event, levels in LOGGED.items() if levels & WANTS}
    assert len(wanting) > 12
    assert wanting - set(NEXT) == set()
    assert set(NEXT) - set(LOGGED) == set()


@pytest.mark.parametrize("event", sorted(NEXT))
def test_what_is_to_be_typed_can_be(event: str) -> None:
    parsed(filled(NEXT[event]))


def test_the_page_of_the_night_tells_every_event() -> None:
    text = PAGE.read_text("utf-8")
    assert {event for event in LOGGED if f"`{event}`" not in text} == set()


def test_the_places_of_a_line_are_filled_from_the_line() -> None:
    said = what_next(None, "info", {"event": "partner_not_reached", "partner": "330100"})
    assert said["next"] == "hutong partner sync 330100"
    assert what_next(None, "info", {"event": "partner_not_reached"})["next"].endswith("PARTNER")
    assert "next" not in what_next(None, "info", {"event": "serving"})


def test_a_partners_own_words_stay_out_of_the_log() -> None:
    name = "张三"
    refused = HutongError(PEER_REFUSED, city="330100", peer_reason=name, detail=name, problem=name)
    assert own_words(refused) == ""
    assert own_words(HutongError(NOT_RECOGNISED)) == ""
    known = HutongError(PEER_REFUSED, city="330100", peer_reason="NOT_A_PARTNER", detail=name)
    assert own_words(known) == "NOT_A_PARTNER"
    gone = HutongError(PEER_UNREACHABLE, city="330100", address="x:1", problem="no connection")
    assert own_words(gone) == "no connection"
