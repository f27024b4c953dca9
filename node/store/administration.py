"""What operators decided: written one decision at a time, read as one registry."""

from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from federation import codec
from federation.envelope import Envelope, open_own
from federation.identifiers import CityCode
from federation.messages import Agreement, Flags, TrustBundle
from node import limits
from node.incentives import Catalogue
from node.indicators import IndicatorCatalogue
from node.ports.bulk import InForce
from node.registry import (
    AgreementState,
    Invitation,
    OwnScale,
    Partner,
    PartnerScale,
    Registry,
    StoredAgreement,
)
from node.store.connection import Session, Upserts
from node.store.forms import (
    incentives_from_json,
    incentives_to_json,
    indicators_from_json,
    indicators_to_json,
    scale_from_json,
    scale_to_json,
)
from node.store.tables import (
    AGREEMENTS,
    CATALOGUES,
    FLAGS,
    INDICATOR_CATALOGUES,
    INVITATIONS,
    NODE_STATE,
    OWN_SCALES,
    PARTNER_SCALES,
    PARTNERS,
)
from node.store.values import to_instant, to_instant_or_none, to_micros, to_micros_or_none

_B: Final = sa.bindparam
VERSION: Final = sa.select(NODE_STATE.c.registry_version, NODE_STATE.c.serves_from)
"""Of the registry, and the oldest of the code that may serve: each transaction looks at both."""
_CHANGED: Final = sa.update(NODE_STATE).values(registry_version=NODE_STATE.c.registry_version + 1)
_OWN_SCALES: Final = sa.select(OWN_SCALES).order_by(OWN_SCALES.c.scale_id, OWN_SCALES.c.version)
_PARTNERS: Final = sa.select(PARTNERS).order_by(PARTNERS.c.city)
_PARTNER_SCALES: Final = sa.select(PARTNER_SCALES).order_by(
    PARTNER_SCALES.c.city, PARTNER_SCALES.c.scale_id, PARTNER_SCALES.c.version
)
_AGREEMENTS: Final = sa.select(AGREEMENTS).order_by(AGREEMENTS.c.agreement_id, AGREEMENTS.c.version)
_CATALOGUE: Final = sa.select(CATALOGUES).order_by(CATALOGUES.c.version.desc()).limit(1)
_INDICATORS: Final = (
    sa.select(INDICATOR_CATALOGUES).order_by(INDICATOR_CATALOGUES.c.version.desc()).limit(1)
)
_INVITATIONS: Final = sa.select(INVITATIONS).order_by(INVITATIONS.c.city)
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
        """Keep a partner as it is now."""
        self._write(
            self._upserts.partner,
            city=partner.city,
            state_reason=partner.state_reason,
            envelope=codec.envelope_to_bytes(partner.envelope),
            added_at=to_micros(partner.added_at),
            sequence=partner.sequence,
            there_sequence=partner.there_sequence,
            told=partner.told,
            exchanged_by=partner.exchanged_by,
            words=partner.words,
            **{f"{flag}_here": int(getattr(partner.here, flag)) for flag in FLAGS},
            **{f"{flag}_there": int(getattr(partner.there, flag)) for flag in FLAGS},
        )

    def put_invitation(self, invitation: Invitation) -> None:
        """Keep an invitation as it is now; a city has one at most."""
        self._write(
            self._upserts.invitation,
            city=invitation.city,
            request_id=invitation.request_id,
            code=invitation.code,
            seed=invitation.seed,
            invited_by=invitation.invited_by,
            invited_at=to_micros(invitation.invited_at),
            expires_at=to_micros(invitation.expires_at),
            bundle=codec.envelope_to_bytes(invitation.bundle),
            certificate=invitation.certificate,
            begins=invitation.begins,
            tries=invitation.tries,
            finish_digest=invitation.finish_digest,
            answer=invitation.answer,
            ended=invitation.ended,
        )

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
            suspended_here=int(stored.suspended_here),
            suspended_there=int(stored.suspended_there),
            ends_here=to_micros_or_none(stored.ends_here),
            ends_there=to_micros_or_none(stored.ends_there),
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

    def put_indicators(self, catalogue: IndicatorCatalogue) -> None:
        """Keep a new version of the indicator catalogue."""
        self._write(
            self._upserts.indicators,
            version=catalogue.version,
            catalogue=indicators_to_json(catalogue),
            content=catalogue.content,
        )


def read_registry(session: Session, version: int) -> Registry:
    """The registry as this transaction sees it."""
    return Registry(
        version=version,
        own_scales=tuple(_own_scale(*row[2:]) for row in session.all(_OWN_SCALES)),
        partners=read_partners(session),
        partner_scales=tuple(_partner_scale(row[3]) for row in session.all(_PARTNER_SCALES)),
        agreements=tuple(_agreement(*row[2:]) for row in session.all(_AGREEMENTS)),
        catalogue=_catalogue(session),
        invitations={CityCode(r[0]): _invitation(*r) for r in session.all(_INVITATIONS)},
        indicators=_indicators(session),
    )


def read_in_force(session: Session) -> InForce:
    """What everybody is scored by, as this transaction sees it; of the rest nothing is read."""
    scales = [_own_scale(*row[2:]) for row in session.all(_OWN_SCALES)]
    return InForce(scales[-1].scale if scales else None, _indicators(session))


def read_partners(session: Session) -> dict[CityCode, Partner]:
    """The partners alone, as this transaction sees them."""
    return {CityCode(row[0]): _partner(*row) for row in session.all(_PARTNERS)}


def _own_scale(scale: str, envelope: bytes, content: str) -> OwnScale:
    kept = codec.envelope_from_bytes(envelope)
    exported = open_own(kept, codec.SCORE_SCALE).message
    return OwnScale(
        scale_from_json(scale), exported, kept, content, codec.scale_reference(exported)
    )


def _partner(city: str, reason: str, envelope: bytes, added_at: int, *rest: Any) -> Partner:  # noqa: ANN401 - columns
    kept, opened = _bundle(bytes(envelope))
    flags, (sequence, there_sequence, told, exchanged_by, words) = rest[:8], rest[8:]
    return Partner(
        city=CityCode(city),
        bundle=opened,
        envelope=kept,
        added_at=to_instant(added_at),
        here=Flags(*(bool(flag) for flag in flags[:4])),
        sequence=sequence,
        there=Flags(*(bool(flag) for flag in flags[4:])),
        there_sequence=there_sequence,
        told=told,
        exchanged_by=exchanged_by,
        words=bytes(words),
        state_reason=reason,
    )


def _invitation(city: str, request_id: str, code: bytes, seed: bytes, *rest: Any) -> Invitation:  # noqa: ANN401 - columns
    by, invited_at, expires_at, bundle, certificate, *counts, finish_digest, answer, ended = rest
    return Invitation(
        city=CityCode(city),
        request_id=request_id,
        code=bytes(code),
        seed=bytes(seed),
        invited_by=by,
        invited_at=to_instant(invited_at),
        expires_at=to_instant(expires_at),
        bundle=codec.envelope_from_bytes(bundle),
        certificate=bytes(certificate),
        begins=counts[0],
        tries=counts[1],
        finish_digest=bytes(finish_digest),
        answer=bytes(answer),
        ended=ended,
    )


def _partner_scale(envelope: bytes) -> PartnerScale:
    return _scale(bytes(envelope))


@lru_cache(limits.REGISTRY_OPENED)
def _scale(envelope: bytes) -> PartnerScale:
    kept = codec.envelope_from_bytes(envelope)
    exported = open_own(kept, codec.SCORE_SCALE).message
    return PartnerScale(exported, kept, codec.scale_reference(exported))


@lru_cache(limits.REGISTRY_OPENED)
def _bundle(envelope: bytes) -> tuple[Envelope, TrustBundle]:
    kept = codec.envelope_from_bytes(envelope)
    return kept, open_own(kept, codec.TRUST_BUNDLE).message


@lru_cache(limits.REGISTRY_OPENED)
def _terms(envelope: bytes) -> tuple[Envelope, Agreement]:
    kept = codec.envelope_from_bytes(envelope)
    return kept, open_own(kept, codec.AGREEMENT).message


def _agreement(
    state: str, reason: str, envelope: bytes, here: int, there: int, *ends: int | None
) -> StoredAgreement:
    kept, agreed = _terms(bytes(envelope))
    return StoredAgreement(
        agreement=agreed,
        envelope=kept,
        state=AgreementState(state),
        state_reason=reason,
        suspended_here=bool(here),
        suspended_there=bool(there),
        ends_here=to_instant_or_none(ends[0]),
        ends_there=to_instant_or_none(ends[1]),
    )


def _catalogue(session: Session) -> Catalogue | None:
    row = session.one(_CATALOGUE)
    return None if row is None else Catalogue(row[0], incentives_from_json(row[1]), row[2])


def _indicators(session: Session) -> IndicatorCatalogue | None:
    row = session.one(_INDICATORS)
    return None if row is None else indicators_from_json(row[1], row[2])
