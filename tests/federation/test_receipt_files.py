"""Files of receipts: one form, whole, and bounded; whatever else they hold is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import limits
from federation.envelope import Envelope
from federation.errors import (
    MALFORMED,
    TOO_LARGE,
    HutongError,
)
from federation.receipt import (
    Receipt,
    ReceiptKind,
    consent_receipt,
    receipt_from_json,
    receipt_to_json,
)
from federation.receipt_check import verify_receipt
from tests.federation import receipts
from tests.federation.make import (
    DAY,
    NOW,
    ZHENGZHOU,
    bundle,
)
from tests.federation.receipts import BUNDLES, GOOD, head_of, opened_bundle
from tests.federation.vector_cases.bundles import FIRST

TRUSTED = tuple(FIRST.values())
every_kind = pytest.mark.parametrize("kind", GOOD)


def test_a_receipt_shows_its_salt_in_no_error_and_no_repr() -> None:
    assert repr(receipts.SALT) not in repr(receipts.single())


def test_a_file_that_is_too_large_is_not_read() -> None:
    text = receipt_to_json(receipts.consent())
    padded = text + " " * (limits.RECEIPT_BYTES - len(text))
    assert receipt_from_json(padded) == receipts.consent()
    with pytest.raises(HutongError) as caught:
        receipt_from_json(padded + " ")
    assert caught.value.reason is TOO_LARGE


def test_a_file_in_another_order_or_on_one_line_is_the_same_receipt() -> None:
    found = json.loads(receipt_to_json(receipts.batched()))
    turned = json.dumps(dict(reversed(found.items())), separators=(",", ":"))
    assert receipt_from_json(turned) == receipts.batched()


@every_kind
@given(data=st.data())
def test_no_damaged_file_holds_unless_it_says_the_same(kind: str, data: st.DataObject) -> None:
    text = receipt_to_json(GOOD[kind]())
    at = data.draw(st.integers(0, len(text) - 1))
    with_ = data.draw(st.sampled_from('0123456789abcdefABCDEF"{}[],: \n+/=tn.e-'))
    damaged = text[:at] + with_ + text[at + data.draw(st.integers(0, 2)) :]
    try:
        receipt = receipt_from_json(damaged)
    except HutongError:
        return
    found = verify_receipt(receipt, TRUSTED)
    assert not found.trusted or saying(receipt) == saying(GOOD[kind]())


def saying(receipt: Receipt) -> object:
    """All of a receipt that means something: signatures by strangers do not."""
    found = verify_receipt(receipt)
    return (
        receipt.kind,
        receipt.statement and receipt.statement.payload,
        receipt.says,
        receipt.content,
        receipt.entry,
        found.attestation,
        head_of(receipt),
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@every_kind
@given(data=st.data())
def test_any_value_in_any_place_is_refused_with_an_error_of_ours(
    kind: str, data: st.DataObject
) -> None:
    found = json.loads(receipt_to_json(GOOD[kind]()))
    holder: Any = found
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = data.draw(st.sampled_from(keys))
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        holder = inner
    holder[key] = data.draw(JSON)
    try:
        receipt = receipt_from_json(json.dumps(found))
    except HutongError:
        return
    verify_receipt(receipt, TRUSTED, NOW + DAY)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_garbage_is_refused_with_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(HutongError) as caught:
        receipt_from_json(data)
    assert caught.value.reason is MALFORMED


def test_deeply_nested_json_is_refused() -> None:
    for deep in ("[" * 100_000, '{"a":' * 100_000):
        with pytest.raises(HutongError) as caught:
            receipt_from_json(deep)
        assert caught.value.reason is MALFORMED


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "administrative"},
        {"salt": bytes(15)},
        {"at_micros": -1},
        {"at_micros": True},
        {"leaf_index": 2**53},
        {"leaf_index": 1.0},
        {"proof": (bytes(31), bytes(33))},
        {"proof": (bytes(32),) * 65},
    ],
)
def test_an_entry_that_no_log_has_cannot_be_built(change: dict[str, Any]) -> None:
    with pytest.raises(HutongError) as caught:
        replace(receipts.consent().entry, **change)
    assert caught.value.reason is MALFORMED


@pytest.mark.parametrize(
    "change",
    [
        {"kind": ReceiptKind.CONSENT},
        {"statement": None},
        {"says": None},
        {"content": b"and a consent"},
        {"statement": Envelope("x", b"", ())},
        {"cities": ()},
        {"cities": receipts.single().cities[:1] * 2},
        {"checkpoint": b"\xff"},
        {"batch": receipts.batched().batch},
    ],
)
def test_a_receipt_whose_parts_do_not_fit_cannot_be_built(change: dict[str, Any]) -> None:
    with pytest.raises(HutongError) as caught:
        replace(receipts.single(), **change)
    assert caught.value.reason is MALFORMED


def test_a_consent_that_is_no_text_has_no_receipt() -> None:
    with pytest.raises(HutongError) as caught:
        consent_receipt(b"\xff\xfe", receipts.consent().entry, b"", BUNDLES)
    assert caught.value.reason is MALFORMED


def test_more_bundles_than_anybody_needs_are_refused() -> None:
    bundles = [opened_bundle(bundle(ZHENGZHOU, n + 1)) for n in range(limits.RECEIPT_BUNDLES + 1)]
    entry = receipts.consent().entry
    assert len(consent_receipt(b"", entry, b"", bundles[:-1]).cities) == limits.RECEIPT_BUNDLES
    with pytest.raises(HutongError) as caught:
        consent_receipt(b"", entry, b"", bundles)
    assert caught.value.reason is MALFORMED


def test_the_file_of_a_full_batch_is_small() -> None:
    text = receipt_to_json(receipts.batched(1000, 999))
    assert len(text) < 16 * 1024
    assert verify_receipt(receipt_from_json(text), TRUSTED).trusted
