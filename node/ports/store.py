"""The store, as use cases see it: a unit of work, and the repositories of a transaction.

A use case is a synchronous function of a `Transaction`; `UnitOfWork.run` makes it durable before
its result is seen. The function may be run again (a conflict, a neighbour in the same commit that
failed), so it does nothing but read, decide and write through the transaction.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Protocol, TypeVar

from federation.consent import Consent
from federation.identifiers import CityCode
from node.incentives import Catalogue
from node.indicators import IndicatorCatalogue
from node.model import (
    Backlog,
    Contact,
    DutyMark,
    Joining,
    Page,
    PageRequest,
    PartnerMove,
    PresentationCode,
    RecordedAnswer,
    Resident,
    Subject,
    Use,
)
from node.ports.host import Recognitions, Redemptions
from node.ports.incentives import Checks, Histograms, Leases, Reservations, UseQuestions
from node.ports.records import Cases, Notices, Promises, Quarantine, Reads, Records, Removal
from node.ports.trust import (
    Attestations,
    Batches,
    Checkpoints,
    ConsentReceipts,
    Histories,
    Log,
    Outbox,
    PartnerStatuses,
    Renewals,
    Statuses,
    Visits,
)
from node.registry import (
    AgreementState,
    Invitation,
    OwnScale,
    Partner,
    PartnerScale,
    Registry,
    StoredAgreement,
)

T = TypeVar("T")


class Residents(Protocol):
    """Residents, and what their records come to."""

    def add(self, resident: Resident) -> None:
        """Keep a new resident; a second one of the same document makes it all run again."""

    def get(self, resident_id: str) -> Resident | None:
        """The resident of that id."""

    def by_document(self, document_digest: bytes) -> Resident | None:
        """The resident of that document."""

    def by_persons(self, persons: Iterable[int]) -> dict[int, Resident]:
        """The residents among these persons."""

    def recount(self, resident: Resident) -> None:
        """Keep what the resident's records come to, as `resident` has it."""

    def to_recount(self, today: date, counted_by: int, most: int) -> tuple[Resident, ...]:
        """Residents whose sum has had its day or is of an older catalogue, at most so many."""

    def count_to_recount(self, today: date, counted_by: int) -> int:
        """How many those are."""

    def count(self) -> int:
        """How many residents take part."""


class Consents(Protocol):
    """Consents and the codes made under them."""

    def add(self, consent: Consent, pseudonym: bytes) -> None:
        """Keep a new consent, and what its host will know the resident by."""

    def get(self, consent_id: str) -> Consent | None:
        """The consent of that id."""

    def page(self, resident_id: str, request: PageRequest) -> Page[Consent]:
        """The consents of a resident, the newest first."""

    def withdraw(self, consent_id: str, at: datetime) -> bool:
        """End a consent; False where it had been withdrawn before (that instant stays)."""

    def add_code(self, code: PresentationCode) -> None:
        """Keep a new code."""

    def use_code(self, code_digest: bytes, at: datetime) -> bool:
        """Use a code up; False where it is unknown or used."""

    def use_decoy(self, at: datetime) -> None:
        """Do the same work as `use_code` where there is no code to use up (rule 4)."""

    def by_code(self, code_digest: bytes) -> Subject:
        """Whom a code stands for, whatever became of it and of its consent; else nobody.

        One statement, whoever is found: nobody is a row like anybody's (rule 4).
        """

    def by_pseudonym(self, host: CityCode, pseudonym: bytes) -> tuple[Subject, ...]:
        """Whom a host asks for, under each consent to it, the newest first; else nobody."""


class Uses(Protocol):
    """Who used a standing."""

    def add(self, use: Use) -> None:
        """Keep a use; written at the commit."""

    def page(self, resident_id: str, request: PageRequest) -> Page[Use]:
        """The uses of a resident's standing, the newest first."""


class Administration(Protocol):
    """What operators decide; each write makes a new registry version."""

    def put_own_scale(self, own: OwnScale) -> None:
        """Keep a new version of this city's scale."""

    def put_partner(self, partner: Partner) -> None:
        """Keep a partner as it is now."""

    def put_invitation(self, invitation: Invitation) -> None:
        """Keep an invitation as it is now; a city has one at most."""

    def put_partner_scale(self, scale: PartnerScale) -> None:
        """Keep a version of a partner's scale; one that is known is not touched."""

    def put_agreement(self, stored: StoredAgreement) -> None:
        """Keep a version of an agreement, or its newer signatures and state."""

    def set_agreement_state(self, key: tuple[str, int], state: AgreementState, reason: str) -> None:
        """Change the state of one version of an agreement."""

    def put_catalogue(self, catalogue: Catalogue) -> None:
        """Keep a new version of the catalogue."""

    def put_indicators(self, catalogue: IndicatorCatalogue) -> None:
        """Keep a new version of the indicator catalogue."""


class Partnerships(Protocol):
    """What became of partners; none of it makes a new registry version."""

    def add_move(self, move: PartnerMove) -> None:
        """Keep a step."""

    def moves(self, city: CityCode) -> tuple[PartnerMove, ...]:
        """Every step of a partner, the oldest first."""

    def put_contact(self, contact: Contact) -> None:
        """Keep what is known of the last contact; it replaces the one before."""

    def contacts(self) -> dict[CityCode, Contact]:
        """The last contact with each partner."""

    def contact(self, city: CityCode) -> Contact | None:
        """The last contact with a partner, if there was any."""

    def begin_joining(self, joining: Joining) -> Joining:
        """Keep a way into another city, or find the one that was begun before."""

    def hear_hello(self, key: bytes, hello: bytes) -> bytes:
        """Keep what the other city said, unless it said something before; what counts."""

    def end_joining(self, key: bytes) -> None:
        """Forget a way, with its seed."""


class Answers(Protocol):
    """The recorded answers: the replay row of every request that changed something."""

    def find(self, caller: str, request_id: str) -> RecordedAnswer | None:
        """The answer that this caller got for this request id."""

    def record(self, answer: RecordedAnswer) -> None:
        """Keep an answer; written at the commit."""


class Duties(Protocol):
    """Which process of the city does its timed work."""

    def mark(self) -> DutyMark:
        """Who has it, and how often that was said."""

    def take(self, process: str, seen: DutyMark) -> bool:
        """Say that a process has it; False where somebody said something since `seen`."""

    def leave(self, process: str) -> None:
        """Let it go, if this process has it."""


class Transaction(Protocol):
    """Everything that one use case may read and write, together or not at all."""

    @property
    def registry(self) -> Registry:
        """What operators decided, with what this transaction changed."""

    @property
    def residents(self) -> Residents:
        """Residents."""

    @property
    def records(self) -> Records:
        """Departments' records."""

    @property
    def quarantine(self) -> Quarantine:
        """Rows that were not taken."""

    @property
    def cases(self) -> Cases:
        """Objections and repairs."""

    @property
    def notices(self) -> Notices:
        """What residents are told."""

    @property
    def reads(self) -> Reads:
        """Who read records."""

    @property
    def promises(self) -> Promises:
        """Residents' promises."""

    @property
    def removal(self) -> Removal:
        """What is removed for good."""

    @property
    def consents(self) -> Consents:
        """Consents and codes."""

    @property
    def uses(self) -> Uses:
        """Who used a standing."""

    @property
    def recognitions(self) -> Recognitions:
        """Questions, and recognised visitors."""

    @property
    def redemptions(self) -> Redemptions:
        """Decisions and their uses."""

    @property
    def checks(self) -> Checks:
        """What was decided and why."""

    @property
    def reservations(self) -> Reservations:
        """Places that are held."""

    @property
    def use_questions(self) -> UseQuestions:
        """As host, leases that are asked for and given back."""

    @property
    def leases(self) -> Leases:
        """As home, uses that are counted over all cities."""

    @property
    def histograms(self) -> Histograms:
        """How residents are spread over scales."""

    @property
    def administration(self) -> Administration:
        """What operators decide."""

    @property
    def partnerships(self) -> Partnerships:
        """What became of partners."""

    @property
    def answers(self) -> Answers:
        """The recorded answers."""

    @property
    def log(self) -> Log:
        """The log."""

    @property
    def checkpoints(self) -> Checkpoints:
        """Checkpoints and forks."""

    @property
    def attestations(self) -> Attestations:
        """What was attested, as home."""

    @property
    def batches(self) -> Batches:
        """What was attested to many at once."""

    @property
    def statuses(self) -> Statuses:
        """Which of it still stands."""

    @property
    def partner_statuses(self) -> PartnerStatuses:
        """What was heard of that, as host."""

    @property
    def renewals(self) -> Renewals:
        """Renewals, as host."""

    @property
    def visits(self) -> Visits:
        """Decisions for visitors, as host."""

    @property
    def histories(self) -> Histories:
        """What happened to residents."""

    @property
    def consent_receipts(self) -> ConsentReceipts:
        """Receipts of consents."""

    @property
    def outbox(self) -> Outbox:
        """What partners do not have yet."""

    @property
    def duty(self) -> Duties:
        """Who does what is timed."""


class UnitOfWork(Protocol):
    """The store, as use cases see it."""

    @property
    def registry(self) -> Registry:
        """The newest registry that this process has seen."""

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each newer registry, from whatever thread; it only passes it on."""

    async def run(self, use_case: Callable[[Transaction], T]) -> T:
        """Run a use case and make it durable; its result is seen only then.

        Raises what the use case raises, with nothing written; and STORE_UNAVAILABLE.
        """

    async def read(self, use_case: Callable[[Transaction], T]) -> T:
        """Run a use case that writes nothing."""

    def backlog(self) -> Backlog:
        """What waits for a commit in this process; from whatever thread."""

    async def size(self) -> int | None:
        """How many bytes the database has; None where it does not say."""

    async def probe(self) -> None:
        """Write, and say so that this process lives; raises STORE_UNAVAILABLE, STORE_NEWER."""

    async def sweep(self) -> int:
        """Remove what nobody can ask for any more; how many rows."""

    async def scrub(self) -> bool:
        """Let what was removed leave the database's own files; False: it has to be tried again.

        It is tried until it is done, also after a crash. Raises STORE_UNAVAILABLE.
        """
