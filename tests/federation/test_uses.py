"""Use keys and labels: a slip is told, no key is repeated, and kinds stay what only a key tells."""

import contextlib
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import MALFORMED, USE_KEY_MISMATCH, HutongError
from federation.identifiers import city_code, code_text
from federation.limits import USE_KEY_BYTES
from federation.uses import parse_use_key, use_commitment, use_key_text, use_label

KEYS = st.binary(min_size=USE_KEY_BYTES, max_size=USE_KEY_BYTES)
KEY = bytes(range(USE_KEY_BYTES))


@given(key=KEYS)
def test_a_key_is_read_as_it_was_written_however_it_is_typed(key: bytes) -> None:
    text = use_key_text(key)
    loose = f"  {text.lower().replace('-', ' ', 3).replace('0', 'o')} "
    assert parse_use_key(text, where="use_key") == key
    assert parse_use_key(loose.replace("use ", "use-"), where="use_key") == key


@given(
    key=KEYS, place=st.integers(4, 37), letter=st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
)
def test_one_wrong_letter_is_hardly_ever_another_key(key: bytes, place: int, letter: str) -> None:
    text = use_key_text(key)
    wrong = text[:place] + letter + text[place + 1 :]
    with contextlib.suppress(HutongError):
        # One in 256 passes the check; it is then another key, and not the resident's.
        read = parse_use_key(wrong, where="use_key")
        assert read == key or use_commitment(read) != use_commitment(key)


@pytest.mark.parametrize(
    "text",
    ["", "USE-", "0" * 28, code_text(city_code("410100"), KEY), use_key_text(KEY)[:-1], "USE-é"],
)
def test_what_is_no_use_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(HutongError) as refused:
        parse_use_key(text, where="use_key")
    assert refused.value.reason == MALFORMED
    assert not text or text not in str(refused.value)


def test_a_code_or_a_pass_is_never_taken_for_a_use_key() -> None:
    spelled = code_text(city_code("410100"), KEY).partition("-")[2]
    with pytest.raises(HutongError):
        parse_use_key(f"USE-{spelled}", where="use_key")


@given(key=KEYS)
def test_the_label_is_the_hmac_that_the_readme_says(key: bytes) -> None:
    label = use_label(key, hashlib.sha256(key).digest(), "rental")
    assert label == hmac.new(key, b"hutong use\0rental", hashlib.sha256).digest()


@given(key=KEYS, other=KEYS)
def test_labels_differ_by_kind_and_by_resident(key: bytes, other: bytes) -> None:
    commitment = use_commitment(key)
    assert use_label(key, commitment, "rental") != use_label(key, commitment, "bicycle")
    if key != other:
        assert use_label(key, commitment, "rental") != use_label(
            other, use_commitment(other), "rental"
        )


@given(key=KEYS, other=KEYS)
def test_a_key_that_is_not_the_consents_makes_no_label(key: bytes, other: bytes) -> None:
    if key != other:
        with pytest.raises(HutongError) as refused:
            use_label(other, use_commitment(key), "rental")
        assert refused.value.reason == USE_KEY_MISMATCH


@pytest.mark.parametrize("size", [0, USE_KEY_BYTES - 1, USE_KEY_BYTES + 1])
def test_a_key_of_another_size_is_none(size: int) -> None:
    with pytest.raises(HutongError) as refused:
        use_commitment(bytes(size))
    assert refused.value.reason == MALFORMED
