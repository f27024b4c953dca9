"""Rows in quarantine: listed, mended and put back, or given up, by their department."""

from dataclasses import dataclass

from federation.checks import text
from node.errors import FIELD_INVALID, UNKNOWN, HutongError
from node.logbook import LogKind
from node.model import Caller, Page, PageRequest
from node.ports import Transaction
from node.records import QuarantinedRow, RecordLoad, RecordRow
from node.services.here import Here
from node.services.recording import Recording


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A row in quarantine, and the load that it came with, where that is still known."""

    row: QuarantinedRow
    load: RecordLoad | None


class QuarantineDesk:
    """What a department does with its rows that were not taken."""

    def __init__(self, here: Here, recording: Recording) -> None:
        """Rows that are put back are taken by `recording`."""
        self._here = here
        self._recording = recording

    def page(self, tx: Transaction, caller: Caller, request: PageRequest) -> Page[WaitingRow]:
        """The rows of the caller's department, the oldest first."""
        found = tx.quarantine.page(caller.department, request)
        loads = {
            load_id: tx.records.load(caller.department, load_id)
            for load_id in {row.load_id for row in found.items if row.load_id}
        }
        rows = tuple(WaitingRow(row, loads.get(row.load_id)) for row in found.items)
        return Page(rows, found.next_token)

    def put_back(
        self, tx: Transaction, caller: Caller, row_id: str, row: RecordRow
    ) -> WaitingRow | None:
        """Take a row as it should be; how it waits now, or None where it was taken.

        It may lack the document number where that was good.
        """
        before = self._find(tx, caller, row_id)
        batch = self._recording.read(
            caller, [row], load_id=before.load_id, first_line=before.line, person=before.person
        )
        report = self._recording.take(tx, batch)
        if not report.quarantined:
            tx.quarantine.remove([row_id])
            return None
        [waits] = report.quarantined
        if waits.row_id != row_id:
            tx.quarantine.remove([row_id])
        return WaitingRow(waits, tx.records.load(caller.department, waits.load_id))

    def discard(self, tx: Transaction, caller: Caller, row_id: str, reason: str) -> None:
        """Give a row up; raises FIELD_INVALID without a reason."""
        if not reason.strip():
            raise HutongError(FIELD_INVALID, field="reason", problem="say why the row is given up")
        text(reason, where="reason")
        before = self._find(tx, caller, row_id)
        tx.quarantine.remove([row_id])
        said = f"discarded row {row_id} ({before.reason}) by {caller}: {reason}"
        self._here.trace(tx, LogKind.ADMINISTRATIVE, said.encode(), self._here.now())

    def _find(self, tx: Transaction, caller: Caller, row_id: str) -> QuarantinedRow:
        """A row of the caller's own department; that of another is as unknown as none."""
        found = tx.quarantine.get(row_id)
        if found is None or found.department != caller.department:
            raise HutongError(
                UNKNOWN,
                what="row in quarantine",
                name=row_id,
                remedy="see `hutong quarantine list`",
            )
        return found
