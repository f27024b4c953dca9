"""Processes that race for places: `python -m tests.scenarios.racers URL TRIES SINCE`.

Each has a store of its own over the one database. It prints a line for each redemption that was
acknowledged, as soon as it was, and in the end how many tries came to nothing.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from federation.identifiers import CityCode
from node.clock import SystemEntropy
from node.errors import STORE_UNAVAILABLE, HutongError
from node.model import Caller, Decision, Role
from node.ports import Transaction
from node.services.here import Here
from node.services.redeeming import Prepared, Redeeming
from node.services.terms import TermsBook
from node.store import Store, open_store

T = TypeVar("T")

CITY, INCENTIVE = CityCode("330100"), "library-card"
VENUE = Caller(Role.VENUE, "library")
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
IN_FLIGHT = 32
_SPEED = 60
"""A minute of the city passes in a second, so that reservations end while the race goes on."""
_LIFE = timedelta(hours=2)


class FastClock:
    """The same fast clock in every process: noon was at `since`, by the machine's clock."""

    def __init__(self, since: float) -> None:
        self._since = since

    def now(self) -> datetime:
        return NOON + timedelta(seconds=(time.time() - self._since) * _SPEED)


class Racer:
    """One process of the city."""

    def __init__(self, store: Store, clock: FastClock) -> None:
        self.store = store
        self.here = Here(CITY, ZoneInfo("Asia/Shanghai"), clock, SystemEntropy())
        self.redeeming = Redeeming(self.here, TermsBook(CITY))
        self.refused = Counter[str]()

    async def decisions(self, count: int) -> list[str]:
        """So many decisions that are open to everyone, each to be used once."""
        now = self.here.now()
        made = [
            Decision(self.here.new_id(now), VENUE.name, INCENTIVE, 1, "", now, now + _LIFE)
            for _ in range(count)
        ]

        def decide(tx: Transaction) -> str:
            tx.redemptions.decide(made)
            return ""

        await self._tried(decide)
        return [each.decision_id for each in made]

    async def reserve(self, decision: str) -> str:
        """The reservation, or "" where nothing is free."""

        def case(tx: Transaction) -> str:
            prepared = self.redeeming.begin(tx, VENUE, decision)
            if not isinstance(prepared, Prepared):
                return prepared.reservation_id
            return self.redeeming.hold(tx, prepared).reservation_id

        return await self._tried(case)

    async def redeem(self, decision: str) -> str:
        """The redemption, or "" where nothing is free."""
        redeem = self.redeeming.redeem
        return await self._tried(lambda tx: redeem(tx, VENUE, decision).redemption.redemption_id)

    async def confirm(self, reservation: str) -> str:
        """The redemption, or "" where the reservation ended before."""
        confirm = self.redeeming.confirm
        return await self._tried(
            lambda tx: confirm(tx, VENUE, reservation).redemption.redemption_id
        )

    async def release(self, reservation: str) -> None:
        await self._tried(lambda tx: self.redeeming.release(tx, VENUE, reservation).reservation_id)

    async def _tried(self, case: Callable[[Transaction], str]) -> str:
        """As a venue would: where the store was busy for too long, the same again."""
        while True:
            try:
                return await self.store.run(case)
            except HutongError as error:
                self.refused[error.reason.name] += 1
                if error.reason != STORE_UNAVAILABLE:
                    return ""

    async def try_once(self, decision: str, turn: int, *, early: bool) -> str:
        """Redeem; reserve and confirm; and early on reserve and give back, or walk away."""
        way = turn % 4
        if way == 0:
            return await self.redeem(decision)
        held = await self.reserve(decision)
        if not held:
            return ""
        if way == 1 and early:
            await self.release(held)
            return ""
        if way == 2 and early:
            return ""
        return await self.confirm(held)

    async def race(self, tries: int) -> None:
        turns = iter(range(tries))

        async def hand() -> None:
            while some := [turn for turn, _ in zip(turns, range(16), strict=False)]:
                for turn, decision in zip(some, await self.decisions(len(some)), strict=True):
                    won = await self.try_once(decision, turn, early=turn * 2 < tries)
                    if won:
                        say(f"redeemed {won}")

        await asyncio.gather(*(hand() for _ in range(IN_FLIGHT)))
        say("refused " + " ".join(f"{name}={n}" for name, n in sorted(self.refused.items())))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(url: str, tries: str, since: str) -> None:
    clock = FastClock(float(since))
    async with open_store(url, clock) as store:
        say("ready")
        sys.stdin.readline()
        await Racer(store, clock).race(int(tries))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
