"""Verifies a log as it streams by, in the order in which a backup has its tables.

The tree is grown anew from the entries. It has to lead to every checkpoint that the city signed, to
the right edge that is kept, and to the very subtrees that are. Where something does not fit is for
`node.services.log_walking` to say, which reads as it likes.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from federation.checkpoint import open_checkpoint
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.keys import PublicKey
from federation.log_entry import entry_leaf
from federation.merkle_log import Frontier, leaf_hash
from node.keeping import limits
from node.keeping.errors import BACKUP_LOG_BROKEN
from node.keeping.forms import LogHead
from node.ports.keeping import Rows, TableForm

_PLACE_BYTES = 8
# Of a tree whose size has 64 bits.
_LEVELS = 64


class LogCheck:
    """One pass over a log's tables."""

    def __init__(self, city: CityCode, keys: Sequence[PublicKey]) -> None:
        """Of the city's log, whose checkpoints these keys signed."""
        self._city = city
        self._keys = keys
        self._frontier = Frontier()
        self._signed = dict[int, bytes]()
        self._newest = (0, b"")
        self._state: tuple[int, bytes] | None = None
        self._grown = defaultdict[int, Any](hashlib.sha256)
        self._kept = defaultdict[int, Any](hashlib.sha256)

    def signed(self, note: bytes) -> None:
        """The log has to lead to this checkpoint, too; raises BACKUP_LOG_BROKEN."""
        try:
            found = open_checkpoint(note, self._city, self._keys, None)
        except HutongError as error:
            raise _broken(f"a checkpoint is not the city's: {error.reason.name}") from error
        if len(self._signed) >= limits.CHECKPOINTS:
            raise _broken(f"over {limits.CHECKPOINTS} checkpoints were signed")
        if self._signed.setdefault(found.size, found.root) != found.root:
            raise _broken(f"two roots were signed for {found.size} entries")
        if found.size >= self._newest[0]:
            self._newest = (found.size, note)

    def rows(self, table: TableForm, rows: Rows) -> None:
        """Rows of whatever table, each once and in the order of its key."""
        take = {
            "checkpoints": self._checkpoints,
            "log_state": self._states,
            "log_entries": self._entries,
            "log_tiles": self._tiles,
        }.get(table.name)
        if take is not None:
            try:
                take(table, rows)
            except (TypeError, ValueError, AttributeError, OverflowError) as error:
                raise _broken(f"a row of {table.name} is none") from error

    def _checkpoints(self, table: TableForm, rows: Rows) -> None:
        note = table.place("note")
        for row in rows:
            self.signed(_bytes(row[note]))

    def _states(self, table: TableForm, rows: Rows) -> None:
        size, peaks = table.place("size"), table.place("peaks")
        for row in rows:
            self._state = (int(row[size] or 0), _bytes(row[peaks]))

    def _entries(self, table: TableForm, rows: Rows) -> None:
        names = ("sequence", "kind", "at", "commitment", "leaf_hash")
        places = [table.place(name) for name in names]
        for row in rows:
            sequence, kind, at, committed, kept = (row[place] for place in places)
            number = self._frontier.size
            if sequence != number:
                raise _broken(f"entry {number} is missing")
            if not isinstance(kind, str) or not isinstance(at, int):
                raise TypeError(kind)
            leaf = leaf_hash(entry_leaf(kind, at, _bytes(committed)))
            if leaf != kept:
                raise _broken(f"entry {number} was changed")
            self._frontier.append(leaf)
            self._pass()
        for level, tile, root in self._frontier.tiles:
            self._grown[level].update(_tile(tile, root))
        self._frontier.tiles.clear()

    def _pass(self) -> None:
        wanted = self._signed.pop(self._frontier.size, None)
        if wanted is not None and wanted != self._frontier.root():
            raise _broken(f"it does not lead to the checkpoint of {self._frontier.size} entries")

    def _tiles(self, table: TableForm, rows: Rows) -> None:
        places = [table.place(name) for name in ("level", "tile", "hash")]
        for row in rows:
            level, tile, kept = (row[place] for place in places)
            if not isinstance(level, int) or not isinstance(tile, int):
                raise TypeError(level)
            if not 0 <= level < _LEVELS:
                raise ValueError(level)
            self._kept[level].update(_tile(tile, _bytes(kept)))

    def finish(self) -> LogHead:
        """The log that was found; raises BACKUP_LOG_BROKEN."""
        frontier, edge = self._frontier, b"".join(self._frontier.peaks)
        beyond = [size for size in self._signed if size]
        if beyond:
            raise _broken(f"{max(beyond)} entries were signed, and it has only {frontier.size}")
        if (frontier.size, edge) != (self._state or (0, b"")):
            raise _broken("its right edge is another one")
        if _digests(self._grown) != _digests(self._kept):
            raise _broken("the roots of its subtrees are others")
        return LogHead(frontier.size, frontier.root(), self._newest[1])


def _digests(of: dict[int, Any]) -> dict[int, str]:
    return {level: found.hexdigest() for level, found in of.items()}


def _tile(place: int, root: bytes) -> bytes:
    return place.to_bytes(_PLACE_BYTES, "big") + root


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(value)
    return value


def _broken(problem: str) -> HutongError:
    return HutongError(BACKUP_LOG_BROKEN, problem=problem)
