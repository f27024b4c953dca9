"""A file of records as a department writes it: CSV, JSON Lines, or Parquet.

It is looked through whole before anything of it is sent: a mistake of the file (its form, its
columns, its characters) refuses it, with the line. What is wrong with one row the node says. A
file is read as a stream, however long it is.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from federation.identifiers import uuid8
from node.files.reading import mistake
from node.files.record_columns import ROW_ID, Values, row_of
from node.files.record_text import is_json, read_csv, read_json_lines
from node.records import RecordRow

_CHUNK: Final = 1024 * 1024
_PARQUET: Final = {".parquet", ".pq"}
_PARQUET_MAGIC: Final = b"PAR1"

Counted = Callable[[int], object]
"""Hears how many rows were looked through so far."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file, and its place from 0; `row_id` of one that is mended, or ""."""

    place: int
    row: RecordRow
    row_id: str = ""


@dataclass(frozen=True, slots=True)
class RecordsFile:
    """A file that was looked through, and has no mistake as a file."""

    name: str
    path: Path
    digest: bytes
    count: int
    mends: bool
    """Whether its rows are some of the quarantine, mended."""
    _read: Callable[[str, Path], Iterator[Values]]
    _stamp: tuple[int, int]

    def load_id(self, department: str) -> str:
        """The id of its load by a department: the same content is the same load."""
        return uuid8(b"records\0" + department.encode() + b"\0" + self.digest)

    def rows(self, start: int = 0) -> Iterator[FileRow]:
        """The rows from a place on; raises FILE_INVALID where the file is changed meanwhile."""
        for place, values in enumerate(self._read(self.name, self.path)):
            if place >= start:
                yield FileRow(place, row_of(values), values.get(ROW_ID, "").strip())
        if _stamp(self.path) != self._stamp:
            raise mistake(self.name, "whole file", "it was changed while it was read; load it anew")


@contextmanager
def open_records(
    file: str, content: IO[bytes] | None = None, counted: Counted = int
) -> Iterator[RecordsFile]:
    """A file that is looked through; what is on `content` is put into one first.

    Raises:
        HutongError: FILE_INVALID, with the line of the first mistake.
        OSError: it cannot be read.
    """
    if content is None:
        yield _looked_through(Path(file).name, Path(file), counted)
        return
    # Residents' numbers: nobody else may read it, and it goes whatever happens.
    with tempfile.TemporaryDirectory(prefix="hutong-") as directory:
        path = Path(directory) / "records"
        with path.open("wb") as copy:
            while chunk := content.read(_CHUNK):
                copy.write(chunk)
        yield _looked_through(file, path, counted)


def _looked_through(name: str, path: Path, counted: Counted) -> RecordsFile:
    stamp, digest, start = _stamp(path), hashlib.sha256(), b""
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            start = start or chunk[:_CHUNK]
            digest.update(chunk)
    if not start.strip():
        raise mistake(name, "line 1", "it is empty")
    read = _reader(name, start)
    count, mended = 0, 0
    for values in read(name, path):
        count += 1
        mended += bool(values.get(ROW_ID, "").strip())
        counted(count)
    if mended not in (0, count):
        problem = f"{count - mended} of its rows have no {ROW_ID}; load new rows in another file"
        raise mistake(name, "whole file", problem)
    return RecordsFile(name, path, digest.digest(), count, bool(mended), read, stamp)


def _reader(name: str, start: bytes) -> Callable[[str, Path], Iterator[Values]]:
    suffix = Path(name).suffix.lower()
    if start.startswith(_PARQUET_MAGIC) or suffix in _PARQUET:
        from node.files.record_parquet import read_parquet  # noqa: PLC0415 - slow to load

        return read_parquet
    return read_json_lines if is_json(start, [suffix]) else read_csv


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
