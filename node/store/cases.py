"""Objections and applications for repair."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from node.model import Page, PageRequest
from node.records import (
    Case,
    CaseCount,
    CaseKind,
    CaseMove,
    CaseState,
    CaseStep,
    RecordKey,
)
from node.store.connection import Row, Session
from node.store.lists import listed, named, places, portions
from node.store.paging import page
from node.store.record_tables import CASE_STEPS, CASES
from node.store.values import to_instant, to_micros

_B: Final = sa.bindparam
# Above every UUID and every day, in the order of any language.
_LAST: Final = "z"
_MOST: Final = sa.bindparam("most", type_=sa.Integer)
_OPEN: Final = tuple(state.value for state in CaseState if state.is_open)

_ADD: Final = sa.insert(CASES)
_CASE: Final = sa.select(CASES).where(CASES.c.case_id == _B("case_id"))
_PUT: Final = (
    sa.update(CASES)
    .where(CASES.c.case_id == _B("which"), CASES.c.state == _B("old_state"))
    .values(
        state=_B("new_state"), due_at=_B("due_at"), overdue=_B("overdue"), officer=_B("officer")
    )
)
_ABOUT: Final = (
    sa.select(CASES)
    .where(CASES.c.source == _B("source"), CASES.c.record_number == _B("record_number"))
    .order_by(CASES.c.case_id.desc())
)
_OF_RESIDENT: Final = (
    sa.select(CASES)
    .where(CASES.c.resident_id == _B("resident_id"), CASES.c.case_id < _B("before"))
    .order_by(CASES.c.case_id.desc())
    .limit(_MOST)
)
_OVERDUE: Final = (
    sa.select(CASES)
    .where(CASES.c.state.in_(listed(_OPEN)), CASES.c.overdue == 0, CASES.c.due_at < _B("now"))
    .order_by(CASES.c.due_at, CASES.c.case_id)
    .limit(_MOST)
)
_COUNT_OVERDUE: Final = (
    sa.select(CASES.c.kind, sa.func.count())
    .where(CASES.c.state.in_(listed(_OPEN)), CASES.c.overdue == 1)
    .group_by(CASES.c.kind)
)
_LATE: Final = sa.or_(CASES.c.overdue == 1, CASES.c.due_at < _B("now"))
_COUNT_OPEN: Final[Any] = (
    sa.select(CASES.c.kind, sa.func.count(), sa.func.sum(sa.case((_LATE, 1), else_=0)))
    .where(CASES.c.state.in_(listed(_OPEN)))
    .group_by(CASES.c.kind)
)
# Due instants are of one width until the year 5138, so that texts are in their order.
_DUE: Final = sa.cast(CASES.c.due_at, sa.Text) + "/" + CASES.c.case_id
_SECOND_INSTANCE: Final = (
    sa.select(CASES)
    .where(
        CASES.c.state.in_(listed(_OPEN)),
        sa.or_(CASES.c.state == CaseState.APPEALED.value, CASES.c.overdue == 1),
        _B("after") < _DUE,
    )
    .order_by(_DUE)
    .limit(_MOST)
)
_ADD_STEP: Final = sa.insert(CASE_STEPS)


class CaseRepository:
    """Objections and applications for repair."""

    def __init__(self, session: Session) -> None:
        """In one transaction."""
        self._session = session

    def add(self, case: Case) -> None:
        """Keep a new case."""
        self._session.write(
            _ADD,
            case_id=case.case_id,
            kind=case.kind.value,
            resident_id=case.resident_id,
            person=case.person,
            source=case.key.source,
            record_number=case.key.record_number,
            revision=case.revision,
            indicator_id=case.indicator_id,
            statement=case.statement,
            evidence=case.evidence,
            promise=case.promise,
            state=case.state.value,
            opened_at=to_micros(case.opened_at),
            due_at=to_micros(case.due_at),
            overdue=int(case.overdue),
            officer=case.officer,
        )

    def get(self, case_id: str) -> Case | None:
        """The case of that id."""
        row = self._session.one(_CASE, case_id=case_id)
        return None if row is None else _case(row)

    def put(self, case: Case, *, state: CaseState) -> bool:
        """Keep a case as it is now; False where it was not in that state."""
        return bool(
            self._session.write(
                _PUT,
                which=case.case_id,
                old_state=state.value,
                new_state=case.state.value,
                due_at=to_micros(case.due_at),
                overdue=int(case.overdue),
                officer=case.officer,
            )
        )

    def about(self, key: RecordKey) -> tuple[Case, ...]:
        """Every case about a record, the newest first."""
        rows = self._session.all(_ABOUT, source=key.source, record_number=key.record_number)
        return tuple(map(_case, rows))

    def of_resident(self, resident_id: str, request: PageRequest) -> Page[Case]:
        """The cases of a resident, the newest first."""
        rows = self._session.all(
            _OF_RESIDENT,
            resident_id=resident_id,
            before=request.token or _LAST,
            most=request.size + 1,
        )
        return page(tuple(map(_case, rows)), request, lambda case: case.case_id)

    def waiting(
        self,
        states: frozenset[CaseState],
        indicators: frozenset[str],
        source: str,
        request: PageRequest,
    ) -> Page[Case]:
        """The cases in some states, about some indicators or of one source, due first first."""
        rows = self._session.all(
            _waiting(states, indicators),
            source=source,
            after=request.token,
            most=request.size + 1,
        )
        return page(tuple(map(_case, rows)), request, _due)

    def for_second_instance(self, request: PageRequest) -> Page[Case]:
        """The appeals, and the open cases that are marked overdue."""
        rows = self._session.all(_SECOND_INSTANCE, after=request.token, most=request.size + 1)
        return page(tuple(map(_case, rows)), request, _due)

    def overdue(self, now: datetime, most: int) -> tuple[Case, ...]:
        """Open cases that are due and not marked overdue."""
        rows = self._session.all(_OVERDUE, now=to_micros(now), most=most)
        return tuple(map(_case, rows))

    def count_overdue(self) -> Mapping[CaseKind, int]:
        """How many open cases are marked overdue."""
        return {CaseKind(kind): count for kind, count in self._session.all(_COUNT_OVERDUE)}

    def count_open(self, now: datetime) -> Mapping[CaseKind, CaseCount]:
        """How many are open, of each kind, and late at `now`, marked or not."""
        rows = self._session.all(_COUNT_OPEN, now=to_micros(now))
        return {CaseKind(kind): CaseCount(count, int(late)) for kind, count, late in rows}

    def add_step(self, step: CaseStep) -> None:
        """Keep a step."""
        self._session.write(
            _ADD_STEP,
            case_id=step.case_id,
            step_id=step.step_id,
            at=to_micros(step.at),
            actor=step.actor,
            move=step.move.value,
            state=step.state.value,
            reason=step.reason,
        )

    def steps(self, case_ids: Iterable[str]) -> dict[str, tuple[CaseStep, ...]]:
        """Every step of each case, the oldest first."""
        found = defaultdict[str, list[CaseStep]](list)
        for some in portions(case_ids):
            for row in self._session.all(_steps(len(some)), **named(some)):
                found[row[0]].append(_step(row))
        return {case_id: tuple(steps) for case_id, steps in found.items()}


@lru_cache
def _waiting(states: frozenset[CaseState], indicators: frozenset[str]) -> sa.Select[Any]:
    """Kept, as each statement is compiled once: a catalogue has few lists of indicators."""
    of_theirs = CASES.c.indicator_id.in_(listed(sorted(indicators)))
    return (
        sa.select(CASES)
        .where(
            CASES.c.state.in_(listed(sorted(state.value for state in states))),
            sa.or_(of_theirs, CASES.c.source == _B("source")),
            _B("after") < _DUE,
        )
        .order_by(_DUE)
        .limit(_MOST)
    )


@lru_cache
def _steps(count: int) -> sa.Select[Any]:
    return (
        sa.select(CASE_STEPS)
        .where(CASE_STEPS.c.case_id.in_(places(count)))
        .order_by(CASE_STEPS.c.case_id, CASE_STEPS.c.step_id)
    )


def _due(case: Case) -> str:
    return f"{to_micros(case.due_at)}/{case.case_id}"


def _case(row: Row) -> Case:
    return Case(
        case_id=row[0],
        kind=CaseKind(row[1]),
        resident_id=row[2],
        person=row[3],
        key=RecordKey(row[4], row[5]),
        revision=row[6],
        indicator_id=row[7],
        statement=row[8],
        evidence=row[9],
        promise=row[10],
        state=CaseState(row[11]),
        opened_at=to_instant(row[12]),
        due_at=to_instant(row[13]),
        overdue=bool(row[14]),
        officer=row[15],
    )


def _step(row: Row) -> CaseStep:
    return CaseStep(
        case_id=row[0],
        step_id=row[1],
        at=to_instant(row[2]),
        actor=row[3],
        move=CaseMove(row[4]),
        state=CaseState(row[5]),
        reason=row[6],
    )
