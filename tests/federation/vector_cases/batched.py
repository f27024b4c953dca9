"""One attestation of a batch, which counts by the batch's signature and its own proof."""

from dataclasses import replace
from datetime import timedelta

from federation.codec import ATTESTATION, PARTNERSHIP, envelope_to_bytes
from federation.envelope import BatchedPayload
from federation.errors import (
    BAD_PROOF,
    EXPIRED,
    MALFORMED,
    NOT_CANONICAL,
    NOT_YET_VALID,
    TOO_LARGE,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    Reason,
)
from federation.limits import PAYLOAD_BYTES
from federation.rendering import plain
from federation.v1 import renewal_pb2
from tests.federation import wire
from tests.federation.lasting import Batch, renewed
from tests.federation.make import (
    HANGZHOU,
    NANJING,
    SECOND,
    SKEW,
    ZHENGZHOU,
    aged,
    attestation,
    partnership,
)
from tests.federation.vector_cases.loose import Loose, bundle_names, instant
from tests.federation.vector_cases.vector import flipped


def batched() -> list[Loose]:
    return [*_good(), *_unproven(), *_well_signed()]


def _vector(name: str, batch: Batch, item: BatchedPayload, refused: Reason | None) -> Loose:
    made = renewal_pb2.BatchedAttestation(
        payload=item.payload, leaf_index=item.leaf_index, proof=item.proof
    )
    expected = refused or {"opened": plain(ATTESTATION.decode(item.payload))}
    return Loose(
        name=f"batched-attestation--{name}",
        ending="binpb",
        content=made.SerializeToString(deterministic=True),
        given={
            "batch": envelope_to_bytes(batch.envelope).hex(),
            "signed_by": bundle_names(ZHENGZHOU),
            "audience": HANGZHOU,
            "now": instant(),
        },
        expected=expected,
    )


def _good() -> list[Loose]:
    batch, alone = Batch(), Batch(renewed(1))
    items = [_vector(f"number-{n}-of-five", batch, batch.item(n), None) for n in range(5)]
    return [*items, _vector("alone", alone, alone.item(0), None)]


def _unproven() -> list[Loose]:
    batch = Batch()
    good, other = batch.item(3), batch.item(2)
    # Its own neighbours in a longer batch, with the proof that is good there.
    foreign = Batch(renewed(9)).item(3)
    flawed = {
        "payload-changed": replace(good, payload=renewed(6)[5]),
        "payload-of-its-neighbour": replace(good, payload=other.payload),
        "proof-of-its-neighbour": replace(good, proof=other.proof),
        "place-of-its-neighbour": replace(good, leaf_index=2),
        "place-outside": replace(good, leaf_index=5),
        "proof-missing": replace(good, proof=b""),
        "proof-cut-off": replace(good, proof=good.proof[:-32]),
        "proof-with-half-a-hash": replace(good, proof=good.proof[:-16]),
        "proof-with-a-hash-left-over": replace(good, proof=good.proof + bytes(32)),
        "proof-of-more-hashes-than-any-tree-has": replace(good, proof=bytes(32 * 65)),
        "flipped-bit-in-the-proof": replace(good, proof=flipped(good.proof, 300)),
        "proof-from-another-batch": foreign,
        "hidden-field-added-on-the-way": replace(good, payload=good.payload + wire.UNKNOWN),
    }
    huge = replace(good, payload=bytes(PAYLOAD_BYTES + 1))
    return [
        *(_vector(name, batch, item, BAD_PROOF) for name, item in flawed.items()),
        _vector("payload-too-large", batch, huge, TOO_LARGE),
    ]


def _well_signed() -> list[Loose]:
    """In the tree of a batch that a city signed, and not to count all the same."""
    good = attestation()
    head = good.header
    heads = {
        "issued-by-another-city": (replace(head, issuer=NANJING), WRONG_ISSUER),
        "wrong-audience": (replace(head, audience=(NANJING,)), WRONG_AUDIENCE),
        "for-every-city": (replace(head, audience=()), WRONG_AUDIENCE),
        "expired": (aged(head, timedelta(hours=1)), EXPIRED),
        "from-the-future": (aged(head, -SKEW - SECOND), NOT_YET_VALID),
    }
    said = {
        name: (ATTESTATION.encode(replace(good, header=changed)), why)
        for name, (changed, why) in heads.items()
    }
    said |= {
        "garbage": (b"\xff" * 40, MALFORMED),
        "hidden-field": (ATTESTATION.encode(good) + wire.UNKNOWN, NOT_CANONICAL),
    }
    # A statement of another kind, signed as that: the type is in the leaf.
    other = Batch([PARTNERSHIP.encode(partnership())], PARTNERSHIP.payload_type)
    found = [_vector("of-another-kind", other, other.item(0), BAD_PROOF)]
    for name, (payload, why) in said.items():
        batch = Batch([payload, *renewed(2)])
        found.append(_vector(name, batch, batch.item(0), why))
    return found
