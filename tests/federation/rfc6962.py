"""RFC 6962 as it is written, over lists: slow, plain, and not ours."""

import hashlib
from collections.abc import Callable, Sequence

from federation.merkle_log import leaf_hash


def data(size: int) -> list[bytes]:
    return [f"leaf {n}".encode() for n in range(size)]


def hashes(size: int) -> list[bytes]:
    return [leaf_hash(each) for each in data(size)]


class Naive:
    """RFC 6962, section 2.1, word for word, over lists."""

    @classmethod
    def root(cls, of: Sequence[bytes]) -> bytes:
        if not of:
            return hashlib.sha256().digest()
        if len(of) == 1:
            return hashlib.sha256(b"\x00" + of[0]).digest()
        k = cls.split(len(of))
        return hashlib.sha256(b"\x01" + cls.root(of[:k]) + cls.root(of[k:])).digest()

    @classmethod
    def path(cls, m: int, of: Sequence[bytes]) -> list[bytes]:
        if len(of) == 1:
            return []
        k = cls.split(len(of))
        if m < k:
            return [*cls.path(m, of[:k]), cls.root(of[k:])]
        return [*cls.path(m - k, of[k:]), cls.root(of[:k])]

    @classmethod
    def proof(cls, m: int, of: Sequence[bytes]) -> list[bytes]:
        return cls.subproof(m, of, whole=True)

    @classmethod
    def subproof(cls, m: int, of: Sequence[bytes], *, whole: bool) -> list[bytes]:
        if m == len(of):
            return [] if whole else [cls.root(of)]
        k = cls.split(len(of))
        if m <= k:
            return [*cls.subproof(m, of[:k], whole=whole), cls.root(of[k:])]
        return [*cls.subproof(m - k, of[k:], whole=False), cls.root(of[:k])]

    @staticmethod
    def split(size: int) -> int:
        """The largest power of two below the size."""
        k = 1
        while 2 * k < size:
            k *= 2
        return k


def nodes_of(size: int) -> Callable[[int, int], bytes]:
    """Complete subtrees, as a store has them; any other is asked for in vain."""
    of = data(size)

    def node(level: int, index: int) -> bytes:
        begin, end = index << level, (index + 1) << level
        assert end <= size
        return Naive.root(of[begin:end])

    return node
