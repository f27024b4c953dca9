"""Signed statements and their envelopes, as they come from another city or in a file."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import Message

from federation import codec
from federation.agreement import check_agreement, terms
from federation.codec import STATEMENTS, envelope_from_bytes, envelope_to_bytes
from federation.concordance_table import distribution_of
from federation.decision_check import open_decisions, use_of
from federation.envelope import (
    Envelope,
    Keyring,
    Statement,
    envelope_from_json,
    envelope_to_json,
    open_envelope,
)
from federation.histogram_cells import check_cells
from federation.messages import TrustBundle
from federation.rendering import plain
from federation.trust import fingerprint, open_bundle_chain, open_first_bundle, open_kept_bundle
from federation.v1 import (
    agreement_pb2,
    attestation_pb2,
    envelope_pb2,
    histogram_pb2,
    incentive_pb2,
    partnership_pb2,
    renewal_pb2,
    scale_pb2,
    status_pb2,
    trust_pb2,
)
from scripts.fuzzing.oracle import Target, both_forms, promise, taken
from tests.federation.make import HANGZHOU, NOW, SCALES, ZHENGZHOU, bundle, ring

VECTORS: Final = Path(__file__).resolve().parent.parent.parent / "tests" / "vectors"

WIRE: Final[dict[str, type[Message]]] = {
    "trust-bundle": trust_pb2.TrustBundle,
    "score-scale": scale_pb2.ScoreScale,
    "agreement": agreement_pb2.Agreement,
    "attestation-request": attestation_pb2.AttestationRequest,
    "attestation": attestation_pb2.Attestation,
    "partnership": partnership_pb2.Partnership,
    "status-list": status_pb2.StatusList,
    "renewal-request": renewal_pb2.RenewalRequest,
    "attestation-batch": renewal_pb2.AttestationBatch,
    "score-histogram": histogram_pb2.ScoreHistogram,
    "decisions": incentive_pb2.Decisions,
    "use-request": incentive_pb2.UseRequest,
    "use-lease": incentive_pb2.UseLease,
    "use-release": incentive_pb2.UseRelease,
}
_BITS: Final = ("status-list",)
"""Whose payload holds what was compressed: it has many forms, and all say the same."""


def _agreement(found: Any) -> None:  # noqa: ANN401 - whatever statement
    taken(lambda: check_agreement(found, SCALES))
    for home in found.parties:
        known = found.mapping(home).method is None or set(found.parties) <= set(SCALES)
        if known and (read := taken(lambda home=home: terms(found, home, SCALES))):  # type: ignore[misc]
            read.recognised("excellent")
            read.reading("excellent", 130_500)


def _scale(found: Any) -> None:  # noqa: ANN401 - as above
    codec.scale_reference(found)
    for band in found.bands:
        for bound in (band.lower, band.upper):
            for near in range(-1, 2) if bound else ():
                held = sum(each.holds(bound.score_milli + near) for each in found.bands)
                promise(held <= 1, "no score lies in two bands")


def _histogram(found: Any) -> None:  # noqa: ANN401 - as above
    taken(lambda: distribution_of(found))
    for scale in SCALES.values():
        taken(lambda scale=scale: check_cells(found, scale))  # type: ignore[misc]


def _decisions(found: Any) -> None:  # noqa: ANN401 - as above
    for decision in found.decisions:
        use_of(found, decision, NOW)


MORE: Final[dict[str, Callable[[Any], None]]] = {
    "agreement": _agreement,
    "score-scale": _scale,
    "score-histogram": _histogram,
    "decisions": _decisions,
}


def _payload(statement: Statement[Any], data: bytes) -> None:
    """Decoded, it is the same again when it is encoded, and can be told in plain."""
    label = statement.label
    for form in both_forms(WIRE[label], data):
        found = taken(lambda form=form: statement.decode(form))  # type: ignore[misc]
        if found is None:
            continue
        again = statement.encode(found)
        if label in _BITS:
            promise(statement.decode(again) == found, "it says the same after a round")
        else:
            promise(again == form, "one message has one encoding")
        promise(statement.decode(form) == found, "equal bytes are equal messages")
        json.dumps(plain(found), ensure_ascii=False).encode()
        if label in MORE:
            MORE[label](found)


@cache
def vectors(kind: str) -> tuple[bytes, ...]:
    """The envelopes of the vectors of a kind, good and flawed."""
    return tuple(path.read_bytes() for path in sorted(VECTORS.glob(f"{kind}--*.binpb")))


def _payloads(kind: str) -> list[bytes]:
    found = set[bytes]()
    for data in vectors(kind):
        envelope = envelope_pb2.Envelope()
        envelope.ParseFromString(data)
        if len(envelope.payload) <= _MOST:
            found.add(envelope.payload)
    return sorted(found)


_MOST: Final = 16 * 1024


def _envelope(data: bytes) -> None:
    for form in both_forms(envelope_pb2.Envelope, data):
        found = taken(lambda form=form: envelope_from_bytes(form))  # type: ignore[misc]
        if found is not None:
            promise(envelope_to_bytes(found) == form, "one envelope has one encoding")
            text = envelope_to_json(found)
            promise(envelope_from_json(text) == found, "both forms are one envelope")
            fingerprint(found)


def _envelope_in_json(data: bytes) -> None:
    found = taken(lambda: envelope_from_json(data))
    if found is not None:
        promise(
            envelope_from_json(envelope_to_json(found)) == found, "it is the same after a round"
        )
        envelope_to_bytes(found)


@cache
def rings() -> tuple[Keyring, Keyring]:
    """The keys of the home city and of the host."""
    return ring(ZHENGZHOU), ring(HANGZHOU)


@cache
def known_bundle() -> TrustBundle:
    """The home city's trust bundle."""
    return bundle(ZHENGZHOU)


_BY_TYPE: Final = {statement.payload_type: statement for statement in STATEMENTS}


def _opening(data: bytes) -> None:
    """An envelope goes the whole way: shape, signatures, payload, parties, window."""
    for form in both_forms(envelope_pb2.Envelope, data):
        envelope = taken(lambda form=form: envelope_from_bytes(form))  # type: ignore[misc]
        if envelope is not None:
            _opened(envelope)


def _opened(envelope: Envelope) -> None:
    statement: Statement[Any] = _BY_TYPE.get(envelope.payload_type, codec.ATTESTATION)
    for signed_by, audience in zip(rings(), (HANGZHOU, ZHENGZHOU), strict=True):
        found = taken(
            lambda by=signed_by, to=audience: open_envelope(  # type: ignore[misc]
                envelope, statement, signed_by=[by], audience=to, now=NOW
            )
        )
        if found is not None:
            header = found.message.header
            promise(header.issuer == signed_by.city, "who signed it is who says it")
            promise(not header.audience or audience in header.audience, "it is for who reads it")
    if statement is codec.DECISIONS:
        taken(lambda: open_decisions(envelope, rings()[0], NOW))
    if statement is codec.TRUST_BUNDLE:
        taken(lambda: open_kept_bundle(envelope))
        taken(lambda: open_bundle_chain(known_bundle(), [envelope], audience=HANGZHOU, now=NOW))
        read_out = fingerprint(envelope)
        taken(lambda: open_first_bundle(envelope, read_out, audience=HANGZHOU, now=NOW))


def _some(pattern: str, most: int = _MOST) -> list[bytes]:
    found = (path.read_bytes() for path in sorted(VECTORS.glob(pattern)))
    return [data for data in found if len(data) <= most]


def targets() -> list[Target]:
    """One for each kind of statement, and those of envelopes."""
    made = [
        Target(
            f"statement-{statement.label}",
            f"the payload of a {statement.label}",
            lambda data, statement=statement: _payload(statement, data),  # type: ignore[misc]
            lambda statement=statement: _payloads(statement.label),  # type: ignore[misc]
        )
        for statement in STATEMENTS
    ]
    made.append(
        Target("envelope", "an envelope as bytes", _envelope, lambda: _some("*.binpb", 2048))
    )
    made.append(
        Target(
            "envelope-json",
            "an envelope in DSSE's JSON form",
            _envelope_in_json,
            lambda: _some("[!r]*--*.json", 3000),
        )
    )
    made.append(
        Target(
            "envelope-opening",
            "an envelope, verified and read",
            _opening,
            lambda: _some("*.binpb", 2048),
        )
    )
    return made
