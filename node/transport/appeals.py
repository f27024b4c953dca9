"""The second instance, for operators as the city's credit office."""

from google.protobuf.message import Message

from node.services.assembly import UseCases
from node.transport import fields
from node.transport.calls import Call
from node.transport.case_wire import case_to_wire, cases_to_wire, move_case
from node.v1 import oversight_service_pb2 as pb


class AppealCalls:
    """The part of node.v1.OversightService on cases."""

    _cases: UseCases

    async def ListAppeals(self, _call: Call, request: pb.ListAppealsRequest) -> Message:
        """See the proto."""
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.case_views.before_operators(tx, wanted)
        )
        return pb.ListAppealsResponse(
            cases=cases_to_wire(page.items), next_page_token=page.next_token
        )

    async def GetAppeal(self, call: Call, request: pb.GetAppealRequest) -> Message:
        """See the proto. It writes who reads, and answers when that is durable."""
        case_id = fields.identifier(request.case_id, "case_id")
        report = await self._cases.uow.run(
            lambda tx: self._cases.case_views.for_operator(tx, call.caller, case_id)
        )
        return pb.GetAppealResponse(case=case_to_wire(report))

    async def DecideAppeal(self, call: Call, request: pb.DecideAppealRequest) -> bytes:
        """See the proto."""
        case_id = fields.identifier(request.case_id, "case_id")
        reason = fields.free_text(request.reason, "reason")
        return await move_case(
            self._cases,
            call,
            request,
            pb.DecideAppealResponse,
            lambda tx: self._cases.case_desk.decide_appeal(
                tx, call.caller, case_id, granted=request.granted, reason=reason
            ),
        )
