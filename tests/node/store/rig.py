"""Synchronous hands on a store, and rows to put into it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from federation.consent import Consent
from federation.identifiers import CityCode
from federation.messages import Disclosure
from node.logbook import LogEntry, LogKind
from node.model import (
    Decision,
    PendingQuestion,
    PresentationCode,
    RecordedAnswer,
    Redemption,
    Resident,
    StoredRecognition,
    Use,
    UseOutcome,
)
from node.ports import Transaction
from node.records import Record, RecordKey, RecordState
from node.redemptions import Reservation, ReservationState, StoredCheck
from node.store import Store, open_store
from node.store.residents import NOBODY
from node.store.tables import CODES

T = TypeVar("T")

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HOST = CityCode("330100")
HOME = CityCode("410100")


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.instant = NOW

    def now(self) -> datetime:
        return self.instant


class Desk:
    """One process's store, used from a test's own thread."""

    def __init__(self, url: str) -> None:
        self.clock = MovableClock()
        self._runner = asyncio.Runner()
        self.store: Store = open_store(url, self.clock)
        self.engine: sa.Engine = self.store._engine

    def run(self, use_case: Callable[[Transaction], T]) -> T:
        return self._runner.run(self.store.run(use_case))

    def read(self, use_case: Callable[[Transaction], T]) -> T:
        return self._runner.run(self.store.read(use_case))

    def size(self) -> int | None:
        return self._runner.run(self.store.size())

    def refresh(self) -> None:
        self._runner.run(self.store.refresh())

    def probe(self) -> None:
        self._runner.run(self.store.probe())

    def sweep(self) -> int:
        return self._runner.run(self.store.sweep())

    def at_once(self, *use_cases: Callable[[Transaction], object]) -> list[Any]:
        """What became of use cases that queued while the writer was busy: results or errors."""

        async def queue() -> list[Any]:
            started, gate = threading.Event(), threading.Event()

            def hold(_: Transaction) -> None:
                started.set()
                gate.wait()

            held = asyncio.ensure_future(self.store.run(hold))
            await asyncio.to_thread(started.wait)
            queued = [asyncio.ensure_future(self.store.run(case)) for case in use_cases]
            await asyncio.sleep(0)
            gate.set()
            await held
            return await asyncio.gather(*queued, return_exceptions=True)

        return self._runner.run(queue())

    def rows(self, table: sa.Table) -> list[Any]:
        """The rows of a table but nobody's, as a connection of its own sees them."""
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(table)).all()
        return [row for row in rows if table is CODES or row[0] != NOBODY]

    def execute(self, text: str) -> None:
        """SQL that no use case would run."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(text)

    def close(self) -> None:
        self._runner.run(self.store.close())
        self._runner.close()


@contextlib.contextmanager
def opened(url: str) -> Iterator[Desk]:
    """A store that is closed at the end."""
    desk = Desk(url)
    try:
        yield desk
    finally:
        desk.close()


def text_id(serial: int) -> str:
    return f"00000000-0000-7000-8000-{serial:012d}"


def answer(serial: int = 1, body: bytes = b"body", response: bytes = b"response") -> RecordedAnswer:
    return RecordedAnswer("venue/library", text_id(serial), body.ljust(32), response, NOW)


def entry(serial: int = 1, subject: str = "", content: bytes = b"said") -> LogEntry:
    salt = serial.to_bytes(16, "big")
    return LogEntry(NOW, LogKind.ISSUED, content, salt, subject)


def use(serial: int = 1, resident_id: str = "") -> Use:
    return Use(
        use_id=text_id(serial),
        resident_id=resident_id,
        host=HOST,
        used_at=NOW,
        outcome=UseOutcome.ATTESTED,
        scenarios=("library.deposit_free",),
        disclosure=Disclosure.BAND,
        refusal="",
    )


def resident(serial: int = 1) -> Resident:
    digest, secret = serial.to_bytes(32, "big"), serial.to_bytes(32, "little")
    return Resident(text_id(serial), digest, secret, NOW, person=serial)


def consent(serial: int = 1, resident_id: str = text_id(1), host: CityCode = HOST) -> Consent:
    return Consent(
        consent_id=text_id(serial),
        resident_id=resident_id,
        host=host,
        scenarios=("library.deposit_free", "scenic.discount"),
        disclosure=Disclosure.BAND,
        given_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )


def code(serial: int = 1, consent_id: str = text_id(1)) -> PresentationCode:
    return PresentationCode(
        serial.to_bytes(32, "little"), consent_id, NOW + timedelta(minutes=5), None
    )


def record(serial: int = 1, person: int = 1) -> Record:
    return Record(
        key=RecordKey("culture-office", f"r-{serial}"),
        revision=1,
        person=person,
        indicator_id="volunteering",
        area="central",
        evidence="文书 1",
        occurred_on=date(2026, 1, 15),
        ends_on=date(2028, 2, 29),
        state=RecordState.STANDING,
        disputed=False,
        overdue=False,
        received_at=NOW,
        received_from="department/culture-office",
    )


def question(serial: int = 1) -> PendingQuestion:
    return PendingQuestion(serial.to_bytes(32, "big"), HOME, b"envelope", NOW)


def recognition(serial: int = 1, pseudonym: bytes = b"p" * 32) -> StoredRecognition:
    return StoredRecognition(
        recognition_id=text_id(serial),
        pass_digest=serial.to_bytes(32, "big"),
        home=HOME,
        pseudonym=pseudonym,
        band_id="excellent",
        commendations=("blood-donor",),
        scenarios=("library.deposit_free",),
        agreement_id=text_id(900),
        agreement_version=1,
        attestation_id=text_id(901),
        status_index=2**64 - 1,
        checked_at=NOW,
        expires_at=NOW + timedelta(hours=24),
    )


def decision(serial: int = 1) -> Decision:
    return Decision(
        text_id(serial), "library", "library-card", 1, "", NOW, NOW + timedelta(minutes=15)
    )


def check(serial: int = 1) -> StoredCheck:
    ends = NOW + timedelta(minutes=15)
    return StoredCheck(text_id(serial), "", "{}", "key", b"s" * 64, b"d" * 32, ends)


def redemption(serial: int = 1, decision_id: str = text_id(1)) -> Redemption:
    return Redemption(text_id(serial), decision_id, "library-card", "library", NOW)


def reservation(
    serial: int = 1, state: ReservationState = ReservationState.CONFIRMED
) -> Reservation:
    held = state is ReservationState.HELD
    return Reservation(
        reservation_id=text_id(serial),
        decision_id=text_id(serial),
        incentive_id="library-card",
        venue="library",
        recognition_id=text_id(1),
        scopes=("total", f"resident-ever:0001-01-01:{text_id(1)}"),
        state=state,
        reserved_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        closed_at=None if held else NOW,
        redemption_id=text_id(serial) if state is ReservationState.CONFIRMED else "",
    )
