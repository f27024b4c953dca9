"""Records from departments: each row is taken or refused by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from federation.checks import text
from federation.identifiers import name
from node.documents import guess_kind, parse_document
from node.errors import FIELD_INVALID, UNKNOWN, HutongError
from node.limits import RECORD_POINTS_MILLI, RECORDS_PER_LOAD
from node.model import Record
from node.ports import Keys, Transaction
from node.services.here import Here
from node.services.standing import recount


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One row as a department sends it; days as YYYY-MM-DD, "" where there is none."""

    record_number: str
    document_number: str
    title_zh: str
    title_en: str
    points_milli: int
    occurred_on: str
    expires_on: str
    commendation: str


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not taken: its place from 0, its number, and what is wrong."""

    index: int
    record_number: str
    error: HutongError


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of the rows."""

    accepted: int
    duplicates: int
    rejected: tuple[RejectedRow, ...]


class Recording:
    """Takes departments' records and keeps residents' sums true."""

    def __init__(self, here: Here, keys: Keys) -> None:
        """For the residents of `here`."""
        self._here = here
        self._keys = keys

    def load(self, tx: Transaction, department: str, rows: Sequence[RecordRow]) -> LoadReport:
        """Take each good row once; a bad one holds up no other."""
        if len(rows) > RECORDS_PER_LOAD:
            raise HutongError(
                FIELD_INVALID, field="records", problem=f"send at most {RECORDS_PER_LOAD} at once"
            )
        now = self._here.now()
        today = self._here.day(now)
        touched, rejected, duplicates = set[str](), list[RejectedRow](), 0
        for index, row in enumerate(rows):
            try:
                record = self._record(tx, department, row, now, today)
            except HutongError as error:
                rejected.append(RejectedRow(index, row.record_number, error))
                continue
            if tx.residents.add_record(record):
                touched.add(record.resident_id)
            else:
                duplicates += 1
        for resident_id in sorted(touched):
            recount(tx, resident_id, today)
        accepted = len(rows) - duplicates - len(rejected)
        return LoadReport(accepted, duplicates, tuple(rejected))

    def _record(
        self, tx: Transaction, department: str, row: RecordRow, now: datetime, today: date
    ) -> Record:
        document = parse_document(guess_kind(row.document_number), row.document_number, today)
        digest = self._keys.document_digest(document.kind.value, document.number)
        resident = tx.residents.by_document(digest)
        if resident is None:
            raise HutongError(
                UNKNOWN,
                what="participant",
                name="with this document",
                remedy="only residents who opted in have records here",
            )
        return Record(
            department=department,
            record_number=name(row.record_number.lower(), where="record_number"),
            resident_id=resident.resident_id,
            title_zh=_title(row.title_zh, "title_zh"),
            title_en=_title(row.title_en, "title_en"),
            points_milli=_points(row.points_milli),
            occurred_on=_occurred(row.occurred_on, today),
            expires_on=_expires(row.expires_on, row.occurred_on),
            commendation=name(row.commendation, where="commendation") if row.commendation else None,
            received_at=now,
        )


def _title(value: str, field: str) -> str:
    if not value.strip():
        raise HutongError(FIELD_INVALID, field=field, problem="say what the record is about")
    text(value, where=field)
    return value


def _points(points_milli: int) -> int:
    if abs(points_milli) > RECORD_POINTS_MILLI:
        raise HutongError(
            FIELD_INVALID,
            field="points_milli",
            problem=f"one record moves at most {RECORD_POINTS_MILLI} thousandths of a point",
        )
    return points_milli


def _day(value: str, field: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise HutongError(
            FIELD_INVALID, field=field, problem="write a day that exists as YYYY-MM-DD"
        ) from error


def _occurred(value: str, today: date) -> date:
    day = _day(value, "occurred_on")
    if day > today:
        raise HutongError(FIELD_INVALID, field="occurred_on", problem="it lies in the future")
    return day


def _expires(value: str, occurred_on: str) -> date | None:
    if not value:
        return None
    day = _day(value, "expires_on")
    if day <= _day(occurred_on, "occurred_on"):
        raise HutongError(FIELD_INVALID, field="expires_on", problem="it is not after occurred_on")
    return day
