"""Receipts: what a resident keeps must hold against everybody, and nothing forged may hold.

Each flaw of a file is a vector (`receipt--*`); here is what depends on who verifies, and when.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from federation.errors import (
    BAD_PROOF,
    KEY_NOT_VALID,
    MALFORMED,
    NOT_YET_VALID,
    UNKNOWN_KEY,
    HutongError,
    Reason,
)
from federation.identifiers import CityCode
from federation.messages import TrustBundle
from federation.receipt import (
    consent_receipt,
    receipt_from_json,
    receipt_to_json,
)
from federation.receipt_check import ReceiptFindings, Step, verify_receipt
from federation.trust import fingerprint
from tests.federation import receipts
from tests.federation.make import (
    DAY,
    HANGZHOU,
    NANJING,
    NOW,
    SECOND,
    ZHENGZHOU,
    attestation,
    bundle,
    public,
)
from tests.federation.receipts import BUNDLES, GOOD, head_of, note_of
from tests.federation.vector_cases.bundles import FIRST

TRUSTED = tuple(FIRST.values())
every_kind = pytest.mark.parametrize("kind", GOOD)


def failed(found: ReceiptFindings, step: Step, reason: Reason) -> None:
    assert not found.holds
    assert not found.trusted
    assert found.attestation is None
    assert (found.steps[-1].step, found.error and found.error.reason) == (step, reason)


def test_a_receipt_tells_each_step_in_order() -> None:
    taken = {
        kind: [s.step.name for s in verify_receipt(make()).steps] for kind, make in GOOD.items()
    }
    outside = ["KEYS", "COSIGNATURES", "CHECKPOINT", "ENTRY"]
    assert taken == {
        "single": [*outside, "STATEMENT", "SAYS"],
        "batched": [*outside, "STATEMENT", "BATCH", "SAYS"],
        "consent": outside,
    }


@every_kind
def test_a_receipt_comes_back_from_its_file(kind: str) -> None:
    receipt = GOOD[kind]()
    assert receipt_from_json(receipt_to_json(receipt)) == receipt
    assert receipt_from_json(receipt_to_json(receipt).encode()) == receipt


@every_kind
def test_who_knows_no_city_learns_the_fingerprints_to_compare(kind: str) -> None:
    found = verify_receipt(GOOD[kind]())
    assert found.holds
    assert not found.trusted
    shown = [(each.city, each.fingerprint, each.trusted) for each in found.bundles]
    envelopes = [each.envelope for each in BUNDLES]
    cities = (ZHENGZHOU, HANGZHOU, NANJING)
    assert shown == [
        (city, fingerprint(each), False) for city, each in zip(cities, envelopes, strict=True)
    ]


@every_kind
def test_who_knows_the_home_city_trusts_it_and_each_cosigner_for_itself(kind: str) -> None:
    found = verify_receipt(GOOD[kind](), [FIRST[ZHENGZHOU], FIRST[NANJING]], NOW + DAY)
    assert found.trusted
    assert [(each.city, each.trusted) for each in found.cosignatures] == [
        (HANGZHOU, False),
        (NANJING, True),
    ]
    assert {each.at for each in found.cosignatures} == {NOW + 2 * SECOND}


def test_what_is_proven_is_what_was_signed() -> None:
    assert verify_receipt(receipts.single()).attestation == attestation()
    found = verify_receipt(receipts.batched(5, 3)).attestation
    assert found == replace(attestation(), status_index=103)
    assert verify_receipt(receipts.consent()).attestation is None


def test_a_city_that_made_up_another_s_bundle_is_not_trusted() -> None:
    # Its own root, its own keys, Zhengzhou's name: whole in itself, and nobody vouches for it.
    forger = bundle(ZHENGZHOU, roots=("root-forged",))
    forged = replace(receipts.single(), cities=keys_of(forger, *TRUSTED[1:]))
    found = verify_receipt(forged, TRUSTED)
    assert found.holds
    assert not found.trusted
    assert [each.trusted for each in found.bundles] == [False, True, True]


def test_a_city_vouches_for_its_own_bundles_only() -> None:
    # Hangzhou has Zhengzhou's root among its own: that makes it no judge of Zhengzhou's keys.
    other = replace(bundle(HANGZHOU), root_keys=FIRST[ZHENGZHOU].root_keys)
    assert not verify_receipt(receipts.single(), [other]).trusted


def test_the_bundle_of_years_later_vouches_for_the_one_of_then() -> None:
    later = bundle(ZHENGZHOU, 9, keys=("signing-9",))
    assert verify_receipt(receipts.single(), [later], NOW + 300 * DAY).trusted
    new_root = bundle(ZHENGZHOU, 9, roots=("root-9",), keys=("signing-9",))
    assert not verify_receipt(receipts.single(), [new_root], NOW + 300 * DAY).trusted
    assert verify_receipt(receipts.single(), [new_root, later], NOW + 300 * DAY).trusted


def keys_of(*messages: TrustBundle) -> Any:  # noqa: ANN401 - as the receipt has them
    bundles = [receipts.opened_by(message) for message in messages]
    return consent_receipt(b"", receipts.consent().entry, b"", bundles).cities


def revoking(at: timedelta, city: CityCode = ZHENGZHOU) -> TrustBundle:
    """A later bundle that says since when the city's first signing key no longer counts."""
    lost = replace(public(city, "signing-1"), revoked_at=NOW + at)
    return replace(bundle(city, 2), signing_keys=(lost, public(city, "signing-2")))


@every_kind
def test_a_city_cannot_disown_what_it_said_by_revoking_its_key(kind: str) -> None:
    known = [revoking(timedelta(hours=1)), FIRST[HANGZHOU]]
    assert verify_receipt(GOOD[kind](), known, NOW + DAY).trusted


@every_kind
def test_who_found_a_revoked_key_cannot_make_receipts_with_it(kind: str) -> None:
    # Seen by partners two seconds after it was made, and one after the revocation.
    known = [revoking(SECOND), *TRUSTED[1:]]
    failed(verify_receipt(GOOD[kind](), known, NOW + DAY), Step.CHECKPOINT, KEY_NOT_VALID)


def test_only_partners_whom_the_verifier_knows_prove_that_it_was_before_the_revocation() -> None:
    known = [revoking(timedelta(hours=1))]
    failed(verify_receipt(receipts.single(), known), Step.CHECKPOINT, KEY_NOT_VALID)
    alone = replace(receipts.single(), checkpoint=note_of(head_of(receipts.single()), ()))
    failed(verify_receipt(alone, [*known, FIRST[HANGZHOU]]), Step.CHECKPOINT, KEY_NOT_VALID)


def test_a_cosigner_that_revoked_its_key_is_passed_over() -> None:
    known = [FIRST[ZHENGZHOU], revoking(timedelta(hours=1), HANGZHOU)]
    found = verify_receipt(receipts.single(), known)
    assert found.trusted
    assert [each.city for each in found.cosignatures] == [NANJING]


def test_no_city_revokes_the_key_of_another() -> None:
    stolen = revoking(-DAY).signing_keys[0]
    meddling = replace(bundle(NANJING, 2), signing_keys=(stolen,))
    assert verify_receipt(receipts.single(), [FIRST[ZHENGZHOU], meddling]).trusted


def test_a_city_is_no_witness_of_its_own_log() -> None:
    receipt = receipts.single()
    own = replace(receipt, checkpoint=note_of(head_of(receipt), (ZHENGZHOU,)))
    found = verify_receipt(own, TRUSTED)
    assert found.holds
    assert found.cosignatures == ()


def test_a_receipt_bears_two_bundles_of_a_city_that_changed_its_key_in_between() -> None:
    receipt = receipts.single()
    checkpoint = note_of(head_of(receipt), purpose="signing-5")
    later = bundle(ZHENGZHOU, 2, keys=("signing-5",))
    changed = replace(receipt, checkpoint=checkpoint)
    failed(verify_receipt(changed, TRUSTED), Step.CHECKPOINT, UNKNOWN_KEY)
    both = replace(changed, cities=(*receipt.cities, *keys_of(later)))
    assert verify_receipt(both, TRUSTED).trusted
    # One that nobody vouches for makes the whole doubtful.
    forged = bundle(ZHENGZHOU, 2, roots=("root-forged",), keys=("signing-5",))
    doubtful = replace(changed, cities=(*receipt.cities, *keys_of(forged)))
    assert verify_receipt(doubtful, TRUSTED).holds
    assert not verify_receipt(doubtful, TRUSTED).trusted


@pytest.mark.parametrize(
    ("now", "step"),
    [
        (NOW + 2 * SECOND - timedelta(seconds=60), None),
        (NOW + SECOND - timedelta(seconds=60), Step.COSIGNATURES),
    ],
)
def test_nothing_was_made_in_the_future(now: datetime, step: Step | None) -> None:
    found = verify_receipt(receipts.single(), TRUSTED, now)
    if step is None:
        assert found.holds
    else:
        failed(found, step, NOT_YET_VALID)


@pytest.mark.parametrize(("kind", "step"), [("consent", Step.ENTRY), ("single", Step.ENTRY)])
def test_an_entry_of_tomorrow_is_refused_though_nobody_cosigned(kind: str, step: Step) -> None:
    receipt = GOOD[kind]()
    alone = replace(receipt, checkpoint=note_of(head_of(receipt), ()))
    failed(verify_receipt(alone, TRUSTED, NOW - DAY), step, NOT_YET_VALID)


def test_a_receipt_outlives_what_it_is_of() -> None:
    found = verify_receipt(receipts.single(), TRUSTED, NOW + 3650 * DAY)
    assert found.trusted
    assert found.attestation is not None
    assert found.attestation.header.expires_at < NOW + DAY


def test_an_entry_in_a_log_of_billions_is_proven_too() -> None:
    receipt = receipts.in_a_huge_log()
    assert verify_receipt(receipt, TRUSTED).trusted
    moved = replace(receipt, entry=replace(receipt.entry, leaf_index=receipt.entry.leaf_index ^ 1))
    failed(verify_receipt(moved, TRUSTED), Step.ENTRY, BAD_PROOF)


def test_the_salt_of_another_entry_opens_nothing() -> None:
    receipt = receipts.consent()
    other = replace(receipt, entry=replace(receipt.entry, salt=bytes(16)))
    failed(verify_receipt(other, TRUSTED), Step.ENTRY, BAD_PROOF)


def test_no_byte_moves_between_the_salt_and_the_content() -> None:
    receipt = receipts.consent()
    salt, content = receipt.entry.salt, receipt.content or b""
    with pytest.raises(HutongError) as caught:
        replace(receipt.entry, salt=salt + content[:1])
    assert caught.value.reason is MALFORMED
    moved = replace(receipt, content=salt[-1:] + content)
    failed(verify_receipt(moved, TRUSTED), Step.ENTRY, BAD_PROOF)
