"""What a node does again and again."""

import asyncio
from datetime import timedelta

from structlog.testing import capture_logs

from federation.errors import HutongError
from node.errors import NOT_INITIALISED
from node.lifecycle import every

AGE = timedelta(days=1)
INSTANT = timedelta(0)


class Work:
    """Counts how often it is done; the first time it fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.times = 0
        self.done = asyncio.Event()
        self._error = error

    async def act(self) -> None:
        self.times += 1
        if self.times == 1 and self._error:
            raise self._error
        self.done.set()


def test_what_is_done_at_once_does_not_wait_for_the_interval() -> None:
    async def play() -> tuple[int, int]:
        soon, late = Work(), Work()
        async with every(AGE, soon.act, name="soon", at_once=True), every(AGE, late.act, name="l"):
            await asyncio.wait_for(soon.done.wait(), 30)
            for _ in range(10):
                await asyncio.sleep(0)
            return soon.times, late.times

    assert asyncio.run(play()) == (1, 0)


def test_an_error_is_logged_and_the_next_time_comes() -> None:
    async def play(error: Exception) -> int:
        work = Work(error)
        async with every(INSTANT, work.act, name="work"):
            await asyncio.wait_for(work.done.wait(), 30)
            return work.times

    with capture_logs() as logs:
        assert asyncio.run(play(HutongError(NOT_INITIALISED, path="/"))) >= 2
        assert asyncio.run(play(RuntimeError("a fault"))) >= 2
    said = ["periodic_work_failed", "periodic_work_resumed"]
    assert [line["event"] for line in logs] == said + said
    assert {line["work"] for line in logs} == {"work"}
