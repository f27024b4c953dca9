"""The local port for operators: how far everybody is scored."""

from google.protobuf.message import Message

from node.services.assembly import UseCases
from node.transport.calls import Call
from node.v1 import oversight_service_pb2 as pb


class RescoringCalls:
    """The methods of node.v1.OversightService on the scoring of everybody."""

    _cases: UseCases

    async def GetRescoring(self, _call: Call, _request: pb.GetRescoringRequest) -> Message:
        """See the proto."""
        waiting = await self._cases.uow.read(self._cases.rescoring.waiting)
        return pb.GetRescoringResponse(version=waiting.version, waiting_count=waiting.count)
