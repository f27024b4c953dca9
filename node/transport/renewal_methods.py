"""The peer port: many attestations under one signature."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from google.protobuf.message import Message

from federation import codec
from federation.v1 import federation_service_pb2 as pb
from node.ports import RenewalPortion
from node.services.assembly import UseCases
from node.transport import beat
from node.transport.calls import Call
from node.transport.envelopes import envelope_in

# Batches that are worked on at once for one stream: one is written while the next is made.
_AHEAD: Final = 2

Answers = list[pb.RenewAttestationsResponse]


class RenewalMethods:
    """The methods of federation.v1.FederationService on renewal."""

    _cases: UseCases

    async def RenewAttestations(
        self, call: Call, requests: AsyncIterator[pb.RenewAttestationsRequest]
    ) -> AsyncIterator[Message | bytes]:
        """See the proto.

        One batch is worked on while the one before is written, and no more: neither side runs
        ahead of the other. Answers leave in the order of the requests.
        """
        ahead = asyncio.Semaphore(_AHEAD)
        made = asyncio.Queue[asyncio.Task[Answers] | None]()
        taking = asyncio.create_task(self._take(call, requests, ahead, made))
        try:
            while (answers := await made.get()) is not None:
                for answer in await answers:
                    yield answer
                ahead.release()
            await taking
        finally:
            taking.cancel()
            left = [task for task in (*_drained(made), taking) if task is not None]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _take(
        self,
        call: Call,
        requests: AsyncIterator[pb.RenewAttestationsRequest],
        ahead: asyncio.Semaphore,
        made: "asyncio.Queue[asyncio.Task[Answers] | None]",
    ) -> None:
        """Take requests as there is room for their answers."""
        try:
            await ahead.acquire()
            async for request in requests:
                made.put_nowait(asyncio.create_task(self._answers(call, request)))
                await ahead.acquire()
        finally:
            made.put_nowait(None)

    async def _answers(self, call: Call, request: pb.RenewAttestationsRequest) -> Answers:
        """The answers to one request.

        Those with a refusal among them leave on the beat, all of them: whatever the reason is, its
        time tells nothing (rule 4).
        """
        began, question = beat.seconds(), envelope_in(request, "request")
        found = [portion async for portion in self._cases.batching.renew(question, call.caller)]
        answers = [_answer(portion) for portion in found]
        if any(None in portion.results for portion in found):
            await beat.next_beat(began)
        return answers


def _drained(
    made: "asyncio.Queue[asyncio.Task[Answers] | None]",
) -> "list[asyncio.Task[Answers] | None]":
    """What nobody will ask for any more."""
    return [made.get_nowait() for _ in range(made.qsize())]


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
