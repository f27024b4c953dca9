"""Logs and what proves them: notes, Merkle proofs, evidence of forks, receipts, status lists."""

import json
from functools import cache
from typing import Final

from federation.checkpoint import (
    Checkpoint,
    check_cosignature,
    cosigned,
    note_lines,
    open_checkpoint,
    unverified_checkpoint,
    without_cosignatures,
)
from federation.codec import TRUST_BUNDLE
from federation.errors import HutongError
from federation.limits import PROOF_HASHES, STATUS_PLACES
from federation.log_fork import evidence_from_json, evidence_to_json, judge
from federation.merkle_log import (
    HASH_BYTES,
    BatchTree,
    check_consistency,
    check_inclusion,
    consistency_proof,
    leaf_hash,
    merkle_root,
    split_hashes,
)
from federation.receipt import receipt_from_json, receipt_to_json
from federation.receipt_check import verify_receipt
from federation.status_list import bits_of, joined, newly_set, packed, unpacked
from scripts.fuzzing.oracle import Feed, Target, now_and_then, promise, taken
from scripts.fuzzing.statements import VECTORS, known_bundle, rings
from tests.federation.make import HANGZHOU, NOW, ZHENGZHOU
from tests.federation.receipts import GOOD, note_of, single
from tests.federation.test_log_fork import KEYS, LIE, honest, made, note

_LEAVES: Final = 33
_BYTES: Final = STATUS_PLACES // 8


@cache
def _leaves() -> tuple[bytes, ...]:
    return tuple(leaf_hash(bytes([n])) for n in range(_LEAVES))


@cache
def _tree(size: int) -> BatchTree:
    return BatchTree(_leaves()[:size])


def _flipped(good: bytes, feed: Feed) -> bytes:
    """A good proof with the rest of the input laid over it: whatever is not zero is a change."""
    change = feed.rest()[: 65 * HASH_BYTES]
    longest = max(len(good), len(change))
    pairs = zip(good.ljust(longest, b"\0"), change.ljust(longest, b"\0"), strict=True)
    return bytes(one ^ other for one, other in pairs)


def _inclusion(data: bytes) -> None:
    """Of a tree that is there no other leaf is proven at a place than the one that it has there."""
    feed = Feed(data)
    size, place, claimed = (feed.number(1) % _LEAVES + 1 for _ in range(3))
    said_size, said_place = size + feed.signed(1), place - 1 + feed.signed(1)
    tree = _tree(size)
    proof = _flipped(tree.proof((place - 1) % size), feed)
    hashes = taken(lambda: split_hashes(proof, most=PROOF_HASHES))
    leaf = _leaves()[claimed - 1]

    def proven() -> bool:
        check_inclusion(leaf, said_place, said_size, hashes or (), tree.root)
        return True

    if hashes is not None and taken(proven) and said_size == size:
        promise(_leaves()[said_place] == leaf, "a proof is of the leaf that is there")


def _consistency(data: bytes) -> None:
    """No root but that of its beginning is proven to begin a tree."""
    feed = Feed(data)
    first, second = (feed.number(1) % _LEAVES + 1 for _ in range(2))
    first, second = sorted((first, second))
    said = first + feed.signed(1)
    claimed = _root(feed.number(1) % (_LEAVES + 1))
    good = _grown(first, second)
    hashes = taken(lambda: split_hashes(_flipped(good, feed), most=PROOF_HASHES))

    def proven() -> bool:
        check_consistency(said, second, hashes or (), claimed, _tree(second).root)
        return True

    if hashes is not None and taken(proven):
        promise(claimed == _root(min(said, _LEAVES)), "the root is that of the first leaves")


@cache
def _root(size: int) -> bytes:
    return merkle_root(_leaves()[:size])


@cache
def _grown(first: int, second: int) -> bytes:
    def nodes(level: int, index: int) -> bytes:
        return merkle_root(_leaves()[index << level : (index + 1) << level])

    return b"".join(consistency_proof(first, second, nodes))


def _note(data: bytes) -> None:
    head = taken(lambda: unverified_checkpoint(data))
    lines = taken(lambda: note_lines(data))
    if head is not None:
        promise(data.startswith(head.text + b"\n"), "a checkpoint has one text")
        promise(Checkpoint(head.origin, head.size, head.root) == head, "it can be built again")
    if head is not None and lines is not None:
        bare = without_cosignatures(data)
        promise(cosigned(bare, [line.line for line in lines]) == data, "lines come in their order")
    opened = taken(lambda: open_checkpoint(data, ZHENGZHOU, rings()[0].keys, NOW))
    if opened is not None:
        promise(opened == head, "what is opened is what is said")


@cache
def _cosigned() -> bytes:
    return note_of(Checkpoint("hutong/410100", 7, _tree(7).root))


def _cosignature(data: bytes) -> None:
    at = taken(lambda: check_cosignature(_cosigned(), data, HANGZHOU, rings()[1].keys))
    if at is not None:
        promise(data in _cosigned(), "nothing else is that city's cosignature")
    taken(lambda: cosigned(_cosigned(), [data]))


def _evidence(data: bytes) -> None:
    found = taken(lambda: evidence_from_json(data))
    if found is None:
        return
    promise(evidence_from_json(evidence_to_json(found)) == found, "it is the same after a round")
    found.at.isoformat().encode()
    taken(lambda: judge(found, KEYS))
    bundle_of = taken(lambda: TRUST_BUNDLE.decode(found.trust_bundle.payload))
    if bundle_of is not None:
        taken(lambda: judge(found, bundle_of.signing_keys))


def _receipt(data: bytes) -> None:
    found = taken(lambda: receipt_from_json(data))
    if found is None:
        return
    text = receipt_to_json(found)
    promise(isinstance(found.says, dict | None), "what it says is an object")
    if "\\ud" not in json.dumps(found.says):
        promise(receipt_from_json(text) == found, "it is the same after a round")
    for trusted in ((), (known_bundle(),)):
        findings = verify_receipt(found, trusted, NOW)
        if findings.error is not None:
            promise(isinstance(findings.error, HutongError), "a step fails with a reason")
            findings.error.text("zh").encode()
        promise(findings.holds or findings.attestation is None, "what does not hold proves nothing")


def _bits(data: bytes) -> None:
    # Some also as bits: to compress them takes longer than all else.
    also = (packed(data[:_BYTES].ljust(_BYTES, b"\0")),) if now_and_then(data, 4) else ()
    forms = (data, *also)
    for form in forms:
        found = taken(lambda form=form: unpacked(form))  # type: ignore[misc]
        if found is None:
            continue
        promise(len(found) == _BYTES, "a list has all its places, and no more")
        promise(unpacked(packed(found)) == found, "bits are the same after a round")
        promise(joined(found, bytes(_BYTES)) == found, "nothing is added to nothing")
        if now_and_then(data, 16):
            places = newly_set(bytes(_BYTES), found)
            promise(bits_of(places) == found, "what is newly set is what is set")


def _status_bits() -> list[bytes]:
    made_of = ((), (0,), (65_535,), range(0, 65_536, 7), range(65_536))
    return [packed(bits_of(places)) for places in made_of]


def _files(pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(VECTORS.glob(pattern))]


def _all_evidence() -> list[bytes]:
    pairs = ((note(7), note(7, LIE), ()), (note(7), note(11, LIE), honest(7, 11)))
    return [evidence_to_json(made(*each)) for each in pairs]


def targets() -> list[Target]:
    """One for each form."""
    receipts = [receipt_to_json(make()).encode() for make in GOOD.values()]
    numbers = [bytes([7, 3, 3, 0, 0]), bytes([32, 8, 8, 0, 0]), bytes([0, 0, 0, 0, 0])]
    halves = [bytes([7, 11, 0, 7]), bytes([16, 32, 0, 16]), bytes([0, 0, 0, 0])]
    return [
        Target("checkpoint", "a signed note", _note, lambda: _files("checkpoint--*.txt"), 2048),
        Target(
            "cosignature",
            "a line of a note",
            _cosignature,
            lambda: _files("cosignature--*.txt"),
            512,
        ),
        Target("inclusion-proof", "that a leaf is in a tree", _inclusion, lambda: numbers, 512),
        Target("consistency-proof", "that a log only grew", _consistency, lambda: halves, 512),
        Target("fork-evidence", "evidence of a fork", _evidence, _all_evidence, 4096),
        Target(
            "receipt",
            "a receipt that a resident keeps",
            _receipt,
            lambda: [*receipts, receipt_to_json(single()).encode()],
            16 * 1024,
        ),
        Target("status-bits", "the bits of a status list", _bits, _status_bits, 9 * 1024),
    ]
