"""The rooms of a city's trials: at most one with each partner, and each for minutes.

A room is in the memory of this process. Where several serve the city, the partner's node looks for
the one that it is in (`transport.peers`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.messages import Agreement
from node.errors import OVERLOADED, TRIAL_RUNNING, TRIAL_UNKNOWN
from node.limits import TRIAL_IDLE, TRIAL_ROOM_LIFETIME, TRIAL_ROOMS
from node.ports import Keys, Peers, UnitOfWork
from node.registry import Partner
from node.services.here import Here
from node.services.trial_room import Room
from node.trials import TrialCodes, TrialStep

NewRoom = Callable[[], AbstractAsyncContextManager[UnitOfWork]]
"""Opens an empty store that is gone when it is closed."""


@dataclass(slots=True)
class Lease:
    """A room that is open, and who began its trial: this city (`ours`) or the partner.

    `run` is the partner's trial, once this city is the host in it.
    """

    room: Room
    codes: TrialCodes
    ours: bool
    used_at: datetime
    ends_at: datetime
    stack: AsyncExitStack
    inside: int = 0
    empty: asyncio.Event = field(default_factory=asyncio.Event)
    run: "asyncio.Task[tuple[TrialStep, ...]] | None" = None

    def is_over(self) -> bool:
        """Whether the partner's trial has come to its end."""
        return self.run is not None and self.run.done() and not self.inside

    def used_lately(self, now: datetime) -> bool:
        """Whether the partner was in the room a moment ago."""
        return self.inside > 0 or abs(now - self.used_at) < TRIAL_IDLE

    def is_held(self, now: datetime) -> bool:
        """Whether a trial is under way: one of ours, or one that the partner did not leave."""
        return self.ours or (not self.is_over() and self.used_lately(now))


class Rooms:
    """Opens rooms, lets partners into their own, and closes them."""

    def __init__(
        self, here: Here, uow: UnitOfWork, keys: Keys, peers: Peers, new_room: NewRoom
    ) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers
        self._new_room = new_room
        self._leases: dict[CityCode, Lease] = {}
        self._opening = set[CityCode]()

    @property
    def cities(self) -> frozenset[CityCode]:
        """The partners with which a room is open."""
        return frozenset(self._leases)

    @contextlib.asynccontextmanager
    async def ours(
        self, partner: Partner, trial_id: str, agreement: Agreement
    ) -> AsyncIterator[Lease]:
        """A room for a trial that this city begins; raises TRIAL_RUNNING, OVERLOADED."""
        known = self._leases.get(partner.city)
        if partner.city in self._opening or (known and known.is_held(self._here.now())):
            raise HutongError(TRIAL_RUNNING, city=partner.city)
        lease = await self._open(partner, trial_id, agreement, ours=True)
        try:
            yield lease
        finally:
            await self._close(lease)

    async def theirs(self, partner: Partner, trial_id: str, agreement: Agreement) -> Lease:
        """A room for a trial that the partner begins; an earlier one of its own gives way.

        Raises TRIAL_RUNNING, OVERLOADED.
        """
        known = self._leases.get(partner.city)
        if partner.city in self._opening or (known and known.ours):
            raise HutongError(TRIAL_RUNNING, city=self._here.city)
        return await self._open(partner, trial_id, agreement, ours=False)

    @contextlib.contextmanager
    def entered(self, city: CityCode, trial_id: str) -> Iterator[Lease]:
        """The room of that trial with that partner; raises TRIAL_UNKNOWN for any other."""
        lease, now = self._leases.get(city), self._here.now()
        if lease is None or lease.room.trial_id != trial_id or lease.ends_at <= now:
            raise self.unknown()
        lease.used_at = now
        lease.inside += 1
        lease.empty.clear()
        try:
            yield lease
        finally:
            lease.used_at = self._here.now()
            lease.inside -= 1
            if not lease.inside:
                lease.empty.set()

    def unknown(self) -> HutongError:
        """What a partner is told that asks for a trial that does not run here."""
        return HutongError(TRIAL_UNKNOWN, city=self._here.city)

    async def tick(self) -> None:
        """Close the rooms whose time is over."""
        now = self._here.now()
        for lease in list(self._leases.values()):
            # A clock that was set back must not keep a room for long.
            ended = lease.ends_at <= now or lease.ends_at - now > TRIAL_ROOM_LIFETIME
            # The steps of a trial that is over are kept a little, for a call that is repeated.
            if ended or (lease.is_over() and not lease.used_lately(now)):
                await self._close(lease)

    async def close(self) -> None:
        """Close every room."""
        for lease in list(self._leases.values()):
            await self._close(lease)

    async def _open(
        self, partner: Partner, trial_id: str, agreement: Agreement, *, ours: bool
    ) -> Lease:
        city, now = partner.city, self._here.now()
        others = (self._leases.keys() | self._opening) - {city}
        if len(others) >= TRIAL_ROOMS:
            raise HutongError(OVERLOADED, limit=str(TRIAL_ROOMS))
        self._opening.add(city)
        try:
            if city in self._leases:
                await self._close(self._leases[city])
            async with AsyncExitStack() as stack:
                uow = await stack.enter_async_context(self._new_room())
                room = Room(self._here, self._keys, uow, self._peers, partner, trial_id)
                codes = await room.furnish(self._uow.registry, agreement)
                ends = now + TRIAL_ROOM_LIFETIME
                lease = Lease(room, codes, ours, now, ends, stack.pop_all())
        finally:
            self._opening.discard(city)
        self._leases[city] = lease
        return lease

    async def _close(self, lease: Lease) -> None:
        """Let nobody in any more, and close the room once it is empty: each call has an end."""
        city = lease.room.partner.city
        if self._leases.get(city) is lease:
            del self._leases[city]
        if lease.run is not None:
            lease.run.cancel()
            await asyncio.gather(lease.run, return_exceptions=True)
        if lease.inside:
            await lease.empty.wait()
        await lease.stack.aclose()
