"""How values become columns and back."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Whole microseconds since 1970."""
    return (instant - _EPOCH) // _MICRO


def to_micros_or_none(instant: datetime | None) -> int | None:
    """The same, where there may be none."""
    return None if instant is None else to_micros(instant)


def to_instant(micros: int) -> datetime:
    """The instant, in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def to_instant_or_none(micros: int | None) -> datetime | None:
    """The same, where there may be none."""
    return None if micros is None else to_instant(micros)


def to_span(span: timedelta) -> int:
    """Whole microseconds of a span of time."""
    return span // _MICRO


def from_span(micros: int) -> timedelta:
    """The span of time."""
    return timedelta(microseconds=micros)


def to_day_or_none(text: str | None) -> date | None:
    """A day from its ISO text."""
    return None if text is None else date.fromisoformat(text)


def from_day_or_none(day: date | None) -> str | None:
    """The ISO text of a day."""
    return None if day is None else day.isoformat()


def to_names(text: str) -> tuple[str, ...]:
    """A set of names, ascending; they hold neither quotes nor commas."""
    return tuple(text.split(",")) if text else ()


def from_names(names: tuple[str, ...]) -> str:
    """The names, joined."""
    return ",".join(names)


def to_json(value: object) -> str:
    """JSON for what has a form of its own."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
