"""The local port for residents' apps."""

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from federation.consent import Consent
from federation.identifiers import CityCode
from federation.v1 import agreement_pb2, attestation_pb2
from node.errors import FIELD_INVALID, HutongError
from node.model import DocumentKind, Use
from node.ports import Transaction
from node.redemptions import CountedUse
from node.services.assembly import UseCases
from node.services.residents import UseConsent
from node.transport import fields, texts
from node.transport.calls import Call
from node.transport.changes import once_for
from node.transport.standing import standing_to_wire
from node.v1 import resident_service_pb2 as pb

_KINDS = {kind.value: kind for kind in DocumentKind}


class ResidentServicer:
    """node.v1.ResidentService."""

    def __init__(self, cases: UseCases) -> None:
        """Over the use cases of a city."""
        self._cases = cases

    async def EnrolResident(self, call: Call, request: pb.EnrolResidentRequest) -> bytes:
        """See the proto."""
        if request.document_kind not in _KINDS:
            raise HutongError(
                FIELD_INVALID, field="document_kind", problem="say what the document is"
            )
        kind = _KINDS[request.document_kind]

        def act(tx: Transaction) -> Message:
            enrolled = self._cases.residents.enrol(tx, kind, request.document_number)
            return pb.EnrolResidentResponse(
                resident_id=enrolled.resident_id, already_enrolled=enrolled.before
            )

        return await once_for(self._cases, call, request, act)

    async def GiveConsent(self, call: Call, request: pb.GiveConsentRequest) -> bytes:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        host = fields.city(request.host_city, "host_city")
        disclosure = fields.disclosure(request.disclosure)
        expires_at = fields.instant(request, "expires_at")
        uses = UseConsent(fields.counting(request.counting), request.use_commitment)

        def act(tx: Transaction) -> Message:
            consent = self._cases.residents.give_consent(
                tx,
                resident_id=resident_id,
                host=host,
                scenarios=tuple(request.scenarios),
                disclosure=disclosure,
                expires_at=expires_at,
                uses=uses,
            )
            return pb.GiveConsentResponse(consent=_consent(consent))

        return await once_for(self._cases, call, request, act)

    async def ListConsents(self, _call: Call, request: pb.ListConsentsRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.residents.consents(tx, resident_id, wanted)
        )
        return pb.ListConsentsResponse(
            consents=[_consent(consent) for consent in page.items],
            next_page_token=page.next_token,
        )

    async def WithdrawConsent(self, call: Call, request: pb.WithdrawConsentRequest) -> bytes:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        consent_id = fields.identifier(request.consent_id, "consent_id")

        hosts = set[CityCode]()

        def act(tx: Transaction) -> Message:
            consent = self._cases.residents.withdraw_consent(tx, resident_id, consent_id)
            hosts.add(consent.host)
            return pb.WithdrawConsentResponse(consent=_consent(consent))

        answer = await once_for(self._cases, call, request, act)
        self._cases.delivering.nudge(*hosts)
        return answer

    async def CreatePresentationCode(
        self, call: Call, request: pb.CreatePresentationCodeRequest
    ) -> bytes:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        consent_id = fields.identifier(request.consent_id, "consent_id")

        def act(tx: Transaction) -> Message:
            shown = self._cases.residents.create_code(tx, resident_id, consent_id)
            return pb.CreatePresentationCodeResponse(
                presentation_code=shown.text, expires_at=instant_to_wire(shown.expires_at)
            )

        return await once_for(self._cases, call, request, act)

    async def GetStanding(self, _call: Call, request: pb.GetStandingRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        report = await self._cases.uow.read(
            lambda tx: self._cases.standings.report(tx, resident_id)
        )
        return standing_to_wire(report)

    async def ListUses(self, _call: Call, request: pb.ListUsesRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.standings.uses(tx, resident_id, wanted)
        )
        return pb.ListUsesResponse(
            uses=[_use(use) for use in page.items], next_page_token=page.next_token
        )

    async def ListUseLeases(self, _call: Call, request: pb.ListUseLeasesRequest) -> Message:
        """See the proto."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        wanted = fields.page_of(request)
        page = await self._cases.uow.read(
            lambda tx: self._cases.counting.leases(tx, resident_id, wanted)
        )
        return pb.ListUseLeasesResponse(
            uses=[_counted(use) for use in page.items], next_page_token=page.next_token
        )

    async def EraseResident(self, _call: Call, request: pb.EraseResidentRequest) -> Message:
        """See the proto. No answer of it is kept: it would be about who is gone."""
        resident_id = fields.identifier(request.resident_id, "resident_id")
        removed = await self._cases.erasing.erase(resident_id, request.document_number)
        return pb.EraseResidentResponse(row_count=removed)


def _consent(consent: Consent) -> pb.Consent:
    wire = pb.Consent(
        consent_id=consent.consent_id,
        resident_id=consent.resident_id,
        host_city=consent.host,
        scenarios=consent.scenarios,
        disclosure=agreement_pb2.DisclosureLevel.Name(int(consent.disclosure)),
        given_at=instant_to_wire(consent.given_at),
        expires_at=instant_to_wire(consent.expires_at),
        counting=attestation_pb2.UseCounting.Name(consent.counting.value),
    )
    if consent.withdrawn_at:
        wire.withdrawn_at.CopyFrom(instant_to_wire(consent.withdrawn_at))
    return wire


def _use(use: Use) -> pb.Use:
    reason_zh, reason_en = texts.refusal(use.refusal)
    return pb.Use(
        used_at=instant_to_wire(use.used_at),
        host_city=use.host,
        outcome=pb.UseOutcome.Name(use.outcome.value),
        scenarios=use.scenarios,
        disclosure=agreement_pb2.DisclosureLevel.Name(int(use.disclosure or 0)),
        reason_zh=reason_zh,
        reason_en=reason_en,
    )


def _counted(use: CountedUse) -> pb.CountedUse:
    wire = pb.CountedUse(
        lease_id=use.lease_id,
        host_city=use.host,
        consent_id=use.consent_id,
        use_class=use.use_class,
        granted_at=instant_to_wire(use.granted_at),
        until=instant_to_wire(use.until),
    )
    if use.released_at:
        wire.released_at.CopyFrom(instant_to_wire(use.released_at))
    return wire
