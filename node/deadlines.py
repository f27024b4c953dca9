"""How long whoever asked still waits: passed on to the store and to the next city.

A deadline is one call's. What is begun for many callers, or goes on after the answer, is begun in a
`detached` context: one caller's haste is not everybody's.
"""

import asyncio
import contextvars
from typing import Final

from node import limits
from node.errors import HutongError
from node.load_errors import DEADLINE_PASSED

_ENDS: Final[contextvars.ContextVar[float | None]] = contextvars.ContextVar("ends", default=None)


def begin(seconds: float | None) -> None:
    """Whoever asked this task waits so many seconds from now; None: as long as it takes.

    Raises DEADLINE_PASSED where nobody waits any more.
    """
    if seconds is None:
        _ENDS.set(None)
        return
    if seconds <= 0:
        raise HutongError(DEADLINE_PASSED)
    _ENDS.set(asyncio.get_running_loop().time() + seconds)


def left() -> float | None:
    """The seconds that are left, below 0 where it is over; None where nobody set a deadline."""
    ends = _ENDS.get()
    return None if ends is None else ends - asyncio.get_running_loop().time()


def within(seconds: float) -> float:
    """`seconds` for a call to somebody else, or what can be spared for it; 0 where nothing can.

    A part is kept: an answer is still to be made durable here, and to go back.
    """
    rest = left()
    if rest is None:
        return seconds
    spared = rest - min(limits.DEADLINE_KEPT.total_seconds(), rest / 2)
    return max(min(seconds, spared), 0.0)


def detached() -> contextvars.Context:
    """A context as this one, but without its deadline."""
    context = contextvars.copy_context()
    context.run(_ENDS.set, None)
    return context
