"""The local port for operators."""

from google.protobuf.message import Message

from node.model import Finding
from node.ports import Transaction
from node.registry import AgreementState, PartnerState
from node.services.assembly import UseCases
from node.transport import fields
from node.transport.calls import Call
from node.transport.changes import encoded, once_for
from node.transport.documents import agreement_to_wire, partner_to_wire
from node.v1 import operator_service_pb2 as pb


class OperatorServicer:
    """node.v1.OperatorService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def LoadScale(self, call: Call, request: pb.LoadScaleRequest) -> bytes:
        """See the proto."""
        name = fields.free_text(request.file_name, "file_name")

        def act(tx: Transaction) -> Message:
            loaded = self._cases.catalogue.load_scale(tx, name, request.content)
            return pb.LoadScaleResponse(
                scale_id=loaded.name, version=loaded.version, changed=loaded.changed
            )

        return await once_for(self._cases, call, request, act)

    async def LoadIncentives(self, call: Call, request: pb.LoadIncentivesRequest) -> bytes:
        """See the proto."""
        name = fields.free_text(request.file_name, "file_name")

        def act(tx: Transaction) -> Message:
            loaded = self._cases.catalogue.load_incentives(tx, name, request.content)
            return pb.LoadIncentivesResponse(
                version=loaded.version, incentive_count=loaded.count, changed=loaded.changed
            )

        return await once_for(self._cases, call, request, act)

    async def GetDescriptor(self, _call: Call, _request: pb.GetDescriptorRequest) -> Message:
        """See the proto."""
        found = self._cases.partners.descriptor()
        return pb.GetDescriptorResponse(
            descriptor_json=found.json.encode(), fingerprint=found.fingerprint
        )

    async def AddPartner(self, call: Call, request: pb.AddPartnerRequest) -> bytes:
        """See the proto."""

        def act(tx: Transaction) -> Message:
            partner = self._cases.partners.add(tx, request.descriptor_json, request.fingerprint)
            return pb.AddPartnerResponse(partner=partner_to_wire(partner, tx.registry))

        return await once_for(self._cases, call, request, act)

    async def ListPartners(self, _call: Call, request: pb.ListPartnersRequest) -> Message:
        """See the proto."""
        page = self._cases.partners.page(fields.page_of(request))
        registry = self._cases.uow.registry
        return pb.ListPartnersResponse(
            partners=[partner_to_wire(partner, registry) for partner in page.items],
            next_page_token=page.next_token,
        )

    async def SuspendPartner(self, call: Call, request: pb.SuspendPartnerRequest) -> bytes:
        """See the proto."""
        city = fields.city(request.city, "city")
        reason = fields.free_text(request.reason, "reason")

        def act(tx: Transaction) -> Message:
            state = PartnerState.SUSPENDED
            partner = self._cases.partners.set_state(tx, city, state, reason)
            return pb.SuspendPartnerResponse(partner=partner_to_wire(partner, tx.registry))

        return await once_for(self._cases, call, request, act)

    async def ResumePartner(self, call: Call, request: pb.ResumePartnerRequest) -> bytes:
        """See the proto."""
        city = fields.city(request.city, "city")
        reason = fields.free_text(request.reason, "reason")

        def act(tx: Transaction) -> Message:
            partner = self._cases.partners.set_state(tx, city, PartnerState.ACTIVE, reason)
            return pb.ResumePartnerResponse(partner=partner_to_wire(partner, tx.registry))

        return await once_for(self._cases, call, request, act)

    async def SyncPartner(self, _call: Call, request: pb.SyncPartnerRequest) -> Message:
        """See the proto."""
        partner = await self._cases.partners.sync(fields.city(request.city, "city"))
        return pb.SyncPartnerResponse(partner=partner_to_wire(partner, self._cases.uow.registry))

    async def ProposeAgreement(self, call: Call, request: pb.ProposeAgreementRequest) -> bytes:
        """See the proto."""
        return await self._cases.agreements.propose(
            fields.ask_of(call, request),
            fields.city(request.partner_city, "partner_city"),
            fields.free_text(request.file_name, "file_name"),
            request.content,
            lambda stored: encoded(
                pb.ProposeAgreementResponse(agreement=agreement_to_wire(stored, self._here()))
            ),
        )

    async def SignAgreement(self, call: Call, request: pb.SignAgreementRequest) -> bytes:
        """See the proto."""
        return await self._cases.agreements.sign(
            fields.ask_of(call, request),
            (fields.identifier(request.agreement_id, "agreement_id"), request.version),
            lambda stored: encoded(
                pb.SignAgreementResponse(agreement=agreement_to_wire(stored, self._here()))
            ),
        )

    async def ListAgreements(self, _call: Call, request: pb.ListAgreementsRequest) -> Message:
        """See the proto."""
        page = self._cases.agreements.page(fields.page_of(request))
        return pb.ListAgreementsResponse(
            agreements=[agreement_to_wire(stored, self._here()) for stored in page.items],
            next_page_token=page.next_token,
        )

    async def SuspendAgreement(self, call: Call, request: pb.SuspendAgreementRequest) -> bytes:
        """See the proto."""
        agreement_id = fields.identifier(request.agreement_id, "agreement_id")
        reason = fields.free_text(request.reason, "reason")

        def act(tx: Transaction) -> Message:
            state = AgreementState.SUSPENDED
            stored = self._cases.agreements.set_state(tx, agreement_id, state, reason)
            return pb.SuspendAgreementResponse(agreement=agreement_to_wire(stored, self._here()))

        return await once_for(self._cases, call, request, act)

    async def ResumeAgreement(self, call: Call, request: pb.ResumeAgreementRequest) -> bytes:
        """See the proto."""
        agreement_id = fields.identifier(request.agreement_id, "agreement_id")
        reason = fields.free_text(request.reason, "reason")

        def act(tx: Transaction) -> Message:
            state = AgreementState.ACTIVE
            stored = self._cases.agreements.set_state(tx, agreement_id, state, reason)
            return pb.ResumeAgreementResponse(agreement=agreement_to_wire(stored, self._here()))

        return await once_for(self._cases, call, request, act)

    async def ExamineNode(self, _call: Call, _request: pb.ExamineNodeRequest) -> Message:
        """See the proto."""
        findings = await self._cases.examining.examine()
        return pb.ExamineNodeResponse(findings=[_finding(finding) for finding in findings])

    def _here(self) -> str:
        return self._cases.here.city


def _finding(finding: Finding) -> pb.Finding:
    return pb.Finding(
        subject=finding.subject,
        severity=pb.Severity.Name(finding.severity.value),
        detail_zh=finding.detail_zh,
        detail_en=finding.detail_en,
        remedy_zh=finding.remedy_zh,
        remedy_en=finding.remedy_en,
    )
