"""Vectors that are no envelopes: items of batches, notes, cosignatures, receipts."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from federation import codec
from federation.checkpoint import check_cosignature, note_lines, open_checkpoint
from federation.codec import envelope_from_bytes
from federation.envelope import BatchedPayload, open_batched, open_envelope
from federation.errors import HutongError
from federation.identifiers import city_code
from federation.messages import TrustBundle
from federation.receipt import receipt_from_json, receipt_to_json
from federation.receipt_check import verify_receipt
from federation.rendering import plain
from federation.v1 import renewal_pb2
from tests.federation.test_vectors import keys, opened

FOLDER = Path(__file__).resolve().parents[1] / "vectors"
INDEX: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "index.json").read_text("utf-8"))
LEAST_FLAWED = 5


def vectors(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", INDEX[kind], ids=lambda found: str(found["name"]))


def content(vector: dict[str, Any]) -> bytes:
    return (FOLDER / str(vector["file"])).read_bytes()


def instant(vector: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(vector["now"]) if vector["now"] else None


@vectors("batched")
def test_an_item_of_a_batch_is_opened_or_refused(vector: dict[str, Any]) -> None:
    made = renewal_pb2.BatchedAttestation.FromString(content(vector))
    now, audience = instant(vector), vector["audience"]
    assert now is not None
    rings = [keys(name) for name in vector["signed_by"]]
    envelope = envelope_from_bytes(bytes.fromhex(vector["batch"]))
    batch = open_envelope(
        envelope, codec.ATTESTATION_BATCH, signed_by=rings, audience=audience, now=now
    )
    item = BatchedPayload(made.payload, made.leaf_index, made.proof)
    result: dict[str, object]
    try:
        found = open_batched(item, codec.ATTESTATION, batch, audience=audience, now=now)
        result = {"opened": plain(found.message)}
    except HutongError as error:
        result = {"refused": error.reason.name}
    assert result == vector["expected"]


@vectors("checkpoints")
def test_a_checkpoint_is_opened_or_refused(vector: dict[str, Any]) -> None:
    (ring,) = (keys(name) for name in vector["signed_by"])
    result: dict[str, object]
    try:
        head = open_checkpoint(
            content(vector), city_code(vector["city"]), ring.keys, instant(vector)
        )
        shown = {"origin": head.origin, "size": head.size, "root": head.root.hex()}
        result = {"opened": shown}
    except HutongError as error:
        result = {"refused": error.reason.name}
    assert result == vector["expected"]


@vectors("cosignatures")
def test_a_cosignature_is_believed_or_refused(vector: dict[str, Any]) -> None:
    (ring,) = (keys(name) for name in vector["signed_by"])
    note, city = content(vector), city_code(vector["cosigned_by"])
    result: dict[str, object]
    try:
        at = check_cosignature(note, note_lines(note)[-1].line, city, ring.keys)
        result = {"cosigned_at": at.isoformat().replace("+00:00", "Z")}
    except HutongError as error:
        result = {"refused": error.reason.name}
    assert result == vector["expected"]


@vectors("receipts")
def test_a_receipt_holds_or_fails_at_its_step(vector: dict[str, Any]) -> None:
    assert verified(vector) == vector["expected"]


def verified(vector: dict[str, Any]) -> dict[str, object]:
    trusted = [
        message for name in vector["trusted"] if isinstance(message := opened(name), TrustBundle)
    ]
    assert len(trusted) == len(vector["trusted"])
    try:
        receipt = receipt_from_json(content(vector))
    except HutongError as error:
        return {"refused": error.reason.name, "step": "READ"}
    assert receipt_from_json(receipt_to_json(receipt)) == receipt
    found = verify_receipt(receipt, trusted, instant(vector))
    if found.error:
        assert not found.holds
        assert found.attestation is None
        return {"refused": found.error.reason.name, "step": found.steps[-1].step.name}
    return {
        "holds": found.holds,
        "trusted": found.trusted,
        "cosigned_by": [each.city for each in found.cosignatures],
        "fingerprints": [each.fingerprint for each in found.bundles],
    }


@pytest.mark.parametrize("kind", ["batched", "checkpoints", "cosignatures", "receipts"])
def test_each_kind_has_good_vectors_and_several_flawed(kind: str) -> None:
    flawed = [found for found in INDEX[kind] if "refused" in found["expected"]]
    assert len(INDEX[kind]) > len(flawed) >= LEAST_FLAWED
