"""Counts residents anew whose day has come, or whose catalogue is an older one.

Nobody waits for it: `standing.current` gives the sums of today meanwhile. Several processes may
walk at once; each portion is one transaction.
"""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime

import structlog

from node import record_limits as limits
from node.ports import Transaction, UnitOfWork
from node.registry import Registry
from node.services.here import Here
from node.services.recounting import recount

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many residents are still to be counted by this version of the catalogue."""

    version: int
    count: int


class Rescoring:
    """Walks through the residents whose kept sums are not of today."""

    def __init__(self, here: Here, uow: UnitOfWork) -> None:
        """For the residents of `here`; `tick` is called every second or so."""
        self._here = here
        self._uow = uow
        self._walked: tuple[int, date] | None = None
        self._walked_at: datetime | None = None

    async def tick(self) -> None:
        """Walk where another catalogue, another day or the time since the last walk asks for it.

        A catalogue that another process loaded is seen like one of this process.
        """
        now = self._here.now()
        due = (_version(self._uow.registry), self._here.day(now))
        at = self._walked_at
        # A clock that was set back must not stop it.
        rests = at is not None and at <= now < at + limits.RESCORE_EVERY
        if due != self._walked or not rests:
            await self.walk()
            self._walked, self._walked_at = due, now

    async def walk(self) -> int:
        """Count everybody anew who is to be; how many those were."""
        total = 0
        while counted := await self._uow.run(self._portion):
            total += counted
            # Others write first, of this process and of another.
            await asyncio.sleep(limits.RESCORE_REST.total_seconds())
        if total:
            _LOG.info("rescored", residents=total)
        return total

    def waiting(self, tx: Transaction) -> Waiting:
        """How far everybody is counted by the catalogue in force."""
        version, today = _version(tx.registry), self._here.day(self._here.now())
        return Waiting(version, tx.residents.count_to_recount(today, version))

    def _portion(self, tx: Transaction) -> int:
        now = self._here.now()
        today, version = self._here.day(now), _version(tx.registry)
        found = tx.residents.to_recount(today, version, limits.RESCORE_ROWS)
        recount(tx, self._here, [resident.person for resident in found], now)
        return len(found)


def _version(registry: Registry) -> int:
    return registry.indicators.version if registry.indicators else 0
