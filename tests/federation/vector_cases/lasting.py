"""What still stands: status lists, renewal requests, and batches of attestations."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from google.protobuf.message import Message as WireMessage

from federation import limits
from federation.codec import ATTESTATION_BATCH, RENEWAL_REQUEST, STATUS_LIST
from federation.envelope import Envelope, Statement, seal
from federation.errors import (
    BAD_SIGNATURE,
    EXPIRED,
    KEY_NOT_VALID,
    MALFORMED,
    NOT_CANONICAL,
    STALE,
    TOO_LARGE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    Reason,
)
from federation.identifiers import CityCode
from federation.standing import AttestationBatch, RenewalRequest, StatusList
from federation.v1 import renewal_pb2, status_pb2
from tests.federation import wire
from tests.federation.lasting import (
    Batch,
    renewal_request,
    renewed,
    sealed_lasting,
    status_list,
)
from tests.federation.make import (
    HANGZHOU,
    NANJING,
    NOW,
    SECOND,
    SKEW,
    ZHENGZHOU,
    aged,
    sealed_bytes,
    signer,
)
from tests.federation.vector_cases.vector import Vector, flipped, with_payload

_BYTES = limits.STATUS_PLACES // 8


def vectors() -> list[Vector]:
    return [*_status_lists(), *_renewals(), *_batches()]


def _changed(
    statement: Statement[Any],
    kind: type[WireMessage],
    payload: bytes,
    change: Callable[[Any], object],
    by: CityCode,
) -> Envelope:
    """The payload with a change that no honest city makes, well signed."""
    found = kind()
    found.ParseFromString(payload)
    change(found)
    made = found.SerializeToString(deterministic=True)
    return sealed_bytes(statement.payload_type, made, signer(by))


def _status_lists() -> list[Vector]:
    said = status_list()
    good, end = sealed_lasting(said), said.header.expires_at
    standing = replace(said, bits=bytes(_BYTES), sequence=0, list_number=0)
    full = replace(said, bits=b"\xff" * _BYTES, sequence=limits.STATUS_PLACES)
    # Bits that nothing can compress: they fit all the same.
    noise = replace(said, bits=b"".join(_noise(n) for n in range(_BYTES // 32)))

    def vector(
        name: str,
        envelope: Envelope,
        expected: StatusList | Reason,
        now: datetime = NOW,
        audience: CityCode = HANGZHOU,
    ) -> Vector:
        full = f"status-list--{name}"
        return Vector(name=full, envelope=envelope, expected=expected, now=now, audience=audience)

    def changed(name: str, change: Callable[[Any], object]) -> Vector:
        made = _changed(STATUS_LIST, status_pb2.StatusList, good.payload, change, ZHENGZHOU)
        return vector(name, made, MALFORMED)

    def bits(name: str, made: bytes) -> Vector:
        return changed(name, lambda w: setattr(w, "bits", made))

    packed = zlib.compress(said.bits)
    by_other = seal(STATUS_LIST, said, [signer(NANJING)])
    lost = seal(STATUS_LIST, said, [signer(ZHENGZHOU, "signing-lost")])
    fewer = STATUS_LIST.encode(replace(said, bits=bytes(_BYTES)))
    why = sealed_bytes(
        STATUS_LIST.payload_type, good.payload + wire.field(6, b"why"), signer(ZHENGZHOU)
    )
    return [
        vector("three-of-the-second-list", good, said),
        vector("all-still-stand", sealed_lasting(standing), standing),
        vector("none-stands", sealed_lasting(full), full),
        vector("incompressible", sealed_lasting(noise), noise),
        vector("in-its-last-second", good, said, end - SECOND),
        vector("expired", good, EXPIRED, end),
        vector("of-another-host", good, WRONG_AUDIENCE, audience=NANJING),
        vector("signed-by-another-city", by_other, UNKNOWN_KEY),
        vector("key-revoked", lost, KEY_NOT_VALID),
        vector("bits-cleared-on-the-way", with_payload(good, fewer), BAD_SIGNATURE),
        vector("with-a-reason", why, NOT_CANONICAL),
        bits("bits-missing", b""),
        bits("bits-not-compressed", said.bits),
        bits("bits-of-another-compression", packed[2:-4]),
        bits("bits-cut-off", packed[:-1]),
        bits("bits-and-something-after", packed + b"\0"),
        bits("one-byte-too-few", zlib.compress(said.bits[1:])),
        bits("one-byte-too-many", zlib.compress(said.bits + b"\0")),
        bits("bomb", zlib.compress(bytes(8_000_000), 9)),
        bits("flipped-bit-in-the-bits", flipped(packed, 8 * len(packed) // 2)),
        changed("for-every-host", lambda w: w.header.ClearField("audience")),
        changed("for-two-hosts", lambda w: w.header.audience.append(NANJING)),
        changed("time-to-live-missing", lambda w: w.ClearField("time_to_live")),
        changed("lives-beyond-its-end", lambda w: setattr(w.time_to_live, "seconds", 3601)),
    ]


def _noise(number: int) -> bytes:
    return signer(NANJING, f"noise {number}").public_key


def _renewals() -> list[Vector]:
    asked = renewal_request()
    good = sealed_lasting(asked)
    long = replace(asked.header, expires_at=asked.header.issued_at + 120 * SECOND)
    old = replace(asked, header=aged(long, SKEW + SECOND))

    def vector(
        name: str, envelope: Envelope, expected: RenewalRequest | Reason, check: str = "question"
    ) -> Vector:
        return Vector(
            name=f"renewal-request--{name}",
            envelope=envelope,
            expected=expected,
            check=check,
            signed_by=(HANGZHOU,),
            audience=ZHENGZHOU,
        )

    def changed(name: str, change: Callable[[Any], object], reason: Reason = MALFORMED) -> Vector:
        kind = renewal_pb2.RenewalRequest
        made = _changed(RENEWAL_REQUEST, kind, good.payload, change, HANGZHOU)
        return vector(name, made, reason, "open")

    def many(wire_form: Any) -> None:  # noqa: ANN401 - generated
        numbers = range(limits.RENEWAL_ITEMS + 1)
        wire_form.pseudonyms[:] = [n.to_bytes(32, "big") for n in numbers]

    by_home = seal(RENEWAL_REQUEST, asked, [signer(ZHENGZHOU)])
    return [
        vector("of-two", good, asked),
        vector("stale", sealed_lasting(old), STALE),
        vector("signed-by-the-home-city", by_home, UNKNOWN_KEY, "open"),
        changed("of-nobody", lambda w: w.ClearField("pseudonyms")),
        changed("of-one-twice", lambda w: w.pseudonyms.append(w.pseudonyms[0])),
        changed("of-too-many", many, TOO_LARGE),
        changed("pseudonym-too-short", lambda w: w.pseudonyms.append(bytes(31))),
        changed("for-nothing", lambda w: w.ClearField("scenarios")),
        changed("without-a-level", lambda w: w.ClearField("disclosure")),
        changed("asked-of-two-cities", lambda w: w.header.audience.append(HANGZHOU)),
        changed("asked-of-every-city", lambda w: w.header.ClearField("audience")),
    ]


def _batches() -> list[Vector]:
    batch = Batch()
    good, end = batch.envelope, batch.message.header.expires_at
    alone = Batch(renewed(1))

    def vector(
        name: str, envelope: Envelope, expected: AttestationBatch | Reason, now: datetime = NOW
    ) -> Vector:
        return Vector(
            name=f"attestation-batch--{name}", envelope=envelope, expected=expected, now=now
        )

    def changed(name: str, change: Callable[[Any], object]) -> Vector:
        kind = renewal_pb2.AttestationBatch
        made = _changed(ATTESTATION_BATCH, kind, good.payload, change, ZHENGZHOU)
        return vector(name, made, MALFORMED)

    of_nanjing = replace(batch.message, header=replace(batch.message.header, issuer=NANJING))
    misdirected = replace(batch.message, header=replace(batch.message.header, audience=(NANJING,)))
    other_root = ATTESTATION_BATCH.encode(replace(batch.message, root=alone.message.root))
    return [
        vector("of-five", good, batch.message),
        vector("of-one", alone.envelope, alone.message),
        vector("expired", good, EXPIRED, end),
        vector("root-replaced-on-the-way", with_payload(good, other_root), BAD_SIGNATURE),
        vector(
            "signed-by-the-host",
            seal(ATTESTATION_BATCH, batch.message, [signer(HANGZHOU)]),
            UNKNOWN_KEY,
        ),
        vector("issued-by-another-city", sealed_lasting(of_nanjing), WRONG_ISSUER),
        vector("wrong-audience", sealed_lasting(misdirected), WRONG_AUDIENCE),
        changed("of-nothing", lambda w: w.ClearField("size")),
        changed("too-large", lambda w: setattr(w, "size", limits.RENEWAL_ITEMS + 1)),
        changed("root-cut-off", lambda w: setattr(w, "root", w.root[:-1])),
        changed("root-missing", lambda w: w.ClearField("root")),
        changed("for-two-hosts", lambda w: w.header.audience.append(NANJING)),
    ]
