"""Walks a whole log from its first entry, and names what does not fit.

The tree is grown anew from the columns of the entries. Held against it are the leaf hash of each
entry, each tile, the right edge, and every checkpoint that this city signed: who changes one of
them contradicts another. Which of two was changed is told by a third.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from federation.log_entry import entry_leaf
from federation.merkle_log import HASH_BYTES, TILE_LEVELS, Frontier, leaf_hash

_TILE: Final = 1 << TILE_LEVELS
_PORTION: Final = 16 * _TILE
_NONE: Final = b"\0" * HASH_BYTES
_SHOWN: Final = 20
"""Problems that are told one by one: after so many there is no more to learn."""


@dataclass(frozen=True, slots=True)
class RawEntry:
    """An entry as it was found; its columns may hold anything."""

    sequence: int
    at: object
    kind: object
    commitment: object
    leaf_hash: object

    def columns(self) -> tuple[str, int, bytes]:
        """Kind, instant and commitment; raises ValueError where they are no entry's."""
        kind, at, committed = self.kind, self.at, self.commitment
        if isinstance(kind, bytes):
            kind = kind.decode("ascii")
        if isinstance(kind, str) and isinstance(at, int) and isinstance(committed, bytes):
            return kind, at, committed
        raise ValueError(self.sequence)

    def computed(self) -> bytes:
        """The leaf hash that follows from the other columns; b"" where they are no entry's."""
        try:
            return leaf_hash(entry_leaf(*self.columns()))
        except ValueError:
            return b""

    def stored(self) -> bytes:
        """The leaf hash that is kept; b"" where it is none."""
        found = self.leaf_hash
        return found if isinstance(found, bytes) and len(found) == HASH_BYTES else b""


@dataclass(frozen=True, slots=True)
class RawCheckpoint:
    """A checkpoint as it was found, with lines that are said to be cosignatures."""

    size: int
    note: bytes
    lines: tuple[tuple[str, bytes], ...] = ()


class Snapshot(Protocol):
    """The log of a store at one instant."""

    def state(self) -> tuple[int, bytes]:
        """How many entries there are to be, and the roots at the right edge, joined."""

    def last(self) -> int:
        """The highest number of an entry; -1 without any."""

    def entries(self, first: int, count: int) -> Sequence[RawEntry]:
        """The entries with these numbers, as far as they are there."""

    def tiles(self, level: int, first: int, count: int) -> dict[int, bytes]:
        """The roots of complete subtrees of 256^level entries, by place, as far as they are."""

    def tile_count(self) -> int:
        """How many tiles there are, of every level."""

    def checkpoints(self) -> Sequence[RawCheckpoint]:
        """Every checkpoint of this city's, ascending, with its cosignatures."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not fit; `name` is that of a text, `entry` the first entry that it concerns."""

    name: str
    entry: int
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signed:
    """What this city signed of its log: its root at a size. `what` names it in a problem."""

    size: int
    root: bytes
    what: str


class Walk:
    """One walk; `problems` are in the order of the entries that they concern."""

    def __init__(
        self, snapshot: Snapshot, signed: Sequence[Signed], tell: Callable[[int], object]
    ) -> None:
        """Hold the log against what was `signed`; `tell` hears how many entries were walked."""
        self._snapshot = snapshot
        self._signed = sorted(signed, key=lambda each: each.size)
        self._tell = tell
        self._next = 0
        self._held = 0
        self._doubtful = list[int]()
        self._broken = False
        self._tile_count = 0
        self.problems = list[Problem]()
        self.frontier = Frontier()

    def run(self) -> None:
        """Walk to the end, or to an entry without which nothing can be said of the rest."""
        size, edge = self._snapshot.state()
        last = self._snapshot.last()
        for signed in self._signed:
            if signed.size > size:
                fields = {"what": signed.what, "known": signed.size, "size": size}
                self._add("truncated", size, **fields)
        self._pass()
        while self.frontier.size < size:
            first = self.frontier.size
            if not self._portion(first, min(_PORTION, size - first), edge, size):
                return
            self._tell(self.frontier.size)
        self._settle(fits=None)
        if last >= size:
            self._add("beyond", size, size=size, last=last)
        if b"".join(self.frontier.peaks) != edge:
            self._add("edge_changed", size, size=size)
        if self._snapshot.tile_count() > self._tile_count:
            self._add("tiles_beyond", size, size=size)

    def _portion(self, first: int, count: int, edge: bytes, size: int) -> bool:
        """Walk some entries; False where one is missing."""
        rows = {row.sequence: row for row in self._snapshot.entries(first, count)}
        tiles = self._snapshot.tiles(1, first >> TILE_LEVELS, (count >> TILE_LEVELS) + 1)
        for start in range(first, first + count, _TILE):
            end = min(start + _TILE, first + count)
            missing = next((n for n in range(start, end) if n not in rows), None)
            block = [rows[n] for n in range(start, end if missing is None else missing)]
            tile = tiles.get(start >> TILE_LEVELS) if end - start == _TILE else None
            self._block(start, block, tile, edge if end == size else None)
            if missing is not None:
                cut = self._snapshot.last() < missing
                self._add("cut" if cut else "missing", missing, entry=missing, size=size)
                return False
        return True

    def _block(
        self, start: int, block: Sequence[RawEntry], tile: bytes | None, edge: bytes | None
    ) -> None:
        stored, computed = [r.stored() for r in block], [r.computed() for r in block]
        leaves = computed
        if stored != computed:
            leaves = self._which(start, stored, computed, tile, edge)
        for leaf in leaves:
            self.frontier.append(leaf)
            self._pass()
        for level, place, root in self.frontier.tiles:
            self._tile_count += 1
            kept = tile if level == 1 else self._snapshot.tiles(level, place, 1).get(place)
            if kept == root:
                continue
            first, last = place << level * TILE_LEVELS, (place + 1 << level * TILE_LEVELS) - 1
            if kept is None:
                self._add("tile_missing", first, first=first, last=last, level=level)
            elif level == 1 and stored == computed:
                self._doubtful.append(place)
            elif level > 1:
                self._add("tile_changed", first, first=first, last=last, level=level)
        self.frontier.tiles.clear()

    def _which(
        self,
        start: int,
        stored: list[bytes],
        computed: list[bytes],
        tile: bytes | None,
        edge: bytes | None,
    ) -> list[bytes]:
        """Of entries and their leaf hashes that differ, those that the tree was made of."""
        pairs = list(zip(stored, computed, strict=True))
        name, leaves = "entry_or_leaf", [one or other or _NONE for one, other in pairs]
        if self._fits(stored, tile, edge):
            name, leaves = "entry_changed", stored
        elif self._fits(computed, tile, edge):
            name, leaves = "leaf_changed", computed
        for place, (one, other) in enumerate(pairs):
            if one != other:
                self._add(name, start + place, entry=start + place)
        return leaves

    def _fits(self, leaves: Sequence[bytes], tile: bytes | None, edge: bytes | None) -> bool:
        """Whether the tree over these leaves is the one that is kept."""
        if not all(leaves):
            return False
        tried = Frontier(self.frontier.size, self.frontier.peaks)
        for leaf in leaves:
            tried.append(leaf)
        if tile is not None:
            return any(level == 1 and root == tile for level, _, root in tried.tiles)
        return edge is not None and b"".join(tried.peaks) == edge

    def _pass(self) -> None:
        """Hold the tree, as far as it has grown, against what was signed of that size."""
        while self._next < len(self._signed):
            signed = self._signed[self._next]
            if signed.size > self.frontier.size:
                return
            self._next += 1
            fits = signed.root == self.frontier.root()
            if fits:
                self._settle(fits=True)
                self._held = signed.size
            elif not self._broken:
                self._settle(fits=False)
                self._broken = True
                last = signed.size - 1
                fields = {"first": self._held, "last": last, "what": signed.what}
                self._add("rewritten", self._held, **fields)

    def _settle(self, *, fits: bool | None) -> None:
        """Of tiles that do not fit their entries, say which was changed: a signature tells."""
        name = {True: "tile_changed", False: "entries_rewritten", None: "tile_or_entries"}[fits]
        for place in self._doubtful:
            first, last = place << TILE_LEVELS, (place + 1 << TILE_LEVELS) - 1
            self._add(name, first, first=first, last=last, level=1)
        self._doubtful.clear()

    def _add(self, name: str, at: int, /, **fields: object) -> None:
        if len(self.problems) < _SHOWN:
            self.problems.append(Problem(name, at, fields))
