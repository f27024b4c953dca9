"""A store whose retention is run, and something of each kind that is kept, with its time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from node import record_limits as kept
from node.indicators import DisclosureClass
from node.model import Counter
from node.ports import Transaction
from node.records import (
    Case,
    CaseKind,
    CaseMove,
    CaseState,
    CaseStep,
    Notice,
    NoticeKind,
    Promise,
    PromiseState,
    QuarantinedRow,
    RecordKey,
    RecordLoad,
    RecordMove,
    RecordRead,
    RecordState,
)
from node.retention import Kept
from node.services.here import Here
from node.services.retaining import Retaining
from tests.node.catalogue import made_catalogue, row
from tests.node.services.simulated import SeededEntropy
from tests.node.store.rig import (
    HOME,
    NOW,
    Desk,
    consent,
    recognition,
    record,
    redemption,
    reservation,
    text_id,
    use,
)

INSTANT = timedelta(microseconds=1)
ZONE = ZoneInfo("Asia/Shanghai")
KEY = RecordKey("culture-office", "r-1")
ACTOR = "operator/chen"


class Keeper:
    """A store, and the retention of its city."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        here = Here(HOME, ZONE, desk.clock, SeededEntropy(7))
        self.retaining = Retaining(here, desk.store)
        desk.run(lambda tx: tx.administration.put_indicators(made_catalogue()))

    def keep(self, *use_cases: Callable[[Transaction], object]) -> None:
        for use_case in use_cases:
            self.desk.run(use_case)

    def run(self, *, dry_run: bool = False) -> dict[str, int]:
        """What a run removes, of each kind of which there was something."""
        found = self.desk._runner.run(self.retaining.run(ACTOR, dry_run=dry_run))
        return {each.kind: each.count for each in found if each.count}

    def tick(self) -> None:
        self.desk._runner.run(self.retaining.tick())

    def at(self, instant: datetime) -> dict[str, int]:
        self.desk.clock.instant = instant
        return self.run()

    def count(self, table: sa.Table) -> int:
        return len(self.desk.rows(table))


def case(serial: int = 1, state: CaseState = CaseState.REFUSED) -> Case:
    return Case(
        case_id=text_id(serial),
        kind=CaseKind.OBJECTION,
        resident_id=text_id(1),
        person=1,
        key=KEY,
        revision=1,
        indicator_id="short",
        statement="不是我",
        evidence="",
        promise="",
        state=state,
        opened_at=NOW - timedelta(days=1),
        due_at=NOW,
    )


def step(serial: int = 1) -> CaseStep:
    return CaseStep(
        text_id(serial), text_id(9), NOW, "resident", CaseMove.OPEN, CaseState.OPEN, "因为"
    )


def moved(at: datetime = NOW) -> RecordMove:
    return RecordMove(text_id(8), KEY, 1, at, "department/culture-office", "withdrawn")


def quarantined() -> QuarantinedRow:
    sent = row("", "q-1")
    return QuarantinedRow("row", "office", sent, 1, "ROW_UNFIT", (), NOW, text_id(1), 1)


def load(finished_at: datetime | None = NOW) -> RecordLoad:
    return RecordLoad("office", text_id(1), "f.csv", 1, 1, 0, 0, NOW, finished_at)


def read() -> RecordRead:
    return RecordRead(
        text_id(1), 1, NOW, "department/office", "scrutiny", KEY, "short", DisclosureClass.B
    )


def promise(state: PromiseState = PromiseState.KEPT, closed_at: datetime | None = NOW) -> Promise:
    return Promise(
        promise_id=text_id(1),
        resident_id=text_id(1),
        incentive_id="library-card",
        venue="library",
        text="我承诺",
        language="zh",
        made_at=NOW,
        due_on=date(2026, 12, 1),
        state=state,
        closed_at=closed_at,
    )


def gone(state: RecordState) -> Callable[[Transaction], object]:
    """A record that is in that state since NOW."""

    def keep(tx: Transaction) -> None:
        tx.records.add([replace(record(1), indicator_id="add-1", state=state)])
        tx.records.add_moves([moved()])

    return keep


def decided(tx: Transaction) -> None:
    tx.cases.add(case())
    tx.cases.add_step(step())


WITHDRAWN, REPAIRED = gone(RecordState.WITHDRAWN), gone(RecordState.REPAIRED)
# What is kept of each kind, by its own time NOW, and the time for which it is.
BY_TIME: dict[Kept, tuple[Callable[[Transaction], object], timedelta]] = {
    Kept.WITHDRAWN_RECORDS: (WITHDRAWN, kept.WITHDRAWN_KEPT),
    Kept.REPAIRED_RECORDS: (REPAIRED, kept.REPAIRED_KEPT),
    Kept.QUARANTINE: (lambda tx: tx.quarantine.put([quarantined()]), kept.QUARANTINE_KEPT),
    Kept.RECORD_LOADS: (lambda tx: tx.records.put_load(load()), kept.LOADS_KEPT),
    Kept.CASES: (decided, kept.CASES_KEPT),
    Kept.NOTICES: (
        lambda tx: tx.notices.add(Notice(text_id(1), text_id(1), NOW, NoticeKind.RECORD_ADDED, ())),
        kept.NOTICES_KEPT,
    ),
    Kept.RECORD_READS: (lambda tx: tx.reads.add([read()]), kept.READS_KEPT),
    Kept.PROMISES: (lambda tx: tx.promises.add(promise()), kept.PROMISES_KEPT),
    Kept.CONSENTS: (
        lambda tx: tx.consents.add(replace(consent(1), withdrawn_at=NOW), b"p" * 32),
        kept.CONSENTS_KEPT,
    ),
    Kept.USES: (lambda tx: tx.uses.add(use(1, text_id(1))), kept.USES_KEPT),
    Kept.ENDED_RECOGNITIONS: (
        lambda tx: tx.recognitions.put(replace(recognition(1), ended_at=NOW)),
        kept.RECOGNITIONS_ENDED_KEPT,
    ),
    Kept.UNUSED_RECOGNITIONS: (
        lambda tx: tx.recognitions.put(replace(recognition(1), expires_at=NOW)),
        kept.RECOGNITIONS_UNUSED_KEPT,
    ),
    Kept.REDEMPTIONS: (lambda tx: tx.redemptions.add(redemption(1)), kept.REDEMPTIONS_KEPT),
    Kept.RESERVATIONS: (
        lambda tx: tx.reservations.add(replace(reservation(1), recognition_id="")),
        kept.REDEMPTIONS_KEPT,
    ),
    Kept.NAMED_RESERVATIONS: (
        lambda tx: tx.reservations.add(reservation(2)),
        kept.RESERVATIONS_NAMED,
    ),
}


def everything(keeper: Keeper) -> None:
    """Something of each kind, all of it long past."""
    for serial, (kind, (keep, _)) in enumerate(BY_TIME.items()):
        if kind not in (Kept.WITHDRAWN_RECORDS, Kept.UNUSED_RECOGNITIONS):
            keeper.keep(keep)
        number = f"old-{serial}"
        sent = replace(record(1), key=RecordKey("office", number), indicator_id="short")
        keeper.keep(lambda tx, s=sent: tx.records.add([s]))  # type: ignore[misc]
    keeper.keep(lambda tx: tx.redemptions.count(Counter("library-card", "day:2026-11-24", 5)))
    keeper.desk.clock.instant = NOW + timedelta(days=4 * 365)
