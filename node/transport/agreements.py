"""The local port for operators: agreements, from the proposal to the end."""

from collections.abc import Callable

from google.protobuf.message import Message

from node.ports import Transaction
from node.registry import StoredAgreement
from node.services.assembly import UseCases
from node.transport import fields
from node.transport.agreement_documents import agreement_to_wire
from node.transport.calls import Call
from node.transport.changes import encoded, once_for
from node.v1 import operator_service_pb2 as pb

Act = Callable[[Transaction, str], StoredAgreement]


class AgreementCalls:
    """The methods of node.v1.OperatorService on agreements.

    After each that the partner must know of it is told at once.
    """

    _cases: UseCases

    async def ProposeAgreement(self, call: Call, request: pb.ProposeAgreementRequest) -> bytes:
        """See the proto."""
        return await self._cases.agreements.propose(
            fields.ask_of(self._cases, call, request),
            fields.city(request.partner_city, "partner_city"),
            fields.free_text(request.file_name, "file_name"),
            request.content,
            lambda stored: encoded(pb.ProposeAgreementResponse(agreement=self._read(stored))),
        )

    async def AmendAgreement(self, call: Call, request: pb.AmendAgreementRequest) -> bytes:
        """See the proto."""
        return await self._cases.agreements.amend(
            fields.ask_of(self._cases, call, request),
            (fields.identifier(request.agreement_id, "agreement_id"), request.version),
            fields.free_text(request.file_name, "file_name"),
            request.content,
            lambda stored: encoded(pb.AmendAgreementResponse(agreement=self._read(stored))),
        )

    async def WithdrawAgreement(self, call: Call, request: pb.WithdrawAgreementRequest) -> bytes:
        """See the proto."""
        key = (fields.identifier(request.agreement_id, "agreement_id"), request.version)
        reason = fields.free_text(request.reason, "reason")

        def act(tx: Transaction, actor: str) -> StoredAgreement:
            return self._cases.agreements.withdraw(tx, key, actor, reason)

        return await self._moved(call, request, act, pb.WithdrawAgreementResponse)

    async def SignAgreement(self, call: Call, request: pb.SignAgreementRequest) -> bytes:
        """See the proto."""
        key = (fields.identifier(request.agreement_id, "agreement_id"), request.version)
        answer = await self._cases.agreements.sign(
            fields.ask_of(self._cases, call, request),
            key,
            lambda stored: encoded(pb.SignAgreementResponse(agreement=self._read(stored))),
        )
        self._tell(key[0])
        return answer

    async def ListAgreements(self, _call: Call, request: pb.ListAgreementsRequest) -> Message:
        """See the proto."""
        page = self._cases.agreements.page(fields.page_of(request))
        return pb.ListAgreementsResponse(
            agreements=[self._read(stored) for stored in page.items],
            next_page_token=page.next_token,
        )

    async def SuspendAgreement(self, call: Call, request: pb.SuspendAgreementRequest) -> bytes:
        """See the proto."""
        agreement_id = fields.identifier(request.agreement_id, "agreement_id")
        reason = fields.free_text(request.reason, "reason")

        def act(tx: Transaction, actor: str) -> StoredAgreement:
            return self._cases.agreement_life.suspend(tx, agreement_id, actor, reason)

        return await self._moved(call, request, act, pb.SuspendAgreementResponse)

    async def ResumeAgreement(self, call: Call, request: pb.ResumeAgreementRequest) -> bytes:
        """See the proto."""
        agreement_id = fields.identifier(request.agreement_id, "agreement_id")
        reason = fields.free_text(request.reason, "reason")

        def act(tx: Transaction, actor: str) -> StoredAgreement:
            return self._cases.agreement_life.resume(tx, agreement_id, actor, reason)

        return await self._moved(call, request, act, pb.ResumeAgreementResponse)

    async def EndAgreement(self, call: Call, request: pb.EndAgreementRequest) -> bytes:
        """See the proto."""
        agreement_id = fields.identifier(request.agreement_id, "agreement_id")
        ends_at = fields.instant(request, "ends_at")
        reason = fields.free_text(request.reason, "reason")

        def act(tx: Transaction, actor: str) -> StoredAgreement:
            return self._cases.agreement_life.end(tx, agreement_id, ends_at, actor, reason)

        return await self._moved(call, request, act, pb.EndAgreementResponse)

    async def _moved(
        self, call: Call, request: Message, act: Act, response: Callable[..., Message]
    ) -> bytes:
        answer = await once_for(
            self._cases,
            call,
            request,
            lambda tx: response(agreement=self._read(act(tx, str(call.caller)))),
        )
        self._tell(str(getattr(request, "agreement_id", "")))
        return answer

    def _tell(self, agreement_id: str) -> None:
        """Let the partner hear of it at once."""
        here = self._cases.here.city
        for stored in self._cases.uow.registry.agreements:
            if stored.key[0] == agreement_id:
                self._cases.refreshing.nudge(stored.agreement.other(here))
                return

    def _read(self, stored: StoredAgreement) -> pb.Agreement:
        return agreement_to_wire(self._cases.agreements.view(stored))
