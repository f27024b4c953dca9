"""The local port for operators: partners, from the invitation to the end."""

from collections.abc import Callable

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from federation.identifiers import CityCode
from federation.words import in_en, in_zh
from node.model import Contact
from node.ports import Transaction
from node.registry import Partner
from node.services.assembly import UseCases
from node.services.onboarding import Way
from node.services.partners import Approval
from node.transport import fields
from node.transport.calls import Call
from node.transport.changes import Act, encoded, once_for
from node.transport.documents import invitation_to_wire, partner_to_wire, step_to_wire
from node.transport.trial_wire import step_to_operator
from node.v1 import operator_service_pb2 as pb

Switch = Callable[[Transaction, CityCode, str, str], Partner]
_Switch = pb.SuspendPartnerRequest | pb.ResumePartnerRequest | pb.EndPartnerRequest


class PartnerCalls:
    """The methods of node.v1.OperatorService on partners."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def GetDescriptor(self, _call: Call, _request: pb.GetDescriptorRequest) -> Message:
        """See the proto."""
        found = self._cases.partners.descriptor()
        return pb.GetDescriptorResponse(
            descriptor_json=found.json.encode(),
            fingerprint=found.fingerprint,
            words_zh=in_zh(found.words),
            words_en=in_en(found.words),
        )

    async def InvitePartner(self, call: Call, request: pb.InvitePartnerRequest) -> Message:
        """See the proto."""
        city = fields.city(request.city, "city")
        request_id = fields.identifier(request.request_id, "request_id")
        made = await self._cases.onboarding.invite(city, request_id, str(call.caller))
        return pb.InvitePartnerResponse(
            city=city,
            code_zh=in_zh(made.words),
            code_en=in_en(made.words),
            address=made.address,
            expires_at=instant_to_wire(made.expires_at),
        )

    async def CancelInvitation(self, call: Call, request: pb.CancelInvitationRequest) -> bytes:
        """See the proto."""
        city = fields.city(request.city, "city")

        def act(tx: Transaction) -> Message:
            self._cases.onboarding.cancel(tx, city, str(call.caller))
            return pb.CancelInvitationResponse()

        return await once_for(self._cases, call, request, act)

    async def JoinPartner(self, call: Call, request: pb.JoinPartnerRequest) -> bytes:
        """See the proto."""
        way = Way.read(request.code, request.address)
        return await self._cases.onboarding.join(
            fields.ask_of(self._cases, call, request),
            way,
            str(call.caller),
            lambda tx, partner: encoded(pb.JoinPartnerResponse(partner=self._wire(tx, partner))),
        )

    async def AddPartner(self, call: Call, request: pb.AddPartnerRequest) -> bytes:
        """See the proto."""

        def act(tx: Transaction) -> Message:
            partner = self._cases.partners.add(
                tx, request.descriptor_json, request.fingerprint, str(call.caller)
            )
            return pb.AddPartnerResponse(partner=self._wire(tx, partner))

        return await once_for(self._cases, call, request, act)

    async def ApprovePartner(self, call: Call, request: pb.ApprovePartnerRequest) -> bytes:
        """See the proto."""
        city = fields.city(request.city, "city")
        reason = fields.free_text(request.reason, "reason")
        approval = Approval(
            fields.free_text(request.legal_basis, "legal_basis"),
            fields.free_text(request.privacy_assessment, "privacy_assessment"),
        )

        def act(tx: Transaction) -> Message:
            partner = self._cases.partners.approve(tx, city, str(call.caller), approval, reason)
            return pb.ApprovePartnerResponse(partner=self._wire(tx, partner))

        return await self._told(call, request, city, act)

    async def SuspendPartner(self, call: Call, request: pb.SuspendPartnerRequest) -> bytes:
        """See the proto."""
        suspend = self._cases.partners.suspend
        return await self._switched(call, request, suspend, pb.SuspendPartnerResponse)

    async def ResumePartner(self, call: Call, request: pb.ResumePartnerRequest) -> bytes:
        """See the proto."""
        resume = self._cases.partners.resume
        return await self._switched(call, request, resume, pb.ResumePartnerResponse)

    async def EndPartner(self, call: Call, request: pb.EndPartnerRequest) -> bytes:
        """See the proto."""
        end = self._cases.partners.end
        return await self._switched(call, request, end, pb.EndPartnerResponse)

    async def _switched(
        self, call: Call, request: _Switch, switch: Switch, response: Callable[..., Message]
    ) -> bytes:
        city = fields.city(request.city, "city")
        reason = fields.free_text(request.reason, "reason")

        def act(tx: Transaction) -> Message:
            return response(partner=self._wire(tx, switch(tx, city, str(call.caller), reason)))

        return await self._told(call, request, city, act)

    async def ListPartners(self, _call: Call, request: pb.ListPartnersRequest) -> Message:
        """See the proto."""
        # Reading first sees what another process of this city changed.
        contacts = await self._cases.uow.read(lambda tx: tx.partnerships.contacts())
        page = self._cases.partners.page(fields.page_of(request))
        return pb.ListPartnersResponse(
            partners=[self._any_to_wire(city, contacts) for city in page.items],
            next_page_token=page.next_token,
        )

    async def GetPartner(self, _call: Call, request: pb.GetPartnerRequest) -> Message:
        """See the proto."""
        city = fields.city(request.city, "city")
        contacts, steps = await self._cases.uow.read(
            lambda tx: (tx.partnerships.contacts(), tx.partnerships.moves(city))
        )
        self._cases.partners.find_any(city)
        return pb.GetPartnerResponse(
            partner=self._any_to_wire(city, contacts),
            steps=[step_to_wire(step) for step in steps],
        )

    async def SyncPartner(self, _call: Call, request: pb.SyncPartnerRequest) -> Message:
        """See the proto."""
        partner = await self._cases.swapping.swap(fields.city(request.city, "city"))
        contacts = await self._cases.uow.read(lambda tx: tx.partnerships.contacts())
        return pb.SyncPartnerResponse(partner=self._any_to_wire(partner.city, contacts))

    async def TestPartner(self, call: Call, request: pb.TestPartnerRequest) -> Message:
        """See the proto."""
        cases, city = self._cases, fields.city(request.city, "city")
        tried = await cases.trial.test(city, str(call.caller))
        contacts = await cases.uow.read(lambda tx: tx.partnerships.contacts())
        here = cases.here.city
        return pb.TestPartnerResponse(
            steps=[
                *(step_to_operator(step, home=city, host=here) for step in tried.as_host),
                *(step_to_operator(step, home=here, host=city) for step in tried.as_home),
            ],
            partner=self._any_to_wire(city, contacts),
        )

    async def _told(self, call: Call, request: Message, city: CityCode, act: Act) -> bytes:
        """Do it, and let the partner hear of it at once."""
        answer = await once_for(self._cases, call, request, act)
        self._cases.refreshing.nudge(city)
        return answer

    def _wire(self, tx: Transaction, partner: Partner) -> pb.Partner:
        return partner_to_wire(partner, tx.registry, tx.partnerships.contact(partner.city))

    def _any_to_wire(self, city: CityCode, contacts: dict[CityCode, Contact]) -> pb.Partner:
        registry = self._cases.uow.registry
        partner = registry.partners.get(city)
        if partner is None:
            return invitation_to_wire(registry.invitations[city])
        return partner_to_wire(partner, registry, contacts.get(city))
