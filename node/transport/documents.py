"""Partners and agreements as operators read them."""

from typing import Final

from google.protobuf.duration_pb2 import Duration

from federation.codec import instant_to_wire
from federation.identifiers import CityCode
from federation.trust import fingerprint
from node.registry import AgreementState, Partner, PartnerState, Registry, StoredAgreement
from node.v1 import operator_service_pb2 as pb

_PARTNER_STATES: Final = {
    PartnerState.ACTIVE: pb.PARTNER_STATE_ACTIVE,
    PartnerState.SUSPENDED: pb.PARTNER_STATE_SUSPENDED,
}
_AGREEMENT_STATES: Final = {
    AgreementState.PROPOSED_HERE: pb.AGREEMENT_STATE_PROPOSED_HERE,
    AgreementState.PROPOSED_THERE: pb.AGREEMENT_STATE_PROPOSED_THERE,
    AgreementState.ACTIVE: pb.AGREEMENT_STATE_ACTIVE,
    AgreementState.SUSPENDED: pb.AGREEMENT_STATE_SUSPENDED,
    AgreementState.REPLACED: pb.AGREEMENT_STATE_REPLACED,
}


def partner_to_wire(partner: Partner, registry: Registry) -> pb.Partner:
    """A partner, with its scale in force as far as it is known."""
    bundle = partner.bundle
    scale = registry.partner_scale(partner.city)
    return pb.Partner(
        city=partner.city,
        name_zh=bundle.name_zh,
        name_en=bundle.name_en,
        state=_PARTNER_STATES[partner.state],
        bundle_sequence=bundle.sequence,
        bundle_expires_at=instant_to_wire(bundle.header.expires_at),
        endpoint=str(bundle.endpoints[0]),
        scale_id=scale.reference.scale_id if scale else "",
        scale_version=scale.reference.version if scale else 0,
        fingerprint=fingerprint(partner.envelope),
    )


def agreement_to_wire(stored: StoredAgreement, here: str) -> pb.Agreement:
    """One version of an agreement, as the city `here` sees it."""
    agreement = stored.agreement
    return pb.Agreement(
        agreement_id=agreement.agreement_id,
        version=agreement.version,
        partner_city=agreement.other(CityCode(here)),
        state=_AGREEMENT_STATES[stored.state],
        scenarios=agreement.scenarios,
        disclosure_limit=agreement.disclosure_limit.name,
        attestation_lifetime=_duration(agreement.attestation_lifetime.total_seconds()),
        status_freshness=_duration(agreement.status_freshness.total_seconds()),
        legal_basis=agreement.legal_basis,
        privacy_assessment=agreement.privacy_assessment,
        valid_from=instant_to_wire(agreement.valid_from),
        valid_until=instant_to_wire(agreement.valid_until),
        mapping=[
            pb.MappingRow(
                home_city=mapping.home_city,
                home_band=row.home_band,
                host_city=mapping.host_city,
                host_band=row.host_band,
            )
            for mapping in agreement.mappings
            for row in mapping.rows
        ],
    )


def _duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds))
