"""Records from departments: each row is taken, known already, or put into quarantine by itself.

A row that is taken is a record from then on, scored for residents who take part, kept for the day
that others do. Good rows are never held up by bad ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from node.errors import HutongError
from node.indicators import Direction, IndicatorCatalogue
from node.logbook import LogKind
from node.model import Caller, Resident, Role
from node.ports import Keys, Transaction
from node.records import (
    NoticeKind,
    QuarantinedRow,
    Record,
    RecordRow,
    RecordState,
)
from node.services.cases import MOVED_REASON, WITHDRAWN_REASON, end_cases
from node.services.here import Here
from node.services.noticing import fields_of, notify
from node.services.persons import persons_of
from node.services.reading import known_department
from node.services.recounting import recount
from node.services.row_deciding import RowDecider, Sender, move_of
from node.services.rows import Asked, ReadRow, RowReader

# What ends the cases about a record: it stands no more, or is another person's.
_ENDED = {"withdrawn": WITHDRAWN_REASON, "moved": MOVED_REASON}


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one department that were read, and when that was."""

    sender: Sender
    reader: RowReader
    rows: tuple[ReadRow, ...]
    load_id: str
    now: datetime
    today: date


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of rows: taken, the same as what is there, or in quarantine."""

    accepted: int
    unchanged: int
    quarantined: tuple[QuarantinedRow, ...]


class Recording:
    """Takes departments' records and keeps residents' sums true."""

    def __init__(self, here: Here, keys: Keys) -> None:
        """For the residents of `here`."""
        self._here = here
        self._keys = keys

    def load(self, tx: Transaction, department: str, rows: Sequence[RecordRow]) -> LoadReport:
        """Read and take rows of a department's systems."""
        return self.take(tx, self.read(Caller(Role.DEPARTMENT, department), rows))

    def read(
        self,
        caller: Caller,
        rows: Iterable[RecordRow],
        *,
        load_id: str = "",
        first_line: int = 1,
        person: int | None = None,
    ) -> Batch:
        """Read rows, outside of any transaction: documents are digested here.

        `person` is whose a row without a document number is.
        """
        now = self._here.now()
        today = self._here.day(now)
        reader = RowReader(self._keys, caller.department, today)
        read = tuple(reader.read(row, line, person) for line, row in enumerate(rows, first_line))
        return Batch(Sender(caller.department, str(caller)), reader, read, load_id, now, today)

    def take(self, tx: Transaction, batch: Batch) -> LoadReport:
        """Take each good row once; a bad one waits in quarantine, and holds up no other.

        Raises NOTHING_IN_FORCE and DEPARTMENT_UNKNOWN, with nothing taken.
        """
        catalogue = known_department(tx, batch.sender.department)
        return _Taking(tx, self._here, batch, catalogue).run()

    def keep(self, tx: Transaction, record: Record) -> None:
        """Keep a new record that this city itself makes, and count its person anew.

        Whoever makes it tells the resident, and leaves the trace.
        """
        tx.records.add([record])
        recount(tx, self._here, [record.person], record.received_at)


class _Taking:
    """One batch on its way into the store."""

    def __init__(
        self, tx: Transaction, here: Here, batch: Batch, catalogue: IndicatorCatalogue
    ) -> None:
        self._tx = tx
        self._here = here
        self._batch = batch
        self._catalogue = catalogue
        self._decider = RowDecider(
            catalogue, batch.sender, batch.now, batch.today, tx.records.moves
        )
        digests = {row.digest for row in batch.rows if row.digest is not None}
        self._persons = persons_of(tx, here, digests)
        asked = (row.found.key for row in batch.rows if isinstance(row.found, Asked))
        self._before = tx.records.find(asked)
        self._newest = dict(self._before)
        self._changes = list[tuple[Record | None, Record]]()
        self._bad = list[QuarantinedRow]()

    def run(self) -> LoadReport:
        """Decide on each row in its order, then write all that came of it."""
        for row in self._batch.rows:
            try:
                self._take(row)
            except HutongError as error:
                self._bad.append(self._quarantined(row, error))
        self._write()
        accepted = len(self._changes)
        unchanged = len(self._batch.rows) - accepted - len(self._bad)
        return LoadReport(accepted, unchanged, tuple(self._bad))

    def _take(self, row: ReadRow) -> None:
        if isinstance(row.found, HutongError):
            raise row.found
        key = row.found.key
        before = self._newest.get(key)
        after = self._decider.decide(row.found, self._person(row), before)
        if after is not None:
            self._newest[key] = after
            self._changes.append((before, after))

    def _person(self, row: ReadRow) -> int | None:
        return row.person if row.digest is None else self._persons[row.digest]

    def _write(self) -> None:
        tx, sender, now = self._tx, self._batch.sender, self._batch.now
        touched = {key for key, record in self._newest.items() if self._before.get(key) != record}
        tx.records.add([self._newest[key] for key in sorted(touched - self._before.keys())])
        for key in sorted(touched & self._before.keys()):
            if not tx.records.replace(self._newest[key], revision=self._before[key].revision):
                raise TypeError("two writers at once")
        moves = [
            (before, after, _move_name(before, after))
            for before, after in self._changes
            if before is not None
        ]
        # Ids of one instant come in no order by themselves.
        ids = sorted(self._here.new_id(now) for _ in moves)
        tx.records.add_moves(
            [
                move_of(move_id, before, name, sender, now)
                for move_id, (before, _, name) in zip(ids, moves, strict=True)
            ]
        )
        for before, _, name in moves:
            if name in _ENDED:
                end_cases(tx, self._here, before.key, now, _ENDED[name])
        told = _tell(tx, self._here, self._changes, self._catalogue, now)
        for before, after, name in moves:
            kind = LogKind.WITHDRAWN if name == "withdrawn" else LogKind.ADMINISTRATIVE
            about = told.get(before.person)
            subject = about.resident_id if about else ""
            self._here.trace(tx, kind, _said(name, after, sender), now, subject=subject)
        persons = {r.person for change in self._changes for r in change if r is not None}
        recount(tx, self._here, sorted(persons), now)
        # What this department sent before for what is good now has nothing to wait for.
        tx.quarantine.remove_numbers(sender.department, [after.key for _, after in self._changes])
        bad = {each.row_id: each for each in self._bad}
        tx.quarantine.put(list(bad.values()))

    def _quarantined(self, row: ReadRow, error: HutongError) -> QuarantinedRow:
        row_id, kept, told = self._batch.reader.kept(row, error)
        return QuarantinedRow(
            row_id=row_id,
            department=self._batch.sender.department,
            row=kept,
            person=self._person(row),
            reason=told.reason.name,
            fields=tuple(sorted(told.fields.items())),
            received_at=self._batch.now,
            load_id=self._batch.load_id,
            line=row.line,
        )


def _tell(
    tx: Transaction,
    here: Here,
    changes: Sequence[tuple[Record | None, Record]],
    catalogue: IndicatorCatalogue,
    now: datetime,
) -> dict[int, Resident]:
    """Tell the residents concerned; good news that is new needs no notice. Who takes part."""
    told = [
        (person, kind, record)
        for before, after in changes
        for person, kind, record in _notices(before, after, catalogue)
    ]
    residents = tx.residents.by_persons({person for person, _, _ in told})
    for person, kind, record in told:
        if person in residents:
            notify(tx, here, residents[person].resident_id, kind, now, **fields_of(record))
    return residents


def _notices(
    before: Record | None, after: Record, catalogue: IndicatorCatalogue
) -> Iterable[tuple[int, NoticeKind, Record]]:
    if before is None:
        indicator = catalogue.indicators.get(after.indicator_id)
        if indicator is not None and indicator.direction is Direction.DEDUCTS:
            yield after.person, NoticeKind.RECORD_ADDED, after
    elif after.state is RecordState.WITHDRAWN:
        yield before.person, NoticeKind.RECORD_WITHDRAWN, before
    elif after.person == before.person:
        yield after.person, NoticeKind.RECORD_CORRECTED, after
    else:
        yield before.person, NoticeKind.RECORD_WITHDRAWN, before
        yield after.person, NoticeKind.RECORD_ADDED, after


def _move_name(before: Record, after: Record) -> str:
    if after.state is RecordState.WITHDRAWN:
        return "withdrawn"
    return "corrected" if after.person == before.person else "moved"


def _said(what: str, record: Record, sender: Sender) -> bytes:
    key = record.key
    said = f"{what} {key.source}/{key.record_number} {record.revision} by {sender.actor}"
    return said.encode()
