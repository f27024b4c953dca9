"""Evidence of a fork is judged by what is signed in it, and by nothing that is said beside it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint
from federation.envelope import Envelope, Signature
from federation.errors import (
    BAD_NOTE,
    BAD_PROOF,
    BAD_SIGNATURE,
    MALFORMED,
    UNKNOWN_KEY,
    HutongError,
    Reason,
)
from federation.identifiers import CityCode
from federation.keys import Ed25519Signer
from federation.log_fork import Evidence, ForkKind, evidence_from_json, evidence_to_json, judge
from federation.merkle_log import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    leaf_hash,
    merkle_root,
)

CITY, OTHER = CityCode("410100"), CityCode("330100")
SIGNER, STRANGER = (Ed25519Signer.from_seed(seed * 32) for seed in (b"s", b"x"))
AT = datetime(2026, 11, 28, tzinfo=UTC)
KEYS = (SIGNER.described(not_before=AT, not_after=AT.replace(year=2027)),)
LEAVES = [leaf_hash(bytes([n])) for n in range(11)]
BUNDLE = Envelope("a type", b"a payload", (Signature("0" * 64, b"s" * 64),))


def root(size: int) -> bytes:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    return frontier.root()


def note(
    size: int, of: bytes | None = None, city: CityCode = CITY, by: Ed25519Signer = SIGNER
) -> bytes:
    head = Checkpoint(origin_of(city), size, of or root(size))
    return sign_checkpoint(head, by, by.public_key)


def made(known: bytes, shown: bytes, proof: tuple[bytes, ...] = ()) -> Evidence:
    return Evidence(CITY, AT, "a problem", known, shown, proof, BUNDLE)


def honest(first: int, second: int) -> tuple[bytes, ...]:
    def nodes(level: int, index: int) -> bytes:
        return merkle_root(LEAVES[index << level : (index + 1) << level])

    return consistency_proof(first, second, nodes)


LIE = b"\x07" * 32


def test_two_roots_of_one_size_are_two_histories() -> None:
    assert judge(made(note(7), note(7, LIE)), KEYS) is ForkKind.SPLIT


def test_a_proof_that_does_not_hold_is_on_the_city() -> None:
    assert judge(made(note(7), note(11, LIE), honest(7, 11)), KEYS) is ForkKind.NOT_EXTENDED
    assert judge(made(note(7), note(11)), KEYS) is ForkKind.NOT_EXTENDED
    # Also where the one that was known is the larger one.
    assert judge(made(note(11), note(7, LIE), honest(7, 11)), KEYS) is ForkKind.NOT_EXTENDED


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (made(note(7), note(7)), BAD_PROOF),
        (made(note(7), note(11), honest(7, 11)), BAD_PROOF),
        (made(note(11), note(7), honest(7, 11)), BAD_PROOF),
        (made(note(7), note(7, LIE, by=STRANGER)), UNKNOWN_KEY),
        (made(note(7, by=STRANGER), note(7, LIE)), UNKNOWN_KEY),
        (made(note(7), note(7, LIE, city=OTHER)), BAD_NOTE),
        (made(note(7), note(7, LIE).replace(b"\n7\n", b"\n8\n")), BAD_SIGNATURE),
        (made(note(7), b""), BAD_NOTE),
        # Every log extends an empty one.
        (made(note(0, EMPTY_ROOT), note(7)), BAD_PROOF),
    ],
)
def test_who_says_a_city_forked_must_have_its_signatures(
    evidence: Evidence, reason: Reason
) -> None:
    with pytest.raises(HutongError) as refused:
        judge(evidence, KEYS)
    assert refused.value.reason == reason


def test_evidence_comes_back_from_its_file_as_it_was() -> None:
    evidence = made(note(7), note(11, LIE), honest(7, 11))
    assert evidence_from_json(evidence_to_json(evidence)) == evidence
    assert judge(evidence_from_json(evidence_to_json(evidence)), KEYS) is ForkKind.NOT_EXTENDED


CHANGES: dict[str, Any] = {
    "form": "hutong-log-fork/2",
    "city": "Zhengzhou",
    "at": "2026-11-28",
    "problem": 7,
    "known": ["a", "b"],
    "shown": "\ud800",
    "proof": ["?"],
    "trust_bundle": {},
}


@pytest.mark.parametrize("member", [*CHANGES, "one that it does not have", "one less"])
def test_what_is_no_evidence_is_refused(member: str) -> None:
    said = json.loads(evidence_to_json(made(note(7), note(7, LIE))))
    if member == "one less":
        del said["city"]
    else:
        said[member] = CHANGES.get(member, "")
    with pytest.raises(HutongError) as refused:
        evidence_from_json(json.dumps(said).encode())
    assert refused.value.reason == MALFORMED


@given(st.binary(max_size=200))
def test_garbage_is_told_as_garbage(content: bytes) -> None:
    with pytest.raises(HutongError):
        evidence_from_json(content)


def test_a_proof_of_too_many_hashes_is_not_read() -> None:
    evidence = replace(made(note(7), note(11, LIE)), proof=(LIE,) * 65)
    with pytest.raises(HutongError):
        evidence_from_json(evidence_to_json(evidence))
