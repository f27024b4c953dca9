"""One walk over the recognitions of one home city that are to be renewed.

What is asked is kept before it is sent, and forgotten together with keeping its answer: whatever
ends this process, the next walk sends the same bytes again and gets the first answer.
"""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from federation import codec
from federation.agreement import Terms
from federation.envelope import Envelope, open_own, seal
from federation.errors import AGREEMENT_MISMATCH, HutongError
from federation.identifiers import CityCode
from federation.limits import RENEWAL_ITEMS, REQUEST_LIFETIME
from federation.standing import RenewalRequest
from node import limits
from node.attested import Due, PendingRenewal
from node.errors import PEER_UNREACHABLE
from node.logbook import LogKind
from node.model import StoredRecognition
from node.ports import Keys, RenewalPortion, Transaction, UnitOfWork
from node.registry import Registry
from node.services.gathering import Gathered, Gathering
from node.services.here import Here
from node.services.renewed import Asked, RenewedReader
from node.services.terms import TermsBook, not_active

# A kept request is sent again while the home city still takes it.
_REQUEST_COUNTS: Final = REQUEST_LIFETIME - timedelta(seconds=10)
_LOG = structlog.get_logger()

Stream = Callable[[AsyncIterator[Envelope]], AsyncGenerator[RenewalPortion, None]]
"""Sends requests to the home city, and gives its answers."""


@dataclass(slots=True)
class Sums:
    """How far a walk is: of `total`, how many are renewed, have ended, stay as they are."""

    total: int = 0
    renewed: int = 0
    ended: int = 0
    failed: int = 0
    problem: HutongError | None = None

    @property
    def left(self) -> int:
        """How many are still to come."""
        return max(0, self.total - self.renewed - self.ended - self.failed)

    def fail(self, count: int, error: HutongError) -> None:
        """So many stay as they are; the first error is told."""
        self.failed += count
        self.problem = self.problem or error


@dataclass(frozen=True, slots=True)
class Tools:
    """What every walk needs."""

    here: Here
    uow: UnitOfWork
    keys: Keys
    book: TermsBook
    reader: RenewedReader


@dataclass(slots=True)
class _Plan:
    """Whom the walk has come by and has not asked about yet, by what is to be asked for."""

    groups: dict[tuple[str, ...], list[StoredRecognition]] = field(
        default_factory=lambda: defaultdict(list)
    )
    last: StoredRecognition | None = None
    whole: bool = False

    def take(self) -> tuple[tuple[str, ...], list[StoredRecognition]] | None:
        """A batch, where there are enough for one, or there will be no more; else nothing."""
        if not self.groups:
            return None
        scenarios = max(self.groups, key=lambda names: len(self.groups[names]))
        waiting = self.groups[scenarios]
        crowded = sum(map(len, self.groups.values())) >= limits.RENEWALS_WAITING
        if len(waiting) < RENEWAL_ITEMS and not (self.whole or crowded):
            return None
        some, rest = waiting[:RENEWAL_ITEMS], waiting[RENEWAL_ITEMS:]
        if rest:
            self.groups[scenarios] = rest
        else:
            del self.groups[scenarios]
        return scenarios, some


class RenewalWalk:
    """Renews the recognitions of `due` over one stream."""

    def __init__(self, tools: Tools, due: Due, stream: Stream) -> None:
        """Nothing is asked until `go`."""
        self._tools = tools
        self._due = due
        self._stream = stream
        self._outgoing = asyncio.Queue[Envelope]()
        self._gathering = Gathering()
        self._asked = dict[str, Asked]()
        self._resumed: deque[Asked] | None = None
        self._plan = _Plan()
        self._given_up = False
        self._ends = 0.0
        self.sums = Sums()

    @property
    def home(self) -> CityCode:
        """Whose recognitions they are."""
        return self._due.home

    def give_up(self) -> None:
        """Ask for nothing more; what is on its way is waited for."""
        self._given_up = True

    async def go(self) -> None:
        """Walk to the end; what could not be renewed is in the sums, with the first reason."""
        try:
            self.sums.total = await self._tools.uow.read(lambda tx: tx.renewals.count(self._due))
            await self._exchange()
        except HutongError as error:
            self.sums.fail(self.sums.left, error)
        sums = self.sums
        if sums.renewed or sums.ended or sums.failed:
            reason = sums.problem.reason.name if sums.problem else ""
            _LOG.info(
                "renewed",
                home=self.home,
                renewed=sums.renewed,
                ended=sums.ended,
                failed=sums.failed,
                reason=reason,
            )

    async def _exchange(self) -> None:
        """Send requests, at most RENEWALS_AT_ONCE unanswered, and keep their answers."""
        async with contextlib.aclosing(self._stream(self._requests())) as answers:
            while True:
                while self._gathering.count < limits.RENEWALS_AT_ONCE and await self._send():
                    pass
                if not self._gathering.count:
                    return
                await self._hear(answers)

    async def _requests(self) -> AsyncIterator[Envelope]:
        while True:
            yield await self._outgoing.get()

    async def _send(self) -> bool:
        """Send the next request; False where there is none now."""
        asked = await self._next()
        if asked is None:
            return False
        if not self._gathering.count:
            self._patient_anew()
        self._asked[asked.request_id] = asked
        self._gathering.expect(asked.request_id, len(asked.subjects))
        self._outgoing.put_nowait(asked.request.envelope)
        return True

    async def _hear(self, answers: AsyncIterator[RenewalPortion]) -> None:
        """Take what comes next, and keep each answer that it makes whole."""
        try:
            async with asyncio.timeout_at(self._ends):
                portion = await anext(answers)
        except TimeoutError as error:
            raise self._unreachable("no answer in time") from error
        except StopAsyncIteration as error:
            raise self._unreachable("it ended before all was answered") from error
        for gathered in self._gathering.take(portion):
            await self._finish(self._asked.pop(gathered.request_id), gathered)
            self._patient_anew()

    def _patient_anew(self) -> None:
        """The batch that is answered next has its own time (rule 10)."""
        seconds = limits.RENEWAL_DEADLINE.total_seconds()
        self._ends = asyncio.get_running_loop().time() + seconds

    async def _next(self) -> Asked | None:
        """What is to be asked next; None where there is nothing now.

        What an earlier walk asked is answered before anybody else is: nobody is asked about twice.
        """
        if self._given_up:
            return None
        if self._resumed is None:
            self._resumed = await self._tools.uow.run(self._take_up)
        if self._resumed:
            return self._resumed.popleft()
        if any(asked.resumed for asked in self._asked.values()):
            return None
        asked = None
        while asked is None:
            while (batch := self._plan.take()) is None:
                if self._plan.whole:
                    return None
                await self._look()
            asked = await self._asked_now(*batch)
        return asked

    async def _asked_now(
        self, scenarios: tuple[str, ...], some: Sequence[StoredRecognition]
    ) -> Asked | None:
        asked = await self._tools.uow.run(lambda tx: self._ask(tx, scenarios, some))
        self.sums.total -= len(some) - (asked.count if asked else 0)
        return asked

    def _take_up(self, tx: Transaction) -> deque[Asked]:
        """The kept requests that still count; the others are forgotten, and asked for anew."""
        now, terms = self._tools.here.now(), self._terms(tx.registry)
        found = deque[Asked]()
        for kept in tx.renewals.pending(self.home):
            request = open_own(codec.envelope_from_bytes(kept.envelope), codec.RENEWAL_REQUEST)
            asked = request.message
            under = (asked.agreement_id, asked.agreement_version)
            if now >= kept.asked_at + _REQUEST_COUNTS or under != (
                terms.agreement_id,
                terms.version,
            ):
                tx.renewals.forget(self.home, kept.request_id)
                continue
            known = tx.renewals.known_as(self.home, asked.pseudonyms)
            subjects = tuple(_as_asked(known.get(each), kept) for each in asked.pseudonyms)
            found.append(Asked(request, terms, subjects, resumed=True))
        return found

    async def _look(self) -> None:
        """Come by the next of those who are due."""
        terms, plan = self._terms(self._tools.uow.registry), self._plan
        found = await self._tools.uow.read(
            lambda tx: tx.renewals.due(self._due, limits.RENEWALS_SORTED, plan.last)
        )
        plan.whole = len(found) < limits.RENEWALS_SORTED
        for each in found:
            plan.last = each
            agreed = tuple(name for name in each.scenarios if name in terms.scenarios)
            if agreed:
                plan.groups[agreed].append(each)
            else:
                self.sums.fail(1, _nothing_agreed())
        # In the order of the home city's books: what it writes together lies together there.
        for waiting in plan.groups.values():
            waiting.sort(key=lambda each: each.pseudonym)

    def _ask(
        self, tx: Transaction, scenarios: tuple[str, ...], some: Sequence[StoredRecognition]
    ) -> Asked | None:
        """Sign a request and keep it; None where there is nobody left to ask about.

        Who withdrew, or was erased, since the walk came by is not asked about.
        """
        some = tx.renewals.unchanged(some)
        if not some:
            return None
        tools, terms = self._tools, self._terms(tx.registry)
        now = tools.here.now()
        message = RenewalRequest(
            header=tools.here.header((self.home,), now, REQUEST_LIFETIME),
            agreement_id=terms.agreement_id,
            agreement_version=terms.version,
            scenarios=scenarios,
            disclosure=terms.level,
            pseudonyms=tuple(each.pseudonym for each in some),
        )
        envelope = seal(codec.RENEWAL_REQUEST, message, [tools.keys])
        kept, request_id = codec.envelope_to_bytes(envelope), message.header.statement_id
        tx.renewals.ask(PendingRenewal(self.home, request_id, kept, now))
        tools.here.trace(tx, LogKind.ISSUED, envelope.payload, now)
        return Asked(open_own(envelope, codec.RENEWAL_REQUEST), terms, tuple(some))

    async def _finish(self, asked: Asked, gathered: Gathered) -> None:
        """Keep an answer, or refuse it: then the home city is asked anew at the next walk."""
        tools, sums = self._tools, self.sums
        try:
            answer = await tools.reader.read(asked, gathered)
        except HutongError as error:
            _LOG.warning("renewal_refused", home=self.home, reason=error.reason.name)
            await tools.uow.run(lambda tx: tools.reader.refuse(tx, asked, gathered))
            # Those of an earlier walk are still to be come by in this one.
            if not asked.resumed:
                sums.fail(asked.count, error)
            return
        kept = await tools.uow.run(lambda tx: tools.reader.keep(tx, asked, answer))
        if not asked.resumed:
            for each in answer.unbelieved:
                sums.fail(1, each.error)
        if kept is None:
            sums.total -= asked.count - len(answer.unbelieved)
            return
        sums.renewed += kept.renewed
        sums.ended += kept.ended
        # Who was asked for anew at a venue, or ended, meanwhile is not to be renewed.
        sums.total -= asked.count - len(answer.unbelieved) - kept.renewed - kept.ended

    def _terms(self, registry: Registry) -> Terms:
        """What is agreed now; raises AGREEMENT_NOT_ACTIVE."""
        here = self._tools.here
        found = self._tools.book.find(registry, self.home, here.city)
        if found is None or not found.in_force(here.now()):
            raise not_active(self.home, here.city)
        return found

    def _unreachable(self, problem: str) -> HutongError:
        partner = self._tools.uow.registry.partners.get(self.home)
        address = str(partner.bundle.endpoints[0]) if partner else ""
        return HutongError(PEER_UNREACHABLE, city=self.home, address=address, problem=problem)


def _as_asked(known: StoredRecognition | None, kept: PendingRenewal) -> StoredRecognition | None:
    """The recognition as it was when the request was made; None where it is another since."""
    if known is None or known.ended_at is not None or known.checked_at >= kept.asked_at:
        return None
    return known


def _nothing_agreed() -> HutongError:
    problem = "none of the scenarios is agreed any more"
    return HutongError(AGREEMENT_MISMATCH, where="recognition", problem=problem)
