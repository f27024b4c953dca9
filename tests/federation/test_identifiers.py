import uuid
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from federation.errors import MALFORMED, HutongError
from federation.identifiers import (
    CityCode,
    city_code,
    code_text,
    name,
    parse_code,
    uuid7,
    uuid8,
    uuid_text,
)
from tests.federation.make import CODE, NOW, ZHENGZHOU
from tests.federation.strategies import CITIES, INSTANTS

ENTROPY = st.binary(min_size=10, max_size=10)
CODES = st.binary(min_size=16, max_size=16)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SHOWN = code_text(ZHENGZHOU, CODE)


def mistyped(text: str) -> None:
    with pytest.raises(HutongError) as caught:
        parse_code(text, where="code")
    assert caught.value.reason == MALFORMED


@given(CITIES, CODES)
def test_a_code_comes_back_from_its_text_however_it_is_typed(city: CityCode, code: bytes) -> None:
    shown = code_text(city, code)
    head, _, tail = shown.partition("-")
    for typed in (
        shown,
        shown.lower(),
        f"  {shown}\n",
        f"{head}-{tail.replace('-', '')}",
        f"{head}-{tail.replace('-', ' ')}",
    ):
        assert parse_code(typed, where="code") == (city, code)


@given(CITIES, CODES)
def test_letters_that_look_like_digits_are_read_as_digits(city: CityCode, code: bytes) -> None:
    head, _, tail = code_text(city, code).partition("-")
    for zero, one in (("O", "I"), ("o", "l"), ("0", "L"), ("O", "i")):
        typed = f"{head}-{tail.replace('0', zero).replace('1', one)}"
        assert parse_code(typed, where="code") == (city, code)


@given(st.data(), CODES)
def test_one_wrong_letter_is_told_or_is_another_code_and_never_the_same(
    data: st.DataObject, code: bytes
) -> None:
    shown = code_text(ZHENGZHOU, code)
    place = data.draw(st.sampled_from([i for i, c in enumerate(shown) if c != "-"]))
    letter = data.draw(st.sampled_from(ALPHABET + "U"))
    assume(letter != shown[place])
    try:
        found = parse_code(shown[:place] + letter + shown[place + 1 :], where="code")
    except HutongError as error:
        assert error.reason == MALFORMED  # noqa: PT017 - it may also be another code
        return
    assert found != (ZHENGZHOU, code)


def test_nearly_every_single_slip_of_the_finger_is_told() -> None:
    slips = told = 0
    for place, right in enumerate(SHOWN):
        for letter in ALPHABET if right != "-" else "":
            if letter == right or (place < 6 and not letter.isdigit()):
                continue
            slips += 1
            try:
                parse_code(SHOWN[:place] + letter + SHOWN[place + 1 :], where="code")
            except HutongError:
                told += 1
    assert told / slips > 0.98


def test_a_code_that_is_too_short_or_too_long_is_mistyped() -> None:
    mistyped(SHOWN[:-1])
    mistyped(SHOWN + "0")
    mistyped("")
    mistyped(SHOWN.partition("-")[2])


def test_the_unused_bits_at_the_end_carry_nothing() -> None:
    last = ALPHABET.index(SHOWN[-1])
    for extra in range(1, 16):
        mistyped(SHOWN[:-1] + ALPHABET[last | extra])


@given(st.text(max_size=60))
def test_any_text_as_a_code_is_refused_with_an_error_of_ours(text: str) -> None:
    mistyped(text)


def test_a_code_of_one_city_is_not_one_of_another() -> None:
    mistyped("330100" + SHOWN[6:])


@given(INSTANTS, INSTANTS, ENTROPY, ENTROPY)
def test_ids_made_later_sort_later(one: datetime, other: datetime, low: bytes, high: bytes) -> None:
    early, late = sorted((one, other))
    assume(late - early >= timedelta(milliseconds=1))
    assert uuid7(early, high) < uuid7(late, low)


@given(INSTANTS, ENTROPY)
def test_an_id_is_a_uuid_of_version_7_with_its_millisecond(now: datetime, entropy: bytes) -> None:
    made = uuid7(now, entropy)
    found = uuid.UUID(made)
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert found.int >> 80 == int(now.timestamp() * 1000)
    assert uuid_text(made, where="id") == made


def test_the_example_of_rfc_9562_holds() -> None:
    # RFC 9562, appendix A.6: 2022-02-22T19:22:22Z, rand_a CC3, rand_b 18C4DC0C0C07398F.
    at = NOW.replace(year=2022, month=2, day=22, hour=19, minute=22, second=22)
    entropy = (0xCC3 << 64 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert uuid7(at, entropy) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_an_id_of_content_is_the_same_for_the_same_content_only(one: bytes, other: bytes) -> None:
    assert (uuid8(one) == uuid8(other)) == (one == other)
    assert uuid.UUID(uuid8(one)).version == 8


@pytest.mark.parametrize(
    "text",
    ["", "01010", "010101", "4101000", "41010a", "410100\n", "４１０１００", " 410100", "-10100"],
)
def test_what_is_no_city_code_is_refused(text: str) -> None:
    with pytest.raises(HutongError) as caught:
        city_code(text)
    assert caught.value.reason == MALFORMED


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", "A", "a b", "a\n", "好", "a" * 65, "a/b", "../a", "a\0"]
)
def test_what_is_no_machine_name_is_refused(text: str) -> None:
    with pytest.raises(HutongError) as caught:
        name(text, where="name")
    assert caught.value.reason == MALFORMED


@pytest.mark.parametrize("text", ["a", "0", "a.b-c_d", "library.deposit_free", "a" * 64])
def test_a_machine_name_is_taken(text: str) -> None:
    assert name(text, where="name") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e279b07cc398c4dc0c0c07398f",
        "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
        "017f22e2-79b0-0cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-18c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
    ],
)
def test_an_id_has_one_spelling(text: str) -> None:
    with pytest.raises(HutongError) as caught:
        uuid_text(text, where="id")
    assert caught.value.reason == MALFORMED
