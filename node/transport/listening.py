"""Who hears of the calls of a port, and what is around each: how they are called, and nobody."""

import contextlib
from collections.abc import Callable
from typing import Any, Final

import grpc

OK: Final = "OK"
CANCELLED: Final = "CANCELLED"
"""How a call ended that has no reason of the tables."""

Context = grpc.aio.ServicerContext[Any, Any]

Told = Callable[[str, str, float], None]
"""Hears whose call ended ("" where nobody was let in), how, and after how many seconds."""

Meter = Callable[[str, str], Told]
"""Who hears of the calls of a method of a service."""

Span = Callable[[Context, str], contextlib.AbstractContextManager[object]]
"""What is around the work on a call of that caller, who was let in."""

Spans = Callable[[str, str], Span]
"""What is around the calls of a method of a service."""


def unmetered(_service: str, _method: str) -> Told:
    """Nobody hears of it."""

    def tell(_who: str, _reason: str, _seconds: float) -> None:
        """Nobody wants to know."""

    return tell


def untraced(_service: str, _method: str) -> Span:
    """Nothing is around them."""
    nothing = contextlib.nullcontext()
    return lambda _context, _who: nothing
