"""What operators decided: written one decision at a time, read as one registry."""

from typing import Final

import sqlalchemy as sa

from federation import codec
from federation.envelope import open_own
from federation.identifiers import CityCode
from node.registry import (
    AgreementState,
    Catalogue,
    OwnScale,
    Partner,
    PartnerScale,
    PartnerState,
    Registry,
    StoredAgreement,
)
from node.store.connection import Session, Upserts
from node.store.forms import (
    incentives_from_json,
    incentives_to_json,
    scale_from_json,
    scale_to_json,
)
from node.store.tables import (
    AGREEMENTS,
    CATALOGUES,
    NODE_STATE,
    OWN_SCALES,
    PARTNER_SCALES,
    PARTNERS,
)
from node.store.values import to_instant, to_micros

_B: Final = sa.bindparam
VERSION: Final = sa.select(NODE_STATE.c.registry_version)
_CHANGED: Final = sa.update(NODE_STATE).values(registry_version=NODE_STATE.c.registry_version + 1)
_OWN_SCALES: Final = sa.select(OWN_SCALES).order_by(OWN_SCALES.c.scale_id, OWN_SCALES.c.version)
_PARTNERS: Final = sa.select(PARTNERS).order_by(PARTNERS.c.city)
_PARTNER_SCALES: Final = sa.select(PARTNER_SCALES).order_by(
    PARTNER_SCALES.c.city, PARTNER_SCALES.c.scale_id, PARTNER_SCALES.c.version
)
_AGREEMENTS: Final = sa.select(AGREEMENTS).order_by(AGREEMENTS.c.agreement_id, AGREEMENTS.c.version)
_CATALOGUE: Final = sa.select(CATALOGUES).order_by(CATALOGUES.c.version.desc()).limit(1)
_PARTNER_STATE: Final = (
    sa.update(PARTNERS)
    .where(PARTNERS.c.city == _B("which"))
    .values(state=_B("new_state"), state_reason=_B("reason"))
)
_AGREEMENT_STATE: Final = (
    sa.update(AGREEMENTS)
    .where(AGREEMENTS.c.agreement_id == _B("which"), AGREEMENTS.c.version == _B("of_version"))
    .values(state=_B("new_state"), state_reason=_B("reason"))
)


class AdministrationRepository:
    """Each write makes a new registry version, which every process of the city will see."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """In one transaction."""
        self._session = session
        self._upserts = upserts
        self.changed = False

    def _write(self, statement: sa.Insert | sa.Update, **values: object) -> None:
        self._session.write(statement, **values)
        self._session.write(_CHANGED)
        self.changed = True

    def put_own_scale(self, own: OwnScale) -> None:
        """Keep a new version of this city's scale."""
        self._write(
            self._upserts.own_scale,
            scale_id=own.scale.scale_id,
            version=own.scale.version,
            scale=scale_to_json(own.scale),
            envelope=codec.envelope_to_bytes(own.envelope),
            content=own.content,
        )

    def put_partner(self, partner: Partner) -> None:
        """Keep a partner, or its newer bundle."""
        self._write(
            self._upserts.partner,
            city=partner.city,
            state=partner.state.value,
            state_reason=partner.state_reason,
            envelope=codec.envelope_to_bytes(partner.envelope),
            added_at=to_micros(partner.added_at),
        )

    def set_partner_state(self, city: CityCode, state: PartnerState, reason: str) -> None:
        """Change a partner's state."""
        self._write(_PARTNER_STATE, which=city, new_state=state.value, reason=reason)

    def put_partner_scale(self, scale: PartnerScale) -> None:
        """Keep a version of a partner's scale."""
        self._write(
            self._upserts.partner_scale,
            city=scale.reference.city,
            scale_id=scale.reference.scale_id,
            version=scale.reference.version,
            envelope=codec.envelope_to_bytes(scale.envelope),
        )

    def put_agreement(self, stored: StoredAgreement) -> None:
        """Keep a version of an agreement, or its newer signatures and state."""
        self._write(
            self._upserts.agreement,
            agreement_id=stored.key[0],
            version=stored.key[1],
            state=stored.state.value,
            state_reason=stored.state_reason,
            envelope=codec.envelope_to_bytes(stored.envelope),
        )

    def set_agreement_state(self, key: tuple[str, int], state: AgreementState, reason: str) -> None:
        """Change the state of one version of an agreement."""
        self._write(
            _AGREEMENT_STATE,
            which=key[0],
            of_version=key[1],
            new_state=state.value,
            reason=reason,
        )

    def put_catalogue(self, catalogue: Catalogue) -> None:
        """Keep a new version of the catalogue."""
        self._write(
            self._upserts.catalogue,
            version=catalogue.version,
            incentives=incentives_to_json(catalogue),
            content=catalogue.content,
        )


def read_registry(session: Session, version: int) -> Registry:
    """The registry as this transaction sees it."""
    return Registry(
        version=version,
        own_scales=tuple(_own_scale(*row[2:]) for row in session.all(_OWN_SCALES)),
        partners={CityCode(row[0]): _partner(*row) for row in session.all(_PARTNERS)},
        partner_scales=tuple(_partner_scale(row[3]) for row in session.all(_PARTNER_SCALES)),
        agreements=tuple(_agreement(*row[2:]) for row in session.all(_AGREEMENTS)),
        catalogue=_catalogue(session),
    )


def _own_scale(scale: str, envelope: bytes, content: str) -> OwnScale:
    kept = codec.envelope_from_bytes(envelope)
    exported = open_own(kept, codec.SCORE_SCALE).message
    return OwnScale(
        scale_from_json(scale), exported, kept, content, codec.scale_reference(exported)
    )


def _partner(city: str, state: str, reason: str, envelope: bytes, added_at: int) -> Partner:
    kept = codec.envelope_from_bytes(envelope)
    return Partner(
        city=CityCode(city),
        state=PartnerState(state),
        bundle=open_own(kept, codec.TRUST_BUNDLE).message,
        envelope=kept,
        added_at=to_instant(added_at),
        state_reason=reason,
    )


def _partner_scale(envelope: bytes) -> PartnerScale:
    kept = codec.envelope_from_bytes(envelope)
    exported = open_own(kept, codec.SCORE_SCALE).message
    return PartnerScale(exported, kept, codec.scale_reference(exported))


def _agreement(state: str, reason: str, envelope: bytes) -> StoredAgreement:
    kept = codec.envelope_from_bytes(envelope)
    agreement = open_own(kept, codec.AGREEMENT).message
    return StoredAgreement(agreement, kept, AgreementState(state), reason)


def _catalogue(session: Session) -> Catalogue | None:
    row = session.one(_CATALOGUE)
    return None if row is None else Catalogue(row[0], incentives_from_json(row[1]), row[2])
