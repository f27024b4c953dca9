"""When each partner is swapped with: by its refresh hint, soon after a failure, at once on news.

One swap at a time with each partner; a slow one holds up nobody else (rule 10). The longest wait
after failures is short, so that a network that returns is noticed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from federation.errors import HutongError
from federation.identifiers import CityCode
from node import limits
from node.ports import UnitOfWork
from node.registry import Partner
from node.services.here import Here

_DOUBLINGS = 16
_LOG = structlog.get_logger()


@dataclass(slots=True)
class _Turn:
    """The next swap with one partner: `wait` after `since`."""

    since: datetime
    wait: timedelta = timedelta(0)
    failures: int = 0
    running: "asyncio.Task[None] | None" = None
    again: bool = False


class Refreshing:
    """Swaps with every partner, each in its own time."""

    def __init__(
        self, here: Here, uow: UnitOfWork, swap: Callable[[CityCode], Awaitable[Partner]]
    ) -> None:
        """For the city of `here`; `tick` is called every second or so."""
        self._here = here
        self._uow = uow
        self._swap = swap
        self._turns: dict[CityCode, _Turn] = {}

    def nudge(self, *cities: CityCode) -> None:
        """There is news for these partners, or for all: tell them at once.

        Needs a running event loop.
        """
        partners = self._uow.registry.partners
        for city in cities or [c for c, partner in partners.items() if partner.is_called]:
            turn = self._turn(city)
            turn.wait, turn.failures = timedelta(0), 0
            if turn.running is None:
                self._begin(city, turn)
            else:
                turn.again = True

    async def tick(self) -> None:
        """Begin the swaps that are due."""
        now = self._here.now()
        for city, partner in self._uow.registry.partners.items():
            turn = self._turn(city)
            # A clock that was set back must not silence a partner.
            waits = timedelta(0) <= now - turn.since < turn.wait
            if not waits and turn.running is None and partner.is_called:
                self._begin(city, turn)

    async def close(self) -> None:
        """Let what runs go."""
        tasks = [turn.running for turn in self._turns.values() if turn.running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _turn(self, city: CityCode) -> _Turn:
        if city not in self._turns:
            self._turns[city] = _Turn(self._here.now())
        return self._turns[city]

    def _begin(self, city: CityCode, turn: _Turn) -> None:
        task = asyncio.create_task(self._one(city, turn), name=f"refresh {city}")
        turn.running = task

    async def _one(self, city: CityCode, turn: _Turn) -> None:
        try:
            await self._until_told(city, turn)
        finally:
            turn.running = None

    async def _until_told(self, city: CityCode, turn: _Turn) -> None:
        while True:
            turn.again = False
            try:
                partner = await self._swap(city)
            except HutongError as error:
                turn.failures += 1
                _LOG.info("partner_not_reached", partner=city, reason=error.reason.name)
                turn.wait = self._jittered(_back_off(turn.failures))
            else:
                turn.failures = 0
                turn.wait = self._jittered(_hint(partner))
            turn.since = self._here.now()
            if not turn.again:
                return

    def _jittered(self, wait: timedelta) -> timedelta:
        """Three quarters to the whole of `wait`: many that failed together do not return so."""
        part = int.from_bytes(self._here.entropy.token(2), "big") / 0xFFFF
        return wait * (0.75 + 0.25 * part)


def _back_off(failures: int) -> timedelta:
    doubled: timedelta = limits.REFRESH_AFTER_FAILURE * 2.0 ** min(failures - 1, _DOUBLINGS)
    return min(doubled, limits.REFRESH_AFTER_FAILURES)


def _hint(partner: Partner) -> timedelta:
    hint = partner.bundle.refresh_hint
    return min(max(hint, limits.REFRESH_SHORTEST), limits.REFRESH_LONGEST)
