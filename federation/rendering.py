"""Any statement as plain values that JSON can hold: for people, vectors and tools, never to sign.

Fields keep their names and their order. Bytes are lower-case hexadecimal, instants ISO 8601 with
a Z, durations seconds with an s, enumerations their names; what is absent is None. A field that
statements did not always have is left out where it says nothing: what was written down before it,
such as a receipt, is still what its statement says.
"""

import dataclasses
import enum
from datetime import UTC, datetime, timedelta
from typing import Final

from federation.statements import Message

_MICROS = 1_000_000
_LATER: Final = frozenset({"counting", "use_commitment", "method", "offline_grace"})


def plain(message: Message) -> dict[str, object]:
    """The fields of `message`, at every depth."""
    return _plain_fields(message)


def _plain_fields(value: object) -> dict[str, object]:
    found = {field: getattr(value, field.name) for field in _fields(value)}
    return {
        field.name: _plain(said)
        for field, said in found.items()
        if field.name not in _LATER or said != field.default
    }


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
            return _plain_fields(value)


def _fields(value: object) -> tuple[dataclasses.Field[object], ...]:
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"a statement holds no {type(value).__name__}")
    return dataclasses.fields(value)


def _time(value: datetime | timedelta) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    whole, micros = divmod(value // timedelta(microseconds=1), _MICROS)
    return f"{whole}.{micros:06d}s" if micros else f"{whole}s"
