"""Who reads records: departments by their classes, and residents who see that they did."""

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from node.indicators import IndicatorCatalogue
from node.records import RecordRead
from node.services.assembly import UseCases
from node.services.reading import SeenRecord
from node.transport import fields
from node.transport.calls import Call
from node.v1 import department_service_pb2, resident_case_service_pb2


class RecordReadingCalls:
    """The part of node.v1.DepartmentService on reading records."""

    _cases: UseCases

    async def ListRecords(
        self, call: Call, request: department_service_pb2.ListRecordsRequest
    ) -> Message:
        """See the proto. It writes who reads, and answers when that is durable."""
        wanted = fields.page_of(request)
        seen = await self._cases.uow.run(
            lambda tx: self._cases.reading.of_document(
                tx, call.caller, request.document_number, request.purpose, wanted
            )
        )
        return department_service_pb2.ListRecordsResponse(
            records=[_seen(each) for each in seen.page.items],
            next_page_token=seen.page.next_token,
            classes_shown=[each.value for each in seen.classes_shown],
        )


class ReadCalls:
    """The part of node.v1.ResidentCaseService on who read the resident's records."""

    _cases: UseCases

    async def ListRecordReads(
        self, _call: Call, request: resident_case_service_pb2.ListRecordReadsRequest
    ) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.reading.reads(tx, resident_id, wanted)
        )
        catalogue = self._cases.uow.registry.indicators
        return resident_case_service_pb2.ListRecordReadsResponse(
            reads=[_read(each, catalogue) for each in page.items],
            next_page_token=page.next_token,
        )


def _seen(seen: SeenRecord) -> department_service_pb2.SeenRecord:
    record, indicator = seen.record, seen.indicator
    until = indicator.counts_until(record.occurred_on, record.ends_on) if indicator else None
    return department_service_pb2.SeenRecord(
        source=record.key.source,
        record_number=record.key.record_number,
        revision=record.revision,
        indicator=record.indicator_id,
        indicator_zh=indicator.name_zh if indicator else "",
        indicator_en=indicator.name_en if indicator else "",
        disclosure_class=seen.disclosure_class.value,
        occurred_on=record.occurred_on.isoformat(),
        counts_until=until.isoformat() if until else "",
        evidence=record.evidence,
        area=record.area,
        disputed=record.disputed,
    )


def _read(
    read: RecordRead, catalogue: IndicatorCatalogue | None
) -> resident_case_service_pb2.RecordRead:
    indicator = catalogue.indicators.get(read.indicator_id) if catalogue else None
    return resident_case_service_pb2.RecordRead(
        at=instant_to_wire(read.at),
        reader=read.reader,
        purpose=read.purpose,
        source=read.key.source,
        record_number=read.key.record_number,
        indicator_zh=indicator.name_zh if indicator else read.indicator_id,
        indicator_en=indicator.name_en if indicator else read.indicator_id,
        disclosure_class=read.disclosure_class.value,
    )
