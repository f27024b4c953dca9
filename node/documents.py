"""Identity documents: is the number possible, and is its holder of age? Pure.

Sources: GB 11643 (18 characters, check by ISO 7064 MOD 11-2); the foreigners' permanent residence
card has had a number of the same make since 2023, 15 characters before (check digit by ICAO's
weights 7-3-1; from memory, to be confirmed); ICAO Doc 9303 part 4 for a passport's second line.
The area code is not looked up: fixtures use the unassigned 999999.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2

from federation.errors import HutongError
from node.errors import DOCUMENT_INVALID, TOO_YOUNG
from node.limits import ADULT_YEARS
from node.model import DocumentKind

_WEIGHTS: Final = (7, 3, 1)
_ID: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_OLD_FOREIGNER: Final = re.compile(r"[A-Z]{3}[0-9]{12}")
_MRZ: Final = re.compile(r"[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{7}[MF<][0-9]{7}[A-Z0-9<]{14}[0-9<][0-9]")
_NEW_LENGTH: Final = 18
_OLD_LENGTH: Final = 15
_MRZ_LENGTH: Final = 44
_FOREIGNER: Final = "9"


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose number is possible, in its one form."""

    kind: DocumentKind
    number: str = field(repr=False)
    birth_date: date


def guess_kind(number: str) -> DocumentKind:
    """The kind of a document, from the shape of its number."""
    plain = _plain(number)
    if len(plain) == _MRZ_LENGTH:
        return DocumentKind.PASSPORT_MRZ
    if len(plain) == _OLD_LENGTH or (len(plain) == _NEW_LENGTH and _new_foreigner(plain)):
        return DocumentKind.FOREIGN_PERMANENT_RESIDENT
    return DocumentKind.RESIDENT_ID


def parse_document(kind: DocumentKind, number: str, today: date) -> Document:
    """The document, if its number is possible and its holder is of age today.

    Raises:
        HutongError: DOCUMENT_INVALID, TOO_YOUNG; neither repeats the number.
    """
    plain = _plain(number)
    birth = _READERS[kind](plain, today)
    if birth > today:
        raise _invalid("its birth date lies in the future")
    if _birthday(birth, birth.year + ADULT_YEARS) > today:
        raise HutongError(TOO_YOUNG, age=str(ADULT_YEARS))
    return Document(kind, plain, birth)


def _plain(number: str) -> str:
    """Full-width digits, lower case, spaces and dashes are slips of the hand."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", number)).upper()


def _resident_id(number: str, today: date) -> date:
    if len(number) == _NEW_LENGTH and _new_foreigner(number):
        raise _invalid("it is a foreigner's permanent residence card; choose that kind")
    return _eighteen(number, today)


def _eighteen(number: str, _today: date) -> date:
    if not _ID.fullmatch(number):
        raise _invalid("it has 18 characters: 17 digits, then a digit or X")
    try:
        mod_11_2.validate(number)
    except ValidationError as error:
        raise _invalid("its check digit does not fit") from error
    return _date(number[6:14])


def _foreign_permanent_resident(number: str, today: date) -> date:
    if len(number) == _NEW_LENGTH:
        if not number.startswith(_FOREIGNER):
            raise _invalid("a foreigner's number of 18 characters begins with 9")
        return _eighteen(number, today)
    if not _OLD_FOREIGNER.fullmatch(number):
        raise _invalid("it has 18 characters, or 15 before 2023: three letters and 12 digits")
    if _check_digit(number[:-1]) != number[-1]:
        raise _invalid("its check digit does not fit")
    return _short_date(number[7:13], today)


def _passport(line: str, today: date) -> date:
    if not _MRZ.fullmatch(line):
        raise _invalid("give the second line of the machine-readable zone, 44 characters")
    optional = line[28:42]
    for what, covered, digit in (
        ("document number", line[:9], line[9]),
        ("birth date", line[13:19], line[19]),
        ("expiry date", line[21:27], line[27]),
        ("whole line", line[:10] + line[13:20] + line[21:43], line[43]),
    ):
        if _check_digit(covered) != digit:
            raise _invalid(f"the check digit of the {what} does not fit")
    if line[42] != _check_digit(optional) and (line[42] != "<" or optional.strip("<")):
        raise _invalid("the check digit of the personal number does not fit")
    if _date("20" + line[21:27]) < today:
        raise _invalid("the passport has expired")
    return _short_date(line[13:19], today)


_READERS: Final = {
    DocumentKind.RESIDENT_ID: _resident_id,
    DocumentKind.FOREIGN_PERMANENT_RESIDENT: _foreign_permanent_resident,
    DocumentKind.PASSPORT_MRZ: _passport,
}


def _new_foreigner(number: str) -> bool:
    # Fixtures are residents of the unassigned area 999999, which begins with 9 as well.
    return number.startswith(_FOREIGNER) and not number.startswith("999999")


def _check_digit(text: str) -> str:
    """ICAO 9303: digits count as themselves, A to Z as 10 to 35, the filler as 0; modulo 10."""
    values = (0 if c == "<" else int(c, 36) for c in text)
    return str(sum(value * _WEIGHTS[i % 3] for i, value in enumerate(values)) % 10)


def _date(digits: str) -> date:
    try:
        return date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    except ValueError as error:
        raise _invalid("it holds a day that does not exist") from error


def _short_date(digits: str, today: date) -> date:
    """A birth date with two digits of the year: the latest such day that is not in the future."""
    this = _date(f"{today.year // 100}{digits}") if _exists(today.year // 100, digits) else None
    if this is not None and this <= today:
        return this
    return _date(f"{today.year // 100 - 1}{digits}")


def _exists(century: int, digits: str) -> bool:
    try:
        _date(f"{century}{digits}")
    except HutongError:
        return False
    return True


def _birthday(birth: date, year: int) -> date:
    """The birthday in a year; of a 29 February, in common years, 1 March."""
    try:
        return birth.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _invalid(problem: str) -> HutongError:
    return HutongError(DOCUMENT_INVALID, problem=problem)
