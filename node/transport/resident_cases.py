"""The local port for residents: their objections, repairs, promises and notices."""

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from node.records import Notice, RecordKey
from node.services.assembly import UseCases
from node.services.noticing import notices
from node.transport import fields
from node.transport.calls import Call
from node.transport.case_wire import cases_to_wire, move_case
from node.transport.notices import texts_of
from node.transport.promises import PromiseCalls
from node.transport.record_reading import ReadCalls
from node.v1 import resident_case_service_pb2 as pb


class ResidentCaseServicer(PromiseCalls, ReadCalls):
    """node.v1.ResidentCaseService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def OpenObjection(self, call: Call, request: pb.OpenObjectionRequest) -> bytes:
        """See the proto."""
        resident_id, key = _about(request)
        statement = fields.free_text(request.statement, "statement")
        return await move_case(
            self._cases,
            call,
            request,
            pb.OpenObjectionResponse,
            lambda tx: self._cases.objecting.open(tx, call.caller, resident_id, key, statement),
        )

    async def ApplyForRepair(self, call: Call, request: pb.ApplyForRepairRequest) -> bytes:
        """See the proto."""
        resident_id, key = _about(request)
        return await move_case(
            self._cases,
            call,
            request,
            pb.ApplyForRepairResponse,
            lambda tx: self._cases.repairing.apply(
                tx,
                call.caller,
                resident_id,
                key,
                statement=request.statement,
                evidence=request.evidence,
                promise=request.promise,
            ),
        )

    async def AppealCase(self, call: Call, request: pb.AppealCaseRequest) -> bytes:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        case_id = fields.identifier(request.case_id, "case_id")
        return await move_case(
            self._cases,
            call,
            request,
            pb.AppealCaseResponse,
            lambda tx: self._cases.case_desk.appeal(
                tx, call.caller, resident_id, case_id, request.reason
            ),
        )

    async def WithdrawCase(self, call: Call, request: pb.WithdrawCaseRequest) -> bytes:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        case_id = fields.identifier(request.case_id, "case_id")
        return await move_case(
            self._cases,
            call,
            request,
            pb.WithdrawCaseResponse,
            lambda tx: self._cases.case_desk.withdraw(tx, call.caller, resident_id, case_id),
        )

    async def ListResidentCases(self, _call: Call, request: pb.ListResidentCasesRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.case_views.of_resident(tx, resident_id, wanted)
        )
        return pb.ListResidentCasesResponse(
            cases=cases_to_wire(page.items), next_page_token=page.next_token
        )

    async def ListNotices(self, _call: Call, request: pb.ListNoticesRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(lambda tx: notices(tx, resident_id, wanted))
        return pb.ListNoticesResponse(
            notices=[self._notice(notice) for notice in page.items],
            next_page_token=page.next_token,
        )

    def _notice(self, notice: Notice) -> pb.Notice:
        kept = dict(notice.fields)
        text_zh, text_en = texts_of(notice, self._cases.uow.registry, self._cases.here.zone)
        return pb.Notice(
            at=instant_to_wire(notice.at),
            kind=notice.kind.value,
            text_zh=text_zh,
            text_en=text_en,
            case_id=kept.get("case", ""),
            source=kept.get("source", ""),
            record_number=kept.get("record_number", ""),
        )


def _about(request: pb.OpenObjectionRequest | pb.ApplyForRepairRequest) -> tuple[str, RecordKey]:
    """Who speaks, and of which record."""
    source = fields.free_text(request.source, "source")
    number = fields.free_text(request.record_number, "record_number")
    return fields.identifier(request.resident_id, "resident_id"), RecordKey(source, number)
