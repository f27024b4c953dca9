"""Verifies a backup without putting it anywhere: every byte, the signature, and the log in it."""

from dataclasses import dataclass
from typing import Final

from node.keeping.forms import LogHead, Manifest
from node.keeping.log_check import LogCheck
from node.keeping.reading import Reading

ANCHOR: Final = "log/checkpoint"


@dataclass(frozen=True, slots=True)
class Found:
    """What a backup holds, when all of it was verified."""

    manifest: Manifest
    version: str
    schema: str
    rows: int
    fingerprint: str


def verify(reading: Reading) -> Found:
    """Read it to its end.

    Raises:
        HutongError: BACKUP_DAMAGED, BACKUP_LOG_BROKEN.

    """
    check = LogCheck(reading.head.city, reading.keys)
    if anchored := reading.files.get(ANCHOR):
        check.signed(anchored)
    for table, rows in reading.rows():
        check.rows(table, rows)
    return found_in(reading, check.finish())


def found_in(reading: Reading, log: LogHead) -> Found:
    """What was found in a backup that was read to its end, with this log in it."""
    manifest, head = reading.manifest, reading.head
    if manifest is None:
        raise TypeError("it is to be read to its end first")
    if (manifest.log.size, manifest.log.root) != (log.size, log.root):
        raise reading.damaged("the log in it is not the one that was signed")
    rows = sum(table.rows for table in head.tables)
    return Found(manifest, head.version, head.schema, rows, reading.fingerprint)
