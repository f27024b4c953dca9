"""Identity documents: possible numbers are taken, slips of the hand caught, and nothing repeated.

The resident IDs are of python-stdnum (stdnum/cn/ric.py: 360426199101010071) and, in the unassigned
area 999999, made with it and cross-checked by a table of weights of its own. The machine-readable
line is the example of ICAO Doc 9303 part 4, appendix B.
"""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from federation.errors import HutongError
from node import data
from node.documents import Document, guess_kind, parse_document
from node.errors import DOCUMENT_INVALID, TOO_YOUNG
from node.model import DocumentKind

ID, CARD, MRZ = DocumentKind
TODAY = date(2026, 11, 24)
VALID = (
    "360426199101010071",
    "999999199012217071",
    "999999198804158968",
    "999999198204258738",
    "999999198404268391",
    "999999196406178972",
    "99999919871201721X",
    "99999919540719112X",
    "99999919430127618X",
    "99999920001202729X",
    "999999196704053035",
)
BAD_CHECK_DIGIT = (
    "999999199012217070",
    "999999198804158960",
    "999999198204258730",
    "999999198404268390",
    "999999196406178970",
    "999999198701268831",
    "999999198005084600",
    "999999194205100791",
    "999999194608246280",
    "999999194601027280",
)
TRANSPOSED = (
    "99999991871201721X",
    "999999918505260268",
    "999999917806017603",
    "99999991540719112X",
    "999999914201144817",
    "99999991430127618X",
    "999999918510265274",
    "999999919508218414",
    "999999916607206722",
    "999999918108245670",
)
ICAO_LINE = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
WHEN_ICAO_LINE_COUNTED = date(2012, 4, 15)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

CHARACTERS = st.sampled_from("0123456789X")

people = st.sampled_from(
    [person for city in data.cities() for person in data.residents(city.pinyin)]
)


def parse(kind: DocumentKind, number: str, today: date = TODAY) -> Document:
    return parse_document(kind, number, today)


def refused(kind: DocumentKind, number: str, today: date = TODAY) -> HutongError:
    with pytest.raises(HutongError) as found:
        parse_document(kind, number, today)
    assert found.value.reason in (DOCUMENT_INVALID, TOO_YOUNG)
    # Words without a digit may be the error's own: they are no part of a document's number.
    is_like_a_number = len(number) >= len("199012") and any(map(str.isdigit, number))
    assert not is_like_a_number or number not in str(found.value)
    return found.value


def eighteen(area: str, born: str, serial: int = 1) -> str:
    """By the table of weights of GB 11643, not by the library that the code uses."""
    body = f"{area}{born}{serial:03d}"
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True))
    return body + "10X98765432"[total % 11]


def resident_id(born: str, serial: int = 1) -> str:
    return eighteen("999999", born, serial)


def icao(text: str) -> str:
    values = [0 if c == "<" else int(c, 36) for c in text]
    return str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


def old_card(born: str, serial: str = "1") -> str:
    body = f"UTO9999{born}{serial}"
    return body + icao(body)


def passport(born: str, expires: str = "330101") -> str:
    number, optional = "L1234567<", "<" * 14
    line = number + icao(number) + "UTO" + born + icao(born) + "F" + expires + icao(expires)
    line += optional + "<"
    return line + icao(line[:10] + line[13:20] + line[21:43])


@pytest.mark.parametrize("number", VALID)
def test_a_published_number_is_taken(number: str) -> None:
    document = parse(ID, number)
    assert document.number == number
    assert f"{document.birth_date:%Y%m%d}" == number[6:14]


@pytest.mark.parametrize("number", [*BAD_CHECK_DIGIT, *TRANSPOSED])
def test_a_number_with_a_slip_of_the_hand_is_refused(number: str) -> None:
    assert refused(ID, number).reason == DOCUMENT_INVALID


def test_the_example_of_icao_is_taken_while_it_counts() -> None:
    document = parse(MRZ, ICAO_LINE, WHEN_ICAO_LINE_COUNTED)
    assert document.birth_date == date(1974, 8, 12)
    assert "expired" in str(refused(MRZ, ICAO_LINE, date(2012, 4, 16)))


@given(serial=st.integers(0, 999), born=st.dates(date(1900, 1, 1), date(2008, 11, 24)))
def test_every_number_with_its_check_digit_is_taken(serial: int, born: date) -> None:
    assert parse(ID, resident_id(f"{born:%Y%m%d}", serial)).birth_date == born


@given(
    number=st.sampled_from(VALID), place=st.integers(0, 17), digit=st.sampled_from("0123456789X")
)
def test_every_single_wrong_character_of_a_resident_id_is_caught(
    number: str, place: int, digit: str
) -> None:
    assume(number[place] != digit)
    refused(ID, number[:place] + digit + number[place + 1 :])


@given(number=st.sampled_from(VALID), place=st.integers(0, 16))
def test_every_swap_of_neighbours_in_a_resident_id_is_caught(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    refused(ID, number[:place] + number[place + 1] + number[place] + number[place + 2 :])


@given(number=st.sampled_from(VALID), one=st.integers(0, 17), other=st.integers(0, 17))
def test_a_swap_of_any_two_is_caught_unless_their_weights_are_the_same(
    number: str, one: int, other: int
) -> None:
    assume(number[one] != number[other] and (one - other) % 10 != 0)
    letters = list(number)
    letters[one], letters[other] = letters[other], letters[one]
    refused(ID, "".join(letters))


# ICAO's weights promise less: a wrong digit is caught, a swap only where the two differ by other
# than five, and a letter may pass for one ten places on.


@given(place=st.integers(3, 14), digit=st.sampled_from("0123456789"))
def test_every_single_wrong_digit_of_an_old_card_is_caught(place: int, digit: str) -> None:
    number = old_card("740812")
    assume(number[place] != digit)
    refused(CARD, number[:place] + digit + number[place + 1 :])


@given(place=st.integers(3, 12), born=st.dates(date(1940, 1, 1), date(2005, 1, 1)))
def test_a_swap_of_neighbours_in_an_old_card_is_caught_where_the_scheme_promises_it(
    place: int, born: date
) -> None:
    number = old_card(f"{born:%y%m%d}")
    assume(abs(int(number[place]) - int(number[place + 1])) not in (0, 5))
    refused(CARD, number[:place] + number[place + 1] + number[place] + number[place + 2 :])


@given(place=st.integers(0, 43), digit=st.sampled_from("0123456789"))
def test_every_single_wrong_digit_of_a_passport_is_caught(place: int, digit: str) -> None:
    assume(ICAO_LINE[place].isdigit() and ICAO_LINE[place] != digit)
    line = ICAO_LINE[:place] + digit + ICAO_LINE[place + 1 :]
    refused(MRZ, line, WHEN_ICAO_LINE_COUNTED)


def test_both_forms_of_a_foreigners_card_are_taken_and_neither_as_a_resident_id() -> None:
    new = eighteen("911234", "19900101")
    assert parse(CARD, new).birth_date == date(1990, 1, 1)
    assert parse(CARD, old_card("740812")).birth_date == date(1974, 8, 12)
    assert "foreigner" in str(refused(ID, new))
    refused(ID, old_card("740812"))
    assert "begins with 9" in str(refused(CARD, eighteen("110101", "19900101")))


@given(person=people)
def test_the_kind_of_a_document_is_guessed_from_its_number(person: data.FictionalResident) -> None:
    kind = guess_kind(person.document_number)
    assert kind.name == person.document_kind
    assert parse(kind, person.document_number).number == person.document_number


@given(person=people, wide=st.booleans(), low=st.booleans(), gap=st.sampled_from(("", " ", "-")))
def test_one_document_has_one_form_however_it_is_written(
    person: data.FictionalResident, wide: bool, low: bool, gap: str
) -> None:
    number = person.document_number
    written = gap.join((number[:6], number[6:14], number[14:]))
    written = written.lower() if low else written
    if wide:
        written = written.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)})
        if "<" in number:
            assert "\uff1c" in written
    kind = DocumentKind[person.document_kind]
    assert guess_kind(written) == kind
    assert parse(kind, written).number == number


def test_one_is_of_age_on_the_eighteenth_birthday() -> None:
    for kind, number in ((ID, resident_id("20081124")), (MRZ, passport("081124"))):
        assert parse(kind, number, TODAY).birth_date == date(2008, 11, 24)
        assert refused(kind, number, date(2026, 11, 23)).reason == TOO_YOUNG


def test_a_leap_day_is_celebrated_on_the_first_of_march() -> None:
    number = resident_id("20080229")
    assert refused(ID, number, date(2026, 2, 28)).reason == TOO_YOUNG
    assert parse(ID, number, date(2026, 3, 1)).birth_date == date(2008, 2, 29)
    assert refused(ID, resident_id("20070229")).reason == DOCUMENT_INVALID
    assert refused(ID, resident_id("19000229")).reason == DOCUMENT_INVALID


def test_two_digits_of_a_year_are_the_latest_that_is_past() -> None:
    assert parse(MRZ, passport("261124"), date(2026, 11, 23)).birth_date == date(1926, 11, 24)
    assert refused(MRZ, passport("261124"), TODAY).reason == TOO_YOUNG
    # 29 February of 1900 was none: it is that of 2000, or nobody's.
    assert parse(MRZ, passport("000229")).birth_date == date(2000, 2, 29)


def test_a_birth_in_the_future_is_refused() -> None:
    assert refused(ID, resident_id("20261125")).reason == DOCUMENT_INVALID
    assert refused(ID, resident_id("99991231")).reason == DOCUMENT_INVALID
    assert refused(ID, resident_id("00000101")).reason == DOCUMENT_INVALID


@given(kind=st.sampled_from(DocumentKind), number=st.text(max_size=60))
def test_garbage_is_refused_and_not_repeated(kind: DocumentKind, number: str) -> None:
    refused(kind, number)
    assert guess_kind(number) in DocumentKind


@given(kind=st.sampled_from(DocumentKind), number=st.sampled_from((*BAD_CHECK_DIGIT, ICAO_LINE)))
def test_no_part_of_a_refused_number_is_in_its_error(kind: DocumentKind, number: str) -> None:
    error = refused(kind, number)
    parts = {number[i : i + 4] for i in range(len(number) - 3)}
    assert not any(part in error.text("en") + error.text("zh") for part in parts)


def test_a_document_never_shows_its_number() -> None:
    assert VALID[0] not in repr(parse(ID, VALID[0]))
