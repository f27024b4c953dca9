"""Cases of residents about their records: which move is possible when, and who may make it.

`advance` is the only way in which a case changes. It refuses what the table does not have, and
names what it has; it keeps the step, leaves a trace and tells the resident, all in one transaction.
What a move does to the record is in `objecting` and `repairing`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from federation.checks import text
from node.errors import FIELD_INVALID, ROLE_REFUSED, HutongError
from node.indicators import ScoringRules
from node.logbook import LogKind
from node.model import Caller, Resident, Role
from node.ports import Transaction
from node.record_errors import (
    APPEAL_TOO_LATE,
    CASE_MOVE_REFUSED,
    CASE_OPEN_ALREADY,
    CASE_UNKNOWN,
    OFFICER_NEEDED,
    OWN_RECORD_UNKNOWN,
    SAME_PERSON,
)
from node.records import (
    Case,
    CaseKind,
    CaseMove,
    CaseState,
    CaseStep,
    NoticeKind,
    Record,
    RecordKey,
    RecordState,
)
from node.services.here import Here
from node.services.noticing import notify
from node.services.reading import catalogue_of

Moves = Mapping[CaseMove, CaseState]

_APPEALED: Final[Moves] = {
    CaseMove.GRANT_ON_APPEAL: CaseState.GRANTED_ON_APPEAL,
    CaseMove.REFUSE_FINALLY: CaseState.REFUSED_FINALLY,
    CaseMove.WITHDRAW: CaseState.WITHDRAWN,
    CaseMove.FALL_OVERDUE: CaseState.APPEALED,
}
_OPEN: Final[Moves] = {
    CaseMove.GRANT: CaseState.GRANTED,
    CaseMove.REFUSE: CaseState.REFUSED,
    CaseMove.WITHDRAW: CaseState.WITHDRAWN,
    CaseMove.FALL_OVERDUE: CaseState.OPEN,
}
_REFUSED: Final[Moves] = {CaseMove.APPEAL: CaseState.APPEALED}

# An interview that was called is held before anything is granted; who does not come is refused.
MOVES: Final[Mapping[CaseKind, Mapping[CaseState, Moves]]] = {
    CaseKind.OBJECTION: {
        CaseState.OPEN: _OPEN,
        CaseState.REFUSED: _REFUSED,
        CaseState.APPEALED: _APPEALED,
    },
    CaseKind.REPAIR: {
        CaseState.OPEN: {CaseMove.CALL_INTERVIEW: CaseState.INTERVIEW, **_OPEN},
        CaseState.INTERVIEW: {
            CaseMove.HOLD_INTERVIEW: CaseState.OPEN,
            CaseMove.REFUSE: CaseState.REFUSED,
            CaseMove.WITHDRAW: CaseState.WITHDRAWN,
            CaseMove.FALL_OVERDUE: CaseState.INTERVIEW,
        },
        CaseState.REFUSED: _REFUSED,
        CaseState.APPEALED: _APPEALED,
    },
}

MAKERS: Final[Mapping[CaseMove, Role | None]] = {
    CaseMove.OPEN: Role.RESIDENT,
    CaseMove.CALL_INTERVIEW: Role.DEPARTMENT,
    CaseMove.HOLD_INTERVIEW: Role.DEPARTMENT,
    CaseMove.GRANT: Role.DEPARTMENT,
    CaseMove.REFUSE: Role.DEPARTMENT,
    CaseMove.APPEAL: Role.RESIDENT,
    CaseMove.GRANT_ON_APPEAL: Role.OPERATOR,
    CaseMove.REFUSE_FINALLY: Role.OPERATOR,
    CaseMove.WITHDRAW: Role.RESIDENT,
    CaseMove.FALL_OVERDUE: None,
}
"""Who may make a move; None is the clock, which also withdraws what lost its record."""

THE_CLOCK: Final = "the clock"

WITHDRAWN_REASON: Final = "记录已撤销，案件终止。The record was withdrawn, which ends this case."
MOVED_REASON: Final = (
    "记录已更正，不再属于本人，案件终止。"
    "The record was corrected and is not this resident's any more, which ends this case."
)
REPAIRED_REASON: Final = "记录已修复，案件终止。The record was repaired, which ends this case."
NO_MOVE: Final = "-"

_DECISIONS: Final = frozenset({CaseMove.GRANT, CaseMove.REFUSE})
_FINAL: Final = frozenset({CaseMove.GRANT_ON_APPEAL, CaseMove.REFUSE_FINALLY})
_WITH_REASON: Final = _DECISIONS | _FINAL | {CaseMove.CALL_INTERVIEW, CaseMove.APPEAL}
_NOTICES: Final = {
    CaseMove.OPEN: NoticeKind.CASE_OPENED,
    CaseMove.FALL_OVERDUE: NoticeKind.CASE_OVERDUE,
}


def moves_of(case: Case, now: datetime) -> tuple[CaseMove, ...]:
    """What somebody may do now; what the clock does is not among it."""
    found = MOVES[case.kind].get(case.state, {})
    late = now > case.due_at
    return tuple(
        move
        for move in found
        if MAKERS[move] is not None and not (move is CaseMove.APPEAL and late)
    )


def new_case(
    here: Here,
    kind: CaseKind,
    resident: Resident,
    record: Record,
    now: datetime,
    days: int,
    statement: str,
) -> Case:
    """A case about a resident's own record as it is now, to be answered within so many days.

    Raises FIELD_INVALID or MALFORMED of the statement.
    """
    return Case(
        case_id=here.new_id(now),
        kind=kind,
        resident_id=resident.resident_id,
        person=resident.person,
        key=record.key,
        revision=record.revision,
        indicator_id=record.indicator_id,
        statement=said(statement, "statement"),
        evidence="",
        promise="",
        state=CaseState.OPEN,
        opened_at=now,
        due_at=now + timedelta(days=days),
    )


def begin(tx: Transaction, here: Here, case: Case, by: Caller, now: datetime) -> None:
    """Open a case; raises CASE_OPEN_ALREADY where one of its kind about the record is open."""
    _check_maker(case, CaseMove.OPEN, by)
    refuse_second(tx, case)
    tx.cases.add(case)
    _keep(tx, here, case, CaseMove.OPEN, by, now, case.statement)


def advance(
    tx: Transaction,
    here: Here,
    case: Case,
    move: CaseMove,
    by: Caller | None,
    *,
    now: datetime,
    reason: str = "",
    remark: str = "",
) -> Case:
    """The case after a move; `by` is None for the clock, `remark` is what the city adds.

    1. Who: the role that the move needs; a department's person; on appeal another person.
    2. When: what the table allows in this state; an appeal before its time is over.
    3. What: the new state, only if nobody else moved the case meanwhile.

    Raises:
        HutongError: ROLE_REFUSED, OFFICER_NEEDED, SAME_PERSON, FIELD_INVALID (no reason given),
            CASE_MOVE_REFUSED, APPEAL_TOO_LATE, CASE_OPEN_ALREADY.
    """
    # 1.
    _check_maker(case, move, by)
    # 2.
    state = MOVES[case.kind].get(case.state, {}).get(move)
    if state is None:
        raise _refused(case, move, now)
    if move in _WITH_REASON:
        said(reason, "reason")
    if move is CaseMove.APPEAL:
        if now > case.due_at:
            until = case.due_at.astimezone(here.zone).isoformat(sep=" ", timespec="seconds")
            raise HutongError(APPEAL_TOO_LATE, case=case.case_id, until=until)
        refuse_second(tx, case)
    # 3.
    after = replace(
        case,
        state=state,
        due_at=_due(case, move, now, rules_of(tx)),
        overdue=move is CaseMove.FALL_OVERDUE or (case.overdue and _goes_on(move)),
        officer=by.name if by is not None and move in _DECISIONS else case.officer,
    )
    if not tx.cases.put(after, state=case.state):
        raise _refused(tx.cases.get(case.case_id) or case, move, now)
    _keep(tx, here, after, move, by, now, reason + remark)
    return after


def end_cases(tx: Transaction, here: Here, key: RecordKey, now: datetime, reason: str) -> None:
    """Withdraw by the clock every case that is open about a record which stands no more.

    Whoever takes a record back or removes it calls this in the same transaction.
    """
    for case in tx.cases.about(key):
        if case.state.is_open:
            advance(tx, here, case, CaseMove.WITHDRAW, None, now=now, reason=reason)


def refuse_second(tx: Transaction, case: Case) -> None:
    """Raise CASE_OPEN_ALREADY where another case of the kind about the record is open."""
    for other in tx.cases.about(case.key):
        if other.kind is case.kind and other.state.is_open and other.case_id != case.case_id:
            raise HutongError(CASE_OPEN_ALREADY, case=other.case_id)


def own_record(tx: Transaction, resident: Resident, key: RecordKey) -> Record:
    """A standing record of that resident's own; anything else is told as unknown."""
    record = tx.records.find([key]).get(key)
    if record is None or record.person != resident.person or not stands(record):
        raise HutongError(OWN_RECORD_UNKNOWN)
    return record


def record_of(tx: Transaction, case: Case) -> Record | None:
    """The record that a case is about, while it stands and is still that person's."""
    record = tx.records.find([case.key]).get(case.key)
    return record if record is not None and is_about(case, record) else None


def is_about(case: Case, record: Record) -> bool:
    """Whether a record stands, and has not become another person's by a correction."""
    return stands(record) and record.person == case.person


def stands(record: Record) -> bool:
    """Whether a record is neither withdrawn nor repaired."""
    return record.state is RecordState.STANDING


def unknown_case() -> HutongError:
    """The error for a case that is not there, or not this caller's to see: both alike."""
    return HutongError(CASE_UNKNOWN)


def rules_of(tx: Transaction) -> ScoringRules:
    """The rules of the catalogue in force; raises NOTHING_IN_FORCE."""
    return catalogue_of(tx).rules


def said(value: str, where: str) -> str:
    """A text that has to be there; raises FIELD_INVALID or MALFORMED."""
    text(value, where=where)
    if not value.strip():
        raise HutongError(FIELD_INVALID, field=where, problem="it is missing; say it in words")
    return value


def _check_maker(case: Case, move: CaseMove, by: Caller | None) -> None:
    needed = MAKERS[move]
    if by is None:
        if needed is not None and move is not CaseMove.WITHDRAW:
            raise HutongError(ROLE_REFUSED, role=THE_CLOCK, method=move.value, needed=needed.value)
        return
    if by.role is not needed:
        wanted = needed.value if needed else THE_CLOCK
        raise HutongError(ROLE_REFUSED, role=by.role.value, method=move.value, needed=wanted)
    if needed is Role.DEPARTMENT and not by.officer:
        raise HutongError(OFFICER_NEEDED, department=by.department)
    if move in _FINAL and by.name == case.officer.partition(".")[2]:
        raise HutongError(SAME_PERSON, case=case.case_id)


def _refused(case: Case, move: CaseMove, now: datetime) -> HutongError:
    possible = ", ".join(each.value for each in moves_of(case, now))
    return HutongError(
        CASE_MOVE_REFUSED,
        case=case.case_id,
        state=case.state.value,
        move=move.value,
        moves=possible or NO_MOVE,
    )


def _due(case: Case, move: CaseMove, now: datetime, rules: ScoringRules) -> datetime:
    """By when the next step is owed: of a refusal, by when it may be appealed."""
    if move in (CaseMove.REFUSE, CaseMove.APPEAL):
        return now + timedelta(days=rules.appeal_days)
    return case.due_at


def _goes_on(move: CaseMove) -> bool:
    """Whether the same answer is still owed after a move."""
    return move in (CaseMove.CALL_INTERVIEW, CaseMove.HOLD_INTERVIEW)


def _keep(
    tx: Transaction,
    here: Here,
    case: Case,
    move: CaseMove,
    by: Caller | None,
    now: datetime,
    reason: str,
) -> None:
    """Keep a step, leave a trace, tell the resident."""
    actor = actor_of(by)
    # Numbered, so that steps of the same instant keep their order.
    step_id = f"{len(tx.cases.steps([case.case_id]).get(case.case_id, ())):06d}"
    tx.cases.add_step(CaseStep(case.case_id, step_id, now, actor, move, case.state, reason))
    content = f"case {case.case_id} {move.value} {case.state.value} by {actor}".encode()
    here.trace(tx, LogKind.ADMINISTRATIVE, content, now, subject=case.resident_id)
    awaited = case.state.is_open or case.state is CaseState.REFUSED
    notify(
        tx,
        here,
        case.resident_id,
        _NOTICES.get(move, NoticeKind.CASE_MOVED),
        now,
        source=case.key.source,
        record_number=case.key.record_number,
        indicator=case.indicator_id,
        case=case.case_id,
        case_kind=case.kind.value,
        move=move.value,
        due_at=case.due_at.isoformat() if awaited else "",
        reason="" if by is not None and by.role is Role.RESIDENT else reason,
    )


def actor_of(by: Caller | None) -> str:
    """Who acts, as it is kept: a resident's app has no name that anybody should read."""
    if by is None:
        return THE_CLOCK
    return Role.RESIDENT.value if by.role is Role.RESIDENT else str(by)
