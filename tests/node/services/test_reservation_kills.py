"""Killed at every step between reserving and what comes of it: nothing lost, nothing twice."""

import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from node.errors import CAPACITY_USED_UP, HutongError
from node.incentives import Capacity, Catalogue
from node.model import Decision
from node.ports import Transaction
from node.services.answering import recorded
from node.store.incentive_tables import RESERVATIONS
from node.store.tables import COUNTERS, REDEMPTIONS
from tests.conftest import NewStore
from tests.node.services.dying import DECISION, RESERVE, STEPS, answered, asked, reserve, second
from tests.node.services.places import CARD, HOLD, incentive
from tests.node.store.rig import Desk, opened
from tests.scenarios.racers import NOON, VENUE, FastClock, Racer

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.all


def prepared(tx: Transaction) -> None:
    """One place, and the one decision on it."""
    tx.administration.put_catalogue(Catalogue(1, (incentive(Capacity(1)),), ""))
    life = timedelta(days=1)
    tx.redemptions.decide([Decision(DECISION, VENUE.name, CARD, 1, "", NOON, NOON + life)])


def used(desk: Desk) -> int:
    return sum(row.used for row in desk.rows(COUNTERS))


def full(desk: Desk, racer: Racer) -> bool:
    """Whether somebody else finds the place taken; it is not taken by asking."""
    other = DECISION[:-1] + "9"
    life = timedelta(days=2)
    desk.run(
        lambda tx: tx.redemptions.decide(
            []
            if tx.redemptions.decision(other)
            else [Decision(other, VENUE.name, CARD, 1, "", NOON, NOON + life)]
        )
    )
    try:
        desk.read(lambda tx: racer.redeeming.begin(tx, VENUE, other))
    except HutongError as error:
        return error.reason == CAPACITY_USED_UP
    return False


@pytest.mark.parametrize("step", STEPS)
def test_a_process_killed_at_a_step_did_all_of_it_or_nothing(
    new_store: NewStore, step: str
) -> None:
    url, since = new_store("step"), time.time()
    act, _, when = step.partition("-")
    with opened(url) as desk:
        desk.run(prepared)
        died = subprocess.run(
            [sys.executable, "-m", "tests.node.services.dying", url, step, str(since)],
            cwd=ROOT,
            check=False,
        )
        assert died.returncode == -signal.SIGKILL
        racer = Racer(desk.store, FastClock(since))
        # The server may still be at the last words of the dead.
        desk.probe()

        done = {RESERVE} if act != RESERVE or when == "after" else set()
        done |= {act} if when == "after" else set()
        first = desk.read(lambda tx: {each: recorded(tx, asked(each)) for each in {RESERVE, act}})
        assert {a for a, answer in first.items() if answer} == done

        taken = RESERVE in done and "release" not in done
        assert used(desk) == int(taken)
        assert full(desk, racer) == taken
        assert len(desk.rows(REDEMPTIONS)) == int("confirm" in done)

        # The venue that lost its answer asks again: it gets the first one, or it is done now.
        held = desk.run(answered(racer, RESERVE, reserve(racer.redeeming)))
        assert first[RESERVE] in (None, held)
        if act != RESERVE:
            case = second(racer.redeeming, act, held.decode())
            again = desk.run(answered(racer, act, case))
            assert first[act] in (None, again)
        assert len(desk.rows(RESERVATIONS)) == 1
        assert len(desk.rows(REDEMPTIONS)) == int(act == "confirm")
        assert used(desk) == int(act != "release")


@pytest.mark.parametrize("step", ["reserve-after", "confirm-in", "release-in"])
def test_what_the_dead_held_is_free_when_the_reservation_ends(
    new_store: NewStore, step: str
) -> None:
    url, since = new_store("ends"), time.time()
    with opened(url) as desk:
        desk.run(prepared)
        subprocess.run(
            [sys.executable, "-m", "tests.node.services.dying", url, step, str(since)],
            cwd=ROOT,
            check=False,
        )
        desk.probe()
        assert full(desk, Racer(desk.store, FastClock(since)))
        later = Racer(desk.store, FastClock(since - HOLD.total_seconds()))
        assert not full(desk, later)
        assert desk.run(lambda tx: later.redeeming.end(tx, 9)) == 1
        assert used(desk) == 0
