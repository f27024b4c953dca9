"""The trial exchange as values: what is tried, what went wrong, and what a partner is asked."""

import enum
from dataclasses import dataclass, field
from typing import Final, Protocol

from federation.envelope import Envelope
from node.registry import Partner


class TrialKind(enum.Enum):
    """What one step tries, in the order in which the steps are taken."""

    GRANT = "grant"
    REFUSAL = "refusal"
    REPLAY = "replay"
    WITHDRAWAL = "withdrawal"


TRIAL_KINDS: Final = tuple(TrialKind)


class TrialProblem(enum.Enum):
    """How a step went wrong."""

    NOT_TRIED = "not_tried"
    UNREACHABLE = "unreachable"
    TOO_SLOW = "too_slow"
    NOT_AGREED = "not_agreed"
    REFUSED = "refused"
    GRANTED = "granted"
    UNBELIEVED = "unbelieved"
    CLOSED = "closed"
    LEFT_OPEN = "left_open"
    ANOTHER_ANSWER = "another_answer"


@dataclass(frozen=True, slots=True)
class TrialStep:
    """One step, as the host city saw it; it passed where there is no problem."""

    kind: TrialKind
    problem: TrialProblem | None

    @property
    def passed(self) -> bool:
        """Whether it went as it must."""
        return self.problem is None


@dataclass(frozen=True, slots=True)
class TrialCodes:
    """The presentation codes of a home city's two synthetic residents, as a venue is shown them."""

    good: str = field(repr=False)
    low: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PreparedTrial:
    """What a partner that prepared a trial gives: the agreement, countersigned, and its codes."""

    agreement: Envelope
    codes: TrialCodes


class TrialPeers(Protocol):
    """What a partner is asked in a trial exchange; each call raises as those of `Peers`."""

    async def prepare_trial(
        self, partner: Partner, trial_id: str, agreement: Envelope
    ) -> PreparedTrial:
        """Have the partner open a room under the trial agreement that we signed."""

    async def request_trial_attestation(
        self, partner: Partner, trial_id: str, request: Envelope
    ) -> Envelope:
        """Ask for an attestation on a synthetic resident."""

    async def withdraw_trial_consent(self, partner: Partner, trial_id: str) -> None:
        """Have the partner's resident in good standing withdraw the consent."""

    async def run_trial(
        self, partner: Partner, trial_id: str, codes: TrialCodes, *, passed: bool
    ) -> tuple[TrialStep, ...]:
        """Have the partner be the host in turn; `passed` is how our own steps went."""
