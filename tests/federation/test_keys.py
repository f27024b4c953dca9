import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import MALFORMED, HutongError
from federation.keys import Ed25519Signer, PublicKey, Suite, key_id
from tests.federation.make import DAY, NOW, ZHENGZHOU, public, signer

# RFC 8032, section 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SIGNATURE = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
    "d25bf5f0595bbe24655141438e7a100b"
)
MICROSECOND = timedelta(microseconds=1)


def described(raw: bytes) -> PublicKey:
    return PublicKey(key_id(Suite.ED25519, raw), Suite.ED25519, raw, NOW, NOW + DAY)


def test_the_first_example_of_rfc_8032_holds() -> None:
    made = Ed25519Signer.from_seed(SEED)
    assert made.public_key == PUBLIC
    assert made.sign(b"") == SIGNATURE
    assert described(PUBLIC).verifies(SIGNATURE, b"")


def test_a_key_id_is_the_hash_of_the_suite_a_zero_and_the_key() -> None:
    assert key_id(Suite.ED25519, PUBLIC) == hashlib.sha256(b"ed25519\0" + PUBLIC).hexdigest()


@given(st.integers(0, 511))
def test_no_flipped_bit_of_a_signature_verifies(bit: int) -> None:
    damaged = bytearray(SIGNATURE)
    damaged[bit // 8] ^= 1 << bit % 8
    assert not described(PUBLIC).verifies(bytes(damaged), b"")


@given(st.binary(max_size=128), st.binary(max_size=64))
def test_no_bytes_of_chance_verify(signature: bytes, message: bytes) -> None:
    assert not public(ZHENGZHOU, "signing-1").verifies(signature, message)


@given(st.binary(min_size=32, max_size=32).filter(lambda raw: any(raw[1:])))
def test_any_32_bytes_as_a_key_verify_nothing_and_raise_nothing_of_others(raw: bytes) -> None:
    assert not described(raw).verifies(SIGNATURE, b"another message")


@pytest.mark.parametrize("sign", [0x00, 0x80])
@pytest.mark.parametrize(
    "low",
    [
        # The list of libsodium, ge25519_has_small_order.
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
)
def test_a_key_under_which_one_signature_fits_every_message_is_refused(low: str, sign: int) -> None:
    raw = bytearray.fromhex(low)
    raw[-1] |= sign
    with pytest.raises(HutongError) as caught:
        described(bytes(raw))
    assert caught.value.reason == MALFORMED


def test_a_key_counts_from_its_first_instant_and_not_at_its_last() -> None:
    key = described(PUBLIC)
    assert not key.valid_at(NOW - MICROSECOND)
    assert key.valid_at(NOW)
    assert key.valid_at(NOW + DAY - MICROSECOND)
    assert not key.valid_at(NOW + DAY)


OFFSETS = st.timedeltas(min_value=-2 * DAY, max_value=2 * DAY)


@given(OFFSETS, OFFSETS)
def test_a_revoked_key_never_counts_whenever_it_signed(now: timedelta, revoked: timedelta) -> None:
    key = replace(described(PUBLIC), revoked_at=NOW + revoked)
    assert not key.valid_at(NOW + now)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(HutongError) as caught:
        described(bytes(size))
    assert caught.value.reason == MALFORMED


def test_a_key_under_the_id_of_another_is_refused() -> None:
    other = signer(ZHENGZHOU).key_id
    with pytest.raises(HutongError) as caught:
        PublicKey(other, Suite.ED25519, PUBLIC, NOW, NOW + DAY)
    assert caught.value.reason == MALFORMED


def test_a_key_without_a_life_is_refused() -> None:
    with pytest.raises(HutongError) as caught:
        Ed25519Signer.from_seed(SEED).described(not_before=NOW, not_after=NOW)
    assert caught.value.reason == MALFORMED


def test_a_private_key_is_in_no_repr() -> None:
    shown = repr(Ed25519Signer.from_seed(SEED))
    assert SEED.hex() not in shown
    assert repr(SEED) not in shown
