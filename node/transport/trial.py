"""The peer port: the trial exchange."""

from google.protobuf.message import Message

from federation import codec
from federation.v1 import envelope_pb2
from federation.v1 import trial_service_pb2 as pb
from node.services.assembly import UseCases
from node.transport import fields
from node.transport.beat import on_the_beat
from node.transport.calls import Call
from node.transport.envelopes import envelope_in
from node.transport.trial_wire import step_to_peer
from node.trials import TrialCodes


class TrialServicer:
    """federation.v1.TrialService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._trial = cases.trial

    async def PrepareTrial(self, call: Call, request: pb.PrepareTrialRequest) -> Message:
        """See the proto."""
        prepared = await self._trial.prepare(
            call.caller, _trial_id(request), envelope_in(request, "agreement")
        )
        return pb.PrepareTrialResponse(
            agreement=codec.envelope_to_wire(prepared.agreement),
            good_code=prepared.codes.good,
            low_code=prepared.codes.low,
        )

    async def RequestTrialAttestation(
        self, call: Call, request: pb.RequestTrialAttestationRequest
    ) -> Message:
        """See the proto."""
        question = envelope_in(request, "request")
        answer = await on_the_beat(self._trial.attest(call.caller, _trial_id(request), question))
        return pb.RequestTrialAttestationResponse(
            attestation=envelope_pb2.Envelope.FromString(answer)
        )

    async def WithdrawTrialConsent(
        self, call: Call, request: pb.WithdrawTrialConsentRequest
    ) -> Message:
        """See the proto."""
        await self._trial.withdraw(call.caller, _trial_id(request))
        return pb.WithdrawTrialConsentResponse()

    async def RunTrial(self, call: Call, request: pb.RunTrialRequest) -> Message:
        """See the proto."""
        codes = TrialCodes(request.good_code, request.low_code)
        steps = await self._trial.run(
            call.caller, _trial_id(request), codes, passed=request.caller_passed
        )
        return pb.RunTrialResponse(steps=[step_to_peer(step) for step in steps])


def _trial_id(
    request: pb.PrepareTrialRequest
    | pb.RequestTrialAttestationRequest
    | pb.WithdrawTrialConsentRequest
    | pb.RunTrialRequest,
) -> str:
    return fields.identifier(request.trial_id, "trial_id")
