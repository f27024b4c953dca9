"""Repair (信用修复): a wrong that was put right stops to count, for good and everywhere.

A record that deducts may be repaired after the period of its indicator, which is longer the more
serious it is; the wrong is corrected, and the resident makes a public promise. A person decides. A
repaired record is never shown, shared or used again; no reason of it leaves the city.
"""

from dataclasses import replace
from datetime import date, datetime

from node.errors import HutongError
from node.indicators import Direction, Indicator, IndicatorCatalogue, months_after
from node.model import Caller
from node.ports import Transaction
from node.record_errors import REPAIR_NOT_NEEDED, REPAIR_TOO_EARLY
from node.record_limits import REPAIR_AGAIN
from node.records import Case, CaseKind, CaseMove, Record, RecordKey, RecordState
from node.services.cases import (
    REPAIRED_REASON,
    begin,
    end_cases,
    new_case,
    own_record,
    record_of,
    said,
)
from node.services.here import Here
from node.services.objecting import take_away
from node.services.reading import catalogue_of
from node.services.recounting import recount
from node.services.standing import find_resident

_REFUSALS = frozenset({CaseMove.REFUSE, CaseMove.REFUSE_FINALLY})


class Repairing:
    """Takes applications for repair."""

    def __init__(self, here: Here) -> None:
        """For the residents of `here`."""
        self._here = here

    def apply(
        self,
        tx: Transaction,
        by: Caller,
        resident_id: str,
        key: RecordKey,
        *,
        statement: str,
        evidence: str,
        promise: str,
    ) -> Case:
        """Apply for the repair of a standing record of one's own that deducts.

        Raises UNKNOWN, OWN_RECORD_UNKNOWN, CASE_OPEN_ALREADY, FIELD_INVALID, REPAIR_NOT_NEEDED;
        and REPAIR_TOO_EARLY with the day from which it is possible.
        """
        now = self._here.now()
        resident = find_resident(tx, resident_id)
        record, catalogue = own_record(tx, resident, key), catalogue_of(tx)
        indicator = _deducting(record, catalogue)
        if indicator is None:
            raise HutongError(REPAIR_NOT_NEEDED)
        days = catalogue.rules.repair_days
        case = replace(
            new_case(self._here, CaseKind.REPAIR, resident, record, now, days, statement),
            evidence=said(evidence, "evidence"),
            promise=said(promise, "promise"),
        )
        begins = _possible_from(tx, self._here, record, indicator)
        if self._here.day(now) < begins:
            raise HutongError(REPAIR_TOO_EARLY, day=begins.isoformat())
        begin(tx, self._here, case, by, now)
        return case


def restore(tx: Transaction, here: Here, case: Case, by: Caller | None, now: datetime) -> None:
    """Do to the record what the end of an application says: repaired, or as it was.

    A record that was corrected meanwhile into one that deducts nothing stays: there is nothing
    left to repair.
    """
    record = record_of(tx, case)
    if not case.state.is_granted or record is None or _is_good(record, catalogue_of(tx)):
        return
    take_away(tx, here, case, RecordState.REPAIRED, by, now)
    end_cases(tx, here, case.key, now, REPAIRED_REASON)
    recount(tx, here, [case.person], now)


def _deducting(record: Record, catalogue: IndicatorCatalogue) -> Indicator | None:
    """The indicator of a record, if it deducts by the catalogue in force."""
    found = catalogue.indicators.get(record.indicator_id)
    return found if found and found.direction is Direction.DEDUCTS else None


def _is_good(record: Record, catalogue: IndicatorCatalogue) -> bool:
    found = catalogue.indicators.get(record.indicator_id)
    return found is not None and found.direction is Direction.ADDS


def _possible_from(tx: Transaction, here: Here, record: Record, indicator: Indicator) -> date:
    """The first day for an application: after the period, and some time after a refusal."""
    begins = months_after(record.occurred_on, indicator.repair_after_months)
    about = [case for case in tx.cases.about(record.key) if case.kind is CaseKind.REPAIR]
    # A refusal to whom the record was taken for by mistake is not this person's.
    own = [case.case_id for case in about if case.person == record.person]
    for steps in tx.cases.steps(own).values():
        refused = (here.day(step.at) for step in steps if step.move in _REFUSALS)
        begins = max([begins, *(day + REPAIR_AGAIN for day in refused)])
    return begins
