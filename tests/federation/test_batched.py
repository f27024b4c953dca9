"""What a batch signs counts as if it were signed by itself; what it does not sign never counts.

Each flaw of an item is a vector (`batched-attestation--*`); here is what no file can show.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.codec import ATTESTATION, ATTESTATION_BATCH, PARTNERSHIP
from federation.envelope import (
    BatchedPayload,
    Envelope,
    Verified,
    open_batched,
    open_envelope,
    open_own,
    pae,
)
from federation.errors import (
    BAD_PROOF,
    MALFORMED,
    WRONG_AUDIENCE,
    HutongError,
    Reason,
)
from federation.limits import RENEWAL_ITEMS
from federation.merkle_log import leaf_hash
from federation.messages import Attestation
from tests.federation.lasting import Batch, renewed
from tests.federation.make import HANGZHOU, NANJING, NOW, ZHENGZHOU, opened, ring

BATCH = Batch()
OPENED = BATCH.opened()


def found(item: BatchedPayload, batch: Batch = BATCH) -> Verified[Attestation]:
    return open_batched(item, ATTESTATION, batch.opened(), audience=HANGZHOU, now=NOW)


def refused(item: BatchedPayload, reason: Reason, batch: Batch = BATCH) -> None:
    with pytest.raises(HutongError) as caught:
        found(item, batch)
    assert caught.value.reason is reason


def test_each_item_of_a_full_batch_counts_by_one_signature() -> None:
    batch = Batch(renewed(RENEWAL_ITEMS))
    signed = batch.opened()
    for place, payload in enumerate(batch.payloads):
        item = batch.item(place)
        opened_item = open_batched(item, ATTESTATION, signed, audience=HANGZHOU, now=NOW)
        assert opened_item.message == ATTESTATION.decode(payload)
        assert opened_item.envelope == Envelope(ATTESTATION.payload_type, payload, ())


def test_an_item_is_worth_what_the_same_attestation_alone_is_worth() -> None:
    said = ATTESTATION.decode(BATCH.payloads[2])
    alone, item = opened(said), found(BATCH.item(2))
    assert item.message == alone.message
    assert item.payload_digest == alone.payload_digest


def test_an_item_without_its_batch_is_no_envelope_that_anybody_opens() -> None:
    with pytest.raises(HutongError):
        open_envelope(
            found(BATCH.item(2)).envelope,
            ATTESTATION,
            signed_by=[ring(ZHENGZHOU)],
            audience=HANGZHOU,
            now=NOW,
        )


def test_an_item_is_not_for_whoever_else_gets_it() -> None:
    with pytest.raises(HutongError) as caught:
        open_batched(BATCH.item(2), ATTESTATION, OPENED, audience=NANJING, now=NOW)
    assert caught.value.reason is WRONG_AUDIENCE


@given(st.integers(0, 4), st.integers(0, 2**32), st.binary(max_size=200))
def test_no_other_place_and_no_other_proof_will_do(place: int, other: int, proof: bytes) -> None:
    good = BATCH.item(place)
    if other != place:
        refused(replace(good, leaf_index=other), BAD_PROOF)
    if proof != good.proof:
        refused(replace(good, proof=proof), BAD_PROOF)


@given(st.integers(0, 4), st.data())
def test_no_changed_payload_is_ever_parsed(place: int, data: st.DataObject) -> None:
    good = BATCH.item(place)
    payload = bytearray(good.payload)
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= 1 << data.draw(st.integers(0, 7))
    refused(replace(good, payload=bytes(payload)), BAD_PROOF)


def test_a_statement_of_another_type_does_not_pass_for_an_attestation() -> None:
    # The bytes are an attestation; what was signed is that they are a partnership.
    batch = Batch(renewed(), PARTNERSHIP.payload_type)
    refused(batch.item(0), BAD_PROOF, batch)


def test_the_whole_tree_does_not_pass_for_a_leaf() -> None:
    # A home that puts an inner node's content where a leaf belongs.
    left, right = (leaf_hash(pae(ATTESTATION.payload_type, each)) for each in BATCH.payloads[:2])
    refused(BatchedPayload(left + right, 0, BATCH.item(0).proof[32:]), BAD_PROOF)


def test_bytes_that_were_well_signed_and_are_no_attestation_are_refused() -> None:
    batch = Batch([b"\xff" * 30, b""])
    refused(batch.item(0), MALFORMED, batch)
    refused(batch.item(1), MALFORMED, batch)


def test_a_batch_that_this_city_kept_opens_its_items_later() -> None:
    kept = open_own(BATCH.envelope, ATTESTATION_BATCH)
    soon = NOW + timedelta(minutes=59)
    item = open_batched(BATCH.item(4), ATTESTATION, kept, audience=HANGZHOU, now=soon)
    assert item.message == ATTESTATION.decode(BATCH.payloads[4])
