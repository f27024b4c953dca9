"""The question about a resident, and its answer."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from federation.codec import ATTESTATION, ATTESTATION_REQUEST, SCORE_SCALE, envelope_to_bytes
from federation.codec.attestations import attestation_to_wire, request_to_wire
from federation.envelope import Envelope, Signature, add_signature, envelope_to_json, seal
from federation.errors import (
    AGREEMENT_MISMATCH,
    ANSWERS_ANOTHER_REQUEST,
    BAD_SIGNATURE,
    EXPIRED,
    KEY_NOT_VALID,
    MALFORMED,
    MISSING_SIGNATURE,
    NOT_CANONICAL,
    NOT_YET_VALID,
    STALE,
    TOO_LARGE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    WRONG_TYPE,
    Reason,
)
from federation.limits import PAYLOAD_BYTES
from federation.messages import Attestation, AttestationRequest, Disclosure
from federation.v1 import attestation_pb2
from tests.federation import wire
from tests.federation.make import (
    HANGZHOU,
    NANJING,
    NOW,
    SECOND,
    SKEW,
    ZHENGZHOU,
    aged,
    attestation,
    request,
    sealed,
    sealed_as,
    sealed_bytes,
    signer,
    statement_id,
)
from tests.federation.vector_cases.vector import Vector, flipped, with_payload, with_signatures

_HOME = signer(ZHENGZHOU)


def vectors() -> list[Vector]:
    return [*_requests(), *_good(), *_unsigned(), *_untimely(), *_uncanonical(), *_unagreed()]


def _request(
    name: str,
    envelope: Envelope,
    expected: AttestationRequest | Reason,
    check: str = "open",
    now: datetime = NOW,
) -> Vector:
    return Vector(
        name=f"attestation-request--{name}",
        envelope=envelope,
        expected=expected,
        check=check,
        signed_by=(HANGZHOU,),
        audience=ZHENGZHOU,
        now=now,
    )


def _requests() -> list[Vector]:
    by_code, by_pseudonym = request(), request(by_pseudonym=True)
    score = request(disclosure=Disclosure.SCORE)
    threshold = request(disclosure=Disclosure.THRESHOLD)
    # It claims an hour, and is read within it: a question counts for a minute all the same.
    long = replace(by_code.header, expires_at=by_code.header.issued_at + timedelta(hours=1))
    old = replace(by_code, header=aged(long, SKEW + SECOND))
    edge = replace(by_code, header=aged(long, SKEW))

    def signed(change: Callable[[attestation_pb2.AttestationRequest], object]) -> Envelope:
        found = request_to_wire(by_code)
        change(found)
        payload = found.SerializeToString(deterministic=True)
        return sealed_bytes(ATTESTATION_REQUEST.payload_type, payload, signer(HANGZHOU))

    def short(r: attestation_pb2.AttestationRequest) -> None:
        r.presentation_code = r.presentation_code[:-1]

    def unordered(r: attestation_pb2.AttestationRequest) -> None:
        r.scenarios[:] = list(reversed(r.scenarios))

    about_nobody = signed(lambda r: r.ClearField("presentation_code"))
    for_nothing = signed(lambda r: r.ClearField("scenarios"))
    no_level = signed(lambda r: r.ClearField("disclosure"))
    by_home = seal(ATTESTATION_REQUEST, by_code, [_HOME])
    both = sealed(by_code).payload + wire.field(5, bytes(32))
    two_subjects = sealed_bytes(ATTESTATION_REQUEST.payload_type, both, signer(HANGZHOU))
    return [
        _request("by-code", sealed(by_code), by_code, "question"),
        _request("by-pseudonym", sealed(by_pseudonym), by_pseudonym, "question"),
        _request("by-code-for-the-score", sealed(score), score, "question"),
        _request("by-code-for-the-threshold", sealed(threshold), threshold, "question"),
        _request("sixty-seconds-old", sealed(edge), edge, "question"),
        _request("stale", sealed(old), STALE, "question"),
        _request("code-too-short", signed(short), MALFORMED),
        _request("about-nobody", about_nobody, MALFORMED),
        _request("about-two", two_subjects, NOT_CANONICAL),
        _request("for-nothing", for_nothing, MALFORMED),
        _request("without-a-level", no_level, MALFORMED),
        _request("scenarios-out-of-order", signed(unordered), MALFORMED),
        _request("signed-by-the-home-city", by_home, UNKNOWN_KEY),
    ]


def _attestation(
    name: str, envelope: Envelope, expected: Attestation | Reason, now: datetime = NOW
) -> Vector:
    return Vector(name=f"attestation--{name}", envelope=envelope, expected=expected, now=now)


def _recognised(
    name: str, said: Attestation, expected: Reason | None, asked: str = "by-code"
) -> Vector:
    """An attestation that opens, and is then read as the agreement says."""
    return Vector(
        name=f"attestation--{name}",
        envelope=sealed(said),
        expected=expected or said,
        check="recognise",
        given={
            "request": f"attestation-request--{asked}",
            "agreement": "agreement--signed-by-both-cities",
            "scale": "score-scale--numeric-of-zhengzhou",
        },
    )


def _good() -> list[Vector]:
    threshold = attestation(request(disclosure=Disclosure.THRESHOLD))
    score = attestation(request(disclosure=Disclosure.SCORE))
    again = attestation(request(by_pseudonym=True))
    return [
        _recognised("threshold", threshold, None, "by-code-for-the-threshold"),
        _recognised("band", attestation(), None),
        _recognised("score", score, None, "by-code-for-the-score"),
        _recognised("band-by-pseudonym", again, None, "by-pseudonym"),
    ]


def _unsigned() -> list[Vector]:
    """Signatures that do not count; the payload is never parsed."""
    good = sealed(attestation())
    (signature,) = good.signatures
    bad = flipped(signature.signature, 77)
    other_id = Signature(flipped(signature.key_id.encode(), 1).decode(), signature.signature)
    (foreign,) = seal(ATTESTATION, attestation(), [_NANJING]).signatures
    claimed = replace(foreign, key_id=_HOME.key_id)
    bare = Signature(_HOME.key_id, _HOME.sign(good.payload))
    mistyped = replace(good, payload_type=SCORE_SCALE.payload_type)
    garbage = with_payload(good, b"\xff" * 40)

    def by(purpose: str) -> Envelope:
        return seal(ATTESTATION, attestation(), [signer(ZHENGZHOU, purpose)])

    return [
        _attestation(
            "flipped-bit-in-payload", with_payload(good, flipped(good.payload, 99)), BAD_SIGNATURE
        ),
        _attestation(
            "flipped-bit-in-signature",
            with_signatures(good, replace(signature, signature=bad)),
            BAD_SIGNATURE,
        ),
        _attestation("flipped-bit-in-key-id", with_signatures(good, other_id), UNKNOWN_KEY),
        _attestation(
            "signed-by-another-city", seal(ATTESTATION, attestation(), [_NANJING]), UNKNOWN_KEY
        ),
        _attestation(
            "signed-by-another-city-as-ours", with_signatures(good, claimed), BAD_SIGNATURE
        ),
        _attestation("signed-too-by-another-city", add_signature(good, _NANJING), UNKNOWN_KEY),
        _attestation("signed-by-root-key", by("root-1"), UNKNOWN_KEY),
        _attestation("signed-without-the-encoding", with_signatures(good, bare), BAD_SIGNATURE),
        _attestation("key-expired", by("signing-0"), KEY_NOT_VALID),
        _attestation("key-not-yet-valid", by("signing-2"), KEY_NOT_VALID),
        _attestation("key-revoked", by("signing-lost"), KEY_NOT_VALID),
        _attestation("no-signature", with_signatures(good), MISSING_SIGNATURE),
        _attestation("same-key-twice", with_signatures(good, signature, signature), MALFORMED),
        _attestation("wrong-payload-type", mistyped, WRONG_TYPE),
        _attestation("garbage-with-bad-signature", garbage, BAD_SIGNATURE),
        _attestation(
            "garbage-with-good-signature", sealed_as(ATTESTATION, b"\xff" * 40), MALFORMED
        ),
    ]


_NANJING = signer(NANJING)


def _untimely() -> list[Vector]:
    """Made for another city, by another city, or at another time."""
    said = attestation()
    ahead = replace(said, header=aged(said.header, -SKEW - SECOND))
    at_the_edge = replace(said, header=aged(said.header, -SKEW))
    to_nanjing = replace(said, header=replace(said.header, audience=(NANJING,)))
    of_nanjing = replace(said, header=replace(said.header, issuer=NANJING))
    end = said.header.expires_at
    return [
        _attestation("sixty-seconds-ahead", sealed(at_the_edge), at_the_edge),
        _attestation("from-the-future", sealed(ahead), NOT_YET_VALID),
        _attestation("expired", sealed(said), EXPIRED, end),
        _attestation("in-its-last-second", sealed(said), said, end - SECOND),
        _attestation("wrong-audience", sealed(to_nanjing), WRONG_AUDIENCE),
        _attestation("issued-by-another-city", sealed(of_nanjing), WRONG_ISSUER),
    ]


def _uncanonical() -> list[Vector]:
    """Well signed, in an encoding in which something could hide."""
    good = sealed(attestation())
    deep = dict(wire.hidden_at_every_depth(attestation_pb2.Attestation, good.payload))
    last = wire.split(good.payload)[-1][1]
    timeless = attestation_to_wire(attestation())
    timeless.ClearField("as_of")
    fine = attestation_to_wire(attestation())
    fine.as_of.nanos = 1
    members = json.loads(envelope_to_json(good))
    twice = envelope_to_json(good).replace("{", '{\n  "payload": "",', 1)
    base64 = json.dumps(members | {"payload": members["payload"] + "!"}, indent=2)

    def signed(name: str, payload: bytes, expected: Reason) -> Vector:
        return _attestation(name, sealed_as(ATTESTATION, payload), expected)

    def json_only(name: str, text: str) -> Vector:
        vector = _attestation(name, good, MALFORMED)
        return replace(vector, json=text + "\n", forms=("json",))

    envelope_field = _attestation("unknown-field-in-the-envelope", good, NOT_CANONICAL)
    too_large = signed("payload-too-large", bytes(PAYLOAD_BYTES + 1), TOO_LARGE)
    return [
        signed("unknown-field", deep["Attestation"], NOT_CANONICAL),
        signed("unknown-field-in-the-claim", deep["Attestation.Claim.BandClaim"], NOT_CANONICAL),
        signed("field-twice", good.payload + last, NOT_CANONICAL),
        signed("without-its-instant", timeless.SerializeToString(deterministic=True), MALFORMED),
        signed("finer-than-microseconds", fine.SerializeToString(deterministic=True), MALFORMED),
        replace(envelope_field, binary=envelope_to_bytes(good) + wire.UNKNOWN, forms=("binary",)),
        replace(too_large, forms=("binary",)),
        json_only("member-twice-in-the-envelope", twice),
        json_only("unknown-member-in-the-envelope", json.dumps(members | {"hidden": 1}, indent=2)),
        json_only("payload-is-not-base64", base64),
    ]


def _unagreed() -> list[Vector]:
    """It opens, and may not be recognised."""
    said = attestation()
    score = attestation(request(disclosure=Disclosure.SCORE))
    threshold = attestation(request(disclosure=Disclosure.THRESHOLD))
    to_all = replace(said, header=replace(said.header, audience=()))
    life = timedelta(hours=24) + SECOND
    lasting = replace(said, header=replace(said.header, expires_at=NOW + life))
    by_pseudonym = attestation(request(by_pseudonym=True))
    answer, mismatch = ANSWERS_ANOTHER_REQUEST, AGREEMENT_MISMATCH
    return [
        _recognised("answers-another-request", replace(said, request_id=_OTHER), answer),
        _recognised("answers-a-changed-request", replace(said, request_digest=bytes(32)), answer),
        _recognised(
            "about-another-resident",
            replace(by_pseudonym, pseudonym=bytes(32)),
            answer,
            "by-pseudonym",
        ),
        _recognised("for-every-city", to_all, WRONG_AUDIENCE),
        _recognised("under-another-agreement", replace(said, agreement_id=_OTHER), mismatch),
        _recognised(
            "on-another-scale",
            replace(said, scale=replace(said.scale, version=2)),
            mismatch,
        ),
        _recognised(
            "band-below-line", replace(said, claim=replace(said.claim, band_id="good")), mismatch
        ),
        _recognised("shows-more-than-asked", replace(said, claim=score.claim), mismatch),
        _recognised(
            "scenario-not-asked", replace(said, scenarios=("rental.deposit_free",)), mismatch
        ),
        _recognised(
            "commendation-not-agreed",
            replace(said, claim=replace(said.claim, commendations=("local-hero",))),
            mismatch,
        ),
        _recognised("lives-too-long", lasting, mismatch),
        _recognised("standing-too-old", replace(said, as_of=NOW - life), mismatch),
        _recognised(
            "score-outside-its-band",
            replace(score, claim=replace(score.claim, score_milli=119_999)),
            mismatch,
            "by-code-for-the-score",
        ),
        _recognised(
            "line-of-another-agreement",
            replace(threshold, claim=replace(threshold.claim, line_band="outstanding")),
            mismatch,
            "by-code-for-the-threshold",
        ),
    ]


_OTHER = statement_id("another")
