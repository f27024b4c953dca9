"""The local port for departments."""

from google.protobuf.message import Message

from node.ports import Transaction
from node.services.assembly import UseCases
from node.services.recording import RecordRow
from node.transport.calls import Call
from node.transport.changes import once_for
from node.v1 import department_service_pb2 as pb


class DepartmentServicer:
    """node.v1.DepartmentService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def LoadRecords(self, call: Call, request: pb.LoadRecordsRequest) -> bytes:
        """See the proto."""
        rows = [_row(record) for record in request.records]

        def act(tx: Transaction) -> Message:
            report = self._cases.recording.load(tx, call.caller.name, rows)
            return pb.LoadRecordsResponse(
                accepted_count=report.accepted,
                duplicate_count=report.duplicates,
                rejected=[
                    pb.RejectedRecord(
                        index=row.index,
                        record_number=row.record_number,
                        reason_zh=row.error.text("zh"),
                        reason_en=row.error.text("en"),
                    )
                    for row in report.rejected
                ],
            )

        return await once_for(self._cases, call, request, act)


def _row(record: pb.Record) -> RecordRow:
    return RecordRow(
        record_number=record.record_number,
        document_number=record.document_number,
        title_zh=record.title_zh,
        title_en=record.title_en,
        points_milli=record.points_milli,
        occurred_on=record.occurred_on,
        expires_on=record.expires_on,
        commendation=record.commendation,
    )
