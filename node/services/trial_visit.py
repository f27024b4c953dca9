"""The host's side of a trial: a grant, a refusal, a replay and a withdrawal, by the real path.

A partner can make a step fail by what it says, and by saying nothing; it can make none hang.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from federation.envelope import Envelope
from federation.errors import HutongError
from node.errors import PEER_REFUSED, PEER_UNREACHABLE
from node.limits import TRIAL_RUN
from node.load_errors import PARTNER_BUSY
from node.registry import Partner
from node.services.answering import Ask
from node.services.checking import Checked, Credential, RecognitionOutcome
from node.services.trial_room import Room
from node.services.trial_terms import LATER, OPEN, RETURN, VENUE, VISIT
from node.trials import (
    TRIAL_KINDS,
    TrialCodes,
    TrialKind,
    TrialPeers,
    TrialProblem,
    TrialStep,
)

_OUTCOMES = {
    RecognitionOutcome.RECOGNISED: TrialProblem.GRANTED,
    RecognitionOutcome.NOT_RECOGNISED: TrialProblem.REFUSED,
    RecognitionOutcome.NO_AGREEMENT: TrialProblem.NOT_AGREED,
}
OVER = (TrialProblem.UNREACHABLE, TrialProblem.TOO_SLOW)
"""After these nothing more is tried: the partner is gone, or every call would take as long."""


class _Failed(Exception):  # noqa: N818 - it fails a step, it is no error
    """A step did not go as it must."""

    def __init__(self, problem: TrialProblem) -> None:
        """By this problem."""
        super().__init__(problem.value)
        self.problem = problem


class TrialVisit:
    """The visit of a partner's synthetic residents to this city."""

    def __init__(self, room: Room, peers: TrialPeers, partner: Partner, codes: TrialCodes) -> None:
        """In a furnished room."""
        self._room = room
        self._peers = peers
        self._partner = partner
        self._codes = codes
        self._pass = ""
        self._granted: tuple[Envelope, Envelope] | None = None

    async def steps(self) -> tuple[TrialStep, ...]:
        """Take every step, in order; one that depends on another that failed is not tried."""
        acts: dict[TrialKind, Callable[[], Awaitable[None]]] = {
            TrialKind.GRANT: self._grant,
            TrialKind.REFUSAL: self._refusal,
            TrialKind.REPLAY: self._replay,
            TrialKind.WITHDRAWAL: self._withdrawal,
        }
        found = dict[TrialKind, TrialProblem | None]()
        ends = asyncio.get_running_loop().time() + TRIAL_RUN.total_seconds()
        for kind in TRIAL_KINDS:
            if any(problem in OVER for problem in found.values()):
                found[kind] = TrialProblem.NOT_TRIED
            else:
                found[kind] = await _problem(acts[kind], ends)
        return tuple(TrialStep(kind, found[kind]) for kind in TRIAL_KINDS)

    async def _grant(self) -> None:
        """The one in good standing is recognised; the incentive opens, and is used once."""
        checked = await self._check(self._codes.good, VISIT, OPEN)
        self._expect(checked, RecognitionOutcome.RECOGNISED)
        if not all(verdict.eligible for _, _, verdict in checked.decisions):
            raise _Failed(TrialProblem.CLOSED)
        decision_id = checked.decisions[0][0]
        room = self._room
        await room.uow.run(lambda tx: room.redeeming.redeem(tx, VENUE, decision_id))
        line = room.line
        if line.asked is None or line.answer is None:
            raise _Failed(TrialProblem.UNBELIEVED)
        self._pass, self._granted = checked.visitor_pass, (line.asked, line.answer)

    async def _refusal(self) -> None:
        """The one below the line is refused, and only what is open to everyone is open."""
        checked = await self._check(self._codes.low, VISIT, OPEN)
        self._expect(checked, RecognitionOutcome.NOT_RECOGNISED)
        self._expect_open(checked, OPEN)

    async def _replay(self) -> None:
        """A used code opens nothing; the same signed question gets the very same bytes."""
        if self._granted is None:
            raise _Failed(TrialProblem.NOT_TRIED)
        checked = await self._check(self._codes.good, VISIT, OPEN)
        self._expect(checked, RecognitionOutcome.NOT_RECOGNISED)
        self._expect_open(checked, OPEN)
        asked, answer = self._granted
        again = await self._peers.request_trial_attestation(
            self._partner, self._room.trial_id, asked
        )
        if again != answer:
            raise _Failed(TrialProblem.ANOTHER_ANSWER)

    async def _withdrawal(self) -> None:
        """A visitor who returns is recognised by pseudonym, and after a withdrawal no more."""
        if not self._pass:
            raise _Failed(TrialProblem.NOT_TRIED)
        returned = await self._check(self._pass, RETURN, is_pass=True)
        self._expect(returned, RecognitionOutcome.RECOGNISED)
        self._expect_open(returned, RETURN)
        await self._peers.withdraw_trial_consent(self._partner, self._room.trial_id)
        later = await self._check(self._pass, LATER, is_pass=True)
        self._expect(later, RecognitionOutcome.NOT_RECOGNISED)
        self._expect_open(later)

    async def _check(self, text: str, *incentives: str, is_pass: bool = False) -> Checked:
        room, seen = self._room, list[Checked]()
        request_id = room.here.new_id(room.here.now())
        ask = Ask(str(VENUE), request_id, hashlib.sha256(request_id.encode()).digest())

        def keep(checked: Checked) -> bytes:
            seen.append(checked)
            return b""

        room.line.answer = None
        await room.checking.check(ask, VENUE, Credential(text, is_pass), incentives, keep)
        return seen[-1]

    def _expect(self, checked: Checked, wanted: RecognitionOutcome) -> None:
        if checked.home != self._partner.city:
            raise _Failed(TrialProblem.UNBELIEVED)
        if checked.outcome is wanted:
            return
        if checked.outcome is not RecognitionOutcome.RECOGNISED and self._room.line.answer:
            # Something came, and it was not what the agreement says.
            raise _Failed(TrialProblem.UNBELIEVED)
        raise _Failed(_OUTCOMES.get(checked.outcome, TrialProblem.UNREACHABLE))

    def _expect_open(self, checked: Checked, *wanted: str) -> None:
        found = {i.incentive_id for _, i, verdict in checked.decisions if verdict.eligible}
        if found - set(wanted):
            raise _Failed(TrialProblem.LEFT_OPEN)
        if set(wanted) - found:
            raise _Failed(TrialProblem.CLOSED)


async def _problem(act: Callable[[], Awaitable[None]], ends: float) -> TrialProblem | None:
    """What was wrong with a step; None where nothing was."""
    try:
        async with asyncio.timeout_at(ends):
            await act()
    except _Failed as failed:
        return failed.problem
    except TimeoutError:
        return TrialProblem.TOO_SLOW
    except HutongError as error:
        silent = error.reason in (PEER_UNREACHABLE, PEER_REFUSED, PARTNER_BUSY)
        return TrialProblem.UNREACHABLE if silent else TrialProblem.UNBELIEVED
    return None
