"""Persons, their records, and every step of those."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from node.records import (
    Record,
    RecordKey,
    RecordLoad,
    RecordMove,
    RecordState,
)
from node.store.connection import Row, Session, Upserts
from node.store.lists import named, places, portions
from node.store.record_tables import PERSONS, RECORD_LOADS, RECORD_MOVES, RECORDS
from node.store.values import (
    from_day_or_none,
    to_day_or_none,
    to_instant,
    to_instant_or_none,
    to_micros,
    to_micros_or_none,
)

_B: Final = sa.bindparam

_STANDING: Final = RecordState.STANDING.value
_ADD_PERSON: Final = sa.insert(PERSONS)
_ADD_RECORD: Final = sa.insert(RECORDS)
_ADD_MOVE: Final = sa.insert(RECORD_MOVES)
_OF: Final = sa.select(RECORDS).where(RECORDS.c.state == _STANDING)
_NEWEST_FIRST: Final = (RECORDS.c.occurred_on.desc(), RECORDS.c.source, RECORDS.c.record_number)
_REPLACE: Final = (
    sa.update(RECORDS)
    .where(
        RECORDS.c.source == _B("of_source"),
        RECORDS.c.record_number == _B("of_number"),
        RECORDS.c.revision == _B("of_revision"),
    )
    .values({c.name: _B(c.name) for c in RECORDS.columns if not c.primary_key})
)
_MOVES: Final = (
    sa.select(RECORD_MOVES)
    .where(
        RECORD_MOVES.c.source == _B("source"), RECORD_MOVES.c.record_number == _B("record_number")
    )
    .order_by(RECORD_MOVES.c.move_id)
)
_LOAD: Final = sa.select(RECORD_LOADS).where(
    RECORD_LOADS.c.department == _B("department"), RECORD_LOADS.c.load_id == _B("load_id")
)


class RecordRepository:
    """Persons, their records, and every step of those."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """In one transaction."""
        self._session = session
        self._upserts = upserts

    def persons(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        """The persons that are known."""
        found = dict[bytes, int]()
        for some in portions(digests):
            rows = self._session.all(_persons(len(some)), **named(some))
            found.update((bytes(digest), person) for person, digest in rows)
        return found

    def add_persons(self, persons: Mapping[bytes, int]) -> None:
        """Keep new persons."""
        self._session.write_all(
            _ADD_PERSON,
            [{"person": person, "document_digest": digest} for digest, person in persons.items()],
        )

    def find(self, keys: Iterable[RecordKey]) -> dict[RecordKey, Record]:
        """The records of those keys."""
        by_source = defaultdict[str, list[str]](list)
        for key in keys:
            by_source[key.source].append(key.record_number)
        found = dict[RecordKey, Record]()
        for source, numbers in by_source.items():
            for some in portions(numbers):
                rows = self._session.all(_found(len(some)), source=source, **named(some))
                found.update((record.key, record) for record in map(_record, rows))
        return found

    def of(self, persons: Iterable[int]) -> dict[int, tuple[Record, ...]]:
        """The standing records of each person, the newest first."""
        wanted = tuple(persons)
        found: dict[int, list[Record]] = {person: [] for person in wanted}
        for some in portions(wanted):
            for row in self._session.all(_of_persons(len(some)), **named(some)):
                found[row[3]].append(_record(row))
        return {person: tuple(records) for person, records in found.items()}

    def add(self, records: Sequence[Record]) -> None:
        """Keep new records."""
        self._session.write_all(_ADD_RECORD, [_columns(record) for record in records])

    def replace(self, record: Record, *, revision: int) -> bool:
        """Put the next revision in the place of that one."""
        columns = _columns(record)
        source, number = columns.pop("source"), columns.pop("record_number")
        return bool(
            self._session.write(
                _REPLACE, of_source=source, of_number=number, of_revision=revision, **columns
            )
        )

    def mark(
        self,
        key: RecordKey,
        *,
        state: RecordState | None = None,
        disputed: bool | None = None,
        overdue: bool | None = None,
    ) -> None:
        """Change a record's state or marks."""
        changed: dict[str, object] = {}
        if state is not None:
            changed["state"] = state.value
        if disputed is not None:
            changed["disputed"] = int(disputed)
        if overdue is not None:
            changed["overdue"] = int(overdue)
        if changed:
            self._session.write(
                _mark(tuple(changed)), of_source=key.source, of_number=key.record_number, **changed
            )

    def add_moves(self, moves: Sequence[RecordMove]) -> None:
        """Keep steps; written at the commit."""
        for move in moves:
            self._session.append(
                _ADD_MOVE,
                {
                    "source": move.key.source,
                    "record_number": move.key.record_number,
                    "move_id": move.move_id,
                    "person": move.person,
                    "at": to_micros(move.at),
                    "actor": move.actor,
                    "move": move.move,
                    "reason": move.reason,
                    "before": move.before,
                },
            )

    def moves(self, key: RecordKey) -> tuple[RecordMove, ...]:
        """Every step of a record, the oldest first."""
        self._session.flush()
        rows = self._session.all(_MOVES, source=key.source, record_number=key.record_number)
        return tuple(
            RecordMove(
                move_id=row[2],
                key=RecordKey(row[0], row[1]),
                person=row[3],
                at=to_instant(row[4]),
                actor=row[5],
                move=row[6],
                reason=row[7],
                before=row[8],
            )
            for row in rows
        )

    def count_by_indicator(self, indicators: Iterable[str]) -> dict[str, int]:
        """How many records name each of these indicators."""
        found = dict[str, int]()
        for some in portions(indicators):
            rows = self._session.all(_count_by_indicator(len(some)), **named(some))
            found |= dict.fromkeys(some, 0) | {row[0]: row[1] for row in rows}
        return found

    def load(self, department: str, load_id: str) -> RecordLoad | None:
        """How far a load has come."""
        row = self._session.one(_LOAD, department=department, load_id=load_id)
        if row is None:
            return None
        return RecordLoad(
            department=row[0],
            load_id=row[1],
            file_name=row[2],
            taken=row[3],
            accepted=row[4],
            unchanged=row[5],
            quarantined=row[6],
            begun_at=to_instant(row[7]),
            finished_at=to_instant_or_none(row[8]),
        )

    def put_load(self, load: RecordLoad) -> None:
        """Keep how far a load has come."""
        columns = asdict(load) | {
            "begun_at": to_micros(load.begun_at),
            "finished_at": to_micros_or_none(load.finished_at),
        }
        self._session.write(self._upserts.record_load, **columns)


@lru_cache
def _persons(count: int) -> sa.Select[Any]:
    return sa.select(PERSONS).where(PERSONS.c.document_digest.in_(places(count)))


@lru_cache
def _found(count: int) -> sa.Select[Any]:
    return sa.select(RECORDS).where(
        RECORDS.c.source == _B("source"), RECORDS.c.record_number.in_(places(count))
    )


@lru_cache
def _of_persons(count: int) -> sa.Select[Any]:
    return _OF.where(RECORDS.c.person.in_(places(count))).order_by(*_NEWEST_FIRST)


@lru_cache
def _count_by_indicator(count: int) -> sa.Select[Any]:
    return (
        sa.select(RECORDS.c.indicator_id, sa.func.count())
        .where(RECORDS.c.indicator_id.in_(places(count)))
        .group_by(RECORDS.c.indicator_id)
    )


@lru_cache
def _mark(columns: tuple[str, ...]) -> sa.Update:
    return (
        sa.update(RECORDS)
        .where(RECORDS.c.source == _B("of_source"), RECORDS.c.record_number == _B("of_number"))
        .values({name: _B(name) for name in columns})
    )


def _columns(record: Record) -> dict[str, object]:
    return {
        "source": record.key.source,
        "record_number": record.key.record_number,
        "revision": record.revision,
        "person": record.person,
        "indicator_id": record.indicator_id,
        "area": record.area,
        "evidence": record.evidence,
        "occurred_on": record.occurred_on.isoformat(),
        "ends_on": from_day_or_none(record.ends_on),
        "state": record.state.value,
        "disputed": int(record.disputed),
        "overdue": int(record.overdue),
        "received_at": to_micros(record.received_at),
        "received_from": record.received_from,
    }


def _record(row: Row) -> Record:
    return Record(
        key=RecordKey(row[0], row[1]),
        revision=row[2],
        person=row[3],
        indicator_id=row[4],
        area=row[5],
        evidence=row[6],
        occurred_on=date.fromisoformat(row[7]),
        ends_on=to_day_or_none(row[8]),
        state=RecordState(row[9]),
        disputed=bool(row[10]),
        overdue=bool(row[11]),
        received_at=to_instant(row[12]),
        received_from=row[13],
    )
