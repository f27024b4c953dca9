"""What is logged again and again is held together: first at once, then as a count at intervals.

A partner that is dead for a night, a disk that is full, a stranger that knocks all day: each costs
some lines, not thousands, and none buries another. Nothing is lost but repetitions: how many there
were, and since when, is told; the intervals grow while it lasts. At level debug nothing is held.

1. Lines are of one kind where they name the same event, reason and places (`_WHICH`).
2. The first of a kind goes out at once; of calls that were refused, the first few.
3. What follows within the interval is counted. At its end the newest goes out with `again`, how
   often it happened, and `since`; the next interval is twice as long, up to the longest.
4. A kind of which nothing came for a whole interval begins anew.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from node.limits import (
    LOG_KINDS,
    LOG_REFUSALS,
    LOG_TOGETHER,
    LOG_TOGETHER_LONGEST,
)

# What tells two lines of one event apart. Ids, times and lengths do not: they never repeat.
_WHICH: Final = (
    "partner",
    "home",
    "log",
    "witness",
    "work",
    "method",
    "caller",
    "reason",
    "incentive",
    "subjects",
    "turn",
    "logger",
)
# What of the newest line is not told again with the count: it is of that line alone.
_OF_ONE: Final = frozenset({"city", "exc_info", "level", "milliseconds", "request_id", "timestamp"})
_SERVED: Final = "served"
_OK: Final = "OK"
_AGAIN: Final = "again"
_MANY: Final = ("too many kinds",)

Kind = tuple[str, ...]


@dataclass(slots=True)
class _Held:
    """One kind: how many may still pass, how many were held since when, and until when."""

    left: int
    until: float
    wait: float
    count: int = 0
    since: str = ""
    last: Mapping[str, Any] = field(default_factory=dict)


class Holding:
    """A processor of structlog, and what it holds; for whatever thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is held; `clock` gives seconds that never jump."""
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[Kind, _Held] = {}

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """The line, or the count that it completes; raises DropEvent for what is held."""
        kind = _kind_of(event)
        if kind is None:
            return event
        with self._lock:
            told = self._told(kind, event)
        if told is None:
            raise structlog.DropEvent
        return told

    def due(self, *, at_end: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
        """The level and the fields of each count whose interval is over; `at_end` of all."""
        now, found = self._clock(), list[tuple[str, dict[str, Any]]]()
        with self._lock:
            for kind, held in list(self._kinds.items()):
                if now < held.until and not at_end:
                    continue
                if held.count:
                    fields = {key: held.last[key] for key in held.last if key not in _OF_ONE}
                    again = {_AGAIN: held.count, "since": held.since}
                    found.append((str(held.last["level"]), fields | again))
                    _begin_longer(held, now)
                else:
                    del self._kinds[kind]
        yield from found

    def _told(self, kind: Kind, event: EventDict) -> EventDict | None:
        now = self._clock()
        held = self._kinds.get(kind)
        if held is None and len(self._kinds) >= LOG_KINDS:
            kind = _MANY
            held = self._kinds.get(kind)
        if held is None or (now >= held.until and not held.count):
            wait = LOG_TOGETHER.total_seconds()
            left = LOG_REFUSALS if event["event"] == _SERVED else 1
            held = self._kinds[kind] = _Held(left, now + wait, wait)
        if held.left:
            held.left -= 1
            return event
        held.count += 1
        held.since = held.since or str(event.get("timestamp", ""))
        held.last = dict(event)
        if now < held.until:
            return None
        event.update({_AGAIN: held.count, "since": held.since})
        _begin_longer(held, now)
        return event


def _begin_longer(held: _Held, now: float) -> None:
    held.wait = min(2 * held.wait, LOG_TOGETHER_LONGEST.total_seconds())
    held.until, held.count, held.since, held.last = now + held.wait, 0, "", {}


def _kind_of(event: EventDict) -> Kind | None:
    """The kind of a line; None for what is never held: calls that were served, and counts."""
    if _AGAIN in event or (event["event"] == _SERVED and event.get("reason") == _OK):
        return None
    cause = event.get("exc_info")
    kind = type(cause).__name__ if isinstance(cause, BaseException) else ""
    which = (str(event.get(key, "")) for key in _WHICH)
    return (str(event["event"]), str(event.get("level", "")), kind, *which)
