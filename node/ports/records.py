"""The store's part for departments' records, and for what residents say, are told and promise."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from federation.identifiers import CityCode
from node.model import Page, PageRequest, PendingQuestion, Resident
from node.records import (
    Case,
    CaseCount,
    CaseKind,
    CaseState,
    CaseStep,
    Notice,
    Promise,
    QuarantinedRow,
    Record,
    RecordKey,
    RecordLoad,
    RecordMove,
    RecordRead,
    RecordState,
)
from node.retention import Ended, Place, Portion


class Records(Protocol):
    """Persons, their records, and every step of those."""

    def persons(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        """The persons that are known, by the keyed digest of their document."""

    def add_persons(self, persons: Mapping[bytes, int]) -> None:
        """Keep new persons, by the keyed digest of their document.

        One that is known makes the transaction run again.
        """

    def find(self, keys: Iterable[RecordKey]) -> dict[RecordKey, Record]:
        """The records of those keys, in whatever state, at their newest revision."""

    def of(self, persons: Iterable[int]) -> dict[int, tuple[Record, ...]]:
        """The standing records of each person, the newest first; () for one without any."""

    def add(self, records: Sequence[Record]) -> None:
        """Keep new records; one that is there makes the transaction run again."""

    def replace(self, record: Record, *, revision: int) -> bool:
        """Put the next revision in the place of that one; False where that is not the newest."""

    def mark(
        self,
        key: RecordKey,
        *,
        state: RecordState | None = None,
        disputed: bool | None = None,
        overdue: bool | None = None,
    ) -> None:
        """Change a record's state or marks; what is None stays."""

    def add_moves(self, moves: Sequence[RecordMove]) -> None:
        """Keep steps; written at the commit."""

    def moves(self, key: RecordKey) -> tuple[RecordMove, ...]:
        """Every step of a record, the oldest first."""

    def count_by_indicator(self, indicators: Iterable[str]) -> dict[str, int]:
        """How many records name each of these indicators, in whatever state; none is left out."""

    def load(self, department: str, load_id: str) -> RecordLoad | None:
        """How far a load has come."""

    def put_load(self, load: RecordLoad) -> None:
        """Keep how far a load has come."""


class Quarantine(Protocol):
    """Rows that wait for their department."""

    def put(self, rows: Sequence[QuarantinedRow]) -> None:
        """Keep rows; the same row of the same department again replaces itself."""

    def get(self, row_id: str) -> QuarantinedRow | None:
        """The row of that id."""

    def page(self, department: str, request: PageRequest) -> Page[QuarantinedRow]:
        """The rows of a department, the oldest first."""

    def remove(self, row_ids: Iterable[str]) -> None:
        """Let rows go: taken, or given up."""

    def remove_numbers(self, department: str, keys: Iterable[RecordKey]) -> None:
        """Let every row go that a department sent for one of these records."""


class Cases(Protocol):
    """Objections and applications for repair."""

    def add(self, case: Case) -> None:
        """Keep a new case."""

    def get(self, case_id: str) -> Case | None:
        """The case of that id."""

    def put(self, case: Case, *, state: CaseState) -> bool:
        """Keep a case as it is now; False, and nothing kept, where it was not in that state."""

    def about(self, key: RecordKey) -> tuple[Case, ...]:
        """Every case about a record, the newest first."""

    def of_resident(self, resident_id: str, request: PageRequest) -> Page[Case]:
        """The cases of a resident, the newest first."""

    def waiting(
        self,
        states: frozenset[CaseState],
        indicators: frozenset[str],
        source: str,
        request: PageRequest,
    ) -> Page[Case]:
        """The cases in some states, about some indicators or of one source, due first first."""

    def for_second_instance(self, request: PageRequest) -> Page[Case]:
        """The appeals, and the open cases that are marked overdue, the one due first first."""

    def overdue(self, now: datetime, most: int) -> tuple[Case, ...]:
        """Open cases that are due before `now` and not marked overdue, at most so many."""

    def count_overdue(self) -> Mapping[CaseKind, int]:
        """How many open cases are marked overdue, of each kind."""

    def count_open(self, now: datetime) -> Mapping[CaseKind, CaseCount]:
        """How many are open, of each kind, and late at `now`, marked or not."""

    def add_step(self, step: CaseStep) -> None:
        """Keep a step."""

    def steps(self, case_ids: Iterable[str]) -> dict[str, tuple[CaseStep, ...]]:
        """Every step of each case, the oldest first."""


class Notices(Protocol):
    """What residents are told."""

    def add(self, notice: Notice) -> None:
        """Keep a notice; written at the commit."""

    def page(self, resident_id: str, request: PageRequest) -> Page[Notice]:
        """The notices of a resident, the newest first."""


class Reads(Protocol):
    """Who read records of class B and above."""

    def add(self, reads: Sequence[RecordRead]) -> None:
        """Keep reads; durable before what was read is shown."""

    def page(self, person: int, request: PageRequest) -> Page[RecordRead]:
        """The reads of a person's records, the newest first."""


class Promises(Protocol):
    """Residents' promises."""

    def add(self, promise: Promise) -> None:
        """Keep a new promise."""

    def get(self, promise_id: str) -> Promise | None:
        """The promise of that id."""

    def put(self, promise: Promise) -> None:
        """Keep a promise as it is now."""

    def page(self, resident_id: str, request: PageRequest) -> Page[Promise]:
        """The promises of a resident, the newest first."""


class Removal(Protocol):
    """What is removed for good: by its time, or with its person."""

    def indicators(self) -> tuple[str, ...]:
        """Every indicator that some record names; "" for records that were emptied."""

    def ended(self, what: Ended, after: Place | None) -> Portion:
        """The next rows that ended, from the beginning or after a place."""

    def count(self, what: Ended, places: Iterable[Place]) -> Mapping[str, int]:
        """How many rows of each kind `remove` would remove or empty."""

    def remove(self, what: Ended, places: Iterable[Place]) -> Mapping[str, int]:
        """Remove or empty rows that still have ended, with what hangs on them; how many of each."""

    def last_run(self) -> datetime:
        """When retention last ran; 1970 where it never did."""

    def claim_run(self, due: datetime, now: datetime) -> bool:
        """Take the run that was due at an instant; False where another process has."""

    def questions(self, home: CityCode) -> tuple[PendingQuestion, ...]:
        """The questions to a home city that are kept."""

    def erase(
        self, resident: Resident, home: CityCode, pseudonym: bytes, questions: Iterable[bytes]
    ) -> int:
        """Remove every row that is about a resident of `home` or leads to one; how many.

        `pseudonym` is what this city calls them as a host, `questions` the keys of those about
        them.
        """
