"""Protobuf by hand, for encodings that no honest encoder makes."""

from collections.abc import Iterator
from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

_MESSAGE = FieldDescriptor.TYPE_MESSAGE
UNKNOWN = b"\xa2\x06\x06hidden"
"""Field 100, which no message of ours has, with a text in it."""


def varint(value: int, *, longer_by: int = 0) -> bytes:
    """A varint; with `longer_by` more bytes than it needs."""
    groups = []
    while True:
        groups.append(value & 0x7F)
        value >>= 7
        if not value:
            break
    groups += [0] * longer_by
    return bytes(g | 0x80 for g in groups[:-1]) + bytes(groups[-1:])


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def split(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """The fields of a message in order: number, all its bytes, its content."""
    found, at = [], 0
    while at < len(data):
        start = at
        tag, at = _varint(data, at)
        if tag & 7 == 2:
            size, at = _varint(data, at)
            content, at = data[at : at + size], at + size
        else:
            begin = at
            _, at = _varint(data, at)
            content = data[begin:at]
        found.append((tag >> 3, data[start:at], content))
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def hidden_at_every_depth(
    kind: type[Message], data: bytes, hidden: bytes = UNKNOWN
) -> Iterator[tuple[str, bytes]]:
    """The message with `hidden` at the end of it, and of each message inside it, one at a time."""
    described = kind.DESCRIPTOR
    yield described.name, data + hidden
    parts = split(data)
    for place, (number, _, content) in enumerate(parts):
        inner = described.fields_by_number[number]
        if inner.type != _MESSAGE or inner.message_type is None:
            continue
        inner_kind = GetMessageClass(cast(Descriptor, inner.message_type))
        before = b"".join(raw for _, raw, _ in parts[:place])
        after = b"".join(raw for _, raw, _ in parts[place + 1 :])
        for name, changed in hidden_at_every_depth(inner_kind, content, hidden):
            yield f"{described.name}.{name}", before + field(number, changed) + after


def replaced(data: bytes, number: int, content: bytes) -> bytes:
    """The message with the content of its (only) length-delimited field `number` changed."""
    return b"".join(field(n, content) if n == number else raw for n, raw, _ in split(data))


def content(data: bytes, number: int) -> bytes:
    """The content of the first field `number`."""
    return next(content for n, _, content in split(data) if n == number)
