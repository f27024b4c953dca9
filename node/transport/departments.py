"""The local port for departments' systems: records in, and the rows that were not taken."""

from collections.abc import AsyncIterator
from typing import Final

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from node.errors import FIELD_INVALID, HutongError
from node.ports import Transaction
from node.records import RecordLoad, RecordRow, RowAction
from node.row_errors import LOAD_CHANGED, reason_named
from node.services.assembly import UseCases
from node.services.quarantining import WaitingRow
from node.services.record_loads import Portion
from node.transport import fields
from node.transport.calls import Call
from node.transport.changes import once_for
from node.transport.record_reading import RecordReadingCalls
from node.v1 import department_service_pb2 as pb

_ACTIONS: Final = {
    pb.ROW_ACTION_UNSPECIFIED: "",
    pb.ROW_ACTION_ADD: RowAction.ADD.value,
    pb.ROW_ACTION_CORRECT: RowAction.CORRECT.value,
    pb.ROW_ACTION_WITHDRAW: RowAction.WITHDRAW.value,
}
_WIRE_ACTIONS: Final = {text: number for number, text in _ACTIONS.items()}


class DepartmentServicer(RecordReadingCalls):
    """node.v1.DepartmentService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def LoadRecords(
        self, call: Call, requests: AsyncIterator[pb.LoadRecordsRequest]
    ) -> Message:
        """See the proto."""
        load: RecordLoad | None = None
        async for request in requests:
            load_id = fields.identifier(request.load_id, "load_id")
            if load is not None and load.load_id != load_id:
                raise HutongError(LOAD_CHANGED, load=load.load_id)
            portion = Portion(
                load_id=load_id,
                file_name=request.file_name,
                first_row=request.first_row,
                rows=[_row(row) for row in request.rows],
                is_last=request.is_last,
            )
            load = await self._cases.record_loads.take(call.caller, portion)
            if load.finished_at is not None:
                break
        if load is None:
            raise HutongError(
                FIELD_INVALID, field="load_id", problem="the stream ended before it said which load"
            )
        return pb.LoadRecordsResponse(load=_load(load))

    async def GetRecordLoad(self, call: Call, request: pb.GetRecordLoadRequest) -> Message:
        """See the proto."""
        load_id = fields.identifier(request.load_id, "load_id")
        load = await self._cases.record_loads.state(call.caller, load_id)
        shown = pb.RecordLoad(load_id=load_id) if load is None else _load(load)
        return pb.GetRecordLoadResponse(load=shown)

    async def ListQuarantinedRows(
        self, call: Call, request: pb.ListQuarantinedRowsRequest
    ) -> Message:
        """See the proto."""
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.quarantine.page(tx, call.caller, wanted)
        )
        rows = [_waiting(row) for row in page.items]
        return pb.ListQuarantinedRowsResponse(rows=rows, next_page_token=page.next_token)

    async def PutBackRow(self, call: Call, request: pb.PutBackRowRequest) -> bytes:
        """See the proto."""
        row_id, row = fields.identifier(request.row_id, "row_id"), _row(request.row)

        def act(tx: Transaction) -> Message:
            waits = self._cases.quarantine.put_back(tx, call.caller, row_id, row)
            if waits is None:
                return pb.PutBackRowResponse(accepted=True)
            return pb.PutBackRowResponse(quarantined=_waiting(waits))

        return await once_for(self._cases, call, request, act)

    async def DiscardRow(self, call: Call, request: pb.DiscardRowRequest) -> bytes:
        """See the proto."""
        row_id = fields.identifier(request.row_id, "row_id")

        def act(tx: Transaction) -> Message:
            self._cases.quarantine.discard(tx, call.caller, row_id, request.reason)
            return pb.DiscardRowResponse()

        return await once_for(self._cases, call, request, act)


def _row(row: pb.RecordRow) -> RecordRow:
    return RecordRow(
        record_number=row.record_number,
        indicator=row.indicator,
        document_number=row.document_number,
        occurred_on=row.occurred_on,
        evidence=row.evidence,
        # Of an action that is not known, the number: the row waits in quarantine with it.
        action=_ACTIONS.get(row.action, str(row.action)),
        source=row.source,
        revision=row.revision,
        disclosure_class=row.disclosure_class,
        area=row.area,
        ends_on=row.ends_on,
    )


def _row_to_wire(row: RecordRow) -> pb.RecordRow:
    return pb.RecordRow(
        record_number=row.record_number,
        indicator=row.indicator,
        occurred_on=row.occurred_on,
        evidence=row.evidence,
        action=_WIRE_ACTIONS.get(row.action, pb.ROW_ACTION_UNSPECIFIED),
        source=row.source,
        revision=row.revision,
        disclosure_class=row.disclosure_class,
        area=row.area,
        ends_on=row.ends_on,
    )


def _load(load: RecordLoad) -> pb.RecordLoad:
    return pb.RecordLoad(
        load_id=load.load_id,
        file_name=load.file_name,
        rows_taken=load.taken,
        accepted_count=load.accepted,
        unchanged_count=load.unchanged,
        quarantined_count=load.quarantined,
        begun_at=instant_to_wire(load.begun_at),
        finished_at=instant_to_wire(load.finished_at) if load.finished_at else None,
    )


def _waiting(waiting: WaitingRow) -> pb.QuarantinedRow:
    row = waiting.row
    error = HutongError(reason_named(row.reason), **dict(row.fields))
    return pb.QuarantinedRow(
        row_id=row.row_id,
        row=_row_to_wire(row.row),
        problem_zh=error.text("zh"),
        problem_en=error.text("en"),
        reason=row.reason,
        received_at=instant_to_wire(row.received_at),
        load_id=row.load_id,
        file_name=waiting.load.file_name if waiting.load else "",
        line=row.line,
        person_known=row.person is not None,
    )
