"""Retention, for operators as the city's credit office."""

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from node.services.assembly import UseCases
from node.transport.calls import Call
from node.v1 import oversight_service_pb2 as pb


class RetentionCalls:
    """The part of node.v1.OversightService on what is kept how long."""

    _cases: UseCases

    async def RunRetention(self, call: Call, request: pb.RunRetentionRequest) -> Message:
        """See the proto. Where the caller goes meanwhile, the next run goes on from there."""
        removed = await self._cases.retaining.run(str(call.caller), dry_run=request.dry_run)
        return pb.RunRetentionResponse(
            removed=[
                pb.RemovedRows(
                    kind=each.kind, count=each.count, ended_before=instant_to_wire(each.before)
                )
                for each in removed
            ]
        )
