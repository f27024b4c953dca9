"""A log, its cosigned checkpoint and receipts of it, from fixed seeds."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from federation.checkpoint import (
    Checkpoint,
    cosign,
    cosigned,
    origin_of,
    sign_checkpoint,
    unverified_checkpoint,
)
from federation.codec import ATTESTATION, TRUST_BUNDLE
from federation.envelope import Envelope, Verified, open_own, seal
from federation.identifiers import CityCode
from federation.log_entry import commitment, entry_leaf
from federation.merkle_log import BatchTree, leaf_hash, node_hash, split_hashes
from federation.messages import Attestation, TrustBundle
from federation.receipt import (
    BatchPlace,
    EntryProof,
    Receipt,
    attestation_receipt,
    consent_receipt,
)
from tests.federation.lasting import Batch, renewed
from tests.federation.make import (
    HANGZHOU,
    NANJING,
    NOW,
    ZHENGZHOU,
    attestation,
    sealed,
    sealed_bundle,
    signer,
)
from tests.federation.vector_cases.bundles import FIRST

SALT = bytes(range(16))
MICROS = (NOW - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
CONSENT = "郑州 → 杭州: library.deposit_free, until 2027-11-24\n".encode()
SIZE, PLACE = 11, 6


def opened_bundle(message: TrustBundle) -> Verified[TrustBundle]:
    return open_own(sealed_bundle(message), TRUST_BUNDLE)


def opened_by(message: TrustBundle) -> Verified[TrustBundle]:
    """A bundle, signed by its own first root, whatever that is."""
    root = next(
        found
        for name in ("root-1", "root-forged", "root-9")
        if (found := signer(message.header.issuer, name)).key_id == message.root_keys[0].key_id
    )
    return open_own(seal(TRUST_BUNDLE, message, [root]), TRUST_BUNDLE)


BUNDLES = tuple(opened_bundle(FIRST[city]) for city in (ZHENGZHOU, HANGZHOU, NANJING))


def logged(
    content: bytes, kind: str = "issued", place: int = PLACE, size: int = SIZE
) -> tuple[EntryProof, Checkpoint]:
    """The proof of an entry in Zhengzhou's log of that size, and the log's head."""
    leaves = [leaf_hash(f"entry {i}".encode()) for i in range(size)]
    leaves[place] = leaf_hash(entry_leaf(kind, MICROS, commitment(SALT, content)))
    tree = BatchTree(leaves)
    proof = split_hashes(tree.proof(place), most=64)
    head = Checkpoint(origin_of(ZHENGZHOU), size, tree.root)
    return EntryProof(kind, MICROS, SALT, place, proof), head


def note_of(
    head: Checkpoint,
    cosigners: Sequence[CityCode] = (HANGZHOU, NANJING),
    purpose: str = "signing-1",
    at: datetime = NOW + timedelta(seconds=2),
) -> bytes:
    """The head, signed by Zhengzhou and cosigned."""
    own = signer(ZHENGZHOU, purpose)
    note = sign_checkpoint(head, own, own.public_key)
    lines = []
    for city in cosigners:
        partner = signer(city)
        lines.append(cosign(note, city, partner, partner.public_key, at))
    return cosigned(note, lines)


def head_of(receipt: Receipt) -> Checkpoint:
    """What the receipt's checkpoint says."""
    return unverified_checkpoint(receipt.checkpoint)


def single(said: Attestation | None = None, envelope: Envelope | None = None) -> Receipt:
    """The receipt of an attestation that was signed by itself."""
    envelope = envelope or sealed(said or attestation())
    entry, head = logged(envelope.payload)
    statement = open_own(envelope, ATTESTATION)
    return attestation_receipt(statement, None, entry, note_of(head), BUNDLES)


def batched(count: int = 5, place: int = 3) -> Receipt:
    """The receipt of an attestation that was signed with others, by their root."""
    batch = Batch(renewed(count))
    entry, head = logged(batch.envelope.payload)
    item = batch.item(place)
    statement = open_own(Envelope(ATTESTATION.payload_type, item.payload, ()), ATTESTATION)
    there = BatchPlace(batch.envelope, place, split_hashes(item.proof, most=64))
    return attestation_receipt(statement, there, entry, note_of(head), BUNDLES)


def consent(content: bytes = CONSENT) -> Receipt:
    """The receipt of a consent."""
    entry, head = logged(content, "consented")
    return consent_receipt(content, entry, note_of(head), BUNDLES)


def in_a_huge_log() -> Receipt:
    """The receipt of an entry in a log of 2^33 entries and three; all hashes beside it are 0."""
    good = single()
    if good.statement is None:
        raise ValueError("it has a statement")
    place, size = 2**32 + 5, 2**33 + 3
    content = commitment(SALT, good.statement.payload)
    found = leaf_hash(entry_leaf("issued", MICROS, content))
    proof = (bytes(32),) * 34
    # It lies left of the last three: 33 levels to the root of the first 2^33, and then to the top.
    for level in range(33):
        found = node_hash(bytes(32), found) if place >> level & 1 else node_hash(found, bytes(32))
    head = Checkpoint(origin_of(ZHENGZHOU), size, node_hash(found, bytes(32)))
    entry = EntryProof("issued", MICROS, SALT, place, proof)
    return replace(good, entry=entry, checkpoint=note_of(head))


GOOD: dict[str, Callable[[], Receipt]] = {
    "single": single,
    "batched": batched,
    "consent": consent,
}
