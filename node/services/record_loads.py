"""Loads of files: each batch, and how far the load has come, in one transaction.

Whatever is cut goes on from the row that was taken last: nothing is lost, and nothing is taken
twice, however many streams bring the same file. Each batch goes by the catalogue that is in force
when it is taken.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from federation.checks import text
from node.errors import FIELD_INVALID, HutongError
from node.limits import RECORDS_PER_LOAD
from node.model import Caller
from node.ports import Transaction, UnitOfWork
from node.records import RecordLoad, RecordRow
from node.row_errors import LOAD_GAP
from node.services.here import Here
from node.services.recording import Recording


@dataclass(frozen=True, slots=True)
class Portion:
    """Rows of a file in their order, the first of them at `first_row` from 0."""

    load_id: str
    file_name: str
    first_row: int
    rows: Sequence[RecordRow]
    is_last: bool

    @property
    def end(self) -> int:
        """The place after its last row."""
        return self.first_row + len(self.rows)


class RecordLoads:
    """Takes files of records, portion by portion."""

    def __init__(self, here: Here, uow: UnitOfWork, recording: Recording) -> None:
        """Rows are taken by `recording`."""
        self._here = here
        self._uow = uow
        self._recording = recording

    async def state(self, caller: Caller, load_id: str) -> RecordLoad | None:
        """How far a load of the caller's department has come; None where it never began."""
        return await self._uow.read(lambda tx: tx.records.load(caller.department, load_id))

    async def take(self, caller: Caller, portion: Portion) -> RecordLoad:
        """Take a portion for good, but for rows that were taken before; the load as it is then.

        Raises:
            HutongError: LOAD_GAP where rows before it were not taken, FIELD_INVALID, and what
                `Recording.take` raises: then nothing of the portion was taken.
        """
        if len(portion.rows) > RECORDS_PER_LOAD:
            problem = f"send at most {RECORDS_PER_LOAD} at once"
            raise HutongError(FIELD_INVALID, field="rows", problem=problem)
        text(portion.file_name, where="file_name")
        load = await self.state(caller, portion.load_id)
        if load is not None and _is_done(load, portion):
            return load
        # Documents are digested here, where no other writer waits for it.
        act = await asyncio.to_thread(self._reader, caller, portion)
        return await self._uow.run(act)

    def _reader(self, caller: Caller, portion: Portion) -> Callable[[Transaction], RecordLoad]:
        first_line = portion.first_row + 1
        batch = self._recording.read(
            caller, portion.rows, load_id=portion.load_id, first_line=first_line
        )

        def act(tx: Transaction) -> RecordLoad:
            load = tx.records.load(caller.department, portion.load_id) or RecordLoad(
                caller.department, portion.load_id, portion.file_name, 0, 0, 0, 0, batch.now
            )
            if _is_done(load, portion):
                return load
            if portion.first_row > load.taken:
                raise HutongError(LOAD_GAP, expected=str(load.taken), first=str(portion.first_row))
            rows = batch.rows[load.taken - portion.first_row :]
            report = self._recording.take(tx, replace(batch, rows=rows))
            after = replace(
                load,
                taken=portion.end,
                accepted=load.accepted + report.accepted,
                unchanged=load.unchanged + report.unchanged,
                quarantined=load.quarantined + len(report.quarantined),
                finished_at=batch.now if portion.is_last else None,
            )
            tx.records.put_load(after)
            return after

        return act


def _is_done(load: RecordLoad, portion: Portion) -> bool:
    """Whether nothing of a portion is left to do."""
    if load.finished_at is not None or portion.end < load.taken:
        return True
    return portion.end == load.taken and not portion.is_last and bool(portion.rows)
