"""Reservations as venues type them, in both languages and for machines."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count

import pytest

from node.cli import exits
from node.clock import SystemClock
from node.model import Decision
from tests.node.cli.conftest import Ran, Run
from tests.node.transport.house import House

_SERIAL = count(1)
AT = ("--venue", "library")

Decide = Callable[..., str]


@pytest.fixture
def city(house: House, run: Run) -> Run:
    """The command at that node."""
    found = partial(run, "--settings", house.directory / "hutong.toml")
    found("client", "issue", "--role", "venue", "--name", "library")
    return found


@pytest.fixture
def decide(house: House) -> Decide:
    """Makes a decision that the reading room is open to somebody unknown."""

    def decided(offline: timedelta | None = None) -> str:
        decision_id = f"00000000-0000-7000-8000-{next(_SERIAL):012d}"
        at = SystemClock().now()
        until = None if offline is None else at + offline
        made = Decision(
            decision_id,
            "library",
            "reading-room",
            1,
            "",
            at,
            at + timedelta(minutes=15),
            offline_until=until,
        )
        house.act(lambda tx: tx.redemptions.decide([made]))
        return decision_id

    return decided


def done(ran: Ran) -> Ran:
    assert ran.code == exits.DONE, ran.err + ran.out
    return ran


def test_a_venue_reserves_and_confirms(city: Run, decide: Decide) -> None:
    decision = decide()
    held = done(city("--json", "venue", "reserve", decision, *AT)).json["reservation"]
    assert held["state"] == "RESERVATION_STATE_HELD"
    # The decision holds what it held; the next command is told.
    told = done(city("venue", "reserve", decision, *AT)).out
    assert f"hutong venue confirm {held['reservation_id']} --venue library" in told
    assert "held" in done(city("venue", "redemptions", *AT)).out
    said = done(city("--lang", "zh", "venue", "confirm", held["reservation_id"], *AT)).out
    assert "已使用" in said
    assert "reading-room" in said
    assert "used" in done(city("venue", "redemptions", *AT)).out
    kept = city("venue", "release", held["reservation_id"], *AT)
    assert kept.code == exits.REFUSED
    assert "what was used is not given back" in kept.err


def test_a_venue_gives_back_what_it_reserved(city: Run, decide: Decide) -> None:
    held = done(city("--json", "venue", "reserve", decide(), *AT)).json["reservation"]
    for language, word in (("en", "given back"), ("zh", "已释放")):
        said = done(city("--lang", language, "venue", "release", held["reservation_id"], *AT)).out
        assert word in said
    late = city("venue", "confirm", held["reservation_id"], *AT)
    assert late.code == exits.REFUSED
    assert "reserve anew" in late.err
    listed = done(city("--json", "venue", "redemptions", *AT)).json["redemptions"]
    assert listed[0]["reservation"]["state"] == "RESERVATION_STATE_RELEASED"


def test_a_pass_is_read_from_standard_input_and_must_be_the_holders(
    city: Run, decide: Decide
) -> None:
    wrong = city("venue", "reserve", decide(), "--pass", "-", *AT, stdin="not-a-pass\n")
    assert wrong.code == exits.REFUSED
    assert "visitor_pass" in wrong.err
    assert "not-a-pass" not in wrong.err


def test_a_use_without_the_node_is_told_with_its_instant(city: Run, decide: Decide) -> None:
    at = SystemClock().now().isoformat()
    refused = city("venue", "redeem", decide(), "--used-at", at, *AT)
    assert refused.code == exits.REFUSED
    assert "not to be used without the node" in refused.err
    decision = decide(timedelta(hours=1))
    at = SystemClock().now().isoformat()
    assert "reading-room" in done(city("venue", "redeem", decision, "--used-at", at, *AT)).out
    vague = city("venue", "redeem", decide(), "--used-at", "yesterday", *AT)
    assert vague.code == exits.USAGE


def test_a_venue_that_did_nothing_is_told_so(city: Run) -> None:
    city("client", "issue", "--role", "venue", "--name", "idle")
    said = done(city("venue", "redemptions", "--venue", "idle")).out
    assert "neither reserved nor used" in said
