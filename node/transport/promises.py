"""Promises (信用承诺), as residents make them and venues close them."""

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from node.ports import Transaction
from node.records import Promise
from node.services.assembly import UseCases
from node.transport import fields
from node.transport.calls import Call
from node.transport.changes import once_for
from node.v1 import resident_case_service_pb2 as pb
from node.v1 import venue_service_pb2


class PromiseCalls:
    """The part of node.v1.ResidentCaseService on promises."""

    _cases: UseCases

    async def DraftPromise(self, _call: Call, request: pb.DraftPromiseRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        text = await self._cases.uow.read(
            lambda tx: self._cases.promising.draft(
                tx, resident_id, request.incentive_id, request.venue, request.due_on
            )
        )
        return pb.DraftPromiseResponse(text_zh=text.zh, text_en=text.en)

    async def MakePromise(self, call: Call, request: pb.MakePromiseRequest) -> bytes:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")

        def act(tx: Transaction) -> Message:
            made = self._cases.promising.make(
                tx, resident_id, request.incentive_id, request.venue, request.due_on, request.text
            )
            return pb.MakePromiseResponse(promise=_promise(made))

        return await once_for(self._cases, call, request, act)

    async def ListPromises(self, _call: Call, request: pb.ListPromisesRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.promising.promises(tx, resident_id, wanted)
        )
        return pb.ListPromisesResponse(
            promises=[_promise(each) for each in page.items], next_page_token=page.next_token
        )

    async def WithdrawPromise(self, call: Call, request: pb.WithdrawPromiseRequest) -> bytes:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        promise_id = fields.identifier(request.promise_id, "promise_id")

        def act(tx: Transaction) -> Message:
            withdrawn = self._cases.promising.withdraw(tx, resident_id, promise_id)
            return pb.WithdrawPromiseResponse(promise=_promise(withdrawn))

        return await once_for(self._cases, call, request, act)


class PromiseClosingCalls:
    """The part of node.v1.VenueService on promises."""

    _cases: UseCases

    async def ClosePromise(
        self, call: Call, request: venue_service_pb2.ClosePromiseRequest
    ) -> bytes:
        """See the proto."""
        promise_id = fields.identifier(request.promise_id, "promise_id")

        def act(tx: Transaction) -> Message:
            closed_at = self._cases.promising.close(
                tx, call.caller, promise_id, request.note, kept=request.kept
            )
            return venue_service_pb2.ClosePromiseResponse(closed_at=instant_to_wire(closed_at))

        return await once_for(self._cases, call, request, act)


def _promise(promise: Promise) -> pb.Promise:
    wire = pb.Promise(
        promise_id=promise.promise_id,
        incentive_id=promise.incentive_id,
        venue=promise.venue,
        text=promise.text,
        language=promise.language,
        made_at=instant_to_wire(promise.made_at),
        due_on=promise.due_on.isoformat(),
        state=f"PROMISE_STATE_{promise.state.name}",
        redemption_id=promise.redemption_id,
        note=promise.note,
    )
    if promise.closed_at:
        wire.closed_at.CopyFrom(instant_to_wire(promise.closed_at))
    return wire
