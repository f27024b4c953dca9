"""Objections: a resident says that a record is wrong; it is marked until somebody has answered.

While it is marked a record counts only where the rules in force say so (`disputed_count`); not
answered in time it does not count whatever they say, until it is (`node.services.scoring`).
"""

from datetime import datetime

from node.errors import HutongError
from node.model import Caller
from node.ports import Transaction
from node.record_errors import CASE_DECIDED
from node.records import (
    Case,
    CaseKind,
    RecordKey,
    RecordMove,
    RecordState,
)
from node.services.cases import (
    WITHDRAWN_REASON,
    actor_of,
    begin,
    end_cases,
    new_case,
    own_record,
    record_of,
    rules_of,
)
from node.services.here import Here
from node.services.recounting import recount
from node.services.standing import find_resident

CORRECTED = (
    "（记录已更正为第 {n} 版，更正后的内容继续有效。It was corrected: revision {n} stands.）"
)


class Objecting:
    """Takes objections."""

    def __init__(self, here: Here) -> None:
        """For the residents of `here`."""
        self._here = here

    def open(
        self, tx: Transaction, by: Caller, resident_id: str, key: RecordKey, statement: str
    ) -> Case:
        """Object to a standing record of one's own; it is marked at once.

        Raises UNKNOWN, OWN_RECORD_UNKNOWN, CASE_OPEN_ALREADY; and CASE_DECIDED where the same
        revision was judged before, so that nobody keeps a record from counting by asking again.
        """
        now = self._here.now()
        resident = find_resident(tx, resident_id)
        record = own_record(tx, resident, key)
        case = new_case(
            self._here,
            CaseKind.OBJECTION,
            resident,
            record,
            now,
            rules_of(tx).objection_days,
            statement,
        )
        for other in tx.cases.about(key):
            judged = other.kind is CaseKind.OBJECTION and other.officer
            if judged and not other.state.is_open and other.revision == record.revision:
                raise HutongError(CASE_DECIDED, case=other.case_id)
        begin(tx, self._here, case, by, now)
        dispute(tx, self._here, case, by, now)
        return case


def dispute(tx: Transaction, here: Here, case: Case, by: Caller | None, now: datetime) -> None:
    """Mark the record as disputed: anew, or again on appeal."""
    tx.records.mark(case.key, disputed=True, overdue=False)
    keep_move(tx, here, case, "disputed", by, now)
    recount(tx, here, [case.person], now)


def neglect(tx: Transaction, here: Here, case: Case, now: datetime) -> None:
    """Keep the record from counting: nobody answered in time."""
    tx.records.mark(case.key, overdue=True)
    keep_move(tx, here, case, "dispute_overdue", None, now)
    recount(tx, here, [case.person], now)


def settle(tx: Transaction, here: Here, case: Case, by: Caller | None, now: datetime) -> None:
    """Do to the record what the end of an objection says.

    One that was right withdraws the record as it was objected to; a record that has been corrected
    since stands as corrected.
    """
    record = record_of(tx, case)
    if record is None:
        return
    if case.state.is_granted and record.revision == case.revision:
        take_away(tx, here, case, RecordState.WITHDRAWN, by, now)
        end_cases(tx, here, case.key, now, WITHDRAWN_REASON)
    else:
        tx.records.mark(case.key, disputed=False, overdue=False)
        keep_move(tx, here, case, "dispute_ended", by, now)
    recount(tx, here, [case.person], now)


def take_away(
    tx: Transaction,
    here: Here,
    case: Case,
    state: RecordState,
    by: Caller | None,
    now: datetime,
) -> None:
    """Let a record stand no more; its marks end with it."""
    tx.records.mark(case.key, state=state, disputed=False, overdue=False)
    keep_move(tx, here, case, state.value, by, now)


def keep_move(
    tx: Transaction, here: Here, case: Case, move: str, by: Caller | None, now: datetime
) -> None:
    """Keep a step of the record, and by which case."""
    step = RecordMove(
        move_id=here.new_id(now),
        key=case.key,
        person=case.person,
        at=now,
        actor=actor_of(by),
        move=move,
        reason=f"case {case.case_id}",
    )
    tx.records.add_moves([step])
