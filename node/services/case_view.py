"""Cases, as each of the three roles may see them.

A resident sees the own ones, whole. A department sees those that it answers for; a look at one is
a read of its record, and the list has neither the day nor what the resident wrote. The second
instance sees appeals, and what is overdue anywhere. A repaired record is shown to neither of them,
and its case is as good as unknown; of a withdrawn one the day is not shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from node.indicators import Indicator
from node.model import Caller, Page, PageRequest
from node.ports import Transaction
from node.records import Case, CaseMove, CaseState, CaseStep, Record, RecordState
from node.services.case_desk import answered_case, answers_for, case_purpose
from node.services.cases import is_about, moves_of, unknown_case
from node.services.here import Here
from node.services.reading import known_department, note_reads
from node.services.standing import find_resident

_WAITING: Final = frozenset({CaseState.OPEN, CaseState.INTERVIEW})
_BEFORE_US: Final = frozenset(
    {CaseState.APPEALED, CaseState.GRANTED_ON_APPEAL, CaseState.REFUSED_FINALLY}
)


@dataclass(frozen=True, slots=True)
class CaseReport:
    """A case with what may be shown beside it; `indicator` None where the catalogue has none."""

    case: Case
    indicator: Indicator | None
    occurred_on: date | None
    moves: tuple[CaseMove, ...]
    steps: tuple[CaseStep, ...]


class CaseViews:
    """Shows cases."""

    def __init__(self, here: Here) -> None:
        """Those of `here`."""
        self._here = here

    def of_resident(
        self, tx: Transaction, resident_id: str, request: PageRequest
    ) -> Page[CaseReport]:
        """The cases of a resident with every step, the newest first; raises UNKNOWN."""
        find_resident(tx, resident_id)
        page = tx.cases.of_resident(resident_id, request)
        return Page(tuple(self.reports(tx, page.items)), page.next_token)

    def of_department(self, tx: Transaction, by: Caller, request: PageRequest) -> Page[CaseReport]:
        """The cases that wait for a department, those due first first.

        What it sent itself is asked for as well: it answers where the catalogue has the indicator
        no more.
        """
        catalogue = known_department(tx, by.department)
        theirs = frozenset(
            indicator_id
            for indicator_id, indicator in catalogue.indicators.items()
            if by.department in indicator.departments
        )
        page = tx.cases.waiting(_WAITING, theirs, by.department, request)
        shown = [case for case in page.items if answers_for(by.department, case, catalogue)]
        return Page(tuple(self._listed(tx, case) for case in shown), page.next_token)

    def for_department(self, tx: Transaction, by: Caller, case_id: str) -> CaseReport:
        """One case that a department answers for; it writes who looked. Raises CASE_UNKNOWN."""
        return self._looked_at(tx, by, answered_case(tx, by, case_id))

    def before_operators(self, tx: Transaction, request: PageRequest) -> Page[CaseReport]:
        """The cases that wait for the second instance or are overdue, those due first first."""
        page = tx.cases.for_second_instance(request)
        return Page(tuple(self._listed(tx, case) for case in page.items), page.next_token)

    def for_operator(self, tx: Transaction, by: Caller, case_id: str) -> CaseReport:
        """One case that is or was before the second instance, or is overdue; it writes who looked.

        Raises CASE_UNKNOWN.
        """
        case = tx.cases.get(case_id)
        if case is None or not (case.state in _BEFORE_US or self._late(case)):
            raise unknown_case()
        return self._looked_at(tx, by, case)

    def report(self, tx: Transaction, case: Case) -> CaseReport:
        """A case with every step."""
        return next(iter(self.reports(tx, [case])))

    def reports(self, tx: Transaction, cases: Iterable[Case]) -> Iterable[CaseReport]:
        """Cases with every step, in their order."""
        wanted = tuple(cases)
        steps = tx.cases.steps(case.case_id for case in wanted)
        records = tx.records.find({case.key for case in wanted})
        for case in wanted:
            yield self._report(tx, case, records.get(case.key), steps.get(case.case_id, ()))

    def _looked_at(self, tx: Transaction, by: Caller, case: Case) -> CaseReport:
        record = tx.records.find([case.key]).get(case.key)
        if record is not None and record.state is RecordState.REPAIRED:
            raise unknown_case()
        if record is not None and is_about(case, record):
            now = self._here.now()
            note_reads(tx, self._here, by, case_purpose(case), [record], now)
        return self.report(tx, case)

    def _listed(self, tx: Transaction, case: Case) -> CaseReport:
        bare = replace(case, statement="", evidence="", promise="")
        return self._report(tx, bare, None, ())

    def _report(
        self, tx: Transaction, case: Case, record: Record | None, steps: tuple[CaseStep, ...]
    ) -> CaseReport:
        now, catalogue = self._here.now(), tx.registry.indicators
        shown = record is not None and is_about(case, record)
        # Without a record that stands there is nothing to appeal about.
        moot = set[CaseMove]() if shown else {CaseMove.APPEAL}
        return CaseReport(
            case=replace(case, overdue=self._late(case)),
            indicator=catalogue.indicators.get(case.indicator_id) if catalogue else None,
            occurred_on=record.occurred_on if record is not None and shown else None,
            moves=tuple(move for move in moves_of(case, now) if move not in moot),
            steps=steps,
        )

    def _late(self, case: Case) -> bool:
        """Whether an answer is overdue now, also where the clock has not yet said so."""
        return case.state.is_open and (case.overdue or self._here.now() > case.due_at)
