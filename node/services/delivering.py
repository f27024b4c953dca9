"""Brings to each host what no longer stands: kept before it is sent, sent until it is kept there.

The cursor of a host is in the store, so that nothing is lost with a process, and whoever comes up
goes on from there. One delivery at a time to each host; a slow one holds up nobody else (rule 10).
What another process of the city ended is found by looking; it may then bring it, too, which changes
nothing at the host.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.limits import STATUS_PUSH
from node import limits
from node.attested import StatusFeed
from node.ports import PeerStatuses, UnitOfWork
from node.services.here import Here
from node.services.partners import active_partner
from node.services.statuses import StatusDesk

_DOUBLINGS = 16
_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Undelivered:
    """How many changes a host does not have yet, and since when that is known to this process."""

    count: int
    since: datetime


@dataclass(slots=True)
class _Turn:
    """The next delivery to one host: `wait` after `since`."""

    since: datetime
    wait: timedelta = timedelta(0)
    failures: int = 0
    running: "asyncio.Task[None] | None" = None
    again: bool = False


class Delivering:
    """Delivers status lists to every host, each in its own time."""

    def __init__(self, here: Here, uow: UnitOfWork, desk: StatusDesk, peers: PeerStatuses) -> None:
        """For the home city of `here`; `tick` is called several times a second."""
        self._here = here
        self._uow = uow
        self._desk = desk
        self._peers = peers
        self._turns: dict[CityCode, _Turn] = {}
        self._undelivered: Mapping[CityCode, Undelivered] = {}

    @property
    def undelivered(self) -> Mapping[CityCode, Undelivered]:
        """What was not delivered at the last look, by host; whole, from whatever thread."""
        return self._undelivered

    def nudge(self, *hosts: CityCode) -> None:
        """Something ended that these hosts know of: tell them at once.

        Needs a running event loop.
        """
        for host in hosts:
            if self._uow.registry.active_partner(host) is None:
                continue
            turn = self._turn(host)
            if turn.running is None:
                self._begin(host, turn)
            else:
                turn.again = True

    async def tick(self) -> None:
        """Begin the deliveries that are due."""
        feeds = await self._uow.read(lambda tx: tx.statuses.feeds())
        now, before = self._here.now(), self._undelivered
        waiting = {f.host: f for f in feeds if f.host != self._here.city and _count(f)}
        self._undelivered = {
            host: Undelivered(_count(feed), before[host].since if host in before else now)
            for host, feed in waiting.items()
        }
        for host in waiting:
            turn = self._turn(host)
            # A clock that was set back must not silence a host.
            waits = timedelta(0) <= now - turn.since < turn.wait
            active = self._uow.registry.active_partner(host) is not None
            if active and not waits and turn.running is None:
                self._begin(host, turn)

    async def close(self) -> None:
        """Let what runs go."""
        tasks = [turn.running for turn in self._turns.values() if turn.running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _turn(self, host: CityCode) -> _Turn:
        if host not in self._turns:
            self._turns[host] = _Turn(self._here.now())
        return self._turns[host]

    def _begin(self, host: CityCode, turn: _Turn) -> None:
        turn.running = asyncio.create_task(self._one(host, turn), name=f"status lists to {host}")

    async def _one(self, host: CityCode, turn: _Turn) -> None:
        try:
            await self._until_told(host, turn)
        finally:
            turn.running = None

    async def _until_told(self, host: CityCode, turn: _Turn) -> None:
        while True:
            turn.again = False
            try:
                await self._deliver(host)
            except HutongError as error:
                turn.failures += 1
                _LOG.info("status_not_delivered", host=host, reason=error.reason.name)
                turn.wait = self._jittered(_back_off(turn.failures))
            else:
                turn.failures, turn.wait = 0, timedelta(0)
            turn.since = self._here.now()
            # After a failure only the clock begins it again.
            if turn.failures or not turn.again:
                return

    async def _deliver(self, host: CityCode) -> None:
        """Bring what a host does not have yet, some lists at once, and move its cursor.

        Where it is cut off in the middle all are brought again: what is kept there already is
        changed by nothing that comes twice.
        """
        feed = await self._uow.read(lambda tx: tx.statuses.feed(host))
        if not _count(feed):
            return
        signed = await self._desk.lists_for(host, after=feed.acknowledged)
        for first in range(0, len(signed.lists), STATUS_PUSH):
            partner = active_partner(self._uow.registry, host)
            await self._peers.push_status_lists(partner, signed.lists[first : first + STATUS_PUSH])
        await self._uow.run(lambda tx: tx.statuses.acknowledge(host, signed.sequence))

    def _jittered(self, wait: timedelta) -> timedelta:
        """Three quarters to the whole of `wait`: many that failed together do not return so."""
        part = int.from_bytes(self._here.entropy.token(2), "big") / 0xFFFF
        return wait * (0.75 + 0.25 * part)


def _count(feed: StatusFeed) -> int:
    return feed.sequence - feed.acknowledged


def _back_off(failures: int) -> timedelta:
    doubled: timedelta = limits.PUSH_AFTER_FAILURE * 2.0 ** min(failures - 1, _DOUBLINGS)
    return min(doubled, limits.PUSH_AFTER_FAILURES)
