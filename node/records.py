"""Records of the departments, and what becomes of them: disputes, repairs, promises, readers.

A record belongs to a `person`, a random number that stands for a keyed digest of a document: also
of one who does not take part. Only who takes part is scored.
"""

import enum
from dataclasses import dataclass, field
from datetime import date, datetime

from node.indicators import DisclosureClass


class RecordState(enum.Enum):
    """Where a record stands; only a standing one counts, and only that is shown."""

    STANDING = "standing"
    WITHDRAWN = "withdrawn"
    """By its department, or because an objection to it was right."""
    REPAIRED = "repaired"


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """What a record goes by for ever: the department that first sent it, and its number there."""

    source: str
    record_number: str


@dataclass(frozen=True, slots=True)
class Record:
    """One dated fact of one indicator; each correction makes the next revision.

    `occurred_on` is the first day on which it counts; `ends_on` an end of its own, if it has one
    before the indicator's retention ends. `evidence` is the number of the document that it rests
    on. `disputed` while an objection to it is open, `overdue` when that is not answered in time.
    """

    key: RecordKey
    revision: int
    person: int
    indicator_id: str
    area: str
    evidence: str
    occurred_on: date
    ends_on: date | None
    state: RecordState
    disputed: bool
    overdue: bool
    received_at: datetime
    received_from: str


@dataclass(frozen=True, slots=True)
class RecordMove:
    """One step in the life of a record; `before` is what it was before, JSON."""

    move_id: str
    key: RecordKey
    person: int
    at: datetime
    actor: str
    move: str
    reason: str = ""
    before: str = ""


class RowAction(enum.Enum):
    """What a row asks for."""

    ADD = "add"
    CORRECT = "correct"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One row as a department sends it, nothing of it checked; "" where there is none.

    Days are YYYY-MM-DD. `source` is whose record it is, the sender's own where empty; `revision`
    the one that a correction or a withdrawal was made from.
    """

    record_number: str
    indicator: str
    document_number: str = field(repr=False)
    occurred_on: str
    evidence: str
    action: str = ""
    source: str = ""
    revision: int = 0
    disclosure_class: str = ""
    area: str = ""
    ends_on: str = ""


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that was not taken, and why; it waits for its department.

    The document number is not kept: `person` is whose it is, None where that is what is wrong.
    `row_id` follows from what was sent, so that the same row sent again waits once.
    """

    row_id: str
    department: str
    row: RecordRow
    person: int | None
    reason: str
    fields: tuple[tuple[str, str], ...]
    received_at: datetime
    load_id: str
    line: int


@dataclass(frozen=True, slots=True)
class RecordLoad:
    """How far the load of one file has come: `taken` rows of it are dealt with, for good."""

    department: str
    load_id: str
    file_name: str
    taken: int
    accepted: int
    unchanged: int
    quarantined: int
    begun_at: datetime
    finished_at: datetime | None = None


class CaseKind(enum.Enum):
    """What a resident asks for: that a record is wrong, or that it is repaired (信用修复)."""

    OBJECTION = "objection"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class CaseCount:
    """Open cases of one kind, and how many of them nobody answered in time."""

    open: int
    late: int


class CaseState(enum.Enum):
    """Where a case stands."""

    OPEN = "open"
    INTERVIEW = "interview"
    """The officer called the resident to an interview (约谈)."""
    GRANTED = "granted"
    REFUSED = "refused"
    APPEALED = "appealed"
    GRANTED_ON_APPEAL = "granted_on_appeal"
    REFUSED_FINALLY = "refused_finally"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        """Whether somebody owes an answer."""
        return self in (CaseState.OPEN, CaseState.INTERVIEW, CaseState.APPEALED)

    @property
    def is_granted(self) -> bool:
        """Whether it ended as the resident asked, in either instance."""
        return self in (CaseState.GRANTED, CaseState.GRANTED_ON_APPEAL)


class CaseMove(enum.Enum):
    """What may be done to a case."""

    OPEN = "open"
    CALL_INTERVIEW = "call_interview"
    HOLD_INTERVIEW = "hold_interview"
    GRANT = "grant"
    REFUSE = "refuse"
    APPEAL = "appeal"
    GRANT_ON_APPEAL = "grant_on_appeal"
    REFUSE_FINALLY = "refuse_finally"
    WITHDRAW = "withdraw"
    FALL_OVERDUE = "fall_overdue"


@dataclass(frozen=True, slots=True)
class Case:
    """An objection or an application for repair, about one record of one resident.

    `statement` is what the resident says; `evidence` what shows that a wrong was put right, and
    `promise` the public promise (信用承诺), both for a repair only. `due_at` is by when the next
    answer is owed; `overdue` once that has passed. `officer` decided first, and decides no appeal.
    """

    case_id: str
    kind: CaseKind
    resident_id: str
    person: int
    key: RecordKey
    revision: int
    indicator_id: str
    statement: str
    evidence: str
    promise: str
    state: CaseState
    opened_at: datetime
    due_at: datetime
    overdue: bool = False
    officer: str = ""


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One step of a case: who, when, what, and why."""

    case_id: str
    step_id: str
    at: datetime
    actor: str
    move: CaseMove
    state: CaseState
    reason: str


class NoticeKind(enum.Enum):
    """What a resident is told of."""

    RECORD_ADDED = "record_added"
    """A record that deducts; good news needs no notice."""
    RECORD_CORRECTED = "record_corrected"
    RECORD_WITHDRAWN = "record_withdrawn"
    CASE_OPENED = "case_opened"
    CASE_MOVED = "case_moved"
    CASE_OVERDUE = "case_overdue"
    BAND_CHANGED = "band_changed"
    PROMISE_KEPT = "promise_kept"
    PROMISE_BROKEN = "promise_broken"
    CONSENT_ENDING = "consent_ending"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a resident is told, and of which record or case; its text is derived."""

    notice_id: str
    resident_id: str
    at: datetime
    kind: NoticeKind
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RecordRead:
    """That somebody read a record of class B or above (rule 8: the resident sees it)."""

    read_id: str
    person: int
    at: datetime
    reader: str
    purpose: str
    key: RecordKey
    indicator_id: str
    disclosure_class: DisclosureClass


class PromiseState(enum.Enum):
    """What became of a promise."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Promise:
    """A resident's promise (信用承诺) that goes with a deposit-free use; it never leaves the city.

    `text` is what the resident signed, word for word. `redemption_id` is "" until it is used.
    """

    promise_id: str
    resident_id: str
    incentive_id: str
    venue: str
    text: str
    language: str
    made_at: datetime
    due_on: date
    state: PromiseState
    redemption_id: str = ""
    closed_at: datetime | None = None
    note: str = ""
