"""A tar of plain members, as a stream; in and out in one file.

Only what this writes is read: regular files, each head in one form, nothing after the end.
"""

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from node.keeping import limits
from node.keeping.age import Plain

_BLOCK: Final = 512
_NOTHING: Final = bytes(_BLOCK)
END: Final = 2 * _NOTHING


class NotAnArchiveError(Exception):
    """The stream is none of ours, or ends too soon; the text says how."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member: its name, what it holds, and the bytes of it in the archive."""

    name: str
    content: bytes
    head: bytes

    def blocks(self) -> Iterator[bytes]:
        """As it lies in the archive."""
        yield self.head
        yield self.content
        yield bytes(-len(self.content) % _BLOCK)


def member(name: str, content: bytes) -> Member:
    """A member of that name."""
    return Member(name, content, _head(name, len(content)))


def _head(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")


def _as_large_as_any(_name: str) -> int:
    return limits.MEMBER_BYTES


def members(stream: Plain, most: Callable[[str], int] = _as_large_as_any) -> Iterator[Member]:
    """The members of an archive, to its end; raises NotAnArchiveError.

    `most` says of a name how many bytes its member may have: none is read that has more.
    """
    while (head := _exactly(stream, _BLOCK)) != _NOTHING:
        try:
            info = tarfile.TarInfo.frombuf(head, "utf-8", "strict")
            known = _head(info.name, info.size)
        except (tarfile.TarError, ValueError) as error:
            raise NotAnArchiveError("a member's head is none") from error
        if head != known:
            raise NotAnArchiveError("a member's head has another form")
        if info.size > most(info.name):
            raise NotAnArchiveError(f"a member has over {most(info.name)} bytes")
        found = Member(info.name, _exactly(stream, info.size), head)
        if any(_exactly(stream, -info.size % _BLOCK)):
            raise NotAnArchiveError("there is something between two members")
        yield found
    if _exactly(stream, _BLOCK) != _NOTHING or stream.read(1):
        raise NotAnArchiveError("there is something after its end")


def _exactly(stream: Plain, count: int) -> bytes:
    found = stream.read(count)
    if len(found) != count:
        raise NotAnArchiveError("it ends too soon")
    return found
