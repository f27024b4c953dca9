"""What a city's node knows: frozen values that use cases and the store speak in.

Instants are aware UTC datetimes; days are days of the city's own time zone; scores and points
are integers in thousandths of a point (`_milli`).
"""

import enum
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

from federation.consent import Consent
from federation.identifiers import CityCode
from federation.messages import Disclosure, UseCounting

T = TypeVar("T")


class Role(enum.Enum):
    """What a local client may do; it is in the client's certificate."""

    RESIDENT = "resident"
    VENUE = "venue"
    DEPARTMENT = "department"
    OPERATOR = "operator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Caller:
    """A local client, by its certificate."""

    role: Role
    name: str

    @property
    def department(self) -> str:
        """The id of a department: what stands before the dot in DEPARTMENT.OFFICER."""
        return self.name.partition(".")[0]

    @property
    def officer(self) -> str:
        """The officer of a department; "" for the certificate of its systems."""
        return self.name.partition(".")[2]

    def __str__(self) -> str:
        """`role/name`, as recorded answers are keyed."""
        return f"{self.role.value}/{self.name}"


class DocumentKind(enum.Enum):
    """The kind of an identity document."""

    RESIDENT_ID = 1
    FOREIGN_PERMANENT_RESIDENT = 2
    PASSPORT_MRZ = 3


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list: at most `size` items after the one that `token` names ("" first)."""

    size: int
    token: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next_token` is "" on the last one."""

    items: tuple[T, ...]
    next_token: str


@dataclass(frozen=True, slots=True)
class Resident:
    """A person who takes part: no name and no number, only a keyed digest of the document.

    `person` is what their records go by. `points_milli`, `shared_milli` and `commendations` are
    what the records that count come to (`node.services.scoring`), by version `counted_by` of the
    indicator catalogue, until `recount_on`, the first day on which one begins or stops to count.
    """

    resident_id: str
    document_digest: bytes = field(repr=False)
    secret: bytes = field(repr=False)
    enrolled_at: datetime
    person: int = 0
    points_milli: int = 0
    shared_milli: int = 0
    commendations: tuple[str, ...] = ()
    recount_on: date | None = None
    counted_by: int = 0


@dataclass(frozen=True, slots=True)
class PresentationCode:
    """A code that a resident shows, once; the store knows only its SHA-256."""

    code_digest: bytes
    consent_id: str
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A resident under one consent, as an attestation needs them; `code` where one was shown.

    `pseudonym` is what the consent's host knows the resident by.
    """

    resident: Resident
    consent: Consent
    pseudonym: bytes
    code: PresentationCode | None

    @property
    def is_nobody(self) -> bool:
        """Whether this stands in for a person who was not found (rule 4)."""
        return not self.resident.resident_id


class UseOutcome(enum.Enum):
    """What became of a request for a resident's standing."""

    ATTESTED = 1
    REFUSED = 2


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a resident's standing, for the resident's eyes.

    `resident_id` is "" where nobody was found: the row is written all the same (rule 4).
    `refusal` is the name of a reason in `node.errors`, "" where an attestation was given.
    """

    use_id: str
    resident_id: str
    host: CityCode
    used_at: datetime
    outcome: UseOutcome
    scenarios: tuple[str, ...]
    disclosure: Disclosure | None
    refusal: str


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """The first answer to a request id: the same body gets it again, another is refused.

    `subject` is the resident whom it is about, for erasure; "" where it is about nobody.
    """

    caller: str
    request_id: str
    body_digest: bytes
    response: bytes
    answered_at: datetime
    subject: str = ""


@dataclass(frozen=True, slots=True)
class PendingQuestion:
    """An attestation request that was signed and kept before it was sent.

    `key` is the SHA-256 of the venue's caller and request id: that request repeated sends the same
    bytes, so that the home city gives its recorded answer.
    """

    key: bytes
    home: CityCode
    envelope: bytes
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class StoredRecognition:
    """A recognised visitor of this city, and the digest of the visitor pass.

    `checked_at` is when the home city last said so, by its own words: freshness counts from it.
    `home` may be this city: its own residents take the same path. `local_milli` is the local
    equivalent of the score, where one was shown; `use_commitment` the SHA-256 of the use key.
    """

    recognition_id: str
    pass_digest: bytes
    home: CityCode
    pseudonym: bytes
    band_id: str
    commendations: tuple[str, ...]
    scenarios: tuple[str, ...]
    agreement_id: str
    agreement_version: int
    attestation_id: str
    status_index: int
    checked_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    local_milli: int | None = None
    counting: UseCounting = UseCounting.NONE
    use_commitment: bytes = b""


@dataclass(frozen=True, slots=True)
class Decision:
    """That one incentive is open to one person, at one venue, until an instant.

    `recognition_id` is "" for a newcomer; `check_id` names what was decided at once. The venue may
    go by it without the node until `offline_until`, where that is given.
    """

    decision_id: str
    venue: str
    incentive_id: str
    catalogue_version: int
    recognition_id: str
    decided_at: datetime
    expires_at: datetime
    check_id: str = ""
    offline_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Redemption:
    """One use of one incentive, by one decision, once."""

    redemption_id: str
    decision_id: str
    incentive_id: str
    venue: str
    redeemed_at: datetime


DAY_SCOPE = "day:"
"""How the scope of a day's counter begins; the day follows."""

RESIDENT_SCOPES = "resident-"
"""The same for one visitor's; a period follows, its first day, and the recognition."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A capacity to count against: at most `limit` for `scope` of an incentive."""

    incentive_id: str
    scope: str
    limit: int


@dataclass(frozen=True, slots=True)
class PartnerMove:
    """One step of a partner: who took it, when and why, and the state that it led to.

    `actor` is "operator/NAME", or "city CODE" for what the partner said of itself.
    """

    city: CityCode
    move_id: str
    at: datetime
    actor: str
    move: str
    state: str
    reason: str = ""
    legal_basis: str = ""
    privacy_assessment: str = ""


@dataclass(frozen=True, slots=True)
class DutyMark:
    """Which process of the city does its timed work, and how often that was said; "" for none."""

    holder: str
    beat: int


@dataclass(frozen=True, slots=True)
class Contact:
    """When this city last reached a partner, and what has been wrong since.

    `clock_offset` is how far the partner's clock is ahead; `acknowledged` the sequence of this
    city's trust bundle that the partner is known to have.
    """

    city: CityCode
    tried_at: datetime
    reached_at: datetime | None = None
    failures: int = 0
    problem: str = ""
    clock_offset: timedelta | None = None
    acknowledged: int = 0


class Delivery(enum.Enum):
    """What is kept for a partner until it has it.

    As home: changes of status lists. As host: questions for a use that the partner counts, uses
    that are given back, requests for renewal. To any: checkpoints to cosign, and trust bundles.
    """

    STATUS = "status"
    USE = "use"
    RELEASE = "release"
    RENEWAL = "renewal"
    CHECKPOINT = "checkpoint"
    BUNDLE = "bundle"


@dataclass(frozen=True, slots=True)
class Owed:
    """How much of one kind a partner does not have yet, and since when the oldest of it waits."""

    city: CityCode
    delivery: Delivery
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """Use cases that wait for their commit, and for how many seconds the oldest has waited."""

    waiting: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Joining:
    """A way into another city by its code: the same code and address go on with the same words.

    `bundle` and `certificate` are this city's as they were when it began; `hello` is what the other
    city said, b"" before: a second one is never answered.
    """

    key: bytes
    seed: bytes = field(repr=False)
    bundle: bytes
    certificate: bytes
    begun_at: datetime
    hello: bytes = b""


class Severity(enum.Enum):
    """How bad a finding is."""

    OK = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at by `doctor`, and what to do about it."""

    subject: str
    severity: Severity
    detail_zh: str
    detail_en: str
    remedy_zh: str = ""
    remedy_en: str = ""
    command: str = ""
