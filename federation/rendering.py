"""Any statement as plain values that JSON can hold: for people, vectors and tools, never to sign.

Fields keep their names and their order. Bytes are lower-case hexadecimal, instants ISO 8601 with
a Z, durations seconds with an s, enumerations their names; what is absent is None.
"""

import dataclasses
import enum
from datetime import UTC, datetime, timedelta

from federation.statements import Message

_MICROS = 1_000_000


def plain(message: Message) -> dict[str, object]:
    """The fields of `message`, at every depth."""
    return {field.name: _plain(getattr(message, field.name)) for field in _fields(message)}


def _plain(value: object) -> object:
    match value:
        case enum.Enum():
            return value.name
        case None | bool() | int() | str():
            return value
        case bytes():
            return value.hex()
        case datetime() | timedelta():
            return _time(value)
        case tuple():
            return [_plain(item) for item in value]
        case _:
            return {field.name: _plain(getattr(value, field.name)) for field in _fields(value)}


def _fields(value: object) -> tuple[dataclasses.Field[object], ...]:
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"a statement holds no {type(value).__name__}")
    return dataclasses.fields(value)


def _time(value: datetime | timedelta) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    whole, micros = divmod(value // timedelta(microseconds=1), _MICROS)
    return f"{whole}.{micros:06d}s" if micros else f"{whole}s"
