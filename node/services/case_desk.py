"""Answers to cases, appeals against them, and the watch over those that nobody answers."""

from typing import Final

from node.indicators import DisclosureClass, IndicatorCatalogue
from node.model import Caller
from node.ports import Transaction, UnitOfWork
from node.record_limits import OVERDUE_AT_ONCE
from node.records import Case, CaseKind, CaseMove, CaseState
from node.services.cases import advance, own_record, record_of, unknown_case
from node.services.here import Here
from node.services.objecting import CORRECTED, dispute, neglect, settle
from node.services.reading import known_department, note_reads
from node.services.repairing import restore
from node.services.standing import find_resident

_GRANTING: Final = frozenset({CaseMove.GRANT, CaseMove.GRANT_ON_APPEAL})


class CaseDesk:
    """What residents, officers and the second instance do to a case, and what time does."""

    def __init__(self, here: Here, uow: UnitOfWork) -> None:
        """For the cases of `here`."""
        self._here = here
        self._uow = uow

    def appeal(
        self, tx: Transaction, by: Caller, resident_id: str, case_id: str, reason: str
    ) -> Case:
        """Bring a refusal before the second instance; a disputed record is marked again."""
        now = self._here.now()
        case = self._own(tx, resident_id, case_id)
        resident = find_resident(tx, resident_id)
        if case.state is CaseState.REFUSED:
            own_record(tx, resident, case.key)
        after = advance(tx, self._here, case, CaseMove.APPEAL, by, now=now, reason=reason)
        if after.kind is CaseKind.OBJECTION:
            dispute(tx, self._here, after, by, now)
        return after

    def withdraw(self, tx: Transaction, by: Caller, resident_id: str, case_id: str) -> Case:
        """Take a case back; the record is as it was before."""
        case = self._own(tx, resident_id, case_id)
        return self._move(tx, case, CaseMove.WITHDRAW, by, "")

    def decide(
        self, tx: Transaction, by: Caller, case_id: str, move: CaseMove, reason: str
    ) -> Case:
        """Take a step as an officer of a department that answers for the record.

        Raises CASE_UNKNOWN for a case of other departments, and all that `advance` raises.
        """
        case = answered_case(tx, by, case_id)
        self._note(tx, case, by)
        return self._move(tx, case, move, by, reason)

    def decide_appeal(
        self, tx: Transaction, by: Caller, case_id: str, *, granted: bool, reason: str
    ) -> Case:
        """Decide in the second instance, for good, as another person than the first."""
        case = tx.cases.get(case_id)
        if case is None:
            raise unknown_case()
        move = CaseMove.GRANT_ON_APPEAL if granted else CaseMove.REFUSE_FINALLY
        self._note(tx, case, by)
        return self._move(tx, case, move, by, reason)

    async def tick(self) -> None:
        """Mark what is overdue now; done twice it changes nothing."""
        most = OVERDUE_AT_ONCE
        while await self._uow.read(lambda tx: bool(tx.cases.overdue(self._here.now(), 1))):
            if await self._uow.run(self._fall_overdue) < most:
                return

    def _fall_overdue(self, tx: Transaction) -> int:
        now = self._here.now()
        found = tx.cases.overdue(now, OVERDUE_AT_ONCE)
        for case in found:
            after = advance(tx, self._here, case, CaseMove.FALL_OVERDUE, None, now=now)
            if after.kind is CaseKind.OBJECTION and record_of(tx, case) is not None:
                neglect(tx, self._here, after, now)
        return len(found)

    def _own(self, tx: Transaction, resident_id: str, case_id: str) -> Case:
        find_resident(tx, resident_id)
        case = tx.cases.get(case_id)
        if case is None or case.resident_id != resident_id:
            raise unknown_case()
        return case

    def _move(self, tx: Transaction, case: Case, move: CaseMove, by: Caller, reason: str) -> Case:
        """Make a move, and do to the record what the new state says."""
        now = self._here.now()
        of_it = move in _GRANTING and case.kind is CaseKind.OBJECTION
        remark = _of_correction(tx, case) if of_it else ""
        after = advance(tx, self._here, case, move, by, now=now, reason=reason, remark=remark)
        if not after.state.is_open:
            end = settle if after.kind is CaseKind.OBJECTION else restore
            end(tx, self._here, after, by, now)
        return after

    def _note(self, tx: Transaction, case: Case, by: Caller) -> None:
        """Keep that the record was read: whoever decides has the case before them."""
        record = record_of(tx, case)
        if record is not None:
            purpose = case_purpose(case)
            note_reads(tx, self._here, by, purpose, [record], self._here.now())


def _of_correction(tx: Transaction, case: Case) -> str:
    """What is said of a record that was corrected while the objection was open."""
    record = record_of(tx, case)
    if record is None or record.revision == case.revision:
        return ""
    return CORRECTED.format(n=record.revision)


def case_purpose(case: Case) -> str:
    """What a record is read for where a case about it is looked at or decided."""
    return f"case {case.case_id}"


def answered_case(tx: Transaction, by: Caller, case_id: str) -> Case:
    """The case of that id, where the caller's department answers for it.

    Raises DEPARTMENT_UNKNOWN, whatever case is named; CASE_UNKNOWN.
    """
    catalogue = known_department(tx, by.department)
    case = tx.cases.get(case_id)
    if case is None or not answers_for(by.department, case, catalogue):
        raise unknown_case()
    return case


def answers_for(department: str, case: Case, catalogue: IndicatorCatalogue) -> bool:
    """Whether a department answers for the record of a case, and so may see it.

    Those of the indicator; of the most restricted class only the one that sent it, as long as it is
    one of them; the one that sent it where the catalogue has the indicator no more.
    """
    indicator = catalogue.indicators.get(case.indicator_id)
    source = case.key.source
    if indicator is None:
        return department == source
    restricted = indicator.disclosure_class is DisclosureClass.D
    if restricted and source in indicator.departments:
        return department == source
    return department in indicator.departments
