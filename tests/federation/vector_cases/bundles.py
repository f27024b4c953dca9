"""Trust bundles: the first ones, their followers, and every way to cheat with one."""

from dataclasses import replace
from datetime import timedelta

from federation.codec import TRUST_BUNDLE
from federation.envelope import Envelope, seal
from federation.errors import (
    BAD_SIGNATURE,
    BUNDLE_JUMP,
    BUNDLE_ROLLBACK,
    EXPIRED,
    MALFORMED,
    MISSING_SIGNATURE,
    NOT_CANONICAL,
    UNKNOWN_KEY,
    WRONG_FINGERPRINT,
    WRONG_ISSUER,
    Reason,
)
from federation.keys import Suite, key_id
from federation.messages import TrustBundle
from federation.trust import fingerprint
from tests.federation import wire
from tests.federation.make import (
    DAY,
    HANGZHOU,
    NANJING,
    NOW,
    ZHENGZHOU,
    bundle,
    public,
    sealed_bundle,
    sealed_bytes,
    signer,
)
from tests.federation.vector_cases.vector import Vector, flipped, with_payload

_OLD = replace(public(ZHENGZHOU, "signing-0"), not_before=NOW - 9 * DAY, not_after=NOW)
_NEXT = replace(public(ZHENGZHOU, "signing-2"), not_before=NOW + timedelta(seconds=1))
_LOST = replace(public(ZHENGZHOU, "signing-lost"), revoked_at=NOW - timedelta(hours=1))

# Zhengzhou has a key of each condition: one that counts, one that ended at this very instant,
# one that begins a second later, and one that was revoked.
OF_ZHENGZHOU = replace(
    bundle(ZHENGZHOU), signing_keys=(public(ZHENGZHOU, "signing-1"), _OLD, _NEXT, _LOST)
)
FIRST = {ZHENGZHOU: OF_ZHENGZHOU, HANGZHOU: bundle(HANGZHOU), NANJING: bundle(NANJING)}
_THREE_ROOTS = bundle(ZHENGZHOU, 7, roots=("root-a", "root-b", "root-c"), threshold=2)
SECOND = bundle(ZHENGZHOU, 2, roots=("root-2",), keys=("signing-1", "signing-2"))


def _first(
    name: str, envelope: Envelope, expected: TrustBundle | Reason, compared: str | None = None
) -> Vector:
    """A bundle that is read by its fingerprint; `compared` where that is not its own."""
    return Vector(
        name=f"trust-bundle--{name}",
        envelope=envelope,
        expected=expected,
        check="first-bundle",
        audience=HANGZHOU,
        given={"fingerprint": compared or fingerprint(envelope)},
    )


def _next(
    name: str, envelope: Envelope, expected: TrustBundle | Reason, current: str = "of-zhengzhou"
) -> Vector:
    """A bundle that is read after `current`."""
    return Vector(
        name=f"trust-bundle--{name}",
        envelope=envelope,
        expected=expected,
        check="next-bundle",
        audience=HANGZHOU,
        given={"current": f"trust-bundle--{current}"},
    )


def vectors() -> list[Vector]:
    return [*_firsts(), *_followers()]


def _firsts() -> list[Vector]:
    good = sealed_bundle(OF_ZHENGZHOU)
    by_signing_key = sealed_bundle(OF_ZHENGZHOU, "signing-1")
    root = signer(ZHENGZHOU, "root-1")
    wrong_id = good.payload.replace(root.key_id.encode(), root.key_id[::-1].encode())
    ended = replace(OF_ZHENGZHOU, header=replace(OF_ZHENGZHOU.header, expires_at=NOW + DAY))
    # The identity: under it one signature fits every message.
    weak = good.payload.replace(root.public_key, b"\x01" + bytes(31))
    weak = weak.replace(root.key_id.encode(), key_id(Suite.ED25519, b"\x01" + bytes(31)).encode())
    expired = replace(_first("expired", sealed_bundle(ended), EXPIRED), now=NOW + DAY)
    doubled = good.payload + wire.field(9, wire.content(good.payload, 9)) + wire.UNKNOWN

    def signed(payload: bytes) -> Envelope:
        return sealed_bytes(good.payload_type, payload, root)

    return [
        _first("of-zhengzhou", good, OF_ZHENGZHOU),
        _first("of-hangzhou", sealed_bundle(FIRST[HANGZHOU]), FIRST[HANGZHOU]),
        _first("of-nanjing", sealed_bundle(FIRST[NANJING]), FIRST[NANJING]),
        _first("two-of-three-roots", sealed_bundle(_THREE_ROOTS, "root-a", "root-c"), _THREE_ROOTS),
        _first("one-of-three-roots", sealed_bundle(_THREE_ROOTS, "root-b"), MISSING_SIGNATURE),
        _first("wrong-fingerprint", good, WRONG_FINGERPRINT, "0" * 64),
        _first("signed-by-signing-key", by_signing_key, MISSING_SIGNATURE),
        _first("no-signature", seal(TRUST_BUNDLE, OF_ZHENGZHOU, []), MISSING_SIGNATURE),
        _first("key-id-does-not-fit", signed(wrong_id), MALFORMED),
        _first("root-of-small-order", signed(weak), MALFORMED),
        _first("unknown-field", signed(doubled), NOT_CANONICAL),
        expired,
    ]


def _followers() -> list[Vector]:
    both = sealed_bundle(SECOND, "root-1", "root-2")
    forked = sealed_bundle(replace(OF_ZHENGZHOU, name_en="Another"))
    jumped = sealed_bundle(replace(OF_ZHENGZHOU, sequence=1002))
    # Zhengzhou's root signs that Nanjing has Zhengzhou's keys.
    stolen = replace(OF_ZHENGZHOU, header=bundle(NANJING, 2).header, sequence=2)
    theft = seal(TRUST_BUNDLE, stolen, [signer(ZHENGZHOU, "root-1")])
    back = replace(bundle(ZHENGZHOU, 1, roots=("root-2",)), name_en="Back")
    return [
        _next("next-of-zhengzhou", both, SECOND),
        _next("signed-by-old-root-only", sealed_bundle(SECOND, "root-1"), MISSING_SIGNATURE),
        _next("signed-by-new-root-only", sealed_bundle(SECOND, "root-2"), MISSING_SIGNATURE),
        _next("rolled-back", sealed_bundle(back, "root-2"), BUNDLE_ROLLBACK, "next-of-zhengzhou"),
        _next("forked", forked, BUNDLE_ROLLBACK),
        _next("jumped-ahead", jumped, BUNDLE_JUMP),
        _next("names-another-city", theft, WRONG_ISSUER),
        _next("signed-by-a-third-root", sealed_bundle(SECOND, *_ROOTS), UNKNOWN_KEY),
        _next(
            "flipped-bit-in-payload",
            with_payload(both, flipped(both.payload, 1000)),
            MISSING_SIGNATURE,
        ),
        _next("second-signature-is-bad", _second_is_bad(both), BAD_SIGNATURE),
    ]


_ROOTS = ("root-1", "root-2", "root-3")


def _second_is_bad(both: Envelope) -> Envelope:
    one, other = both.signatures
    return Envelope(
        both.payload_type,
        both.payload,
        (one, replace(other, signature=flipped(other.signature, 100))),
    )
