"""The peer port: what partner cities ask of this one."""

from google.protobuf.message import Message

from federation import codec
from federation.errors import TOO_LARGE, HutongError
from federation.limits import BUNDLE_CHAIN
from federation.v1 import envelope_pb2
from federation.v1 import federation_service_pb2 as pb
from node import limits
from node.ports import ScaleSwap
from node.services.assembly import UseCases
from node.transport.beat import on_the_beat
from node.transport.calls import Call, tell_time
from node.transport.envelopes import envelope_in
from node.transport.log_methods import LogMethods
from node.transport.renewal_methods import RenewalMethods
from node.transport.status_methods import StatusMethods
from node.transport.use_methods import UseMethods


class FederationServicer(StatusMethods, LogMethods, RenewalMethods, UseMethods):
    """federation.v1.FederationService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def ExchangeTrustBundles(
        self, call: Call, request: pb.ExchangeTrustBundlesRequest
    ) -> Message:
        """See the proto."""
        tell_time(call, self._cases.here.now())
        if len(request.earlier) > BUNDLE_CHAIN:
            size, limit = str(len(request.earlier)), str(BUNDLE_CHAIN)
            raise HutongError(TOO_LARGE, where="earlier", size=size, limit=limit)
        earlier = [codec.envelope_from_wire(bundle) for bundle in request.earlier]
        given = await self._cases.swapping.receive_bundles(
            call.caller, (*earlier, envelope_in(request, "trust_bundle")), request.known_sequence
        )
        return pb.ExchangeTrustBundlesResponse(
            trust_bundle=codec.envelope_to_wire(given.chain[-1]),
            earlier=[codec.envelope_to_wire(bundle) for bundle in given.chain[:-1]],
            known_sequence=given.known_sequence,
        )

    async def ExchangePartnership(
        self, call: Call, request: pb.ExchangePartnershipRequest
    ) -> Message:
        """See the proto."""
        theirs = envelope_in(request, "partnership")
        ours = await self._cases.swapping.receive_statement(call.caller, theirs)
        return pb.ExchangePartnershipResponse(partnership=codec.envelope_to_wire(ours))

    async def ExchangeScales(self, call: Call, request: pb.ExchangeScalesRequest) -> Message:
        """See the proto."""
        for where, given in (("scales", request.scales), ("histograms", request.histograms)):
            if len(given) > limits.PARTNER_SCALES:
                size, limit = str(len(given)), str(limits.PARTNER_SCALES)
                raise HutongError(TOO_LARGE, where=where, size=size, limit=limit)
        theirs = ScaleSwap(
            tuple(map(codec.envelope_from_wire, request.scales)),
            tuple(map(codec.envelope_from_wire, request.histograms)),
        )
        ours = await self._cases.swapping.receive_scales(call.caller, theirs)
        return pb.ExchangeScalesResponse(
            scales=map(codec.envelope_to_wire, ours.scales),
            histograms=map(codec.envelope_to_wire, ours.histograms),
        )

    async def ProposeAgreement(self, call: Call, request: pb.ProposeAgreementRequest) -> Message:
        """See the proto."""
        proposed = envelope_in(request, "agreement")
        await self._cases.agreements.receive_proposal(call.caller, proposed)
        return pb.ProposeAgreementResponse()

    async def CountersignAgreement(
        self, call: Call, request: pb.CountersignAgreementRequest
    ) -> Message:
        """See the proto."""
        signed = envelope_in(request, "agreement")
        await self._cases.agreements.receive_countersigned(call.caller, signed)
        # Where this answer is lost, the statement completes it.
        self._cases.refreshing.nudge(call.caller)
        return pb.CountersignAgreementResponse()

    async def RequestAttestation(
        self, call: Call, request: pb.RequestAttestationRequest
    ) -> Message:
        """See the proto."""
        question = envelope_in(request, "request")
        answer = await on_the_beat(self._cases.attesting.attest(question, call.caller))
        return pb.RequestAttestationResponse(attestation=envelope_pb2.Envelope.FromString(answer))
