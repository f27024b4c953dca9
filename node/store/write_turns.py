"""Whose turn it is to write to a SQLite file that several processes of a city have open.

SQLite's own way to wait for another writer is to sleep, each time longer, up to a tenth of a
second: two busy processes stand still most of the time, and a third may meet the end of its
patience. Here they come one after another, and each looks for its turn so often that nobody waits
for nothing. It is an order and no protection: that is SQLite's lock, which whoever has waited too
long for a turn asks for as before. A turn ends with its process, however that ends.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import sqlalchemy as sa

_LOOK_SECONDS: Final = 0.0005

# Who was stopped in its turn holds up nobody for longer than this.
_LONGEST_SECONDS: Final = 1.0


def turns_of(engine: sa.Engine) -> "WriteTurns":
    """The turns of whoever writes to that store; there are none but for a file of SQLite.

    PostgreSQL lets writers in by its own lock, and nobody shares a database in memory.
    """
    file = engine.url.database or ""
    if engine.dialect.name != "sqlite" or engine.url.query or file in {"", ":memory:"}:
        return WriteTurns(None)
    return WriteTurns(Path(file))


class WriteTurns:
    """The turns of one process; of one thread."""

    def __init__(self, store: Path | None) -> None:
        """Beside that file; whoever has none has always a turn."""
        self._file = store and store.with_name(f"{store.name}-turn")
        self._opened: int | None = None

    def close(self) -> None:
        """Let the file go."""
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None

    @contextlib.contextmanager
    def mine(self) -> Iterator[None]:
        """Wait for a turn, and have it; where there is none to be had in time, go on without."""
        held = self._take()
        try:
            yield
        finally:
            if held is not None:
                fcntl.flock(held, fcntl.LOCK_UN)

    def _take(self) -> int | None:
        if self._file is None:
            return None
        # What is wrong with the folder is told by the store, in its own words.
        with contextlib.suppress(OSError):
            file = self._open(self._file)
            ends = time.monotonic() + _LONGEST_SECONDS
            while time.monotonic() < ends:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return file
                time.sleep(_LOOK_SECONDS)
        return None

    def _open(self, file: Path) -> int:
        if self._opened is None:
            self._opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._opened
