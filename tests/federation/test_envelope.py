import hashlib
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import envelope as module
from federation import limits
from federation.codec import (
    ATTESTATION,
    ATTESTATION_REQUEST,
    PARTNERSHIP,
    SCORE_SCALE,
    envelope_from_bytes,
    envelope_to_bytes,
)
from federation.envelope import (
    Envelope,
    Keyring,
    Signature,
    Statement,
    Verified,
    add_signature,
    open_envelope,
    open_own,
    seal,
)
from federation.errors import (
    BAD_SIGNATURE,
    KEY_NOT_VALID,
    MALFORMED,
    MISSING_SIGNATURE,
    TOO_LARGE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    WRONG_TYPE,
    HutongError,
    Reason,
)
from tests.federation.make import (
    DAY,
    HANGZHOU,
    NANJING,
    NOW,
    SCALES,
    ZHENGZHOU,
    attestation,
    partnership,
    public,
    request,
    ring,
    sealed,
    sealed_as,
    signer,
)
from tests.federation.vector_cases.vector import flipped, with_payload, with_signatures

GOOD = sealed(attestation())
GOOD_BYTES = envelope_to_bytes(GOOD)
LARGER: dict[Statement[Any], bytes] = {
    SCORE_SCALE: envelope_to_bytes(sealed(SCALES[ZHENGZHOU])),
    PARTNERSHIP: envelope_to_bytes(sealed(partnership())),
}


def opened(envelope: Envelope, statement: Statement[Any] = ATTESTATION) -> Verified[Any]:
    return open_envelope(
        envelope, statement, signed_by=[ring(ZHENGZHOU)], audience=HANGZHOU, now=NOW
    )


def refused(envelope: Envelope, reason: Reason) -> None:
    with pytest.raises(HutongError) as caught:
        opened(envelope)
    assert caught.value.reason == reason


def never_parsed(_: bytes) -> NoReturn:
    raise AssertionError("unverified bytes were parsed")


UNPARSED = replace(ATTESTATION, decode=never_parsed)


def test_a_good_envelope_opens_to_its_message() -> None:
    verified = opened(GOOD)
    assert verified.message == attestation()
    assert verified.envelope == GOOD
    assert verified.payload_digest == hashlib.sha256(GOOD.payload).digest()


def test_no_single_flipped_bit_of_an_envelope_opens() -> None:
    for bit in range(len(GOOD_BYTES) * 8):
        with pytest.raises(HutongError):
            opened(envelope_from_bytes(flipped(GOOD_BYTES, bit)))


@pytest.mark.parametrize("statement", LARGER, ids=lambda statement: statement.label)
@given(data=st.data())
def test_no_flipped_bits_of_a_larger_envelope_open(
    statement: Statement[Any], data: st.DataObject
) -> None:
    changed = LARGER[statement]
    opened(envelope_from_bytes(changed), statement)
    bits = st.sets(st.integers(0, len(changed) * 8 - 1), min_size=1, max_size=20)
    for bit in data.draw(bits):
        changed = flipped(changed, bit)
    with pytest.raises(HutongError):
        opened(envelope_from_bytes(changed), statement)


@given(st.integers(0, len(GOOD_BYTES) - 1))
def test_no_shortened_envelope_opens(size: int) -> None:
    with pytest.raises(HutongError):
        opened(envelope_from_bytes(GOOD_BYTES[:size]))


def test_a_payload_of_four_mebibytes_is_refused_before_anything_else() -> None:
    huge = sealed_as(ATTESTATION, bytes(4 * 1024 * 1024))
    with pytest.raises(HutongError) as caught:
        opened(huge, UNPARSED)
    assert caught.value.reason == TOO_LARGE
    with pytest.raises(HutongError) as caught:
        envelope_from_bytes(envelope_to_bytes(huge))
    assert caught.value.reason == TOO_LARGE


def test_the_limit_of_a_payload_is_exact() -> None:
    refused(sealed_as(ATTESTATION, bytes(limits.PAYLOAD_BYTES)), MALFORMED)
    refused(sealed_as(ATTESTATION, bytes(limits.PAYLOAD_BYTES + 1)), TOO_LARGE)


@given(st.binary(max_size=200), st.binary(min_size=64, max_size=64))
def test_the_payload_of_an_unverified_envelope_is_never_parsed(payload: bytes, sig: bytes) -> None:
    key_id = signer(ZHENGZHOU).key_id
    attempts = {
        BAD_SIGNATURE: (Signature(key_id, sig),),
        UNKNOWN_KEY: (Signature("0" * 64, sig),),
        MISSING_SIGNATURE: (),
    }
    for reason, signatures in attempts.items():
        with pytest.raises(HutongError) as caught:
            opened(Envelope(ATTESTATION.payload_type, payload, signatures), UNPARSED)
        assert caught.value.reason == reason


@given(st.binary(max_size=100))
def test_a_signature_of_any_length_is_refused_with_an_error_of_ours(sig: bytes) -> None:
    refused(with_signatures(GOOD, Signature(signer(ZHENGZHOU).key_id, sig)), BAD_SIGNATURE)


def test_a_signature_by_another_city_does_not_count() -> None:
    refused(seal(ATTESTATION, attestation(), [signer(NANJING)]), UNKNOWN_KEY)


def test_a_signature_by_another_city_under_our_key_id_does_not_count() -> None:
    (foreign,) = seal(ATTESTATION, attestation(), [signer(NANJING)]).signatures
    refused(with_signatures(GOOD, replace(foreign, key_id=signer(ZHENGZHOU).key_id)), BAD_SIGNATURE)


def test_one_foreign_signature_beside_a_good_one_refuses_the_envelope() -> None:
    refused(add_signature(GOOD, signer(NANJING)), UNKNOWN_KEY)


def test_a_good_signature_of_another_statement_does_not_count() -> None:
    other = sealed(attestation(request(by_pseudonym=True)))
    refused(with_payload(GOOD, other.payload), BAD_SIGNATURE)


def test_a_signature_covers_the_type_too() -> None:
    as_request = replace(GOOD, payload_type=ATTESTATION_REQUEST.payload_type)
    with pytest.raises(HutongError) as caught:
        open_envelope(
            as_request,
            ATTESTATION_REQUEST,
            signed_by=[ring(ZHENGZHOU)],
            audience=HANGZHOU,
            now=NOW,
        )
    assert caught.value.reason == BAD_SIGNATURE


def test_another_type_is_refused_whatever_its_signature() -> None:
    refused(replace(GOOD, payload_type=ATTESTATION_REQUEST.payload_type), WRONG_TYPE)
    refused(replace(GOOD, payload_type="\ud800\x1b[2J"), WRONG_TYPE)


def test_the_same_key_cannot_sign_twice() -> None:
    (signature,) = GOOD.signatures
    refused(with_signatures(GOOD, signature, signature), MALFORMED)


def test_too_many_signatures_are_refused_unverified() -> None:
    many = [Signature(str(n), b"") for n in range(limits.SIGNATURES + 1)]
    refused(with_signatures(GOOD, *many), TOO_LARGE)


def test_a_threshold_needs_distinct_keys() -> None:
    purposes = ("signing-1", "signing-2", "signing-3")
    keys = tuple(public(ZHENGZHOU, purpose) for purpose in purposes)
    for signed in range(len(purposes) + 1):
        signers = [signer(ZHENGZHOU, purpose) for purpose in purposes[:signed]]
        envelope = seal(ATTESTATION, attestation(), signers)
        for threshold in range(1, len(purposes) + 1):
            keyring = Keyring(ZHENGZHOU, keys, threshold)
            if signed >= threshold:
                open_envelope(
                    envelope, ATTESTATION, signed_by=[keyring], audience=HANGZHOU, now=NOW
                )
            else:
                with pytest.raises(HutongError) as caught:
                    open_envelope(
                        envelope, ATTESTATION, signed_by=[keyring], audience=HANGZHOU, now=NOW
                    )
                assert caught.value.reason == MISSING_SIGNATURE


@pytest.mark.parametrize(
    "change",
    [
        {"not_after": NOW},
        {"not_before": NOW + timedelta(microseconds=1)},
        {"revoked_at": NOW - DAY},
        {"revoked_at": NOW + DAY},
    ],
)
def test_a_key_that_does_not_count_now_refuses_the_envelope(change: dict[str, object]) -> None:
    key = replace(public(ZHENGZHOU, "signing-1"), **change)  # type: ignore[arg-type]
    keyring = Keyring(ZHENGZHOU, (key,))
    with pytest.raises(HutongError) as caught:
        open_envelope(GOOD, UNPARSED, signed_by=[keyring], audience=HANGZHOU, now=NOW)
    assert caught.value.reason == KEY_NOT_VALID


def test_a_statement_for_another_city_is_refused() -> None:
    said = attestation()
    to_nanjing = replace(said, header=replace(said.header, audience=(NANJING,)))
    refused(sealed(to_nanjing), WRONG_AUDIENCE)


def test_a_city_cannot_speak_for_another() -> None:
    said = attestation()
    refused(sealed(replace(said, header=replace(said.header, issuer=NANJING))), WRONG_ISSUER)


def test_a_peer_cannot_put_control_characters_into_our_errors() -> None:
    evil = with_signatures(GOOD, Signature("\x1b[2J\ud800\n", b""))
    with pytest.raises(HutongError) as caught:
        opened(evil)
    assert str(caught.value).isprintable()


def test_a_verified_cannot_be_made_by_hand() -> None:
    with pytest.raises(TypeError):
        Verified(attestation(), GOOD, object())
    with pytest.raises(TypeError):
        Verified(attestation(), GOOD, None)


def test_a_verified_cannot_be_changed_nor_made_from_another() -> None:
    verified = opened(GOOD)
    with pytest.raises(FrozenInstanceError):
        verified.message = attestation()  # type: ignore[misc]
    with pytest.raises(ValueError, match="gate"):
        replace(verified, message=attestation())  # type: ignore[call-arg]


def test_one_s_own_envelope_opens_after_its_key_has_ended_but_not_as_another_kind() -> None:
    assert open_own(GOOD, ATTESTATION).message == attestation()
    with pytest.raises(HutongError) as caught:
        open_own(GOOD, ATTESTATION_REQUEST)
    assert caught.value.reason == WRONG_TYPE


def test_nothing_but_the_gate_of_the_module_is_a_gate() -> None:
    makers = [
        name
        for name, value in vars(module).items()
        if callable(value)
        and "Verified" in str(getattr(value, "__annotations__", {}).get("return"))
    ]
    assert sorted(makers) == ["open_batched", "open_envelope", "open_own"]
