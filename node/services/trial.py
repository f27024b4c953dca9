"""The trial exchange: two cities run the whole path before the first resident does.

Each has a room of its own for it (`trial_room`), is home city and host city in turn, over the real
wire and by the real code. Rooms live in the memory of one process, for minutes: a crash forgets
them, and the trial is simply run again.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from federation import codec, freshness
from federation.envelope import Envelope, Verified, add_signature, open_envelope, seal
from federation.errors import AGREEMENT_MISMATCH, HutongError
from federation.identifiers import CityCode
from federation.messages import Agreement, ScoreScale
from federation.trust import signing_keys
from node import deadlines
from node.errors import (
    NOT_A_PARTNER,
    NOTHING_IN_FORCE,
    PARTNER_SCALE_MISSING,
)
from node.limits import TRIAL_LIFETIME
from node.ports import Keys, Peers, UnitOfWork
from node.registry import Move, Partner, PartnerState
from node.services.here import Here
from node.services.partners import (
    PartnerDesk,
    check_move,
    find_partner,
    known_partner,
    own_keyring,
)
from node.services.refreshing import Refreshing
from node.services.swapping import Swapping
from node.services.trial_rooms import Lease, Rooms
from node.services.trial_terms import trial_agreement
from node.services.trial_visit import OVER, TrialVisit
from node.trials import (
    TRIAL_KINDS,
    PreparedTrial,
    TrialCodes,
    TrialProblem,
    TrialStep,
)

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tried:
    """How a trial went, with this city as host and as home city, and the partner as it is now."""

    as_host: tuple[TrialStep, ...]
    as_home: tuple[TrialStep, ...]
    partner: Partner


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
        rooms: Rooms,
    ) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers
        self._partners = partners
        self._swapping = swapping
        self._refreshing = refreshing
        self._rooms = rooms

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
        async with self._rooms.ours(partner, trial_id, agreement) as lease:
            prepared = await self._peers.prepare_trial(partner, trial_id, ours)
            await self._check_countersigned(city, prepared.agreement, ours)
            # 3.
            visit = TrialVisit(lease.room, self._peers, partner, prepared.codes)
            as_host = await visit.steps()
            as_home = await self._let_run(lease, as_host)
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

    async def _let_run(self, lease: Lease, steps: tuple[TrialStep, ...]) -> tuple[TrialStep, ...]:
        """The steps of the other direction, as the partner saw them."""
        room = lease.room
        city = room.partner.city
        if any(step.problem in OVER for step in steps):
            return _all(TrialProblem.NOT_TRIED)
        passed = all(step.passed for step in steps)
        try:
            told = await self._peers.run_trial(
                room.partner, room.trial_id, lease.codes, passed=passed
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
        lease = await self._rooms.theirs(partner, trial_id, asked)
        return PreparedTrial(add_signature(envelope, self._keys), lease.codes)

    async def attest(self, city: CityCode, trial_id: str, envelope: Envelope) -> bytes:
        """Answer a question about a synthetic resident; raises as `Attesting.attest` does."""
        with self._entered(city, trial_id) as lease:
            return await lease.room.attesting.attest(envelope, city)

    async def withdraw(self, city: CityCode, trial_id: str) -> None:
        """Let the synthetic resident in good standing withdraw the consent."""
        with self._entered(city, trial_id) as lease:
            await lease.room.withdraw()

    async def run(
        self, city: CityCode, trial_id: str, codes: TrialCodes, *, passed: bool
    ) -> tuple[TrialStep, ...]:
        """Be the host of the partner that began the trial; a repetition gets the same steps.

        Where these steps passed, and the partner says that its own did, this city is through.
        """
        with self._entered(city, trial_id) as lease:
            if lease.ours:
                raise self._rooms.unknown()
            if lease.run is None:
                path = self._run(lease, codes, passed=passed)
                lease.run = asyncio.create_task(
                    path, name=f"trial {city}", context=deadlines.detached()
                )
            try:
                return await asyncio.shield(lease.run)
            except asyncio.CancelledError:
                if lease.run.cancelled():
                    raise self._rooms.unknown() from None
                raise

    async def _run(self, lease: Lease, codes: TrialCodes, *, passed: bool) -> tuple[TrialStep, ...]:
        city = lease.room.partner.city
        visit = TrialVisit(lease.room, self._peers, lease.room.partner, codes)
        steps = await visit.steps()
        _log(city, steps)
        if passed and all(step.passed for step in steps):
            await self._uow.run(lambda tx: self._partners.tested(tx, city, f"city {city}"))
            self._refreshing.nudge(city)
        return steps

    @contextlib.contextmanager
    def _entered(self, city: CityCode, trial_id: str) -> Iterator[Lease]:
        self._partner(city)
        with self._rooms.entered(city, trial_id) as lease:
            yield lease

    def _partner(self, city: CityCode) -> Partner:
        partner = known_partner(self._uow.registry, city)
        if Move.TEST not in partner.moves:
            raise HutongError(NOT_A_PARTNER, city=city)
        return partner

    def _scales(self, city: CityCode) -> dict[CityCode, ScoreScale]:
        registry = self._uow.registry
        own, theirs = registry.own_scale(), registry.partner_scale(city)
        if own is None:
            raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load FILE")
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
        own = own_keyring(self._keys)

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


def _all(problem: TrialProblem) -> tuple[TrialStep, ...]:
    return tuple(TrialStep(kind, problem) for kind in TRIAL_KINDS)


def _log(city: CityCode, steps: tuple[TrialStep, ...]) -> None:
    failed = [f"{s.kind.value} {s.problem.value}" for s in steps if s.problem is not None]
    _LOG.info("trial_ran", partner=city, steps=len(steps), failed=failed)


def _mismatch(problem: str) -> HutongError:
    return HutongError(AGREEMENT_MISMATCH, where="trial agreement", problem=problem)
