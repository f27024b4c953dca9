"""How one city stands to another: the statement of which the newest counts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from federation import limits
from federation.codec import PARTNERSHIP, SCORE_SCALE
from federation.codec.partnerships import partnership_to_wire
from federation.envelope import Envelope, add_signature, seal
from federation.errors import (
    BAD_SIGNATURE,
    EXPIRED,
    KEY_NOT_VALID,
    MALFORMED,
    MISSING_SIGNATURE,
    NOT_CANONICAL,
    NOT_YET_VALID,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    WRONG_TYPE,
    Reason,
)
from federation.messages import Flags, Header, Partnership
from federation.v1 import partnership_pb2
from tests.federation import wire
from tests.federation.make import (
    HANGZHOU,
    NANJING,
    NOW,
    SECOND,
    SKEW,
    ZHENGZHOU,
    aged,
    partnership,
    sealed,
    sealed_bytes,
    signer,
    statement_id,
)
from tests.federation.vector_cases.vector import Vector, flipped, with_payload, with_signatures


def vectors() -> list[Vector]:
    return [*_good(), *_misdirected(), *_unsigned(), *_impossible(), *_uncanonical()]


def _vector(
    name: str, envelope: Envelope, expected: Partnership | Reason, now: datetime = NOW
) -> Vector:
    return Vector(name=f"partnership--{name}", envelope=envelope, expected=expected, now=now)


def _good() -> list[Vector]:
    nothing_yet = replace(partnership(1, Flags()), agreements=())
    approved = replace(partnership(2, Flags(approved=True)), agreements=())
    tested = replace(partnership(3), agreements=())
    said = {
        "not-approved-yet": nothing_yet,
        "approved": approved,
        "tested": tested,
        "with-two-agreements": partnership(4),
        "suspended": partnership(5, Flags(approved=True, tested=True, suspended=True)),
        "ended": replace(partnership(6, Flags(approved=True, ended=True)), agreements=()),
        "of-the-highest-sequence": partnership(2**63 - 1),
    }
    last = partnership()
    end = last.header.expires_at - SECOND
    return [
        *(_vector(name, sealed(message), message) for name, message in said.items()),
        _vector("in-its-last-second", sealed(last), last, end),
    ]


def _with(change: Callable[[Header], Header]) -> Envelope:
    message = partnership()
    return sealed_as_zhengzhou(replace(message, header=change(message.header)))


def sealed_as_zhengzhou(message: Partnership) -> Envelope:
    """Signed by Zhengzhou, whoever the message says has issued it."""
    return seal(PARTNERSHIP, message, [signer(ZHENGZHOU)])


def _misdirected() -> list[Vector]:
    """Made for another city, by another city, or at another time."""
    to_nanjing = _with(lambda head: replace(head, audience=(NANJING,)))
    of_nanjing = _with(lambda head: replace(head, issuer=NANJING))
    mirrored = _with(lambda head: replace(head, issuer=HANGZHOU, audience=(ZHENGZHOU,)))
    ahead = _with(lambda head: aged(head, -SKEW - SECOND))
    return [
        _vector("wrong-audience", to_nanjing, WRONG_AUDIENCE),
        _vector("issued-by-another-city", of_nanjing, WRONG_ISSUER),
        _vector("mirrored", mirrored, WRONG_ISSUER),
        _vector("from-the-future", ahead, NOT_YET_VALID),
        _vector("expired", sealed(partnership()), EXPIRED, partnership().header.expires_at),
    ]


def _unsigned() -> list[Vector]:
    """Signatures that do not count; the payload is never parsed."""
    message = partnership()
    good = sealed(message)
    # "Suspended" is one bit of the payload.
    suspended = PARTNERSHIP.encode(
        replace(message, flags=Flags(approved=True, tested=True, suspended=True))
    )

    def by(purpose: str) -> Envelope:
        return seal(PARTNERSHIP, message, [signer(ZHENGZHOU, purpose)])

    (signature,) = good.signatures
    bad = replace(signature, signature=flipped(signature.signature, 77))
    return [
        _vector("suspended-by-a-stranger", with_payload(good, suspended), BAD_SIGNATURE),
        _vector("flipped-bit-in-signature", with_signatures(good, bad), BAD_SIGNATURE),
        _vector(
            "signed-by-another-city", seal(PARTNERSHIP, message, [signer(NANJING)]), UNKNOWN_KEY
        ),
        _vector("signed-too-by-the-partner", add_signature(good, signer(HANGZHOU)), UNKNOWN_KEY),
        _vector("signed-by-root-key", by("root-1"), UNKNOWN_KEY),
        _vector("key-not-yet-valid", by("signing-2"), KEY_NOT_VALID),
        _vector("key-revoked", by("signing-lost"), KEY_NOT_VALID),
        _vector("no-signature", with_signatures(good), MISSING_SIGNATURE),
        _vector(
            "wrong-payload-type",
            replace(good, payload_type=SCORE_SCALE.payload_type),
            WRONG_TYPE,
        ),
    ]


def _signed(payload: bytes) -> Envelope:
    return sealed_bytes(PARTNERSHIP.payload_type, payload, signer(ZHENGZHOU))


def _impossible() -> list[Vector]:
    """Well signed, and says what cannot be."""

    def changed(
        name: str, change: Callable[[partnership_pb2.Partnership], object], expected: Reason
    ) -> Vector:
        found = partnership_to_wire(partnership())
        change(found)
        return _vector(name, _signed(found.SerializeToString(deterministic=True)), expected)

    def swap(p: partnership_pb2.Partnership) -> None:
        kept = [partnership_pb2.AgreementStanding.FromString(_bytes(a)) for a in p.agreements]
        p.ClearField("agreements")
        p.agreements.extend(reversed(kept))

    def fill(p: partnership_pb2.Partnership) -> None:
        while len(p.agreements) <= limits.PARTNERSHIP_AGREEMENTS:
            label = f"agreement {len(p.agreements)}"
            later = NOW + len(p.agreements) * SECOND
            p.agreements.add(agreement_id=statement_id(label, later), version=1)

    def versionless(p: partnership_pb2.Partnership) -> None:
        p.agreements[0].version = 0

    def unnamed(p: partnership_pb2.Partnership) -> None:
        p.agreements[0].agreement_id = "the-one-we-spoke-of"

    def fine(p: partnership_pb2.Partnership) -> None:
        p.agreements[0].ends_at.nanos = 1

    return [
        changed("for-two-cities", lambda p: p.header.audience.append(NANJING), MALFORMED),
        changed("for-every-city", lambda p: p.header.ClearField("audience"), MALFORMED),
        changed("sequence-zero", lambda p: p.ClearField("sequence"), MALFORMED),
        changed("agreements-out-of-order", swap, MALFORMED),
        changed("agreement-twice", lambda p: p.agreements.append(p.agreements[1]), MALFORMED),
        changed("too-many-agreements", fill, MALFORMED),
        changed("agreement-without-a-version", versionless, MALFORMED),
        changed("agreement-without-an-id", unnamed, MALFORMED),
        changed("end-finer-than-microseconds", fine, MALFORMED),
        changed("without-a-header", lambda p: p.ClearField("header"), MALFORMED),
    ]


def _bytes(standing: partnership_pb2.AgreementStanding) -> bytes:
    return standing.SerializeToString(deterministic=True)


def _uncanonical() -> list[Vector]:
    """Well signed, in an encoding in which something could hide."""
    good = PARTNERSHIP.encode(partnership())
    deep = dict(wire.hidden_at_every_depth(partnership_pb2.Partnership, good))
    # Field 8, which the statement does not have: it says that, and never why.
    why = good + wire.field(8, "因为".encode())
    last = PARTNERSHIP.encode(replace(partnership(), agreements=()))
    payloads = {
        "with-a-reason": why,
        "unknown-field-in-an-agreement": deep["Partnership.AgreementStanding"],
        "flag-spelled-out-as-false": last + wire.varint(6 << 3) + b"\x00",
        "flag-twice": last + wire.varint(4 << 3) + b"\x01",
        "true-that-is-two": last.replace(b"\x18\x01\x20\x01", b"\x18\x02\x20\x01"),
    }
    return [_vector(name, _signed(made), NOT_CANONICAL) for name, made in payloads.items()]
