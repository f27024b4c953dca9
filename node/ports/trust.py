"""Trust in time, as use cases see its store: log, attestations and statuses, renewals, visits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from federation.identifiers import CityCode
from node.attested import (
    BatchItem,
    Candidate,
    ConsentReceipt,
    Due,
    IssuedAttestation,
    IssuedBatch,
    OwnStatusList,
    PartnerStatusList,
    PendingRenewal,
    StatusFeed,
)
from node.history import Event, Place, Visit
from node.logbook import Fork, LogEntry, PartnerCheckpoint, StoredCheckpoint, StoredEntry
from node.model import Owed, Page, PageRequest, StoredRecognition


class Log(Protocol):
    """The append-only log of salted commitments, and the Merkle tree over it."""

    def append(self, entry: LogEntry) -> int:
        """Keep an entry; its number, from 0. Written at the commit."""

    def size(self) -> int:
        """How many entries there are."""

    def root(self) -> bytes:
        """The root of the tree over all entries."""

    def entries(self, first: int, count: int) -> tuple[StoredEntry, ...]:
        """At most so many entries, from that number on."""

    def leaf_hashes(self, first: int, count: int) -> tuple[bytes, ...]:
        """The leaf hashes of at most so many entries, from that number on."""

    def tiles(self, level: int, first: int, count: int) -> tuple[bytes, ...]:
        """The roots of at most so many complete subtrees of 256^level entries."""

    def node(self, level: int, index: int) -> bytes:
        """The root of a complete subtree of 2^level entries, for proofs (`merkle_log.Nodes`)."""

    def salt(self, subject: str, sequence: int) -> bytes | None:
        """The salt of an entry about a subject; None once it was erased."""


class Checkpoints(Protocol):
    """Checkpoints: this city's, cosigned, its partners', and evidence of forks."""

    def add(self, checkpoint: StoredCheckpoint) -> None:
        """Keep a checkpoint of this city; one of that size that is there stays."""

    def cosign(self, size: int, city: CityCode, line: bytes) -> None:
        """Keep a partner's cosignature of a checkpoint of this city."""

    def newest(self, *, over: int = -1, cosigned: bool = False) -> StoredCheckpoint | None:
        """The newest checkpoint of more than `over` entries; with at least one cosignature."""

    def within(self, size: int, *, cosigned: bool = False) -> StoredCheckpoint | None:
        """The newest checkpoint of at most so many entries; with at least one cosignature."""

    def after(
        self, over: int, most: int, *, cosigned: bool = False
    ) -> tuple[StoredCheckpoint, ...]:
        """At most so many checkpoints of more than `over` entries, the smallest first."""

    def cosigned_by(self, city: CityCode) -> int:
        """The size of the newest checkpoint that a partner cosigned; 0 for none."""

    def of_partner(self, city: CityCode) -> PartnerCheckpoint | None:
        """The newest checkpoint of a partner that this city cosigned."""

    def of_partner_at(self, city: CityCode, size: int) -> PartnerCheckpoint | None:
        """The checkpoint of a partner of that size."""

    def of_partners(self) -> tuple[PartnerCheckpoint, ...]:
        """Each partner's newest checkpoint, by city."""

    def add_of_partner(self, checkpoint: PartnerCheckpoint) -> None:
        """Keep a partner's checkpoint; one of that size that is there stays."""

    def drop_of_partner(self, city: CityCode, size: int) -> None:
        """Let a partner's checkpoint go that a larger one has replaced."""

    def forget_partner(self, city: CityCode) -> None:
        """Let what is known of a partner's log go: it is met anew."""

    def add_fork(self, fork: Fork) -> None:
        """Keep evidence; the first of a city stays."""

    def forks(self) -> tuple[Fork, ...]:
        """All evidence, by city."""


class Attestations(Protocol):
    """What this city attested, as home."""

    def add(self, attestation: IssuedAttestation) -> None:
        """Keep one; written at the commit."""

    def get(self, resident_id: str, attestation_id: str) -> IssuedAttestation | None:
        """A resident's attestation of that id."""

    def standing(self, resident_id: str, now: datetime) -> tuple[IssuedAttestation, ...]:
        """A resident's attestations that stand at `now`."""

    def standing_of(
        self, resident_ids: Iterable[str], now: datetime
    ) -> tuple[IssuedAttestation, ...]:
        """Those of many residents that stand at `now`."""

    def page(self, resident_id: str, request: PageRequest) -> Page[IssuedAttestation]:
        """A resident's attestations, the newest first."""

    def end(self, attestation: IssuedAttestation, at: datetime) -> bool:
        """Mark one as no longer standing; False where it had ended before."""

    def batch(self, batch_id: str) -> IssuedBatch | None:
        """The batch of that id."""


class Batches(Protocol):
    """What this city attested, as home, to many at once."""

    def candidates(
        self,
        host: CityCode,
        pseudonyms: Sequence[bytes],
        now: datetime,
        *,
        today: date,
        counted_by: int,
    ) -> list[Candidate]:
        """Whom a host asks for by these pseudonyms, once for each consent to it, in no order.

        The sums are fresh that count on `today`, by this version of the indicator catalogue.
        """

    def add(self, batch: IssuedBatch, items: Sequence[BatchItem]) -> None:
        """Keep a batch with its attestations, in the order of their leaves.

        A second batch of the same request makes the transaction run again.
        """

    def answered(self, host: CityCode, request_id: str) -> IssuedBatch | None:
        """The batch that answered a host's request."""

    def statements(self, batch: IssuedBatch, pseudonyms: Sequence[bytes]) -> Mapping[int, bytes]:
        """The statements of a batch on these pseudonyms, by leaf, without those that have ended.

        Those of residents who were erased are not there.
        """


class Statuses(Protocol):
    """Status lists of this city as home."""

    def take(self, host: CityCode, count: int, until: datetime) -> tuple[int, ...]:
        """So many indices for attestations to a host that end at `until` at the latest."""

    def end(self, host: CityCode, index: int, expires_at: datetime) -> None:
        """Set a place, and count the change; a place that is set already changes nothing."""

    def is_ended(self, host: CityCode, index: int) -> bool:
        """Whether a place is set."""

    def feed(self, host: CityCode) -> StatusFeed:
        """What a host is to know."""

    def feeds(self) -> tuple[StatusFeed, ...]:
        """Every host that was attested to, by city."""

    def acknowledge(self, host: CityCode, sequence: int) -> None:
        """A host has every change up to that one."""

    def lists(self, host: CityCode, now: datetime, *, after: int = -1) -> tuple[OwnStatusList, ...]:
        """The lists for a host whose last change is after that one, and which have not ended."""


class PartnerStatuses(Protocol):
    """The newest status lists of home cities that this city has, as host."""

    def get(self, home: CityCode, list_number: int) -> PartnerStatusList | None:
        """The newest of a list."""

    def heard(self, home: CityCode) -> tuple[int, int]:
        """The highest sequence that is known of a home city, and how many of its lists are."""

    def put(self, lists: Sequence[PartnerStatusList]) -> None:
        """Keep newer lists in place of the ones before."""


class Renewals(Protocol):
    """Renewals of this city as host."""

    def ask(self, renewal: PendingRenewal) -> None:
        """Keep a request before it is sent."""

    def pending(self, home: CityCode) -> tuple[PendingRenewal, ...]:
        """The requests to a home city whose answers are not kept yet, the oldest first."""

    def forget(self, home: CityCode, request_id: str) -> bool:
        """Let a request go; False where somebody had done so before.

        Who is told True, and nobody else, keeps its answer.
        """

    def count(self, due: Due) -> int:
        """How many recognitions are due."""

    def due(
        self, due: Due, most: int, after: StoredRecognition | None = None
    ) -> tuple[StoredRecognition, ...]:
        """At most so many of them, those that end first first, beyond that one."""

    def known_as(
        self, home: CityCode, pseudonyms: Sequence[bytes]
    ) -> dict[bytes, StoredRecognition]:
        """The recognitions that a home city calls so, those that ended too."""

    def unchanged(self, known: Sequence[StoredRecognition]) -> list[StoredRecognition]:
        """Those that have not ended, and were not asked for anew, since they were read."""

    def renew(self, renewed: Sequence[tuple[StoredRecognition, StoredRecognition]]) -> int:
        """Replace recognitions by newer ones, (before, after); how many.

        One that ended, or was asked for anew, in the meantime is not touched.
        """

    def end(self, refused: Sequence[StoredRecognition], at: datetime) -> int:
        """Mark them as no longer standing; how many. As for `renew`."""


class Histories(Protocol):
    """What happened to residents of this city as home."""

    def events(
        self, resident_id: str, now: datetime, most: int, *, before: Place | None = None
    ) -> tuple[Event, ...]:
        """At most so many events of a resident until `now`, the newest first.

        Only those before that place, whether or not an event is still there.
        """


class Visits(Protocol):
    """What happened to visitors of this city as host."""

    def add(self, visit: Visit) -> None:
        """Keep an event; written at the commit. One that is there already stays."""

    def newest(self, recognition_id: str, most: int, *, before: str = "") -> tuple[Visit, ...]:
        """At most so many events of a recognised visitor, the newest first, before that id."""


class Outbox(Protocol):
    """What is kept for partners until they have it."""

    def owed(self) -> tuple[Owed, ...]:
        """Questions, uses given back and requests that are still kept, by kind and by partner."""


class ConsentReceipts(Protocol):
    """Receipts of consents."""

    def add(self, receipt: ConsentReceipt) -> None:
        """Keep a receipt together with its consent."""

    def get(self, consent_id: str) -> ConsentReceipt | None:
        """The receipt of a consent."""

    def ending(self, now: datetime, upto: datetime, most: int) -> tuple[ConsentReceipt, ...]:
        """Of consents that stand and end by `upto`, at most so many, soonest first.

        Only those whose second half has begun, and whose residents were not reminded.
        """

    def reminded(self, consent_id: str, at: datetime) -> bool:
        """Mark a resident as reminded of the end of a consent; False where one was before."""
