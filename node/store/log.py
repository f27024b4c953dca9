"""The append-only log: entries, the Merkle tree over them, checkpoints, what partners showed.

An entry gets its number and its place in the tree when it is appended, and is written with all else
of its transaction. The database gives one writer at a time the tree, so no number is given twice.
"""

from typing import Final

import sqlalchemy as sa

from federation.log_entry import commitment, entry_leaf
from federation.merkle_log import (
    TILE_LEVELS,
    Frontier,
    leaf_hash,
    merkle_root,
    split_hashes,
)
from node.logbook import LogEntry, StoredEntry
from node.store.connection import Session
from node.store.trust_tables import LOG_ENTRIES, LOG_SALTS, LOG_STATE, LOG_TILES
from node.store.values import to_instant, to_micros

_B: Final = sa.bindparam
_ENTRY: Final = sa.insert(LOG_ENTRIES)
_SALT: Final = sa.insert(LOG_SALTS)
_TILE: Final = sa.insert(LOG_TILES)
_STATE: Final = sa.select(LOG_STATE.c.size, LOG_STATE.c.peaks)
_GROW: Final = sa.update(LOG_STATE).values(size=_B("new_size"), peaks=_B("new_peaks"))
_BETWEEN: Final = sa.and_(
    LOG_ENTRIES.c.sequence >= _B("first"), LOG_ENTRIES.c.sequence < _B("until")
)
_ENTRIES: Final = sa.select(LOG_ENTRIES).where(_BETWEEN).order_by(LOG_ENTRIES.c.sequence)
_HASHES: Final = sa.select(LOG_ENTRIES.c.leaf_hash).where(_BETWEEN).order_by(LOG_ENTRIES.c.sequence)
_TILES: Final = (
    sa.select(LOG_TILES.c.hash)
    .where(
        LOG_TILES.c.level == _B("of_level"),
        LOG_TILES.c.tile >= _B("first"),
        LOG_TILES.c.tile < _B("until"),
    )
    .order_by(LOG_TILES.c.tile)
)
_FIND_SALT: Final = sa.select(LOG_SALTS.c.salt).where(
    LOG_SALTS.c.subject == _B("whose"), LOG_SALTS.c.sequence == _B("which")
)
_PEAKS_MOST: Final = 64


class LogRepository:
    """The append-only log, in one transaction."""

    def __init__(self, session: Session) -> None:
        """The tree is read when it is first needed."""
        self._session = session
        self._edge: Frontier | None = None
        self._grown = False
        self._nodes: dict[tuple[int, int], bytes] = {}

    def append(self, entry: LogEntry) -> int:
        """Keep the commitment, and the salt apart from it; the entry's number, from 0."""
        edge = self._frontier()
        number, at, kind = edge.size, to_micros(entry.at), entry.kind.value
        committed = commitment(entry.salt, entry.content)
        leaf = leaf_hash(entry_leaf(kind, at, committed))
        self._session.append(
            _ENTRY,
            {
                "sequence": number,
                "at": at,
                "kind": kind,
                "commitment": committed,
                "leaf_hash": leaf,
            },
        )
        self._session.append(
            _SALT, {"subject": entry.subject, "sequence": number, "salt": entry.salt}
        )
        edge.append(leaf)
        self._grown = True
        return number

    def finish(self) -> None:
        """Write the tree as it has grown; the transaction does it, before its commit."""
        if not self._grown:
            return
        self._grown = False
        edge = self._frontier()
        for level, tile, root in edge.tiles:
            self._session.append(_TILE, {"level": level, "tile": tile, "hash": root})
        edge.tiles.clear()
        self._session.write(_GROW, new_size=edge.size, new_peaks=b"".join(edge.peaks))

    def size(self) -> int:
        """How many entries there are."""
        return self._frontier().size

    def root(self) -> bytes:
        """The root of the tree over all entries."""
        return self._frontier().root()

    def entries(self, first: int, count: int) -> tuple[StoredEntry, ...]:
        """At most so many entries, from that number on."""
        self._written()
        rows = self._session.all(_ENTRIES, first=first, until=first + count)
        return tuple(
            StoredEntry(row[0], to_instant(row[1]), row[2], bytes(row[3]), bytes(row[4]))
            for row in rows
        )

    def leaf_hashes(self, first: int, count: int) -> tuple[bytes, ...]:
        """The leaf hashes of at most so many entries, from that number on."""
        self._written()
        rows = self._session.all(_HASHES, first=first, until=first + count)
        return tuple(bytes(row[0]) for row in rows)

    def tiles(self, level: int, first: int, count: int) -> tuple[bytes, ...]:
        """The roots of at most so many complete subtrees of 256^level entries."""
        self._written()
        rows = self._session.all(_TILES, of_level=level, first=first, until=first + count)
        return tuple(bytes(row[0]) for row in rows)

    def node(self, level: int, index: int) -> bytes:
        """The root of a complete subtree of 2^level entries, for proofs (`merkle_log.Nodes`)."""
        found = self._nodes.get((level, index))
        if found is None:
            tiles, above = divmod(level, TILE_LEVELS)
            first, count = index << above, 1 << above
            below = self.tiles(tiles, first, count) if tiles else self.leaf_hashes(first, count)
            found = self._nodes[level, index] = merkle_root(below)
        return found

    def salt(self, subject: str, sequence: int) -> bytes | None:
        """The salt of an entry about a subject; None once it was erased."""
        self._written()
        row = self._session.one(_FIND_SALT, whose=subject, which=sequence)
        return None if row is None else bytes(row[0])

    def _frontier(self) -> Frontier:
        if self._edge is None:
            row = self._session.one(_STATE)
            size, peaks = (row[0], bytes(row[1])) if row else (0, b"")
            self._edge = Frontier(size, split_hashes(peaks, most=_PEAKS_MOST))
        return self._edge

    def _written(self) -> None:
        """What was appended in this transaction is there to be read."""
        if self._grown:
            self.finish()
            self._session.flush()
