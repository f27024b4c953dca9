"""One row of a department's records, read by itself: whether every field of it is possible.

The catalogue and the records are not asked here, so this needs no transaction. A document number
goes no further than its keyed digest: neither errors nor what is kept of a bad row hold it.
"""

import re
import unicodedata
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Final

from federation.identifiers import name, uuid8
from node.documents import guess_kind, parse_document
from node.errors import TOO_YOUNG, HutongError
from node.ports import Keys
from node.record_limits import EVIDENCE_CHARACTERS, FIRST_YEAR, QUARANTINED_CHARACTERS
from node.records import RecordKey, RecordRow, RowAction
from node.row_errors import (
    RECORD_NUMBER_UNFIT,
    RECORD_UNKNOWN,
    ROW_ACTION_UNKNOWN,
    ROW_DAY_FUTURE,
    ROW_DAY_IMPOSSIBLE,
    ROW_DOCUMENT_MISSING,
    ROW_ENDS_EARLY,
    ROW_EVIDENCE_MISSING,
    ROW_HOLDS_DOCUMENT,
    ROW_PERSON_MINOR,
    ROW_REVISION_MISSING,
    ROW_TEXT_UNFIT,
)

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LIKE_DOCUMENT: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:[1-9][0-9]{5}(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}[0-9Xx]"
    r"|[A-Za-z]{3}[0-9]{12})(?![0-9A-Za-z])"
    r"|[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{7}[MF<][0-9]{7}[A-Z0-9<]{14}[0-9<][0-9]",
    re.IGNORECASE,
)
_MASK: Final = "********"
_ACTIONS: Final = {"": RowAction.ADD} | {action.value: action for action in RowAction}
# No document is of kind 0: what is digested under it is never one.
_ROW_KIND: Final = 0


@dataclass(frozen=True, slots=True)
class Content:
    """What a record says; two that say the same are one fact sent twice."""

    indicator_id: str
    area: str
    evidence: str
    occurred_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a row asks for, each field of it possible; `content` is None for a withdrawal."""

    action: RowAction
    key: RecordKey
    revision: int
    content: Content | None
    disclosure_class: str


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row that was read: what it asks for, or what is wrong with it.

    `row` has no document number any more: `mark` stands for that, by a key. `digest` is the keyed
    one of its document, `person` who that is where it is known already; both are None where the
    document is what is wrong, or none was needed.
    """

    line: int
    row: RecordRow
    mark: bytes = field(repr=False)
    digest: bytes | None = field(repr=False)
    person: int | None
    found: Asked | HutongError


class RowReader:
    """Reads the rows of one batch of a department; a document that comes again is read once."""

    def __init__(self, keys: Keys, department: str, today: date) -> None:
        """As of the day `today` of the city."""
        self._keys = keys
        self._department = department
        self._today = today
        self._documents: dict[str, bytes | HutongError] = {}

    def read(self, row: RecordRow, line: int, person: int | None = None) -> ReadRow:
        """The row; `person` is whose it is where it has no document number any more."""
        plain = _stripped(row)
        number = plain.document_number
        digest, wrong = self._document(number, person)
        kept = replace(plain, document_number="")
        mark = digest or self._keys.document_digest(_ROW_KIND, number)
        try:
            found = self._asked(plain, wrong)
        except HutongError as error:
            kept, error = self._masked_row(kept, number), self._masked_error(error, number)
            return ReadRow(line, kept, mark, digest, None if digest else person, error)
        if found.content is None:
            digest = person = None
        return ReadRow(line, kept, mark, digest, None if digest else person, found)

    def kept(self, read: ReadRow, error: HutongError) -> tuple[str, RecordRow, HutongError]:
        """What is kept of a row that is not taken: an id, the row, and what is wrong with it.

        The id follows from what was sent, by a key: a row holds a document number, and those are
        few.
        """
        parts = [self._department, read.mark.hex(), *map(str, _columns(read.row).values())]
        said = "".join(f"{len(part)}:{part}" for part in parts)
        row_id = uuid8(self._keys.document_digest(_ROW_KIND, said))
        return row_id, self._masked_row(read.row, ""), self._masked_error(error, "")

    def _asked(self, row: RecordRow, wrong: HutongError | None) -> Asked:
        action = _ACTIONS.get(row.action)
        if action is None:
            raise HutongError(ROW_ACTION_UNKNOWN)
        if not _is_name(row.record_number):
            raise HutongError(RECORD_NUMBER_UNFIT)
        if row.source and not _is_name(row.source):
            raise HutongError(
                RECORD_UNKNOWN,
                source=row.source,
                number=row.record_number,
                department=self._department,
            )
        key = RecordKey(row.source or self._department, row.record_number)
        if action is not RowAction.ADD and row.revision < 1:
            raise HutongError(ROW_REVISION_MISSING)
        if action is RowAction.WITHDRAW:
            return Asked(action, key, row.revision, None, "")
        if wrong is not None:
            raise wrong
        revision = 0 if action is RowAction.ADD else row.revision
        return Asked(action, key, revision, self._content(row), row.disclosure_class)

    def _content(self, row: RecordRow) -> Content:
        for column in ("record_number", "evidence", "indicator", "area"):
            if _holds_document(getattr(row, column), self._today):
                raise HutongError(ROW_HOLDS_DOCUMENT, column=column)
        occurred_on = _day(row.occurred_on, "occurred_on")
        if occurred_on > self._today:
            raise HutongError(
                ROW_DAY_FUTURE, day=occurred_on.isoformat(), today=self._today.isoformat()
            )
        ends_on = _day(row.ends_on, "ends_on") if row.ends_on else None
        if ends_on is not None and ends_on <= occurred_on:
            raise HutongError(ROW_ENDS_EARLY, day=occurred_on.isoformat())
        if not row.evidence:
            raise HutongError(ROW_EVIDENCE_MISSING)
        if len(row.evidence) > EVIDENCE_CHARACTERS or not _can_be_printed(row.evidence):
            raise HutongError(ROW_TEXT_UNFIT, column="evidence", most=str(EVIDENCE_CHARACTERS))
        return Content(row.indicator, row.area, row.evidence, occurred_on, ends_on)

    def _document(self, number: str, person: int | None) -> tuple[bytes | None, HutongError | None]:
        """The digest of a row's document, or what is wrong with that."""
        if not number:
            return None, HutongError(ROW_DOCUMENT_MISSING) if person is None else None
        if number not in self._documents:
            self._documents[number] = self._digest(number)
        found = self._documents[number]
        return (None, found) if isinstance(found, HutongError) else (found, None)

    def _digest(self, number: str) -> bytes | HutongError:
        try:
            document = parse_document(guess_kind(number), number, self._today)
        except HutongError as error:
            if error.reason is TOO_YOUNG:
                return HutongError(ROW_PERSON_MINOR, **error.fields)
            return error
        return self._keys.document_digest(document.kind.value, document.number)

    def _masked_row(self, row: RecordRow, number: str) -> RecordRow:
        texts: dict[str, Any] = {
            column: self._masked(value, number)
            for column, value in _columns(row).items()
            if isinstance(value, str)
        }
        return replace(row, **texts)

    def _masked_error(self, error: HutongError, number: str) -> HutongError:
        fields = {key: self._masked(value, number) for key, value in error.fields.items()}
        return HutongError(error.reason, **fields)

    def _masked(self, text: str, number: str) -> str:
        """A text of a bad row, fit to be kept: short, and without any document's number."""
        plain = text.replace(number, _MASK) if number else text
        # Also one with a slip of the finger in it: it is nearly the number.
        if _LIKE_DOCUMENT.search(narrow := _narrow(plain)):
            plain = _LIKE_DOCUMENT.sub(_MASK, narrow)
        short = plain[:QUARANTINED_CHARACTERS]
        if _can_be_printed(short):
            return short
        return "".join(c if _can_be_printed(c) else "\N{REPLACEMENT CHARACTER}" for c in short)


def _columns(row: RecordRow) -> dict[str, Any]:
    return {each.name: getattr(row, each.name) for each in fields(row)}


def _stripped(row: RecordRow) -> RecordRow:
    return RecordRow(
        record_number=row.record_number.strip().lower(),
        indicator=row.indicator.strip(),
        document_number=row.document_number.strip(),
        occurred_on=row.occurred_on.strip(),
        evidence=row.evidence.strip(),
        action=row.action.strip().lower(),
        source=row.source.strip().lower(),
        revision=row.revision,
        disclosure_class=row.disclosure_class.strip().upper(),
        area=row.area.strip(),
        ends_on=row.ends_on.strip(),
    )


def _is_name(text: str) -> bool:
    try:
        name(text, where="")
    except HutongError:
        return False
    return True


def _can_be_printed(text: str) -> bool:
    """Whether a text has no control characters, nor halves of characters; wide spaces are fine."""
    return text.replace("\u3000", " ").replace("\xa0", " ").isprintable()


def _day(text: str, column: str) -> date:
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or found.year < FIRST_YEAR:
        raise HutongError(ROW_DAY_IMPOSSIBLE, column=column)
    return found


def _holds_document(text: str, today: date) -> bool:
    """Whether a part of a text is the number of a document, check digit and all."""
    return any(_is_document(found, today) for found in _LIKE_DOCUMENT.findall(_narrow(text)))


def _narrow(text: str) -> str:
    """The text with plain digits and letters for those of full width, as documents are read."""
    return unicodedata.normalize("NFKC", text)


def _is_document(text: str, today: date) -> bool:
    try:
        parse_document(guess_kind(text), text, today)
    except HutongError as error:
        return error.reason is TOO_YOUNG
    return True
