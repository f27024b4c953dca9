"""When a refusal leaves: on a beat, so that its time tells nothing (rule 4)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from federation.errors import NOT_RECOGNISED, HutongError
from node import limits

T = TypeVar("T")


async def until(instant: float) -> None:
    """Wait for an instant of `seconds`.

    The loop's timers are a millisecond coarse, and would let a part of a difference through: the
    last of the wait is spent in looking at the clock, while others run.
    """
    await asyncio.sleep(instant - seconds() - limits.REFUSAL_LOOKS.total_seconds())
    while seconds() < instant:  # noqa: ASYNC110 - it is an instant that is waited for
        await asyncio.sleep(0)


# The two that a simulation puts its own time in the place of.
seconds: Callable[[], float] = time.perf_counter
wait_until: Callable[[float], Awaitable[None]] = until


async def on_the_beat(answer: Awaitable[T]) -> T:
    """The answer, as soon as it is there; a refusal that tells nothing leaves on the next beat."""
    began = seconds()
    try:
        return await answer
    except HutongError as error:
        if error.reason == NOT_RECOGNISED:
            await next_beat(began)
        raise


async def next_beat(began: float) -> None:
    """Wait for the next beat after `began`, by the same clock."""
    beat = limits.REFUSAL_BEAT.total_seconds()
    await wait_until(began + beat * ((seconds() - began) // beat + 1))
