"""What residents are told, who read their records, and what they promised."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Final

import sqlalchemy as sa

from node.indicators import DisclosureClass
from node.model import Page, PageRequest
from node.records import Notice, NoticeKind, Promise, PromiseState, RecordKey, RecordRead
from node.store.connection import Row, Session
from node.store.paging import page
from node.store.record_tables import NOTICES, PROMISES, RECORD_READS
from node.store.values import (
    to_instant,
    to_instant_or_none,
    to_json,
    to_micros,
    to_micros_or_none,
)

_B: Final = sa.bindparam
# Above every UUID and every day, in the order of any language.
_LAST: Final = "z"
_MOST: Final = sa.bindparam("most", type_=sa.Integer)

_ADD_NOTICE: Final = sa.insert(NOTICES)
_NOTICES: Final = (
    sa.select(NOTICES)
    .where(NOTICES.c.resident_id == _B("resident_id"), NOTICES.c.notice_id < _B("before"))
    .order_by(NOTICES.c.notice_id.desc())
    .limit(_MOST)
)
_ADD_READ: Final = sa.insert(RECORD_READS)
_READS: Final = (
    sa.select(RECORD_READS)
    .where(RECORD_READS.c.person == _B("person"), RECORD_READS.c.read_id < _B("before"))
    .order_by(RECORD_READS.c.read_id.desc())
    .limit(_MOST)
)
_ADD_PROMISE: Final = sa.insert(PROMISES)
_PROMISE: Final = sa.select(PROMISES).where(PROMISES.c.promise_id == _B("promise_id"))
_PUT_PROMISE: Final = (
    sa.update(PROMISES)
    .where(PROMISES.c.promise_id == _B("which"))
    .values(
        state=_B("state"),
        redemption_id=_B("redemption_id"),
        closed_at=_B("closed_at"),
        note=_B("note"),
    )
)
_PROMISES: Final = (
    sa.select(PROMISES)
    .where(PROMISES.c.resident_id == _B("resident_id"), PROMISES.c.promise_id < _B("before"))
    .order_by(PROMISES.c.promise_id.desc())
    .limit(_MOST)
)


class NoticeRepository:
    """What residents are told."""

    def __init__(self, session: Session) -> None:
        """In one transaction."""
        self._session = session

    def add(self, notice: Notice) -> None:
        """Keep a notice; written at the commit."""
        self._session.append(
            _ADD_NOTICE,
            {
                "resident_id": notice.resident_id,
                "notice_id": notice.notice_id,
                "at": to_micros(notice.at),
                "kind": notice.kind.value,
                "fields": _from_pairs(notice.fields),
            },
        )

    def page(self, resident_id: str, request: PageRequest) -> Page[Notice]:
        """The notices of a resident, the newest first."""
        self._session.flush()
        rows = self._session.all(
            _NOTICES, resident_id=resident_id, before=request.token or _LAST, most=request.size + 1
        )
        found = tuple(
            Notice(row[1], row[0], to_instant(row[2]), NoticeKind(row[3]), _to_pairs(row[4]))
            for row in rows
        )
        return page(found, request, lambda notice: notice.notice_id)


class ReadRepository:
    """Who read records of class B and above."""

    def __init__(self, session: Session) -> None:
        """In one transaction."""
        self._session = session

    def add(self, reads: Sequence[RecordRead]) -> None:
        """Keep reads."""
        rows: list[dict[str, object]] = [
            {
                "person": read.person,
                "read_id": read.read_id,
                "at": to_micros(read.at),
                "reader": read.reader,
                "purpose": read.purpose,
                "source": read.key.source,
                "record_number": read.key.record_number,
                "indicator_id": read.indicator_id,
                "disclosure_class": read.disclosure_class.value,
            }
            for read in reads
        ]
        self._session.write_all(_ADD_READ, rows)

    def page(self, person: int, request: PageRequest) -> Page[RecordRead]:
        """The reads of a person's records, the newest first."""
        rows = self._session.all(
            _READS, person=person, before=request.token or _LAST, most=request.size + 1
        )
        found = tuple(
            RecordRead(
                read_id=row[1],
                person=row[0],
                at=to_instant(row[2]),
                reader=row[3],
                purpose=row[4],
                key=RecordKey(row[5], row[6]),
                indicator_id=row[7],
                disclosure_class=DisclosureClass(row[8]),
            )
            for row in rows
        )
        return page(found, request, lambda read: read.read_id)


class PromiseRepository:
    """Residents' promises."""

    def __init__(self, session: Session) -> None:
        """In one transaction."""
        self._session = session

    def add(self, promise: Promise) -> None:
        """Keep a new promise."""
        self._session.write(
            _ADD_PROMISE,
            promise_id=promise.promise_id,
            resident_id=promise.resident_id,
            incentive_id=promise.incentive_id,
            venue=promise.venue,
            text=promise.text,
            language=promise.language,
            made_at=to_micros(promise.made_at),
            due_on=promise.due_on.isoformat(),
            state=promise.state.value,
            redemption_id=promise.redemption_id,
            closed_at=to_micros_or_none(promise.closed_at),
            note=promise.note,
        )

    def get(self, promise_id: str) -> Promise | None:
        """The promise of that id."""
        row = self._session.one(_PROMISE, promise_id=promise_id)
        return None if row is None else _promise(row)

    def put(self, promise: Promise) -> None:
        """Keep a promise as it is now."""
        self._session.write(
            _PUT_PROMISE,
            which=promise.promise_id,
            state=promise.state.value,
            redemption_id=promise.redemption_id,
            closed_at=to_micros_or_none(promise.closed_at),
            note=promise.note,
        )

    def page(self, resident_id: str, request: PageRequest) -> Page[Promise]:
        """The promises of a resident, the newest first."""
        rows = self._session.all(
            _PROMISES, resident_id=resident_id, before=request.token or _LAST, most=request.size + 1
        )
        return page(tuple(map(_promise, rows)), request, lambda promise: promise.promise_id)


def _from_pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    return to_json([list(pair) for pair in pairs])


def _to_pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))


def _promise(row: Row) -> Promise:
    return Promise(
        promise_id=row[0],
        resident_id=row[1],
        incentive_id=row[2],
        venue=row[3],
        text=row[4],
        language=row[5],
        made_at=to_instant(row[6]),
        due_on=date.fromisoformat(row[7]),
        state=PromiseState(row[8]),
        redemption_id=row[9],
        closed_at=to_instant_or_none(row[10]),
        note=row[11],
    )
