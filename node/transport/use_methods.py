"""The peer port: uses that this city counts for hosts."""

from google.protobuf.message import Message

from federation.v1 import envelope_pb2
from federation.v1 import federation_service_pb2 as pb
from node.services.assembly import UseCases
from node.transport.beat import on_the_beat
from node.transport.calls import Call
from node.transport.envelopes import envelope_in


class UseMethods:
    """The methods of federation.v1.FederationService on uses over all cities."""

    _cases: UseCases

    async def ReserveUse(self, call: Call, request: pb.ReserveUseRequest) -> Message:
        """See the proto."""
        question = envelope_in(request, "request")
        answer = await on_the_beat(self._cases.counting.grant(question, call.caller))
        return pb.ReserveUseResponse(lease=envelope_pb2.Envelope.FromString(answer))

    async def ReleaseUse(self, call: Call, request: pb.ReleaseUseRequest) -> Message:
        """See the proto."""
        release = envelope_in(request, "release")
        await self._cases.counting.release(release, call.caller)
        return pb.ReleaseUseResponse()
