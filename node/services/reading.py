"""Who may see a record: one table, by its disclosure class and its reader.

| class | its resident | a department                             | an operator            | noted |
|-------|--------------|------------------------------------------|------------------------|-------|
| A     | own records  | of everybody                             | appeals, overdue cases | no    |
| B     | own records  | of everybody                             | appeals, overdue cases | yes   |
| C     | own records  | of indicators that it is responsible for | appeals, overdue cases | yes   |
| D     | own records  | that it sent itself                      | appeals, overdue cases | yes   |

Where a resident disputes a record or asks for its repair, the department that answers for it sees
that one, too (`node.services.case_desk`). A department always sees what it sent itself, and says
what it reads for. Only a record that stands is shown, and only while its indicator's retention
lasts: what was withdrawn or repaired is shown to nobody. A record whose indicator the catalogue in
force does not have is of class D. What is left out is not spoken of: a person who is unknown looks
like one of whom there is nothing to see.

A read of class B and above is kept before what was read leaves, by person: who takes part sees it,
also where it is older than that.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from federation import checks
from node.documents import guess_kind, parse_document
from node.errors import FIELD_INVALID, NOTHING_IN_FORCE, HutongError
from node.indicators import DisclosureClass, Indicator, IndicatorCatalogue
from node.model import Caller, Page, PageRequest
from node.ports import Keys, Transaction
from node.record_errors import DEPARTMENT_UNKNOWN
from node.records import Record, RecordRead, RecordState
from node.services.here import Here
from node.services.paging import page_of
from node.services.standing import find_resident

_ALL: Final = "of everybody"
_RESPONSIBLE: Final = "of its indicators"
_SENT: Final = "that it sent"
_REACH: Final[Mapping[DisclosureClass, str]] = {
    DisclosureClass.A: _ALL,
    DisclosureClass.B: _ALL,
    DisclosureClass.C: _RESPONSIBLE,
    DisclosureClass.D: _SENT,
}
_NOTED: Final = frozenset({DisclosureClass.B, DisclosureClass.C, DisclosureClass.D})


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record as a department sees it; `indicator` is None where the catalogue has it no more."""

    record: Record
    disclosure_class: DisclosureClass
    indicator: Indicator | None


@dataclass(frozen=True, slots=True)
class SeenRecords:
    """One page of what a department may see, and the classes of which that is every record.

    The classes follow from the department alone, never from the person.
    """

    page: Page[SeenRecord]
    classes_shown: tuple[DisclosureClass, ...]


class RecordReading:
    """Shows departments what they may see, and residents who looked."""

    def __init__(self, here: Here, keys: Keys) -> None:
        """For the records of `here`."""
        self._here = here
        self._keys = keys

    def of_document(
        self, tx: Transaction, caller: Caller, number: str, purpose: str, request: PageRequest
    ) -> SeenRecords:
        """What the caller's department may see of the person with that document, newest first.

        It writes: each read of class B and above is kept in the same transaction. Raises
        DEPARTMENT_UNKNOWN, DOCUMENT_INVALID, FIELD_INVALID without a purpose, and PAGE_INVALID.
        """
        now = self._here.now()
        today = self._here.day(now)
        catalogue = known_department(tx, caller.department)
        stated = _purpose(purpose)
        document = parse_document(guess_kind(number), number, today)
        digest = self._keys.document_digest(document.kind.value, document.number)
        persons = tx.records.persons([digest]).values()
        visible = [
            record
            for records in tx.records.of(persons).values()
            for record in records
            if department_sees(caller.department, record, catalogue, today)
        ]
        page = page_of(visible, _token, request)
        note_reads(tx, self._here, caller, stated, page.items, now)
        seen = tuple(
            SeenRecord(r, class_of(r, catalogue), catalogue.indicators.get(r.indicator_id))
            for r in page.items
        )
        return SeenRecords(Page(seen, page.next_token), classes_whole(caller.department, catalogue))

    def reads(self, tx: Transaction, resident_id: str, request: PageRequest) -> Page[RecordRead]:
        """Who read a resident's records of class B and above, the newest first; raises UNKNOWN."""
        return tx.reads.page(find_resident(tx, resident_id).person, request)


def catalogue_of(tx: Transaction) -> IndicatorCatalogue:
    """The indicator catalogue in force; raises NOTHING_IN_FORCE."""
    catalogue = tx.registry.indicators
    if catalogue is None:
        raise HutongError(
            NOTHING_IN_FORCE, what="indicator catalogue", command="hutong indicators load FILE"
        )
    return catalogue


def known_department(tx: Transaction, department: str) -> IndicatorCatalogue:
    """The catalogue in force, which knows that department.

    Raises NOTHING_IN_FORCE, DEPARTMENT_UNKNOWN.
    """
    catalogue = catalogue_of(tx)
    if department not in catalogue.departments:
        raise HutongError(DEPARTMENT_UNKNOWN, department=department)
    return catalogue


def class_of(record: Record, catalogue: IndicatorCatalogue | None) -> DisclosureClass:
    """A record's class by the catalogue in force; D where that does not have its indicator."""
    indicator = catalogue.indicators.get(record.indicator_id) if catalogue else None
    return indicator.disclosure_class if indicator else DisclosureClass.D


def department_sees(
    department: str, record: Record, catalogue: IndicatorCatalogue, today: date
) -> bool:
    """Whether a department may see a record on that day (the table above)."""
    if record.state is not RecordState.STANDING or _outlived(record, catalogue, today):
        return False
    reach = _REACH[class_of(record, catalogue)]
    if reach is _ALL or record.key.source == department:
        return True
    indicator = catalogue.indicators.get(record.indicator_id)
    return reach is _RESPONSIBLE and indicator is not None and department in indicator.departments


def classes_whole(department: str, catalogue: IndicatorCatalogue) -> tuple[DisclosureClass, ...]:
    """The classes of which a department sees every record, whoever's it is."""

    def whole(each: DisclosureClass) -> bool:
        if _REACH[each] is not _RESPONSIBLE:
            return _REACH[each] is _ALL
        of_class = [i for i in catalogue.indicators.values() if i.disclosure_class is each]
        return all(department in indicator.departments for indicator in of_class)

    return tuple(each for each in DisclosureClass if whole(each))


def note_reads(
    tx: Transaction,
    here: Here,
    caller: Caller,
    purpose: str,
    records: Iterable[Record],
    now: datetime,
) -> None:
    """Keep who reads these records, and what for, where their class is B or above.

    It belongs into the transaction whose durable end comes before the records are shown.
    """
    catalogue = tx.registry.indicators
    tx.reads.add(
        [
            RecordRead(
                read_id=here.new_id(now),
                person=record.person,
                at=now,
                reader=str(caller),
                purpose=purpose,
                key=record.key,
                indicator_id=record.indicator_id,
                disclosure_class=class_of(record, catalogue),
            )
            for record in records
            if class_of(record, catalogue) in _NOTED
        ]
    )


def _outlived(record: Record, catalogue: IndicatorCatalogue, today: date) -> bool:
    """Whether the retention of its indicator has ended: it waits to be removed, and is not used."""
    indicator = catalogue.indicators.get(record.indicator_id)
    return indicator is not None and indicator.counts_until(record.occurred_on, None) <= today


def _purpose(text: str) -> str:
    stated = text.strip()
    if not stated:
        raise HutongError(
            FIELD_INVALID, field="purpose", problem="say what the records are needed for"
        )
    checks.text(stated, where="purpose")
    return stated


def _token(record: Record) -> str:
    """Where the next page goes on: of one length, and of shown records only."""
    place = f"{record.occurred_on}/{record.key.source}/{record.key.record_number}"
    return hashlib.sha256(place.encode()).hexdigest()
