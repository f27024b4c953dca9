"""The local port for departments' officers, who decide cases."""

from typing import Final

from google.protobuf.message import Message

from node.errors import FIELD_INVALID, HutongError
from node.records import CaseMove
from node.services.assembly import UseCases
from node.transport import fields
from node.transport.calls import Call
from node.transport.case_wire import case_to_wire, cases_to_wire, move_case
from node.v1 import department_case_service_pb2 as pb

_DECISIONS: Final = {
    pb.CASE_DECISION_CALL_INTERVIEW: CaseMove.CALL_INTERVIEW,
    pb.CASE_DECISION_HOLD_INTERVIEW: CaseMove.HOLD_INTERVIEW,
    pb.CASE_DECISION_GRANT: CaseMove.GRANT,
    pb.CASE_DECISION_REFUSE: CaseMove.REFUSE,
}


class DepartmentCaseServicer:
    """node.v1.DepartmentCaseService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def ListDepartmentCases(
        self, call: Call, request: pb.ListDepartmentCasesRequest
    ) -> Message:
        """See the proto."""
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.case_views.of_department(tx, call.caller, wanted)
        )
        return pb.ListDepartmentCasesResponse(
            cases=cases_to_wire(page.items), next_page_token=page.next_token
        )

    async def GetDepartmentCase(self, call: Call, request: pb.GetDepartmentCaseRequest) -> Message:
        """See the proto. It writes who reads, and answers when that is durable."""
        case_id = fields.identifier(request.case_id, "case_id")
        report = await self._cases.uow.run(
            lambda tx: self._cases.case_views.for_department(tx, call.caller, case_id)
        )
        return pb.GetDepartmentCaseResponse(case=case_to_wire(report))

    async def DecideCase(self, call: Call, request: pb.DecideCaseRequest) -> bytes:
        """See the proto."""
        case_id = fields.identifier(request.case_id, "case_id")
        if request.decision not in _DECISIONS:
            known = ", ".join(move.value for move in _DECISIONS.values())
            raise HutongError(FIELD_INVALID, field="decision", problem=f"give one of {known}")
        move = _DECISIONS[request.decision]
        reason = fields.free_text(request.reason, "reason")
        return await move_case(
            self._cases,
            call,
            request,
            pb.DecideCaseResponse,
            lambda tx: self._cases.case_desk.decide(tx, call.caller, case_id, move, reason),
        )
