"""Virtual time: it jumps, it repeats, and nothing real is in it."""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

from node.transport import beat
from scripts.simulation.loop import LIFE, Life, RealWorldError, StuckError, run


def test_a_day_is_waited_for_at_once_and_in_order() -> None:
    heard = list[tuple[float, str]]()

    async def say(after: float, what: str) -> None:
        await asyncio.sleep(after)
        heard.append((asyncio.get_running_loop().time(), what))

    async def main() -> None:
        await asyncio.gather(say(86_400, "a day"), say(0.5, "soon"), say(3600, "an hour"))

    run(main, 1)
    assert heard == [(0.5, "soon"), (3600, "an hour"), (86_400, "a day")]


def test_what_goes_to_a_thread_is_done_at_once_by_the_only_one() -> None:
    async def main() -> tuple[int, float]:
        done = await asyncio.to_thread(threading.get_ident)
        with pytest.raises(ValueError, match="inside"):
            await asyncio.to_thread(_fail)
        return done, asyncio.get_running_loop().time()

    assert run(main, 1) == (threading.get_ident(), 0.0)


def _fail() -> None:
    raise ValueError("inside")


async def _signal() -> None:
    asyncio.get_running_loop().add_signal_handler(15, print)


@pytest.mark.parametrize(
    "reach",
    [
        lambda: asyncio.open_connection("127.0.0.1", 1),
        lambda: asyncio.start_server(print, "127.0.0.1", 0),
        lambda: asyncio.create_subprocess_exec("true"),
        lambda: asyncio.get_running_loop().getaddrinfo("localhost", 1),
        _signal,
    ],
)
def test_what_reaches_for_the_outside_is_refused(reach: Callable[[], Awaitable[object]]) -> None:
    async def main() -> None:
        await reach()

    with pytest.raises(RealWorldError):
        run(main, 1)


def test_a_wait_for_nobody_is_told_and_not_waited_for() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(StuckError, match="nobody is waited for"):
        run(main, 1)


def test_a_wait_that_goes_round_without_time_is_told() -> None:
    async def main() -> None:
        while True:  # noqa: ASYNC110 - that is the mistake
            await asyncio.sleep(0)

    with pytest.raises(StuckError, match="rounds at 0"):
        run(main, 1)


def test_the_beat_of_refusals_is_on_virtual_time() -> None:
    async def main() -> float:
        await asyncio.sleep(0.013)
        await beat.next_beat(0.0)
        return asyncio.get_running_loop().time()

    assert run(main, 1) == pytest.approx(0.02)
    assert beat.seconds is time.perf_counter


def test_chance_is_the_seeds_inside_and_untouched_outside() -> None:
    async def main() -> float:
        return random.random()  # noqa: S311 - it is what is looked at

    random.seed(5)
    before = random.getstate()
    assert run(main, 1) == run(main, 1) != run(main, 2)
    assert random.getstate() == before


def test_a_life_ends_with_all_that_it_began_also_what_holds_on() -> None:
    ends = list[str]()

    async def child() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ends.append("child")

    async def stubborn() -> None:
        task = asyncio.create_task(child())
        for _ in range(5):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(10)
        await task

    async def main() -> float:
        life = Life("one")
        life.spawn(stubborn())
        await asyncio.sleep(1)
        life.end()
        await asyncio.sleep(0.001)
        assert not life.tasks
        assert LIFE.get() is None
        return asyncio.get_running_loop().time()

    assert run(main, 1) == pytest.approx(1.001)
    assert ends == ["child"]


def test_what_a_life_that_is_over_begins_is_never_done() -> None:
    done = list[str]()

    async def late() -> None:
        done.append("late")

    async def last_words() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            task = asyncio.create_task(late())
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def main() -> None:
        life = Life("one")
        life.spawn(last_words())
        await asyncio.sleep(1)
        life.end()
        await asyncio.sleep(1)

    run(main, 1)
    assert done == []
