"""Rows of a file as LoadRecords takes them: in portions, each of which fits one message."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from node.files.records import FileRow
from node.limits import RECORDS_PER_LOAD
from node.records import RecordRow, RowAction

# Bytes of one portion: below what a node takes in one message (node.limits), with room for what
# frames each row.
_PORTION_BYTES: Final = 256 * 1024
_FRAME_BYTES: Final = 64

# As the proto numbers them. A word that is no action becomes a number that is none, so that its row
# waits in quarantine.
_ACTIONS: Final = {"": 0} | {action.value: place for place, action in enumerate(RowAction, start=1)}
_NO_ACTION: Final = 99


def load_requests(
    load_id: str, file_name: str, rows: Iterable[FileRow], count: int
) -> Iterator[dict[str, Any]]:
    """The requests that bring the rows of a file of so many; the last one says so."""
    end = None
    for portion in portions(rows):
        end = portion[-1].place + 1
        yield {
            "load_id": load_id,
            "file_name": file_name,
            "first_row": portion[0].place,
            "rows": [wire_row(each.row) for each in portion],
            "is_last": end == count,
        }
    if end != count:
        # Nothing was left to bring but that it is all.
        yield {"load_id": load_id, "file_name": file_name, "first_row": count, "is_last": True}


def portions(rows: Iterable[FileRow]) -> Iterator[list[FileRow]]:
    """The rows in their order, as many at once as one message holds."""
    portion, size = list[FileRow](), 0
    for each in rows:
        more = _FRAME_BYTES + sum(len(text.encode()) for text in _texts(each.row))
        if portion and (len(portion) == RECORDS_PER_LOAD or size + more > _PORTION_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(each)
        size += more
    if portion:
        yield portion


def wire_row(row: RecordRow) -> dict[str, Any]:
    """A row with the field names of the proto; what is empty is left out."""
    found = {name: getattr(row, name) for name in RecordRow.__slots__ if getattr(row, name)}
    if row.action:
        found["action"] = _ACTIONS.get(row.action.strip().lower(), _NO_ACTION)
    return found


def _texts(row: RecordRow) -> Iterator[str]:
    for name in RecordRow.__slots__:
        value = getattr(row, name)
        if isinstance(value, str):
            yield value
