"""One transaction, with every repository over it, and the registry as it stands in it."""

import threading
from collections.abc import Callable
from functools import cache

import sqlalchemy as sa

from node.registry import Registry
from node.store.administration import VERSION, AdministrationRepository, read_registry
from node.store.answers import AnswerRepository
from node.store.attestations import AttestationRepository
from node.store.batches import BatchRepository
from node.store.cases import CaseRepository
from node.store.checkpoints import CheckpointRepository
from node.store.connection import Session, Upserts
from node.store.consent_receipts import ConsentReceiptRepository
from node.store.duties import DutyRepository
from node.store.histories import HistoryRepository, VisitRepository
from node.store.incentives import (
    CheckRepository,
    ReservationRepository,
    UseQuestionRepository,
)
from node.store.leases import HistogramRepository, LeaseRepository
from node.store.log import LogRepository
from node.store.migrate import refuse_newer
from node.store.notices import NoticeRepository, PromiseRepository, ReadRepository
from node.store.outbox import OutboxRepository
from node.store.partnerships import PartnershipRepository
from node.store.quarantine import QuarantineRepository
from node.store.records import RecordRepository
from node.store.removal import RemovalRepository
from node.store.renewals import RenewalRepository
from node.store.residents import ConsentRepository, ResidentRepository, UseRepository
from node.store.statuses import PartnerStatusRepository, StatusRepository
from node.store.visits import RecognitionRepository, RedemptionRepository


class StoreTransaction:
    """Everything that use cases may read and write, together or not at all."""

    def __init__(self, session: Session, upserts: Upserts, registry: Registry) -> None:
        """Over one session, beginning with `registry`."""
        self.session = session
        self._registry = registry
        self.residents = ResidentRepository(session)
        self.records = RecordRepository(session, upserts)
        self.quarantine = QuarantineRepository(session, upserts)
        self.cases = CaseRepository(session)
        self.notices = NoticeRepository(session)
        self.reads = ReadRepository(session)
        self.promises = PromiseRepository(session)
        self.removal = RemovalRepository(session)
        self.consents = ConsentRepository(session)
        self.uses = UseRepository(session)
        self.recognitions = RecognitionRepository(session, upserts)
        self.redemptions = RedemptionRepository(session, upserts)
        self.checks = CheckRepository(session)
        self.reservations = ReservationRepository(session)
        self.use_questions = UseQuestionRepository(session, upserts)
        self.leases = LeaseRepository(session)
        self.histograms = HistogramRepository(session, upserts)
        self.administration = AdministrationRepository(session, upserts)
        self.partnerships = PartnershipRepository(session, upserts)
        self.answers = AnswerRepository(session)
        self.log = LogRepository(session)
        self.checkpoints = CheckpointRepository(session, upserts)
        self.attestations = AttestationRepository(session)
        self.batches = BatchRepository(session)
        self.statuses = StatusRepository(session, upserts)
        self.partner_statuses = PartnerStatusRepository(session, upserts)
        self.renewals = RenewalRepository(session)
        self.visits = VisitRepository(session, upserts)
        self.histories = HistoryRepository(session)
        self.consent_receipts = ConsentReceiptRepository(session)
        self.outbox = OutboxRepository(session)
        self.duty = DutyRepository(session)

    def finish(self) -> None:
        """Write all that was appended; nothing comes after it but the commit."""
        self.log.finish()
        self.session.flush()

    @property
    def registry(self) -> Registry:
        """The registry, with what this transaction changed in it."""
        if self.administration.changed:
            self.administration.changed = False
            self._registry = load_registry(self.session)
        return self._registry


class TransactionMaker:
    """Makes transactions that begin with the newest registry; readers and the writer share it."""

    def __init__(self, dialect: str, registry: Registry) -> None:
        """For a database of that dialect, whose registry was read just now."""
        self._upserts = _upserts(dialect)
        self._registry = registry
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def registry(self) -> Registry:
        """The newest committed registry that this process has seen."""
        return self._registry

    def begin(self, connection: sa.Connection) -> StoreTransaction:
        """A transaction over a connection that has begun one.

        Raises:
            HutongError: STORE_NEWER, where the tables are no longer this version's to serve with.

        """
        session = Session(connection)
        registry = self._registry
        row = session.one(VERSION)
        if row is not None:
            # A process that hung while the tables went beyond it reads and writes nothing any more.
            refuse_newer(row[1])
            if row[0] != registry.version:
                registry = load_registry(session)
        return StoreTransaction(session, self._upserts, registry)

    def publish(self, registry: Registry) -> None:
        """Let everybody see a registry that is committed, unless they see a newer one."""
        with self._lock:
            newer = registry.version > self._registry.version
            if newer:
                self._registry = registry
        if newer:
            for listener in tuple(self._listeners):
                listener()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each newer registry, from whatever thread brought it."""
        self._listeners.append(listener)


@cache
def _upserts(dialect: str) -> Upserts:
    """Made once for each dialect: each statement that is made is compiled."""
    return Upserts(dialect)


def load_registry(session: Session) -> Registry:
    """The registry as this transaction sees it, of one version even while others write."""
    while True:
        before, after = session.one(VERSION), None
        version = before[0] if before else 0
        registry = read_registry(session, version)
        after = session.one(VERSION)
        if after is None or after[0] == version:
            return registry
