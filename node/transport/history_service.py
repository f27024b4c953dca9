"""The local port for residents' apps: what happened to a resident or a visitor, and receipts."""

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from federation.identifiers import CityCode
from node.history import HistoryKind, Visit
from node.services.assembly import UseCases
from node.services.histories import Told
from node.transport import fields
from node.transport.calls import Call
from node.transport.history_texts import event_texts, visit_texts
from node.v1 import history_service_pb2 as pb


class HistoryServicer:
    """node.v1.HistoryService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def ListHistory(self, _call: Call, request: pb.ListHistoryRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.histories.history(tx, resident_id, wanted)
        )
        return pb.ListHistoryResponse(
            entries=[self._event(told) for told in page.items], next_page_token=page.next_token
        )

    async def ListVisits(self, _call: Call, request: pb.ListVisitsRequest) -> Message:
        """See the proto."""
        wanted = fields.page_of(request)
        visitor, page = await self._cases.uow.read(
            lambda tx: self._cases.visits.visits(tx, request.visitor_pass, wanted)
        )
        return pb.ListVisitsResponse(
            entries=[self._visit(visit, visitor.home) for visit in page.items],
            next_page_token=page.next_token,
        )

    async def GetAttestationReceipt(
        self, _call: Call, request: pb.GetAttestationReceiptRequest
    ) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        attestation_id = fields.identifier(request.attestation_id, "attestation_id")
        given = await self._cases.receipts.of_attestation(resident_id, attestation_id)
        return pb.GetAttestationReceiptResponse(
            receipt=given.content, cosigned_by=given.cosigned_by
        )

    async def DraftConsent(self, _call: Call, request: pb.DraftConsentRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        host = fields.city(request.host_city, "host_city")
        disclosure = fields.disclosure(request.disclosure)
        expires_at = fields.instant(request, "expires_at")
        counting = fields.counting(request.counting)
        content = await self._cases.uow.read(
            lambda tx: self._cases.residents.draft_consent(
                tx,
                resident_id=resident_id,
                host=host,
                scenarios=tuple(request.scenarios),
                disclosure=disclosure,
                expires_at=expires_at,
                counting=counting,
            )
        )
        return pb.DraftConsentResponse(content=content)

    async def GetConsentReceipt(self, _call: Call, request: pb.GetConsentReceiptRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        consent_id = fields.identifier(request.consent_id, "consent_id")
        given = await self._cases.receipts.of_consent(resident_id, consent_id)
        return pb.GetConsentReceiptResponse(receipt=given.content, cosigned_by=given.cosigned_by)

    def _event(self, told: Told) -> pb.HistoryEntry:
        event = told.event
        zh, en = event_texts(told, self._cases.uow.registry, self._cases.here.city)
        return pb.HistoryEntry(
            at=instant_to_wire(event.at),
            kind=_kind(event.kind),
            city=event.city,
            subject_id=event.subject,
            scenarios=event.scenarios,
            text_zh=zh,
            text_en=en,
        )

    def _visit(self, visit: Visit, home: CityCode) -> pb.HistoryEntry:
        zh, en = visit_texts(visit, home, self._cases.uow.registry, self._cases.here.city)
        return pb.HistoryEntry(
            at=instant_to_wire(visit.at),
            kind=_kind(visit.kind),
            city=home,
            subject_id=visit.subject,
            text_zh=zh,
            text_en=en,
            venue=visit.venue,
            incentive_ids=visit.opened,
            closed_incentive_ids=visit.closed,
        )


def _kind(kind: HistoryKind) -> str:
    return pb.HistoryKind.Name(kind.value)
