"""Several processes race for the places of one incentive: never one too many, and none is lost.

`scripts/race` runs the long ones: twenty times ten thousand tries for a hundred places, on each
kind of database, with a table of what came of them.
"""

import asyncio
import contextlib
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from node.incentives import Capacity, Catalogue
from node.redemptions import ReservationState
from node.store import open_store
from node.store.incentive_tables import RESERVATIONS
from node.store.tables import COUNTERS, REDEMPTIONS
from tests.conftest import NewStore
from tests.node.services.places import incentive
from tests.scenarios.racers import FastClock, Racer

ROOT = Path(__file__).resolve().parents[2]
PLACES = 100
PROCESSES = 3
HOLD_MINUTES = 2
AT_ONCE = 500
HELD, CONFIRMED = ReservationState.HELD.value, ReservationState.CONFIRMED.value

Process = subprocess.Popen[str]


@dataclass(frozen=True)
class Race:
    """One database, and the race for its places."""

    url: str
    since: float
    places: int = PLACES

    def prepare(self) -> None:
        """Put the incentive in force."""
        limited = incentive(Capacity(self.places, self.places), hold_minutes=HOLD_MINUTES)

        async def put() -> None:
            async with open_store(self.url, FastClock(self.since)) as store:
                catalogue = Catalogue(1, (limited,), "")
                await store.run(lambda tx: tx.administration.put_catalogue(catalogue))

        asyncio.run(put())

    @contextlib.contextmanager
    def racing(self, tries: int, count: int = PROCESSES) -> Iterator[list[Process]]:
        """Processes that begin together, with so many tries each."""
        running = [self.enter(tries) for _ in range(count)]
        try:
            for each in running:
                self.go(each)
            yield running
        finally:
            for each in running:
                each.kill()
                each.communicate()

    def enter(self, tries: int) -> Process:
        """One more process, that waits for its sign."""
        entered = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.racers", self.url, str(tries), str(self.since)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert entered.stdout is not None
        assert entered.stdout.readline() == "ready\n"
        return entered

    def go(self, process: Process) -> None:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    def fill(self, most: int) -> None:
        """Wait until every reservation has ended, end them, and take what is left, or `most`."""

        async def rest() -> None:
            clock = FastClock(self.since - HOLD_MINUTES * 60)
            async with open_store(self.url, clock) as store:
                racer = Racer(store, clock)
                while await store.run(lambda tx: racer.redeeming.end(tx, AT_ONCE)):
                    pass
                for decision in await racer.decisions(most):
                    await racer.redeem(decision)

        asyncio.run(rest())

    def rows(self, table: sa.Table) -> Sequence[sa.Row[tuple[object, ...]]]:
        made = sa.create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        with made.connect() as connection:
            found = connection.execute(sa.select(table)).all()
        made.dispose()
        return found

    def check(self, acknowledged: set[str]) -> Counter[int]:
        """Each place is held once, used once or free; every promise was kept."""
        states = Counter(row.state for row in self.rows(RESERVATIONS))
        redeemed = [row.redemption_id for row in self.rows(REDEMPTIONS)]
        decisions = {row.decision_id for row in self.rows(REDEMPTIONS)}
        assert len(decisions) == len(redeemed) == states[CONFIRMED]
        assert acknowledged <= set(redeemed)
        used = {row.scope.split(":")[0]: row.used for row in self.rows(COUNTERS)}
        taken = states[HELD] + states[CONFIRMED]
        assert used == {"total": taken, "day": taken}
        assert taken <= self.places
        return states


def said(process: Process) -> tuple[set[str], Counter[str]]:
    """What a process redeemed, and how often it was refused, until it ends."""
    assert process.stdout is not None
    redeemed, refused = set[str](), Counter[str]()
    for line in process.stdout.read().splitlines():
        what, _, rest = line.partition(" ")
        if what == "redeemed":
            redeemed.add(rest)
        for name, _, count in (word.partition("=") for word in rest.split()):
            if count:
                refused[name] += int(count)
    return redeemed, refused


def raced(url: str, tries: int) -> tuple[Counter[int], Counter[str], float]:
    """One race: the states of its reservations at the end of the tries, refusals, and seconds."""
    race = Race(url, time.time())
    race.prepare()
    begun = time.monotonic()
    with race.racing(tries // PROCESSES + 1) as running:
        found = [said(each) for each in running]
    seconds = time.monotonic() - begun
    acknowledged = set[str]().union(*(redeemed for redeemed, _ in found))
    states = race.check(acknowledged)
    assert len(acknowledged) == states[CONFIRMED]
    race.fill(PLACES + 1)
    assert race.check(acknowledged)[CONFIRMED] == PLACES
    refused = sum((each for _, each in found), Counter[str]())
    assert set(refused) <= {"CAPACITY_USED_UP", "RESERVATION_ENDED", "STORE_UNAVAILABLE"}
    return states, refused, seconds


@pytest.mark.all
def test_of_many_who_race_for_a_hundred_places_a_hundred_get_one(new_store: NewStore) -> None:
    raced(new_store("race"), 1500)


@pytest.mark.all
def test_racers_that_are_killed_take_no_place_with_them(new_store: NewStore) -> None:
    # More places than anybody takes: only the dead could lose one.
    race = Race(new_store("kills"), time.time(), places=1_000_000)
    chance = random.Random(20261128)  # noqa: S311 - when to kill
    race.prepare()
    acknowledged = set[str]()
    with race.racing(100_000, 2) as running:
        for _ in range(6):
            victim = chance.choice(running)
            # After some of its promises, in the middle of others.
            for _ in range(chance.randrange(1, 6)):
                assert victim.stdout is not None
                word, _, redemption = victim.stdout.readline().partition(" ")
                assert word == "redeemed"
                acknowledged.add(redemption.strip())
            victim.kill()
            redeemed, _ = said(victim)
            acknowledged |= redeemed
            victim.communicate()
            running.remove(victim)
            running.append(race.enter(100_000))
            race.go(running[-1])
        for each in running:
            each.kill()
            redeemed, _ = said(each)
            acknowledged |= redeemed
    states = race.check(acknowledged)
    assert states[HELD] > 0
    race.fill(0)
    after = race.check(acknowledged)
    assert (after[HELD], after[CONFIRMED]) == (0, states[CONFIRMED])


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_twenty_times_ten_thousand_tries_for_a_hundred_places(
    kind: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    new: Callable[[str], str] = request.getfixturevalue(
        "new_sqlite" if kind == "sqlite" else "new_postgres"
    )
    names = ("held", "used", "given back", "ended", "no room", "too late", "again", "seconds")
    with capsys.disabled():
        sys.stdout.write(f"\n{kind}: {PROCESSES} processes, 10,000 tries, {PLACES} places\n")
        sys.stdout.write(" ".join(f"{name:>10}" for name in ("round", *names)) + "\n")
    for number in range(1, 21):
        states, refused, seconds = raced(new(f"race{number}"), 10_000)
        row = [states[state.value] for state in ReservationState]
        reasons = ("CAPACITY_USED_UP", "RESERVATION_ENDED", "STORE_UNAVAILABLE")
        row += [refused[reason] for reason in reasons]
        with capsys.disabled():
            told = " ".join(f"{each:>10}" for each in (number, *row))
            sys.stdout.write(f"{told} {seconds:>10.1f}\n")
            sys.stdout.flush()
