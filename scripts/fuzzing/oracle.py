"""What must hold of every input, besides that nothing falls over."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message

from federation.errors import HutongError

T = TypeVar("T")
W = TypeVar("W", bound=Message)

_LONGEST: Final = 64 * 1024


class BrokenPromiseError(AssertionError):
    """Something was promised of every input, and this one breaks it."""


@dataclass(frozen=True, slots=True)
class Target:
    """One parser under search.

    `run` takes any bytes and raises what is wrong; what a parser refuses as it should it keeps to
    itself. `seeds` are inputs to begin with, `longest` is how long an input may become.
    """

    name: str
    about: str
    run: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    longest: int = 4096


def promise(holds: object, what: str) -> None:
    """Raise where it does not hold."""
    if not holds:
        raise BrokenPromiseError(what)


def taken(parse: Callable[[], T]) -> T | None:
    """What a parser gives; None where it refuses in the one way that it may.

    A refusal has a reason, and texts that can be written down and sent.
    """
    try:
        return parse()
    except HutongError as error:
        for language in ("zh", "en"):
            told = error.text(language)
            promise(told.encode(), "a refusal says something")
            promise(len(told) < _LONGEST, "a refusal is no longer than a page")
        return None


def now_and_then(data: bytes, of: int) -> bool:
    """Whether an input is one of so many, always the same: for what takes longer than all else.

    What an input was made of has no say in it, so a search does not dwell on those.
    """
    return zlib.crc32(data) % of == 0


def canonical(wire_type: type[W], data: bytes) -> bytes | None:
    """The message in these bytes as our own encoder writes it; None where there is none.

    Most changes of a byte break the one encoding that counts: this way they get behind that check.
    """
    wire = wire_type()
    try:
        wire.ParseFromString(data)
    except DecodeError:
        return None
    wire.DiscardUnknownFields()
    return wire.SerializeToString(deterministic=True)


def both_forms(wire_type: type[Message], data: bytes) -> tuple[bytes, ...]:
    """The bytes as they came, and as our own encoder writes what is in them."""
    made = canonical(wire_type, data)
    return (data,) if made in (None, data) else (data, made or b"")


class Feed:
    """An input that is taken apart, from its beginning; at its end come zeros."""

    def __init__(self, data: bytes) -> None:
        """Of all of these bytes."""
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        """So many bytes."""
        found = self._data[self._at : self._at + count]
        self._at += count
        return found.ljust(count, b"\0")

    def number(self, count: int) -> int:
        """A number of so many bytes."""
        return int.from_bytes(self.take(count), "big")

    def signed(self, count: int) -> int:
        """A number of so many bytes that may be below zero."""
        return int.from_bytes(self.take(count), "big", signed=True)

    def rest(self) -> bytes:
        """What is left."""
        found = self._data[self._at :]
        self._at = len(self._data)
        return found

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._data)


def as_text(data: bytes) -> str:
    """Any bytes as a text, as a message of protobuf can bring it."""
    return data.decode("utf-8", "replace")


def as_typed(data: bytes) -> str:
    """Any bytes as a text, as a command line can bring it: with halves of characters."""
    return data.decode("utf-8", "surrogateescape")
