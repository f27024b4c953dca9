"""The trial exchange: two cities run the whole path before the first resident does.

Each has a room of its own for it (`trial_room`), is home city and host city in turn, over the real
wire and by the real code. Rooms live in the memory of one process, for minutes: a crash forgets
them, and the trial is simply run again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from federation import codec, freshness
from federation.envelope import Envelope, Verified, add_signature, open_envelope, seal
from federation.errors import AGREEMENT_MISMATCH, HutongError
from federation.identifiers import CityCode
from federation.messages import Agreement, ScoreScale
from federation.trust import signing_keys
from node.errors import (
    NOT_A_PARTNER,
    NOTHING_IN_FORCE,
    OVERLOADED,
    PARTNER_SCALE_MISSING,
    TRIAL_RUNNING,
    TRIAL_UNKNOWN,
)
from node.limits import TRIAL_IDLE, TRIAL_LIFETIME, TRIAL_ROOM_LIFETIME, TRIAL_ROOMS
from node.ports import Keys, Peers, UnitOfWork
from node.registry import Move, Partner, PartnerState
from node.services.here import Here
from node.services.partners import PartnerDesk, check_move, find_partner, known_partner
from node.services.refreshing import Refreshing
from node.services.swapping import Swapping
from node.services.trial_room import Room
from node.services.trial_terms import trial_agreement
from node.services.trial_visit import OVER, TrialVisit
from node.trials import (
    TRIAL_KINDS,
    PreparedTrial,
    TrialCodes,
    TrialProblem,
    TrialStep,
)

NewRoom = Callable[[], AbstractAsyncContextManager[UnitOfWork]]
"""Opens an empty store that is gone when it is closed."""

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tried:
    """How a trial went, with this city as host and as home city, and the partner as it is now."""

    as_host: tuple[TrialStep, ...]
    as_home: tuple[TrialStep, ...]
    partner: Partner


@dataclass(slots=True)
class _Entry:
    """A room that is open, and who began its trial: this city (`ours`) or the partner."""

    room: Room
    codes: TrialCodes
    ours: bool
    used_at: datetime
    ends_at: datetime
    stack: AsyncExitStack
    inside: int = 0
    empty: asyncio.Event = field(default_factory=asyncio.Event)
    run: "asyncio.Task[tuple[TrialStep, ...]] | None" = None

    @property
    def is_over(self) -> bool:
        """Whether the partner's trial has come to its end."""
        return self.run is not None and self.run.done() and not self.inside


class Trial:
    """Trials with every partner, at most one with each."""

    def __init__(
        self,
        here: Here,
        uow: UnitOfWork,
        keys: Keys,
        peers: Peers,
        partners: PartnerDesk,
        swapping: Swapping,
        refreshing: Refreshing,
        new_room: NewRoom,
    ) -> None:
        """For the city of `here`; `tick` is called every second or so."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers
        self._partners = partners
        self._swapping = swapping
        self._refreshing = refreshing
        self._new_room = new_room
        self._entries: dict[CityCode, _Entry] = {}
        self._opening = set[CityCode]()

    @property
    def rooms(self) -> frozenset[CityCode]:
        """The partners with which a room is open."""
        return frozenset(self._entries)

    async def test(self, city: CityCode, actor: str) -> Tried:
        """Run a trial with a partner, and keep that it succeeded.

        1. Swap with the partner, so that both know both scales and that both approved.
        2. Open a room, and have the partner open one under the same agreement.
        3. Be the host, and have the partner be the host.
        4. Where every step passed this city is through; the partner decides the same for itself.

        Raises:
            HutongError: MOVE_REFUSED where not both have approved; NOTHING_IN_FORCE and
                PARTNER_SCALE_MISSING without a scale; TRIAL_RUNNING; PEER_UNREACHABLE and
                PEER_REFUSED where nothing could be tried.
        """
        # 1.
        partner = find_partner(self._uow.registry, city)
        if partner.state is not PartnerState.APPROVED_HERE:
            check_move(partner, Move.TEST)
        await self._swapping.swap(city)
        partner = find_partner(self._uow.registry, city)
        check_move(partner, Move.TEST)
        # 2.
        now = self._here.now()
        trial_id = self._here.new_id(now)
        header = self._here.header(tuple(sorted((self._here.city, city))), now, TRIAL_LIFETIME)
        agreement = trial_agreement(header, trial_id, self._scales(city))
        ours = seal(codec.TRIAL_AGREEMENT, agreement, [self._keys])
        async with self._own_room(partner, trial_id, agreement) as entry:
            prepared = await self._peers.prepare_trial(partner, trial_id, ours)
            await self._check_countersigned(city, prepared.agreement, ours)
            # 3.
            visit = TrialVisit(entry.room, self._peers, partner, prepared.codes)
            as_host = await visit.steps()
            as_home = await self._let_run(entry, as_host)
        # 4.
        _log(city, as_host)
        if all(step.passed for step in (*as_host, *as_home)):
            await self._uow.run(lambda tx: self._partners.tested(tx, city, actor))
            await self._tell(city)
        return Tried(as_host, as_home, find_partner(self._uow.registry, city))

    async def _tell(self, city: CityCode) -> None:
        try:
            await self._swapping.swap(city)
        except HutongError:
            self._refreshing.nudge(city)

    async def _let_run(self, entry: _Entry, steps: tuple[TrialStep, ...]) -> tuple[TrialStep, ...]:
        """The steps of the other direction, as the partner saw them."""
        room = entry.room
        city = room.partner.city
        if any(step.problem in OVER for step in steps):
            return _all(TrialProblem.NOT_TRIED)
        passed = all(step.passed for step in steps)
        try:
            told = await self._peers.run_trial(
                room.partner, room.trial_id, entry.codes, passed=passed
            )
        except HutongError as error:
            _LOG.warning("trial_not_run_there", partner=city, reason=error.reason.name)
            return _all(TrialProblem.UNREACHABLE)
        if tuple(step.kind for step in told) != TRIAL_KINDS:
            return _all(TrialProblem.UNBELIEVED)
        return told

    async def prepare(self, city: CityCode, trial_id: str, envelope: Envelope) -> PreparedTrial:
        """Open a room for a trial that a partner begins; an earlier one of its own gives way.

        1. The partner signed just now, and nothing but the agreement of a trial.
        2. No trial of this city with it is under way.
        """
        partner = self._partner(city)
        # 1.
        opened = await self._swapping.opened(city, lambda: self._open(envelope, city))
        asked = opened.message
        freshness.check_asked_now(asked.header, codec.TRIAL_AGREEMENT.label, self._here.now())
        if asked != trial_agreement(asked.header, trial_id, self._scales(city)):
            raise _mismatch("it is not the one that both scales make")
        # 2.
        known = self._entries.get(city)
        if city in self._opening or (known and known.ours):
            raise HutongError(TRIAL_RUNNING, city=self._here.city)
        signed = add_signature(envelope, self._keys)
        entry = await self._open_room(partner, trial_id, asked, ours=False)
        return PreparedTrial(signed, entry.codes)

    async def attest(self, city: CityCode, trial_id: str, envelope: Envelope) -> bytes:
        """Answer a question about a synthetic resident; raises as `Attesting.attest` does."""
        with self._entered(city, trial_id) as entry:
            return await entry.room.attesting.attest(envelope, city)

    async def withdraw(self, city: CityCode, trial_id: str) -> None:
        """Let the synthetic resident in good standing withdraw the consent."""
        with self._entered(city, trial_id) as entry:
            await entry.room.withdraw()

    async def run(
        self, city: CityCode, trial_id: str, codes: TrialCodes, *, passed: bool
    ) -> tuple[TrialStep, ...]:
        """Be the host of the partner that began the trial; a repetition gets the same steps.

        Where these steps passed, and the partner says that its own did, this city is through.
        """
        with self._entered(city, trial_id) as entry:
            if entry.ours:
                raise _unknown(self._here.city)
            if entry.run is None:
                path = self._run(entry, codes, passed=passed)
                entry.run = asyncio.create_task(path, name=f"trial {city}")
            try:
                return await asyncio.shield(entry.run)
            except asyncio.CancelledError:
                if entry.run.cancelled():
                    raise _unknown(self._here.city) from None
                raise

    async def _run(
        self, entry: _Entry, codes: TrialCodes, *, passed: bool
    ) -> tuple[TrialStep, ...]:
        city = entry.room.partner.city
        visit = TrialVisit(entry.room, self._peers, entry.room.partner, codes)
        steps = await visit.steps()
        _log(city, steps)
        if passed and all(step.passed for step in steps):
            await self._uow.run(lambda tx: self._partners.tested(tx, city, f"city {city}"))
            self._refreshing.nudge(city)
        return steps

    async def tick(self) -> None:
        """Close the rooms whose time is over."""
        now = self._here.now()
        for entry in list(self._entries.values()):
            # A clock that was set back must not keep a room for long.
            ended = entry.ends_at <= now or entry.ends_at - now > TRIAL_ROOM_LIFETIME
            # The steps of a trial that is over are kept a little, for a call that is repeated.
            if ended or (entry.is_over and not _used_lately(entry, now)):
                await self._close(entry)

    async def close(self) -> None:
        """Close every room."""
        for entry in list(self._entries.values()):
            await self._close(entry)

    @contextlib.asynccontextmanager
    async def _own_room(
        self, partner: Partner, trial_id: str, agreement: Agreement
    ) -> AsyncIterator[_Entry]:
        known, now = self._entries.get(partner.city), self._here.now()
        if partner.city in self._opening or (known and _runs(known, now)):
            raise HutongError(TRIAL_RUNNING, city=partner.city)
        entry = await self._open_room(partner, trial_id, agreement, ours=True)
        try:
            yield entry
        finally:
            await self._close(entry)

    async def _open_room(
        self, partner: Partner, trial_id: str, agreement: Agreement, *, ours: bool
    ) -> _Entry:
        city, now = partner.city, self._here.now()
        others = (self._entries.keys() | self._opening) - {city}
        if len(others) >= TRIAL_ROOMS:
            raise HutongError(OVERLOADED, limit=str(TRIAL_ROOMS))
        self._opening.add(city)
        try:
            if city in self._entries:
                await self._close(self._entries[city])
            async with AsyncExitStack() as stack:
                uow = await stack.enter_async_context(self._new_room())
                room = Room(self._here, self._keys, uow, self._peers, partner, trial_id)
                codes = await room.furnish(self._uow.registry, agreement)
                ends = now + TRIAL_ROOM_LIFETIME
                entry = _Entry(room, codes, ours, now, ends, stack.pop_all())
        finally:
            self._opening.discard(city)
        self._entries[city] = entry
        return entry

    @contextlib.contextmanager
    def _entered(self, city: CityCode, trial_id: str) -> Iterator[_Entry]:
        """The room of that trial with that partner; raises TRIAL_UNKNOWN for any other."""
        self._partner(city)
        entry, now = self._entries.get(city), self._here.now()
        if entry is None or entry.room.trial_id != trial_id or entry.ends_at <= now:
            raise _unknown(self._here.city)
        entry.used_at = now
        entry.inside += 1
        entry.empty.clear()
        try:
            yield entry
        finally:
            entry.used_at = self._here.now()
            entry.inside -= 1
            if not entry.inside:
                entry.empty.set()

    async def _close(self, entry: _Entry) -> None:
        """Let nobody in any more, and close the room once it is empty: each call has an end."""
        city = entry.room.partner.city
        if self._entries.get(city) is entry:
            del self._entries[city]
        if entry.run is not None:
            entry.run.cancel()
            await asyncio.gather(entry.run, return_exceptions=True)
        if entry.inside:
            await entry.empty.wait()
        await entry.stack.aclose()

    def _partner(self, city: CityCode) -> Partner:
        partner = known_partner(self._uow.registry, city)
        if Move.TEST not in partner.moves:
            raise HutongError(NOT_A_PARTNER, city=city)
        return partner

    def _scales(self, city: CityCode) -> dict[CityCode, ScoreScale]:
        registry = self._uow.registry
        own, theirs = registry.own_scale(), registry.partner_scale(city)
        if own is None:
            raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load")
        if theirs is None:
            raise HutongError(PARTNER_SCALE_MISSING, city=city)
        return {self._here.city: own.exported, city: theirs.exported}

    def _open(self, envelope: Envelope, city: CityCode) -> Verified[Agreement]:
        return open_envelope(
            envelope,
            codec.TRIAL_AGREEMENT,
            signed_by=[signing_keys(known_partner(self._uow.registry, city).bundle)],
            audience=self._here.city,
            now=self._here.now(),
        )

    async def _check_countersigned(
        self, city: CityCode, envelope: Envelope, ours: Envelope
    ) -> None:
        """Refuse what is not our agreement with the partner's signature beside ours."""
        own = signing_keys(codec.TRUST_BUNDLE.decode(self._keys.bundle.payload))

        def open_it() -> Verified[Agreement]:
            theirs = signing_keys(known_partner(self._uow.registry, city).bundle)
            return open_envelope(
                envelope,
                codec.TRIAL_AGREEMENT,
                signed_by=[own, theirs],
                audience=self._here.city,
                now=self._here.now(),
            )

        await self._swapping.opened(city, open_it)
        if envelope.payload != ours.payload:
            raise _mismatch("the partner signed another one")


def _runs(entry: _Entry, now: datetime) -> bool:
    """Whether a trial is under way: one of ours, or one that the partner did not leave."""
    return entry.ours or (not entry.is_over and (entry.inside > 0 or _used_lately(entry, now)))


def _used_lately(entry: _Entry, now: datetime) -> bool:
    return abs(now - entry.used_at) < TRIAL_IDLE


def _all(problem: TrialProblem) -> tuple[TrialStep, ...]:
    return tuple(TrialStep(kind, problem) for kind in TRIAL_KINDS)


def _log(city: CityCode, steps: tuple[TrialStep, ...]) -> None:
    failed = [f"{s.kind.value} {s.problem.value}" for s in steps if s.problem is not None]
    _LOG.info("trial_ran", partner=city, steps=len(steps), failed=failed)


def _mismatch(problem: str) -> HutongError:
    return HutongError(AGREEMENT_MISMATCH, where="trial agreement", problem=problem)


def _unknown(city: CityCode) -> HutongError:
    return HutongError(TRIAL_UNKNOWN, city=city)
