"""Calls to partners for a trial exchange."""

import abc
from datetime import timedelta
from typing import TypeVar

from google.protobuf.message import Message

from federation import codec
from federation.envelope import Envelope
from federation.errors import MALFORMED, HutongError
from federation.v1 import trial_service_pb2 as pb
from node import limits
from node.registry import Partner
from node.transport.trial_wire import step_from_peer
from node.trials import PreparedTrial, TrialCodes, TrialStep

M = TypeVar("M", bound=Message)


class TrialCalls(abc.ABC):
    """The trial service of the partner cities' peer ports."""

    @abc.abstractmethod
    async def _try(
        self,
        partner: Partner,
        method: str,
        request: Message,
        answer_type: type[M],
        deadline: timedelta,
    ) -> M:
        """Call a method of the trial service."""

    async def prepare_trial(
        self, partner: Partner, trial_id: str, agreement: Envelope
    ) -> PreparedTrial:
        """Have the partner open a room under the trial agreement that we signed."""
        request = pb.PrepareTrialRequest(
            trial_id=trial_id, agreement=codec.envelope_to_wire(agreement)
        )
        answer = await self._try(
            partner, "PrepareTrial", request, pb.PrepareTrialResponse, limits.PEER_DEADLINE
        )
        codes = TrialCodes(answer.good_code, answer.low_code)
        return PreparedTrial(_envelope(partner, answer, "agreement"), codes)

    async def request_trial_attestation(
        self, partner: Partner, trial_id: str, request: Envelope
    ) -> Envelope:
        """Ask for an attestation on a synthetic resident."""
        answer = await self._try(
            partner,
            "RequestTrialAttestation",
            pb.RequestTrialAttestationRequest(
                trial_id=trial_id, request=codec.envelope_to_wire(request)
            ),
            pb.RequestTrialAttestationResponse,
            limits.PEER_DEADLINE,
        )
        return _envelope(partner, answer, "attestation")

    async def withdraw_trial_consent(self, partner: Partner, trial_id: str) -> None:
        """Have the partner's resident in good standing withdraw the consent."""
        await self._try(
            partner,
            "WithdrawTrialConsent",
            pb.WithdrawTrialConsentRequest(trial_id=trial_id),
            pb.WithdrawTrialConsentResponse,
            limits.PEER_DEADLINE,
        )

    async def run_trial(
        self, partner: Partner, trial_id: str, codes: TrialCodes, *, passed: bool
    ) -> tuple[TrialStep, ...]:
        """Have the partner be the host in turn."""
        request = pb.RunTrialRequest(
            trial_id=trial_id,
            good_code=codes.good,
            low_code=codes.low,
            caller_passed=passed,
        )
        answer = await self._try(
            partner, "RunTrial", request, pb.RunTrialResponse, limits.TRIAL_RUN_DEADLINE
        )
        return tuple(step_from_peer(step) for step in answer.steps)


def _envelope(partner: Partner, answer: Message, field_name: str) -> Envelope:
    if not answer.HasField(field_name):
        raise HutongError(
            MALFORMED,
            where=f"the answer of {partner.city}",
            problem=f"{field_name} cannot be read",
        )
    return codec.envelope_from_wire(getattr(answer, field_name))
