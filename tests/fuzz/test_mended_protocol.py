"""Faults that were found in what strangers send, each with its story; none may come back."""

import json

import pytest

from federation import limits
from federation.codec import PARTNERSHIP, TRUST_BUNDLE
from federation.codec.partnerships import partnership_to_wire
from federation.errors import MALFORMED, HutongError
from federation.log_fork import evidence_from_json, evidence_to_json
from federation.receipt import receipt_from_json, receipt_to_json
from tests.federation.make import partnership
from tests.federation.receipts import GOOD
from tests.federation.test_log_fork import LIE, made, note

EVIDENCE = evidence_to_json(made(note(7), note(7, LIE))).decode()


def refused(content: str) -> None:
    with pytest.raises(HutongError) as found:
        evidence_from_json(content.encode())
    assert found.value.reason == MALFORMED


@pytest.mark.parametrize("hash_", ["é", "密", "\u00a0", "a"])
def test_a_hash_of_no_ascii_is_no_hash(hash_: str) -> None:
    # Python tells what is no ASCII by another error than what is no base64: `log verify` fell over
    # a file of evidence that somebody had sent.
    said = json.loads(EVIDENCE)
    said["proof"] = [hash_]
    refused(json.dumps(said))
    refused(json.dumps(said, ensure_ascii=False))


def test_evidence_says_each_thing_once() -> None:
    # The last of two was taken, where another reader takes the first.
    refused(EVIDENCE.replace('"city": "410100"', '"city": "330100", "city": "410100"', 1))
    assert '"signatures"' in EVIDENCE
    refused(EVIDENCE.replace('"signatures"', '"payload": "", "signatures"', 1))


def test_the_fingerprint_in_evidence_is_that_of_the_bundle_in_it() -> None:
    # Whoever compares the one that is written there by telephone would trust another bundle.
    said = json.loads(EVIDENCE)
    said["fingerprint"] = said["fingerprint"][::-1]
    refused(json.dumps(said))
    refused(json.dumps(said | {"fingerprint": 7}))


@pytest.mark.parametrize("sequence", [2**63, 2**64 - 1])
def test_a_statement_is_numbered_as_a_store_can_number_it(sequence: int) -> None:
    # A partner could send a number that no database takes, and each of its swaps failed inside.
    wire = partnership_to_wire(partnership())
    wire.sequence = sequence
    with pytest.raises(HutongError) as found:
        PARTNERSHIP.decode(wire.SerializeToString(deterministic=True))
    assert found.value.reason == MALFORMED
    wire.sequence = 2**63 - 1
    assert PARTNERSHIP.decode(wire.SerializeToString(deterministic=True)).sequence == 2**63 - 1


@pytest.mark.parametrize("says", [7, "a text", [], [{}], True, 1.5])
def test_what_a_receipt_says_in_plain_is_an_object(says: object) -> None:
    # Anything was taken for what it says, and only the last step of the check looked.
    plain = json.loads(receipt_to_json(GOOD["single"]()))
    plain["says"] = says
    with pytest.raises(HutongError) as found:
        receipt_from_json(json.dumps(plain))
    assert found.value.reason == MALFORMED


def test_no_payload_is_too_deep_to_be_refused() -> None:
    for depth in (100, 10_000, limits.PAYLOAD_BYTES // 2):
        for opened, closed in (("[", "]"), ('{"form":', "}")):
            refused(opened * depth + "1" + closed * depth)
    nested = b"\x0a" * 1000
    with pytest.raises(HutongError):
        TRUST_BUNDLE.decode(nested)
