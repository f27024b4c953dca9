"""Rows that were not taken, and wait for their department."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Final

import sqlalchemy as sa

from node.model import Page, PageRequest
from node.records import QuarantinedRow, RecordKey, RecordRow
from node.store.connection import Row, Session, Upserts
from node.store.lists import named, places, portions
from node.store.paging import page
from node.store.record_tables import QUARANTINE
from node.store.values import to_instant, to_json, to_micros

_B: Final = sa.bindparam
_TOKEN: Final = re.compile(r"([0-9]{1,18})/([0-9]{1,18})/([0-9a-f-]{36})")
_QUARANTINED: Final = sa.select(QUARANTINE).where(QUARANTINE.c.row_id == _B("row_id"))
_PLACE: Final = (QUARANTINE.c.received_at, QUARANTINE.c.line, QUARANTINE.c.row_id)
_QUARANTINE_PAGE: Final = (
    sa.select(QUARANTINE)
    .where(
        QUARANTINE.c.department == _B("department"),
        sa.tuple_(*_PLACE) > sa.tuple_(_B("after"), _B("line"), _B("row_id")),
    )
    .order_by(*_PLACE)
    .limit(_B("most", type_=sa.Integer))
)


class QuarantineRepository:
    """Rows that wait for their department."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """In one transaction."""
        self._session = session
        self._upserts = upserts

    def put(self, rows: Sequence[QuarantinedRow]) -> None:
        """Keep rows."""
        for row in rows:
            self._session.write(
                self._upserts.quarantined,
                row_id=row.row_id,
                department=row.department,
                source=row.row.source or row.department,
                record_number=row.row.record_number,
                row=to_json(asdict(row.row) | {"document_number": ""}),
                person=row.person,
                reason=row.reason,
                fields=to_json([list(pair) for pair in row.fields]),
                received_at=to_micros(row.received_at),
                load_id=row.load_id,
                line=row.line,
            )

    def get(self, row_id: str) -> QuarantinedRow | None:
        """The row of that id."""
        row = self._session.one(_QUARANTINED, row_id=row_id)
        return None if row is None else _quarantined(row)

    def page(self, department: str, request: PageRequest) -> Page[QuarantinedRow]:
        """The rows of a department, the oldest first."""
        after, line, row_id = _place_of(request.token)
        rows = self._session.all(
            _QUARANTINE_PAGE,
            department=department,
            after=after,
            line=line,
            row_id=row_id,
            most=request.size + 1,
        )
        return page(tuple(map(_quarantined, rows)), request, _token_of)

    def remove(self, row_ids: Iterable[str]) -> None:
        """Let rows go."""
        for some in portions(row_ids):
            self._session.write(_remove(len(some)), **named(some))

    def remove_numbers(self, department: str, keys: Iterable[RecordKey]) -> None:
        """Let every row go that a department sent for one of these records."""
        by_source = defaultdict[str, list[str]](list)
        for key in keys:
            by_source[key.source].append(key.record_number)
        for source, numbers in by_source.items():
            for some in portions(numbers):
                self._session.write(
                    _remove_numbers(len(some)), sent_by=department, of_source=source, **named(some)
                )


def _token_of(row: QuarantinedRow) -> str:
    return f"{to_micros(row.received_at)}/{row.line}/{row.row_id}"


def _place_of(token: str) -> tuple[int, int, str]:
    """The place that a token names; before all of them where it names none."""
    found = _TOKEN.fullmatch(token)
    return (int(found[1]), int(found[2]), found[3]) if found else (0, 0, "")


@lru_cache
def _remove(count: int) -> sa.Delete:
    return sa.delete(QUARANTINE).where(QUARANTINE.c.row_id.in_(places(count)))


@lru_cache
def _remove_numbers(count: int) -> sa.Delete:
    return sa.delete(QUARANTINE).where(
        QUARANTINE.c.source == _B("of_source"),
        QUARANTINE.c.record_number.in_(places(count)),
        QUARANTINE.c.department == _B("sent_by"),
    )


def _quarantined(row: Row) -> QuarantinedRow:
    return QuarantinedRow(
        row_id=row[0],
        department=row[1],
        row=RecordRow(**json.loads(row[4])),
        person=row[5],
        reason=row[6],
        fields=tuple((name, value) for name, value in json.loads(row[7])),
        received_at=to_instant(row[8]),
        load_id=row[9],
        line=row[10],
    )
