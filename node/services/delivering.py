"""Brings to each host what no longer stands: kept before it is sent, sent until it is kept there.

The cursor of a host is in the store, so that nothing is lost with a process, and whoever comes up
goes on from there. One delivery at a time to each host; a slow one holds up nobody else (rule 10).
What another process of the city ended is found by looking; it may then bring it, too, which changes
nothing at the host.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from federation.identifiers import CityCode
from federation.limits import STATUS_PUSH
from node import limits
from node.attested import StatusFeed
from node.ports import PeerStatuses, UnitOfWork
from node.services.here import Here
from node.services.partners import active_partner
from node.services.statuses import StatusDesk
from node.services.turns import Patience, Turns

_PATIENCE: Final = Patience(limits.PUSH_AFTER_FAILURE, limits.PUSH_AFTER_FAILURES)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """How many changes a host does not have yet, and since when that is known to this process."""

    count: int
    since: datetime


class Delivering:
    """Delivers status lists to every host, each in its own time."""

    def __init__(self, here: Here, uow: UnitOfWork, desk: StatusDesk, peers: PeerStatuses) -> None:
        """For the home city of `here`; `tick` is called several times a second."""
        self._here = here
        self._uow = uow
        self._desk = desk
        self._peers = peers
        self._turns = Turns(here, self._deliver, _PATIENCE, failed="status_not_delivered")
        self._undelivered: Mapping[CityCode, Undelivered] = {}

    @property
    def undelivered(self) -> Mapping[CityCode, Undelivered]:
        """What was not delivered at the last look, by host; whole, from whatever thread."""
        return self._undelivered

    def nudge(self, *hosts: CityCode) -> None:
        """Something ended that these hosts know of: tell them at once.

        Needs a running event loop.
        """
        # Hosts often come as a set: the order of calls must not hang on the luck of hashes.
        for host in sorted(hosts):
            if self._uow.registry.active_partner(host) is not None:
                self._turns.nudge(host)

    async def look(self) -> tuple[CityCode, ...]:
        """See who waits for something; the hosts."""
        feeds = await self._uow.read(lambda tx: tx.statuses.feeds())
        now, before = self._here.now(), self._undelivered
        waiting = {f.host: f for f in feeds if f.host != self._here.city and _count(f)}
        self._undelivered = {
            host: Undelivered(_count(feed), before[host].since if host in before else now)
            for host, feed in waiting.items()
        }
        return tuple(waiting)

    async def tick(self) -> None:
        """Begin the deliveries that are due."""
        waiting, registry = await self.look(), self._uow.registry
        self._turns.begin_due(h for h in waiting if registry.active_partner(h) is not None)

    async def close(self) -> None:
        """Let what runs go."""
        await self._turns.close()

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


def _count(feed: StatusFeed) -> int:
    return feed.sequence - feed.acknowledged
