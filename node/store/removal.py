"""What is removed for good by its time: found in portions by readers, removed row by row.

A row is looked at again when it is removed: what changed meanwhile, such as a record about which a
case was opened, stays. What hangs on a row goes with it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from node import record_limits
from node.model import PendingQuestion, Resident
from node.records import CaseState, PromiseState, RecordState
from node.retention import Ended, Kept, Place, Portion
from node.store import erasure
from node.store.connection import Session
from node.store.counters import counters_over
from node.store.incentive_tables import CHECKS, RESERVATIONS
from node.store.record_tables import (
    CASE_STEPS,
    CASES,
    NOTICES,
    PERSONS,
    PROMISES,
    QUARANTINE,
    RECORD_LOADS,
    RECORD_MOVES,
    RECORD_READS,
    RECORDS,
)
from node.store.residents import NOBODY
from node.store.tables import (
    CONSENTS,
    COUNTERS,
    NODE_STATE,
    RECOGNITIONS,
    REDEMPTIONS,
    RESIDENTS,
    USES,
)
from node.store.trust_tables import CONSENT_RECEIPTS, LOG_SALTS, VISITS
from node.store.values import to_instant, to_micros

_B: Final = sa.bindparam
_INSTANT: Final[sa.BindParameter[Any]] = _B("instant")
_DAY: Final[sa.BindParameter[Any]] = _B("day")
_OPEN: Final = [sa.literal(state.value) for state in CaseState if state.is_open]

Column = sa.Column[Any]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How rows of a kind are found.

    `order` is how they are walked: by an index that ends with the key, where `ended` is a range of
    it; else by the key itself, past all rows (`walked`). `hanging` are the tables whose rows go
    with a row, each with the column that names one column of it. `emptied` are the columns that
    lose what they hold, where the row itself stays.
    """

    table: sa.Table
    ended: sa.ColumnElement[bool]
    order: tuple[Column, ...] = ()
    hanging: tuple[tuple[sa.Table, Mapping[str, str]], ...] = ()
    emptied: tuple[str, ...] = ()

    @property
    def walked(self) -> bool:
        """Whether all rows are walked past."""
        return not self.order

    @property
    def place(self) -> tuple[Column, ...]:
        """The columns of a row's place; the key is last."""
        key: tuple[Column, ...] = tuple(self.table.primary_key.columns)
        return tuple(c for c in self.order if c not in set(key)) + key

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns of a row's key."""
        return tuple(self.table.primary_key.columns)


def _none(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return ~sa.exists(sa.select(sa.literal(1)).select_from(table).where(*conditions))


_MOVES: Final = (RECORD_MOVES, {"source": "source", "record_number": "record_number"})
_NO_OPEN_CASE: Final = _none(
    CASES,
    CASES.c.source == RECORDS.c.source,
    CASES.c.record_number == RECORDS.c.record_number,
    CASES.c.state.in_(_OPEN),
)


def _over(state: RecordState) -> _Kind:
    """Records that ended in a state before an instant; that is when their last move was."""
    ended = sa.and_(
        RECORDS.c.state == state.value,
        RECORDS.c.indicator_id != "",
        RECORDS.c.received_at < _INSTANT,
        _none(
            RECORD_MOVES,
            RECORD_MOVES.c.source == RECORDS.c.source,
            RECORD_MOVES.c.record_number == RECORDS.c.record_number,
            RECORD_MOVES.c.at >= _INSTANT,
        ),
        _NO_OPEN_CASE,
    )
    return _Kind(RECORDS, ended, hanging=(_MOVES,), emptied=("indicator_id", "area", "evidence"))


def _recognitions(ended: sa.ColumnElement[bool]) -> _Kind:
    return _Kind(
        RECOGNITIONS,
        ended,
        hanging=(
            (LOG_SALTS, {"subject": "recognition_id"}),
            (VISITS, {"recognition_id": "recognition_id"}),
            (CHECKS, {"recognition_id": "recognition_id"}),
        ),
    )


_KINDS: Final[Mapping[Kept, _Kind]] = {
    Kept.RECORDS: _Kind(
        RECORDS,
        sa.and_(
            RECORDS.c.indicator_id == _B("indicator"),
            RECORDS.c.occurred_on < _DAY,
            _NO_OPEN_CASE,
        ),
        order=(RECORDS.c.occurred_on,),
        hanging=(_MOVES,),
    ),
    Kept.WITHDRAWN_RECORDS: _over(RecordState.WITHDRAWN),
    Kept.REPAIRED_RECORDS: _over(RecordState.REPAIRED),
    Kept.QUARANTINE: _Kind(
        QUARANTINE, QUARANTINE.c.received_at < _INSTANT, order=(QUARANTINE.c.received_at,)
    ),
    Kept.RECORD_LOADS: _Kind(
        RECORD_LOADS,
        sa.and_(
            RECORD_LOADS.c.begun_at < _INSTANT,
            sa.func.coalesce(RECORD_LOADS.c.finished_at, 0) < _INSTANT,
        ),
        order=(RECORD_LOADS.c.begun_at,),
    ),
    Kept.CASES: _Kind(
        CASES,
        sa.and_(
            CASES.c.state.not_in(_OPEN),
            CASES.c.opened_at < _INSTANT,
            _none(CASE_STEPS, CASE_STEPS.c.case_id == CASES.c.case_id, CASE_STEPS.c.at >= _INSTANT),
        ),
        hanging=((CASE_STEPS, {"case_id": "case_id"}),),
    ),
    Kept.NOTICES: _Kind(NOTICES, NOTICES.c.at < _INSTANT, order=(NOTICES.c.at,)),
    Kept.RECORD_READS: _Kind(
        RECORD_READS, RECORD_READS.c.at < _INSTANT, order=(RECORD_READS.c.at,)
    ),
    Kept.PROMISES: _Kind(
        PROMISES,
        sa.and_(
            PROMISES.c.state != PromiseState.OPEN.value,
            sa.func.coalesce(PROMISES.c.closed_at, PROMISES.c.made_at) < _INSTANT,
        ),
    ),
    Kept.CONSENTS: _Kind(
        CONSENTS,
        sa.and_(
            CONSENTS.c.consent_id != NOBODY,
            sa.func.coalesce(CONSENTS.c.withdrawn_at, CONSENTS.c.expires_at) < _INSTANT,
        ),
        hanging=((CONSENT_RECEIPTS, {"consent_id": "consent_id"}),),
    ),
    Kept.USES: _Kind(USES, sa.and_(USES.c.resident_id != NOBODY, USES.c.used_at < _INSTANT)),
    Kept.ENDED_RECOGNITIONS: _recognitions(RECOGNITIONS.c.ended_at < _INSTANT),
    Kept.UNUSED_RECOGNITIONS: _recognitions(
        sa.and_(RECOGNITIONS.c.ended_at.is_(None), RECOGNITIONS.c.expires_at < _INSTANT)
    ),
    Kept.REDEMPTIONS: _Kind(REDEMPTIONS, REDEMPTIONS.c.redeemed_at < _INSTANT),
    Kept.RESERVATIONS: _Kind(RESERVATIONS, RESERVATIONS.c.closed_at < _INSTANT),
    Kept.NAMED_RESERVATIONS: _Kind(
        RESERVATIONS,
        sa.and_(RESERVATIONS.c.recognition_id != "", RESERVATIONS.c.closed_at < _INSTANT),
        emptied=("recognition_id", "scopes"),
    ),
    **{kept: _Kind(COUNTERS, over) for kept, over in counters_over(_DAY).items()},
    Kept.PERSONS: _Kind(
        PERSONS,
        sa.and_(
            *(
                _none(table, table.c.person == PERSONS.c.person)
                for table in (RESIDENTS, RECORDS, RECORD_MOVES, QUARANTINE, CASES, RECORD_READS)
            )
        ),
    ),
}

_STATE: Final = sa.select(NODE_STATE.c.retained_at, NODE_STATE.c.removals, NODE_STATE.c.scrubbed)
_CLAIM: Final = (
    sa.update(NODE_STATE).where(NODE_STATE.c.retained_at < _B("due")).values(retained_at=_B("at"))
)
_REMOVED: Final = sa.update(NODE_STATE).values(removals=NODE_STATE.c.removals + 1)


class RemovalRepository:
    """Finds, counts and removes rows."""

    def __init__(self, session: Session) -> None:
        """In one transaction."""
        self._session = session

    def indicators(self) -> tuple[str, ...]:
        """Every indicator that some record names, by one look into the index for each."""
        found = list[str]()
        last = self._session.one(_FIRST_INDICATOR)
        while last is not None and last[0] is not None:
            found.append(last[0])
            last = self._session.one(_NEXT_INDICATOR, last=last[0])
        return tuple(found)

    def ended(self, what: Ended, after: Place | None) -> Portion:
        """The next rows that ended, at most as many as one transaction removes."""
        kind, values = _KINDS[what.kind], _values(what)
        begin = {} if after is None else _named("after", after)
        first = after is None
        last: Place | None = None
        if kind.walked:
            row = self._session.one(
                _step(what.kind, first=first), skip=record_limits.RETENTION_WALK - 1, **begin
            )
            last = tuple(row) if row else None
            values |= _named("last", last) if last else {}
        statement = _ended(what.kind, first=first, bounded=last is not None)
        most = record_limits.RETENTION_WALK if kind.walked else record_limits.RETENTION_ROWS
        rows = self._session.all(statement, most=most, **values, **begin)
        places = tuple(tuple(row) for row in rows)
        if kind.walked:
            return Portion(places, last)
        return Portion(places, places[-1] if len(places) == most else None)

    def count(self, what: Ended, places: Iterable[Place]) -> Counter[str]:
        """How many rows of each table `remove` would remove or empty."""
        kind, found = _KINDS[what.kind], Counter[str]()
        for place in places:
            found[what.kind.value] += 1
            row = dict(zip((c.name for c in kind.place), place, strict=True))
            for index, (table, columns) in enumerate(kind.hanging):
                named = {f"of_{mine}": row[its] for mine, its in columns.items()}
                counted = self._session.one(_hanging_count(what.kind, index), **named)
                found[table.name] += counted[0] if counted else 0
        return found

    def remove(self, what: Ended, places: Iterable[Place]) -> Counter[str]:
        """Remove or empty rows that still have ended, with what hangs on them; how many of each."""
        kind, found, values = _KINDS[what.kind], Counter[str](), _values(what)
        for place in places:
            row = dict(zip((c.name for c in kind.place), place, strict=True))
            key = {f"of_{column.name}": row[column.name] for column in kind.key}
            if not self._session.write(_remove(what.kind), **key, **values):
                continue
            found[what.kind.value] += 1
            for index, (table, columns) in enumerate(kind.hanging):
                named = {f"of_{mine}": row[its] for mine, its in columns.items()}
                found[table.name] += self._session.write(_hanging(what.kind, index), **named)
        if found:
            self.removed()
        return found

    def last_run(self) -> datetime:
        """When retention last ran; 1970 where it never did."""
        row = self._session.one(_STATE)
        return to_instant(row[0] if row else 0)

    def claim_run(self, due: datetime, now: datetime) -> bool:
        """Take the run that was due at an instant; False where another process has."""
        return bool(self._session.write(_CLAIM, due=to_micros(due), at=to_micros(now)))

    def removed(self) -> None:
        """Say that something was removed, whose traces in the database's files must go, too."""
        self._session.write(_REMOVED)

    def questions(self, home: CityCode) -> tuple[PendingQuestion, ...]:
        """The questions to a home city that are kept."""
        return erasure.questions(self._session, home)

    def erase(
        self, resident: Resident, home: CityCode, pseudonym: bytes, questions: Iterable[bytes]
    ) -> int:
        """Remove every row that is about a resident or leads to one."""
        self._session.flush()
        removed = erasure.erase(self._session, resident, home, pseudonym, questions)
        self.removed()
        return removed


_FIRST_INDICATOR: Final = sa.select(sa.func.min(RECORDS.c.indicator_id))
_NEXT_INDICATOR: Final = _FIRST_INDICATOR.where(RECORDS.c.indicator_id > _B("last"))


def _values(what: Ended) -> dict[str, object]:
    """The parameters of a kind's condition; each kind has those that it names."""
    named = {
        "instant": to_micros(what.before),
        "day": what.day.isoformat(),
        "indicator": what.indicator,
    }
    return {name: named[name] for name in _parameters(what.kind)}


@lru_cache
def _parameters(kind: Kept) -> tuple[str, ...]:
    names = sa.select(sa.literal(1)).where(_KINDS[kind].ended).compile().params
    return tuple(name for name in ("instant", "day", "indicator") if name in names)


def _named(stem: str, place: Place) -> dict[str, object]:
    return {f"{stem}_{i}": value for i, value in enumerate(place)}


def _beyond(columns: tuple[Column, ...]) -> sa.ColumnElement[bool]:
    return sa.tuple_(*columns) > sa.tuple_(*(_B(f"after_{i}") for i in range(len(columns))))


def _within(columns: tuple[Column, ...]) -> sa.ColumnElement[bool]:
    return sa.tuple_(*columns) <= sa.tuple_(*(_B(f"last_{i}") for i in range(len(columns))))


@lru_cache
def _step(kept: Kept, *, first: bool) -> sa.Select[Any]:
    """Where a walk ends that begins after a place; no row where it comes to the end."""
    kind = _KINDS[kept]
    statement = sa.select(*kind.place).order_by(*kind.place)
    if not first:
        statement = statement.where(_beyond(kind.place))
    return statement.limit(1).offset(_B("skip", type_=sa.Integer))


@lru_cache
def _ended(kept: Kept, *, first: bool, bounded: bool) -> sa.Select[Any]:
    kind = _KINDS[kept]
    statement = sa.select(*kind.place).where(kind.ended).order_by(*kind.place)
    if not first:
        statement = statement.where(_beyond(kind.place))
    if bounded:
        statement = statement.where(_within(kind.place))
    return statement.limit(_B("most", type_=sa.Integer))


@lru_cache
def _remove(kept: Kept) -> sa.Delete | sa.Update:
    kind = _KINDS[kept]
    which = sa.and_(*(c == _B(f"of_{c.name}") for c in kind.key), kind.ended)
    if kind.emptied:
        return sa.update(kind.table).where(which).values(dict.fromkeys(kind.emptied, ""))
    return sa.delete(kind.table).where(which)


def _of(kept: Kept, index: int) -> tuple[sa.Table, sa.ColumnElement[bool]]:
    table, columns = _KINDS[kept].hanging[index]
    return table, sa.and_(*(table.c[mine] == _B(f"of_{mine}") for mine in columns))


@lru_cache
def _hanging(kept: Kept, index: int) -> sa.Delete:
    table, which = _of(kept, index)
    return sa.delete(table).where(which)


@lru_cache
def _hanging_count(kept: Kept, index: int) -> sa.Select[Any]:
    table, which = _of(kept, index)
    return sa.select(sa.func.count()).select_from(table).where(which)
