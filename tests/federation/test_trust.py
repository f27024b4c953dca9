from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import codec, limits, trust
from federation.codec import TRUST_BUNDLE
from federation.envelope import Envelope, Signature, seal
from federation.errors import (
    BAD_SIGNATURE,
    BUNDLE_JUMP,
    BUNDLE_ROLLBACK,
    EXPIRED,
    KEY_NOT_VALID,
    MALFORMED,
    MISSING_SIGNATURE,
    NOT_YET_VALID,
    TOO_LARGE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_FINGERPRINT,
    WRONG_ISSUER,
    WRONG_TYPE,
    HutongError,
    Reason,
)
from federation.messages import TrustBundle
from federation.trust import (
    fingerprint,
    open_first_bundle,
    open_next_bundle,
    root_keys,
    signing_keys,
)
from tests.federation.make import (
    DAY,
    HANGZHOU,
    NANJING,
    NOW,
    SKEW,
    ZHENGZHOU,
    attestation,
    bundle,
    public,
    sealed,
    sealed_bundle,
    sealed_bytes,
    signer,
)
from tests.federation.vector_cases.vector import flipped, with_payload, with_signatures

CURRENT = bundle(ZHENGZHOU)
ROTATED = bundle(ZHENGZHOU, 2, roots=("root-2",), keys=("signing-2",))
THREE = ("root-a", "root-b", "root-c")


def first(envelope: Envelope, compared: str | None = None) -> TrustBundle:
    compared = fingerprint(envelope) if compared is None else compared
    return open_first_bundle(envelope, compared, audience=HANGZHOU, now=NOW).message


def following(envelope: Envelope, current: TrustBundle = CURRENT) -> TrustBundle:
    return open_next_bundle(current, envelope, audience=HANGZHOU, now=NOW).message


def first_refused(envelope: Envelope, reason: Reason, compared: str | None = None) -> None:
    with pytest.raises(HutongError) as caught:
        first(envelope, compared)
    assert caught.value.reason == reason


def next_refused(envelope: Envelope, reason: Reason, current: TrustBundle = CURRENT) -> None:
    with pytest.raises(HutongError) as caught:
        following(envelope, current)
    assert caught.value.reason == reason


def never_parsed(_: bytes) -> NoReturn:
    raise AssertionError("unverified bytes were parsed")


@pytest.fixture
def unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing a bundle fails the test."""
    monkeypatch.setattr(trust, "TRUST_BUNDLE", replace(TRUST_BUNDLE, decode=never_parsed))


def test_a_first_bundle_is_believed_by_its_fingerprint_however_it_is_typed() -> None:
    envelope = sealed_bundle(CURRENT)
    shown = fingerprint(envelope)
    assert len(shown) == 79
    for typed in (shown, shown.replace("-", ""), shown.upper(), f" {shown.replace('-', ' ')}\n"):
        assert first(envelope, typed) == CURRENT


@given(st.integers(0, 63), st.sampled_from("0123456789abcdef"))
def test_one_wrong_digit_of_a_fingerprint_is_refused(place: int, digit: str) -> None:
    envelope = sealed_bundle(CURRENT)
    right = fingerprint(envelope).replace("-", "")
    typed = right[:place] + digit + right[place + 1 :]
    if typed != right:
        first_refused(envelope, WRONG_FINGERPRINT, typed)


@given(st.text(max_size=80))
def test_nothing_else_is_a_fingerprint(typed: str) -> None:
    first_refused(sealed_bundle(CURRENT), WRONG_FINGERPRINT, typed)


@pytest.mark.usefixtures("unparsed")
def test_a_first_bundle_is_not_parsed_before_its_fingerprint_fits() -> None:
    first_refused(sealed_bundle(CURRENT), WRONG_FINGERPRINT, "0" * 64)
    first_refused(
        sealed_bytes(TRUST_BUNDLE.payload_type, bytes(limits.PAYLOAD_BYTES + 1)), TOO_LARGE
    )
    first_refused(sealed(attestation()), WRONG_TYPE)


def test_a_first_bundle_counts_its_own_root_alone_also_after_the_root_changed() -> None:
    first_refused(sealed_bundle(CURRENT, "signing-1"), MISSING_SIGNATURE)
    assert first(sealed_bundle(CURRENT, "root-1", "signing-1")) == CURRENT
    first_refused(seal(TRUST_BUNDLE, CURRENT, []), MISSING_SIGNATURE)


def test_a_first_bundle_of_two_of_three_roots_needs_two() -> None:
    of_three = bundle(ZHENGZHOU, roots=THREE, threshold=2)
    for signers in (("root-a", "root-b"), ("root-b", "root-c"), THREE):
        assert first(sealed_bundle(of_three, *signers)) == of_three
    for alone in THREE:
        first_refused(sealed_bundle(of_three, alone), MISSING_SIGNATURE)


def test_one_root_that_signs_twice_is_not_two_roots() -> None:
    of_three = bundle(ZHENGZHOU, roots=THREE, threshold=2)
    envelope = sealed_bundle(of_three, "root-a")
    (signature,) = envelope.signatures
    first_refused(with_signatures(envelope, signature, signature), MALFORMED)
    next_refused(with_signatures(envelope, signature, signature), MALFORMED, of_three)


def test_a_bundle_out_of_its_time_or_for_others_is_refused() -> None:
    header = CURRENT.header
    for change, reason in (
        (replace(header, issued_at=NOW + SKEW + timedelta(seconds=1)), NOT_YET_VALID),
        (replace(header, issued_at=NOW - DAY, expires_at=NOW), EXPIRED),
        (replace(header, audience=(NANJING,)), WRONG_AUDIENCE),
    ):
        first_refused(sealed_bundle(replace(CURRENT, header=change)), reason)
        following_one = replace(CURRENT, header=change, sequence=2)
        next_refused(sealed_bundle(following_one), reason)


def test_a_rotation_is_signed_by_the_old_root_and_the_new() -> None:
    assert following(sealed_bundle(ROTATED, "root-1", "root-2")) == ROTATED
    assert following(sealed_bundle(ROTATED, "root-2", "root-1")) == ROTATED


def test_the_old_root_alone_or_the_new_root_alone_changes_nothing() -> None:
    next_refused(sealed_bundle(ROTATED, "root-1"), MISSING_SIGNATURE)
    next_refused(sealed_bundle(ROTATED, "root-2"), MISSING_SIGNATURE)


def test_a_third_root_beside_both_refuses_the_bundle() -> None:
    next_refused(sealed_bundle(ROTATED, "root-1", "root-2", "root-3"), UNKNOWN_KEY)


def test_the_same_root_may_sign_again() -> None:
    again = replace(CURRENT, sequence=2, name_en="Zhengzhou again")
    assert following(sealed_bundle(again)) == again


@pytest.mark.parametrize("old", [1, 2, 3])
@pytest.mark.parametrize("new", [1, 2, 3])
def test_old_and_new_thresholds_must_both_be_reached(old: int, new: int) -> None:
    current = bundle(ZHENGZHOU, roots=THREE, threshold=2)
    rotated = bundle(ZHENGZHOU, 2, roots=("root-x", "root-y", "root-z"), threshold=3)
    signers = [*THREE[:old], *("root-x", "root-y", "root-z")[:new]]
    envelope = sealed_bundle(rotated, *signers)
    if old >= 2 and new >= 3:
        assert following(envelope, current) == rotated
    else:
        next_refused(envelope, MISSING_SIGNATURE, current)


def test_a_root_that_both_bundles_hold_counts_for_both() -> None:
    current = bundle(ZHENGZHOU, roots=("root-a", "root-b"), threshold=2)
    rotated = bundle(ZHENGZHOU, 2, roots=("root-b", "root-c"), threshold=2)
    assert following(sealed_bundle(rotated, *THREE), current) == rotated
    next_refused(sealed_bundle(rotated, "root-b", "root-c"), MISSING_SIGNATURE, current)


def test_a_root_cannot_replace_the_keys_of_another_city() -> None:
    stolen = replace(CURRENT, header=bundle(NANJING, 2).header, sequence=2)
    envelope = seal(TRUST_BUNDLE, stolen, [signer(ZHENGZHOU, "root-1")])
    next_refused(envelope, WRONG_ISSUER)
    next_refused(envelope, MISSING_SIGNATURE, bundle(NANJING))


def test_rolling_back_and_forking_are_refused() -> None:
    known = bundle(ZHENGZHOU, 5)
    for sequence in (1, 4, 5):
        older = replace(bundle(ZHENGZHOU, sequence), name_en="Another")
        next_refused(sealed_bundle(older), BUNDLE_ROLLBACK, known)


def test_a_jump_of_a_thousand_is_followed_and_one_more_is_not() -> None:
    edge = replace(CURRENT, sequence=1 + limits.BUNDLE_JUMP)
    assert following(sealed_bundle(edge)).sequence == 1001
    for sequence in (1002, 2**64 - 1):
        next_refused(sealed_bundle(replace(CURRENT, sequence=sequence)), BUNDLE_JUMP)


@pytest.mark.parametrize(
    "change",
    [{"not_after": NOW}, {"not_before": NOW + timedelta(seconds=1)}, {"revoked_at": NOW}],
)
def test_a_root_that_does_not_count_now_cannot_sign_the_next(change: dict[str, object]) -> None:
    old = replace(public(ZHENGZHOU, "root-1"), **change)  # type: ignore[arg-type]
    current = replace(CURRENT, root_keys=(old,))
    next_refused(sealed_bundle(ROTATED, "root-1", "root-2"), MISSING_SIGNATURE, current)
    new = replace(ROTATED, root_keys=(replace(old),), sequence=2)
    next_refused(sealed_bundle(new, "root-1"), MISSING_SIGNATURE, current)
    first_refused(sealed_bundle(current), KEY_NOT_VALID)


@pytest.mark.usefixtures("unparsed")
@pytest.mark.parametrize("bit", range(0, 8000, 97))
def test_a_next_bundle_is_not_parsed_before_the_old_root_signed_it(bit: int) -> None:
    envelope = sealed_bundle(ROTATED, "root-1", "root-2")
    damaged = flipped(envelope.payload, bit % (len(envelope.payload) * 8))
    next_refused(with_payload(envelope, damaged), MISSING_SIGNATURE)


@pytest.mark.usefixtures("unparsed")
def test_a_next_bundle_of_the_wrong_shape_is_refused_unparsed() -> None:
    root = signer(ZHENGZHOU, "root-1")
    huge = sealed_bytes(TRUST_BUNDLE.payload_type, bytes(limits.PAYLOAD_BYTES + 1), root)
    next_refused(huge, TOO_LARGE)
    next_refused(Envelope("\ud800", b"", ()), WRONG_TYPE)
    many = tuple(Signature(str(n), b"") for n in range(limits.SIGNATURES + 1))
    next_refused(Envelope(TRUST_BUNDLE.payload_type, b"", many), TOO_LARGE)


def test_a_bad_signature_of_the_new_root_is_refused() -> None:
    envelope = sealed_bundle(ROTATED, "root-1", "root-2")
    old, new = envelope.signatures
    bad = replace(new, signature=flipped(new.signature, 5))
    next_refused(with_signatures(envelope, old, bad), BAD_SIGNATURE)


def test_a_retired_signing_key_signs_no_more() -> None:
    assert signing_keys(ROTATED).find(signer(ZHENGZHOU, "signing-1").key_id) is None
    assert signing_keys(ROTATED).find(signer(ZHENGZHOU, "signing-2").key_id) is not None


def test_roots_sign_bundles_only_and_signing_keys_sign_the_rest_only() -> None:
    assert {k.key_id for k in root_keys(CURRENT).keys} == {signer(ZHENGZHOU, "root-1").key_id}
    assert root_keys(CURRENT).find(signer(ZHENGZHOU).key_id) is None
    with pytest.raises(HutongError) as caught:
        replace(CURRENT, signing_keys=CURRENT.root_keys)
    assert caught.value.reason == MALFORMED


def test_the_first_bundle_of_one_kind_only() -> None:
    payload = codec.ATTESTATION.encode(attestation())
    as_bundle = sealed_bytes(TRUST_BUNDLE.payload_type, payload, signer(ZHENGZHOU, "root-1"))
    with pytest.raises(HutongError):
        first(as_bundle)
