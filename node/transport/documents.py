"""Partners as operators read them."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from federation.codec import instant_to_wire
from federation.keys import PublicKey
from federation.trust import fingerprint
from federation.words import in_en, in_zh, words_of
from node.certificates import validity
from node.model import Contact, PartnerMove
from node.registry import (
    Invitation,
    Partner,
    PartnerState,
    Registry,
)
from node.transport.credentials import pins
from node.v1 import operator_service_pb2 as pb

_PARTNER_STATES: Final = {
    PartnerState.INVITED: pb.PARTNER_STATE_INVITED,
    PartnerState.EXCHANGED: pb.PARTNER_STATE_EXCHANGED,
    PartnerState.APPROVED_HERE: pb.PARTNER_STATE_APPROVED_HERE,
    PartnerState.APPROVED_THERE: pb.PARTNER_STATE_APPROVED_THERE,
    PartnerState.APPROVED: pb.PARTNER_STATE_APPROVED,
    PartnerState.TESTED: pb.PARTNER_STATE_TESTED,
    PartnerState.ACTIVE: pb.PARTNER_STATE_ACTIVE,
    PartnerState.SUSPENDED: pb.PARTNER_STATE_SUSPENDED,
    PartnerState.ENDED: pb.PARTNER_STATE_ENDED,
}


def partner_to_wire(partner: Partner, registry: Registry, contact: Contact | None) -> pb.Partner:
    """A partner, with its scale in force as far as it is known, and the last contact with it."""
    bundle = partner.bundle
    scale = registry.partner_scale(partner.city)
    agreed = registry.active_agreement(partner.city)
    words = words_of(partner.words)
    wire = pb.Partner(
        city=partner.city,
        name_zh=bundle.name_zh,
        name_en=bundle.name_en,
        state=_PARTNER_STATES[partner.state],
        bundle_sequence=bundle.sequence,
        bundle_issued_at=instant_to_wire(bundle.header.issued_at),
        bundle_expires_at=instant_to_wire(bundle.header.expires_at),
        endpoint=str(bundle.endpoints[0]),
        scale_id=scale.reference.scale_id if scale else "",
        scale_version=scale.reference.version if scale else 0,
        fingerprint=fingerprint(partner.envelope),
        moves=[move.value for move in partner.moves],
        state_reason=partner.state_reason,
        exchanged_by=partner.exchanged_by,
        words_zh=in_zh(words),
        words_en=in_en(words),
        keys=[*_keys("root", bundle.root_keys), *_keys("signing", bundle.signing_keys)],
        agreement_id=agreed.key[0] if agreed else "",
        agreement_version=agreed.key[1] if agreed else 0,
        suspended_here=partner.here.suspended,
        suspended_there=partner.there.suspended,
        told=partner.told >= partner.sequence,
    )
    wire.keys.extend(_certificates(partner))
    if contact is not None:
        _add_contact(wire, contact)
    return wire


def _add_contact(wire: pb.Partner, contact: Contact) -> None:
    wire.problem = contact.problem
    if contact.reached_at is not None:
        wire.reached_at.CopyFrom(instant_to_wire(contact.reached_at))
    if contact.clock_offset is not None:
        wire.clock_offset.FromTimedelta(contact.clock_offset)


def _keys(use: str, keys: Iterable[PublicKey]) -> Iterator[pb.PartnerKey]:
    for key in keys:
        yield pb.PartnerKey(
            use=use,
            id=key.key_id,
            not_before=instant_to_wire(key.not_before),
            not_after=instant_to_wire(key.not_after),
            revoked=key.revoked_at is not None,
        )


def _certificates(partner: Partner) -> Iterator[pb.PartnerKey]:
    for der, pem in pins(partner).items():
        begins, ends = validity(pem)
        yield pb.PartnerKey(
            use="tls",
            id=hashlib.sha256(der).hexdigest(),
            not_before=instant_to_wire(begins),
            not_after=instant_to_wire(ends),
        )


def invitation_to_wire(invitation: Invitation) -> pb.Partner:
    """A city that is invited: nothing is known of it yet."""
    return pb.Partner(
        city=invitation.city,
        state=pb.PARTNER_STATE_INVITED,
        moves=["exchange", "end"],
        invitation_ends_at=instant_to_wire(invitation.expires_at),
    )


def step_to_wire(step: PartnerMove) -> pb.PartnerStep:
    """One step of a partner."""
    return pb.PartnerStep(
        at=instant_to_wire(step.at),
        actor=step.actor,
        move=step.move,
        state=_PARTNER_STATES[PartnerState(step.state)],
        reason=step.reason,
        legal_basis=step.legal_basis,
        privacy_assessment=step.privacy_assessment,
    )
