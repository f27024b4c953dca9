"""The documents that cities exchange: trust bundles, score scales, agreements."""

import hashlib
from datetime import timedelta
from typing import Final

from federation import bands
from federation import messages as m
from federation.codec.mappings import mapping_from_wire, mapping_to_wire
from federation.codec.primitives import (
    duration_from_wire,
    duration_to_wire,
    from_enum,
    header_from_wire,
    header_to_wire,
    instant_from_wire,
    instant_to_wire,
    pair,
    require,
)
from federation.errors import MALFORMED, HutongError
from federation.identifiers import city_code, uuid_text
from federation.keys import PublicKey, Suite
from federation.v1 import agreement_pb2, scale_pb2, trust_pb2

_SUITES: Final = {trust_pb2.SUITE_ED25519: Suite.ED25519}
_SUITES_WIRE: Final = {domain: wire for wire, domain in _SUITES.items()}


def _key_to_wire(key: PublicKey) -> trust_pb2.PublicKey:
    wire = trust_pb2.PublicKey(
        key_id=key.key_id,
        suite=_SUITES_WIRE[key.suite],
        public_key=key.public_key,
        not_before=instant_to_wire(key.not_before),
        not_after=instant_to_wire(key.not_after),
    )
    if key.revoked_at is not None:
        wire.revoked_at.CopyFrom(instant_to_wire(key.revoked_at))
    return wire


def _key_from_wire(wire: trust_pb2.PublicKey) -> PublicKey:
    require(wire, "not_before", "not_after", where="public_key")
    revoked = wire.HasField("revoked_at")
    return PublicKey(
        key_id=wire.key_id,
        suite=from_enum(_SUITES, wire.suite, where="suite"),
        public_key=wire.public_key,
        not_before=instant_from_wire(wire.not_before, where="not_before"),
        not_after=instant_from_wire(wire.not_after, where="not_after"),
        revoked_at=instant_from_wire(wire.revoked_at, where="revoked_at") if revoked else None,
    )


def bundle_to_wire(bundle: m.TrustBundle) -> trust_pb2.TrustBundle:
    """The bundle as it travels."""
    return trust_pb2.TrustBundle(
        header=header_to_wire(bundle.header),
        sequence=bundle.sequence,
        name_zh=bundle.name_zh,
        name_en=bundle.name_en,
        root_keys=[_key_to_wire(key) for key in bundle.root_keys],
        root_threshold=bundle.root_threshold,
        signing_keys=[_key_to_wire(key) for key in bundle.signing_keys],
        tls_certificates=bundle.tls_certificates,
        endpoints=[trust_pb2.Endpoint(host=e.host, port=e.port) for e in bundle.endpoints],
        refresh_hint=duration_to_wire(bundle.refresh_hint),
        contact=bundle.contact,
    )


def bundle_from_wire(wire: trust_pb2.TrustBundle) -> m.TrustBundle:
    """The bundle as it came; raises MALFORMED."""
    return m.TrustBundle(
        header=header_from_wire(wire.header),
        sequence=wire.sequence,
        name_zh=wire.name_zh,
        name_en=wire.name_en,
        root_keys=tuple(_key_from_wire(key) for key in wire.root_keys),
        root_threshold=wire.root_threshold,
        signing_keys=tuple(_key_from_wire(key) for key in wire.signing_keys),
        tls_certificates=tuple(wire.tls_certificates),
        endpoints=tuple(m.Endpoint(e.host, e.port) for e in wire.endpoints),
        refresh_hint=duration_from_wire(wire.refresh_hint, where="refresh_hint"),
        contact=wire.contact,
    )


DISCLOSURES: Final = {
    agreement_pb2.DISCLOSURE_LEVEL_THRESHOLD: m.Disclosure.THRESHOLD,
    agreement_pb2.DISCLOSURE_LEVEL_BAND: m.Disclosure.BAND,
    agreement_pb2.DISCLOSURE_LEVEL_SCORE: m.Disclosure.SCORE,
}
DISCLOSURES_WIRE: Final = {domain: wire for wire, domain in DISCLOSURES.items()}

_KINDS: Final = {
    scale_pb2.SCALE_KIND_NUMERIC: bands.ScaleKind.NUMERIC,
    scale_pb2.SCALE_KIND_CATEGORICAL: bands.ScaleKind.CATEGORICAL,
}
_KINDS_WIRE: Final = {domain: wire for wire, domain in _KINDS.items()}


def _bound_to_wire(bound: bands.Bound | None) -> scale_pb2.Bound | None:
    if bound is None:
        return None
    return scale_pb2.Bound(score_milli=bound.score_milli, inclusive=bound.inclusive)


def _band_to_wire(band: bands.Band) -> scale_pb2.Band:
    return scale_pb2.Band(
        band_id=band.band_id,
        name_zh=band.name_zh,
        name_en=band.name_en,
        lower=_bound_to_wire(band.lower),
        upper=_bound_to_wire(band.upper),
    )


def _band_from_wire(wire: scale_pb2.Band) -> bands.Band:
    def bound(which: str) -> bands.Bound | None:
        found = getattr(wire, which)
        return bands.Bound(found.score_milli, found.inclusive) if wire.HasField(which) else None

    return bands.Band(wire.band_id, wire.name_zh, wire.name_en, bound("lower"), bound("upper"))


def scale_to_wire(scale: m.ScoreScale) -> scale_pb2.ScoreScale:
    """The scale as it travels."""
    return scale_pb2.ScoreScale(
        header=header_to_wire(scale.header),
        scale_id=scale.scale_id,
        version=scale.version,
        kind=_KINDS_WIRE[scale.kind],
        name_zh=scale.name_zh,
        name_en=scale.name_en,
        minimum_milli=scale.minimum_milli,
        maximum_milli=scale.maximum_milli,
        bands=[_band_to_wire(band) for band in scale.bands],
        source=scale.source,
        illustrative=scale.illustrative,
    )


def scale_from_wire(wire: scale_pb2.ScoreScale) -> m.ScoreScale:
    """The scale as it came; raises MALFORMED."""
    return m.ScoreScale(
        header=header_from_wire(wire.header),
        scale_id=wire.scale_id,
        version=wire.version,
        kind=from_enum(_KINDS, wire.kind, where="kind"),
        name_zh=wire.name_zh,
        name_en=wire.name_en,
        minimum_milli=wire.minimum_milli if wire.HasField("minimum_milli") else None,
        maximum_milli=wire.maximum_milli if wire.HasField("maximum_milli") else None,
        bands=tuple(_band_from_wire(band) for band in wire.bands),
        source=wire.source,
        illustrative=wire.illustrative,
    )


def scale_reference(scale: m.ScoreScale) -> m.ScaleReference:
    """The reference to this version, by the SHA-256 of its content without the header."""
    wire = scale_to_wire(scale)
    wire.ClearField("header")
    digest = hashlib.sha256(wire.SerializeToString(deterministic=True)).digest()
    return m.ScaleReference(scale.header.issuer, scale.scale_id, scale.version, digest)


def reference_to_wire(reference: m.ScaleReference) -> scale_pb2.ScaleReference:
    """The reference as it travels."""
    return scale_pb2.ScaleReference(
        city=reference.city,
        scale_id=reference.scale_id,
        version=reference.version,
        digest=reference.digest,
    )


def reference_from_wire(wire: scale_pb2.ScaleReference) -> m.ScaleReference:
    """The reference as it came; raises MALFORMED."""
    city = city_code(wire.city, where="scale.city")
    return m.ScaleReference(city, wire.scale_id, wire.version, wire.digest)


def agreement_to_wire(agreement: m.Agreement) -> agreement_pb2.Agreement:
    """The agreement as it travels."""
    wire = agreement_pb2.Agreement(
        header=header_to_wire(agreement.header),
        agreement_id=agreement.agreement_id,
        version=agreement.version,
        parties=agreement.parties,
        scales=[reference_to_wire(scale) for scale in agreement.scales],
        mappings=[mapping_to_wire(mapping) for mapping in agreement.mappings],
        disclosure_limit=DISCLOSURES_WIRE[agreement.disclosure_limit],
        scenarios=agreement.scenarios,
        commendations=agreement.commendations,
        attestation_lifetime=duration_to_wire(agreement.attestation_lifetime),
        status_freshness=duration_to_wire(agreement.status_freshness),
        legal_basis=agreement.legal_basis,
        privacy_assessment=agreement.privacy_assessment,
        valid_from=instant_to_wire(agreement.valid_from),
        valid_until=instant_to_wire(agreement.valid_until),
    )
    if agreement.notice:
        wire.notice.CopyFrom(duration_to_wire(agreement.notice))
    if agreement.offline_grace:
        wire.offline_grace.CopyFrom(duration_to_wire(agreement.offline_grace))
    return wire


def agreement_from_wire(wire: agreement_pb2.Agreement) -> m.Agreement:
    """The agreement as it came; raises MALFORMED."""
    require(wire, "valid_from", "valid_until", where="agreement")
    parties = tuple(city_code(city, where="parties") for city in wire.parties)
    return m.Agreement(
        header=header_from_wire(wire.header),
        agreement_id=uuid_text(wire.agreement_id, where="agreement_id"),
        version=wire.version,
        parties=pair(parties, where="parties"),
        scales=pair(tuple(reference_from_wire(s) for s in wire.scales), where="scales"),
        mappings=pair(tuple(mapping_from_wire(p) for p in wire.mappings), where="mappings"),
        disclosure_limit=from_enum(DISCLOSURES, wire.disclosure_limit, where="disclosure_limit"),
        scenarios=tuple(wire.scenarios),
        commendations=tuple(wire.commendations),
        attestation_lifetime=duration_from_wire(
            wire.attestation_lifetime, where="attestation_lifetime"
        ),
        status_freshness=duration_from_wire(wire.status_freshness, where="status_freshness"),
        legal_basis=wire.legal_basis,
        privacy_assessment=wire.privacy_assessment,
        valid_from=instant_from_wire(wire.valid_from, where="valid_from"),
        valid_until=instant_from_wire(wire.valid_until, where="valid_until"),
        notice=_span(wire, "notice"),
        offline_grace=_span(wire, "offline_grace"),
    )


def _span(wire: agreement_pb2.Agreement, field: str) -> timedelta:
    if not wire.HasField(field):
        return timedelta(0)
    span = duration_from_wire(getattr(wire, field), where=field)
    if not span:
        # None at all is left out: one agreement has one encoding.
        raise HutongError(MALFORMED, where=field, problem="leave it out where it is zero")
    return span
