"""What is left of a caller's deadline, and who inherits it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import deadlines, limits
from node.errors import HutongError
from node.load_errors import DEADLINE_PASSED
from scripts.simulation import loop as virtual

T = TypeVar("T")

KEPT = limits.DEADLINE_KEPT.total_seconds()


def timeless(main: Callable[[], Awaitable[T]]) -> T:
    """Where time is counted and not lived."""
    return virtual.run(main, 0)


def test_without_a_deadline_everything_is_left() -> None:
    async def path() -> None:
        deadlines.begin(None)
        assert deadlines.left() is None
        assert deadlines.within(5) == 5

    timeless(path)


@pytest.mark.parametrize("seconds", [0, -1, -0.001])
def test_nothing_begins_for_whom_nobody_waits(seconds: float) -> None:
    async def path() -> None:
        deadlines.begin(seconds)

    with pytest.raises(HutongError) as raised:
        timeless(path)
    assert raised.value == HutongError(DEADLINE_PASSED)


@given(st.floats(0.001, 60), st.floats(0, 1), st.floats(0.001, 60))
def test_the_next_call_gets_less_than_is_left(given: float, gone: float, wanted: float) -> None:
    async def path() -> None:
        deadlines.begin(given)
        await asyncio.sleep(given * gone)
        left = deadlines.left()
        assert left is not None
        spared = deadlines.within(wanted)
        assert 0 <= spared <= wanted
        assert spared < left or spared == 0
        # Half at least, and all but what is kept where there is more: it is worth a try.
        assert spared >= min(wanted, max(left / 2, left - KEPT)) - 1e-9

    timeless(path)


def test_what_is_begun_within_a_call_has_its_deadline_and_what_is_detached_has_none() -> None:
    async def left() -> float | None:
        return deadlines.left()

    async def path() -> None:
        deadlines.begin(2)
        assert await asyncio.create_task(left()) == 2
        assert await asyncio.create_task(left(), context=deadlines.detached()) is None
        # Nothing was taken from the call itself.
        assert deadlines.left() == 2

    timeless(path)
