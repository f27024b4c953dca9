"""The peer port: many attestations under one signature."""

import time
from collections.abc import AsyncIterator

from google.protobuf.message import Message

from federation import codec
from federation.v1 import federation_service_pb2 as pb
from node.ports import RenewalPortion
from node.services.assembly import UseCases
from node.transport.beat import next_beat
from node.transport.calls import Call
from node.transport.envelopes import envelope_in


class RenewalMethods:
    """The methods of federation.v1.FederationService on renewal."""

    _cases: UseCases

    async def RenewAttestations(
        self, call: Call, requests: AsyncIterator[pb.RenewAttestationsRequest]
    ) -> AsyncIterator[Message | bytes]:
        """See the proto.

        The next batch is taken when the one before has been written. One with a refusal in it
        leaves on the beat, all of it: whatever the reason is, its time tells nothing (rule 4).
        """
        async for request in requests:
            began, question = time.perf_counter(), envelope_in(request, "request")
            found = [portion async for portion in self._cases.batching.renew(question, call.caller)]
            answers = [_answer(portion) for portion in found]
            if any(None in portion.results for portion in found):
                await next_beat(began)
            for answer in answers:
                yield answer


def _answer(portion: RenewalPortion) -> pb.RenewAttestationsResponse:
    answer = pb.RenewAttestationsResponse(request_id=portion.request_id, first=portion.first)
    if portion.batch is not None:
        answer.batch.CopyFrom(codec.envelope_to_wire(portion.batch))
    for result in portion.results:
        told = answer.results.add()
        if result is None:
            told.refusal.SetInParent()
        else:
            given = told.attestation
            given.payload, given.leaf_index = result.payload, result.leaf_index
            given.proof = result.proof
    return answer
