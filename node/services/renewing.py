"""The host city renews what it recognised before it ends, while the consents live.

Nobody's start but the resident's: only who was recognised once is asked about, and only as long as
the home city finds a consent. Each home city has its own walk; a slow or dead one holds up no other
(rule 10).
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from federation.envelope import Envelope
from federation.errors import HutongError
from federation.identifiers import CityCode
from node import deadlines, limits
from node.attested import Due
from node.ports import Keys, PeerRenewals, RenewalPortion, Transaction, UnitOfWork
from node.services.asking import Asking
from node.services.batching import Batching
from node.services.here import Here
from node.services.partners import active_partner
from node.services.renewal_walk import RenewalWalk, Tools
from node.services.renewed import RenewedReader
from node.services.swapping import Swapping
from node.services.terms import TermsBook, not_active

_FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a renewal is: of `total`, how many are renewed, have ended, stay as they are.

    `problem` is the first reason for one that stays as it is. `done` at the end alone.
    """

    total: int
    renewed: int
    ended: int
    failed: int
    problem: HutongError | None
    done: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How many recognitions of a home city stand, and how many of them are due."""

    home: CityCode
    standing: int
    due: int


@dataclass(slots=True)
class _Walking:
    """A walk that is under way, and how many watch it."""

    walk: RenewalWalk
    task: asyncio.Task[None]
    everybody: bool
    watchers: int = 0


class Renewing:
    """Renews the recognitions of this city as host."""

    def __init__(
        self,
        here: Here,
        uow: UnitOfWork,
        keys: Keys,
        book: TermsBook,
        peers: PeerRenewals,
        batching: Batching,
        asking: Asking,
        swapping: Swapping,
    ) -> None:
        """For the city of `here`; `tick` is called every RENEWAL_EVERY."""
        self._here = here
        self._uow = uow
        self._book = book
        self._peers = peers
        self._batching = batching
        reader = RenewedReader(here, asking, swapping)
        self._tools = Tools(here, uow, keys, book, reader)
        self._walking: dict[CityCode, _Walking] = {}
        self._timed = list[asyncio.Task[None]]()

    async def renew(
        self, home: CityCode | None = None, *, everybody: bool = False
    ) -> AsyncGenerator[Progress, None]:
        """Renew those of a home city, or of all, that are due, or everybody; and say how far it is.

        It is said about every second, and at the end; who comes while somebody renews already is
        told of that walk. Where the last one who is told closes it, the batches on their way are
        waited for a little; what is not kept then is taken up by the next call.

        Raises:
            HutongError: NOT_A_PARTNER or AGREEMENT_NOT_ACTIVE for a home city that was named.

        """
        homes = self._homes(home)
        watched = [self._watched(city, everybody=everybody) for city in homes]
        async with contextlib.aclosing(self._told(watched)) as told:
            async for progress in told:
                yield progress

    async def tick(self) -> None:
        """Renew what is due, but of those home cities for which somebody does so already.

        A walk that takes long goes on by itself: the next look at the others does not wait for it.
        """
        for city in self._homes(None):
            if self._running(city) is None:
                seen = self._seen_through(self._watched(city, everybody=False))
                self._timed.append(asyncio.create_task(seen, name=f"renewal {city} by the timer"))
        if not self._timed:
            return
        patience = limits.RENEWAL_PATIENCE.total_seconds()
        await asyncio.wait(self._timed, timeout=patience)
        begun, self._timed = self._timed, [task for task in self._timed if not task.done()]
        for task in begun:
            if task.done():
                task.result()

    async def close(self) -> None:
        """Let what the timer began come to an end, for a little while."""
        for task in self._timed:
            task.cancel()
        await asyncio.gather(*self._timed, return_exceptions=True)

    async def _seen_through(self, watched: _Walking) -> None:
        async with contextlib.aclosing(self._told([watched])) as told:
            async for _ in told:
                pass

    def standing(self, tx: Transaction) -> list[Standing]:
        """How many recognitions of each home city stand, and how many are due, by city."""
        now, found = self._here.now(), list[Standing]()
        partners = (city for city in tx.registry.partners if tx.registry.active_partner(city))
        for city in sorted({self._here.city, *partners}):
            stand = tx.renewals.count(Due(city, now, _FOR_EVER, _FOR_EVER))
            due = self._due(city, now) if self._in_force(city) else None
            found.append(Standing(city, stand, tx.renewals.count(due) if due else 0))
        return found

    async def _told(self, watched: list[_Walking]) -> AsyncGenerator[Progress, None]:
        """How far these walks are, until they are at their end; whom nobody watches is given up."""
        tasks, done = [each.task for each in watched], False
        try:
            while not done:
                if tasks:
                    await asyncio.wait(tasks, timeout=limits.RENEWAL_TOLD.total_seconds())
                done = all(task.done() for task in tasks)
                yield _sum([each.walk for each in watched], done=done)
            for task in tasks:
                task.result()
        finally:
            await asyncio.gather(*(_leave(each) for each in watched))

    def _running(self, home: CityCode) -> _Walking | None:
        found = self._walking.get(home)
        return None if found is None or found.task.done() else found

    def _watched(self, home: CityCode, *, everybody: bool) -> _Walking:
        """A walk with one more who watches it: the one that runs, or a new one.

        One at a time with each home city: two would ask about everybody twice.
        """
        running = self._running(home)
        if running is None or (everybody and not running.everybody):
            walk = self._walk(home, everybody=everybody)
            task = asyncio.create_task(
                _after(running, walk), name=f"renewal {home}", context=deadlines.detached()
            )
            running = self._walking[home] = _Walking(walk, task, everybody)
        running.watchers += 1
        return running

    def _homes(self, home: CityCode | None) -> list[CityCode]:
        if home is None:
            known = (self._here.city, *self._uow.registry.partners)
            return [city for city in known if self._in_force(city)]
        if home != self._here.city:
            active_partner(self._uow.registry, home)
        if not self._in_force(home):
            raise not_active(home, self._here.city)
        return [home]

    def _in_force(self, home: CityCode) -> bool:
        terms = self._book.find(self._uow.registry, home, self._here.city)
        return terms is not None and terms.in_force(self._here.now())

    def _walk(self, home: CityCode, *, everybody: bool) -> RenewalWalk:
        now = self._here.now()
        due = Due(home, now, _FOR_EVER, now) if everybody else self._due(home, now)
        return RenewalWalk(self._tools, due, self._stream(home))

    def _due(self, home: CityCode, now: datetime) -> Due:
        """In the last part of an attestation's life, and not in the first.

        Where a consent ends soon all of the life is the last part: it is renewed no more often.
        """
        terms = self._book.find(self._uow.registry, home, self._here.city)
        if terms is None:
            raise not_active(home, self._here.city)
        part = terms.attestation_lifetime / limits.RENEWAL_PART
        return Due(home, now, now + part, now - part)

    def _stream(
        self, home: CityCode
    ) -> Callable[[AsyncIterator[Envelope]], AsyncGenerator[RenewalPortion, None]]:
        if home == self._here.city:
            return self._own
        partner = active_partner(self._uow.registry, home)
        return lambda requests: self._peers.renew_attestations(partner, requests)

    async def _own(self, requests: AsyncIterator[Envelope]) -> AsyncGenerator[RenewalPortion, None]:
        """This city's own residents take the same path, without a call."""
        async for request in requests:
            async for portion in self._batching.renew(request, self._here.city):
                yield portion


async def _after(running: _Walking | None, walk: RenewalWalk) -> None:
    if running is not None:
        await asyncio.wait({running.task})
    await walk.go()


async def _leave(walking: _Walking) -> None:
    """Watch no more; the last one lets what is on its way come in, for a little while."""
    walking.watchers -= 1
    if walking.watchers or walking.task.done():
        return
    walking.walk.give_up()
    await asyncio.wait({walking.task}, timeout=limits.RENEWAL_LAST.total_seconds())
    walking.task.cancel()
    await asyncio.wait({walking.task})


def _sum(walks: list[RenewalWalk], *, done: bool) -> Progress:
    sums = [walk.sums for walk in walks]
    return Progress(
        total=sum(each.total for each in sums),
        renewed=sum(each.renewed for each in sums),
        ended=sum(each.ended for each in sums),
        failed=sum(each.failed for each in sums),
        problem=next((each.problem for each in sums if each.problem), None),
        done=done,
    )
