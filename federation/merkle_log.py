"""Merkle trees as RFC 6962 hashes them: roots, inclusion proofs, consistency proofs. Pure.

Sizes count leaves. A hash is 32 bytes of SHA-256. An empty tree has a root, and nothing can be
proven of it: proofs of size 0, of a leaf outside the tree, with hashes of another length or with
hashes left over are errors, not truths (RFC 9162, section 2.1).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from federation.errors import BAD_PROOF, HutongError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

TILE_LEVELS: Final = 8
"""A tile is a complete subtree of 2^8 leaves, or of 2^8 tiles."""

LEAF: Final = b"\x00"
"""What stands before the data of a leaf where it is hashed."""

_NODE: Final = b"\x01"

Nodes = Callable[[int, int], bytes]
"""The hash of the complete subtree of 2^level leaves that is the index-th of its level."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || data)."""
    return hashlib.sha256(LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(_NODE + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


class Frontier:
    """The right edge of a tree: all that is needed to append to it and to know its root.

    `peaks` are the roots of its complete subtrees, the largest first; their sizes are the binary
    digits of `size`. `tiles` are the complete subtrees of 256^n leaves that were completed since
    the edge was made: (n, which of them, root).
    """

    __slots__ = ("peaks", "size", "tiles")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """The edge of a tree of `size` leaves; raises BAD_PROOF where the peaks do not fit it."""
        if size < 0 or len(peaks) != size.bit_count() or any(len(p) != HASH_BYTES for p in peaks):
            raise _bad("its right edge does not fit its size")
        self.size = size
        self.peaks = list(peaks)
        self.tiles: list[tuple[int, int, bytes]] = []

    def append(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        peak, size, level = leaf, self.size, 0
        while size & 1:
            peak = node_hash(self.peaks.pop(), peak)
            size >>= 1
            level += 1
            if not level % TILE_LEVELS:
                self.tiles.append((level // TILE_LEVELS, size, peak))
        self.peaks.append(peak)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree."""
        if not self.peaks:
            return EMPTY_ROOT
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node_hash(peak, found)
        return found


class BatchTree:
    """A whole tree in memory, for the few thousand leaves of one batch."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        """Over these leaf hashes, at least one."""
        if not leaves:
            raise _bad("a batch of nothing has no proofs")
        self.size = len(leaves)
        levels = [list(leaves)]
        while len(levels[-1]) > 1:
            below = levels[-1]
            paired = [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
            # An odd one out goes up as it is: the shape of RFC 6962, level by level.
            levels.append(paired + below[2 * len(paired) :])
        self._levels = levels

    @property
    def root(self) -> bytes:
        """The root."""
        return self._levels[-1][0]

    def proofs(self) -> list[bytes]:
        """The inclusion proof of each leaf, as `proof` gives it."""
        above = [b""]
        for level in reversed(self._levels[:-1]):
            # A node's proof is its sibling, where it has one, and then the proof of its parent.
            siblings = [*level, b""]
            above = [siblings[i ^ 1] + above[i >> 1] for i in range(len(level))]
        return above

    def proof(self, index: int) -> bytes:
        """The inclusion proof of a leaf: its hashes from the leaf up, joined."""
        found = list[bytes]()
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                found.append(level[sibling])
            index >>= 1
        return b"".join(found)


def inclusion_proof(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """The hashes that lead from a leaf to the root of the first `size` leaves (RFC 6962, 2.1.1).

    `nodes` is asked for complete subtrees only. Raises BAD_PROOF for a leaf outside the tree.
    """
    if not 0 <= index < size:
        raise _bad(f"there is no entry {index} among {size}")
    return tuple(_path(index, 0, size, nodes))


def consistency_proof(first: int, second: int, nodes: Nodes) -> tuple[bytes, ...]:
    """The hashes that show that the first leaves are a beginning of the second (RFC 6962, 2.1.2).

    Empty for equal sizes. Raises BAD_PROOF where `first` is 0 or larger than `second`.
    """
    if not 0 < first <= second:
        raise _bad(f"sizes {first} and {second}: the first is at least 1, and no larger")
    return tuple(_subproof(first, 0, second, nodes, whole=True))


def root_of(size: int, nodes: Nodes) -> bytes:
    """The root of the first `size` leaves."""
    return _range_root(0, size, nodes) if size else EMPTY_ROOT


def peaks_of(size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """The right edge of the first `size` leaves: what `Frontier` goes on from."""
    found, start = list[bytes](), 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            found.append(nodes(level, start >> level))
            start += 1 << level
    return tuple(found)


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Refuse a proof that does not lead from the leaf to the root (RFC 9162, 2.1.3.2).

    Raises:
        HutongError: BAD_PROOF.

    """
    _check_hashes((leaf, root, *proof))
    if not 0 <= index < size:
        raise _bad(f"there is no entry {index} among {size}")
    found = leaf
    for is_left, hash_ in _steps(index, size - 1, proof):
        found = node_hash(hash_, found) if is_left else node_hash(found, hash_)
    if found != root:
        raise _bad("it does not lead to the root")


def check_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Refuse a proof that one tree is a beginning of the other (RFC 9162, 2.1.4.2).

    Raises:
        HutongError: BAD_PROOF.

    """
    _check_hashes((first_root, second_root, *proof))
    if not 0 < first <= second:
        raise _bad(f"sizes {first} and {second}: the first is at least 1, and no larger")
    if first == second:
        if proof or first_root != second_root:
            raise _bad("one size has two roots, or a proof that it needs none")
        return
    # A complete subtree is its own proof: its root is not sent.
    hashes = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not hashes:
        raise _bad("it is empty")
    here, last = first - 1, second - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = hashes[0]
    for is_left, hash_ in _steps(here, last, hashes[1:]):
        old = node_hash(hash_, old) if is_left else old
        new = node_hash(hash_, new) if is_left else node_hash(new, hash_)
    if old != first_root or new != second_root:
        raise _bad("it does not lead to both roots")


def split_hashes(joined: bytes, *, most: int) -> tuple[bytes, ...]:
    """The hashes in a joined proof; raises BAD_PROOF."""
    if len(joined) % HASH_BYTES or len(joined) > most * HASH_BYTES:
        raise _bad("it is no row of hashes of 32 bytes, or too long")
    return tuple(joined[i : i + HASH_BYTES] for i in range(0, len(joined), HASH_BYTES))


def _steps(here: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Climb from a node to the root: whether each hash is the left one, and the hash."""
    for hash_ in proof:
        if last == 0:
            raise _bad("it has hashes left over")
        is_left = bool(here & 1) or here == last
        while is_left and here and not here & 1:
            here, last = here >> 1, last >> 1
        yield is_left, hash_
        here, last = here >> 1, last >> 1
    if last:
        raise _bad("it ends before the root")


def _path(index: int, start: int, size: int, nodes: Nodes) -> list[bytes]:
    if size == 1:
        return []
    left = _largest_power_below(size)
    if index < left:
        return [*_path(index, start, left, nodes), _range_root(start + left, size - left, nodes)]
    deeper = _path(index - left, start + left, size - left, nodes)
    return [*deeper, _range_root(start, left, nodes)]


def _subproof(first: int, start: int, size: int, nodes: Nodes, *, whole: bool) -> list[bytes]:
    if first == size:
        return [] if whole else [_range_root(start, size, nodes)]
    left = _largest_power_below(size)
    if first <= left:
        deeper = _subproof(first, start, left, nodes, whole=whole)
        return [*deeper, _range_root(start + left, size - left, nodes)]
    deeper = _subproof(first - left, start + left, size - left, nodes, whole=False)
    return [*deeper, _range_root(start, left, nodes)]


def _range_root(start: int, size: int, nodes: Nodes) -> bytes:
    """The root over `size` leaves from `start`, which is a multiple of its largest power of two."""
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes(level, start >> level)
    left = _largest_power_below(size)
    return node_hash(_range_root(start, left, nodes), _range_root(start + left, size - left, nodes))


def _largest_power_below(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(hash_) != HASH_BYTES for hash_ in hashes):
        raise _bad("a hash has 32 bytes")


def _bad(problem: str) -> HutongError:
    return HutongError(BAD_PROOF, problem=problem)
