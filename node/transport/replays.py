"""The local port for operators: a decision that is made once more."""

from google.protobuf.message import Message

from federation.codec import envelope_to_bytes, instant_to_wire
from node.services.assembly import UseCases
from node.transport import fields
from node.transport.calls import Call
from node.v1 import incentive_service_pb2 as pb


class ReplayCalls:
    """The part of node.v1.IncentiveService that is about decisions."""

    _cases: UseCases

    async def ReplayDecision(self, _call: Call, request: pb.ReplayDecisionRequest) -> Message:
        """See the proto."""
        identifier, replaying = fields.identifier(request.id, "id"), self._cases.replaying
        found = await self._cases.uow.read(lambda tx: replaying.replay(tx, identifier))
        return pb.ReplayDecisionResponse(
            check_id=found.check_id,
            decided_at=instant_to_wire(found.decided_at),
            signed_decisions=envelope_to_bytes(found.envelope),
            same=found.same,
            facts=found.facts,
        )
