"""Turns with partners: news amid what runs, failures in a row, faults of our own."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import structlog

from federation.errors import HutongError
from federation.identifiers import CityCode, is_uuid
from node import deadlines, limits
from node.errors import PEER_REFUSED, PEER_UNREACHABLE
from node.services.here import Here
from node.services.turns import Patience, Turns
from tests.node.services.simulated import MovableClock, SeededEntropy
from tests.node.services.trying import played
from tests.node.services.world import START

CITY = CityCode("330100")
PATIENCE = Patience(timedelta(seconds=1), timedelta(seconds=8))


class Post:
    """Something that is done with a partner: it waits until it is let go, and may fail."""

    def __init__(self) -> None:
        self.ids = list[object]()
        self.left = list[float | None]()
        self.clock = MovableClock(START)
        self.tries = 0
        self.error: Exception | None = None
        self.go = asyncio.Event()
        here = Here(CityCode("410100"), ZoneInfo("Asia/Shanghai"), self.clock, SeededEntropy(1))
        self.turns = Turns(here, self._act, PATIENCE, failed="not_done")

    async def _act(self, _city: CityCode) -> int:
        self.tries += 1
        self.left.append(deadlines.left())
        self.ids.append(structlog.contextvars.get_contextvars().get("request_id"))
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return self.tries

    async def over(self) -> None:
        self.go.set()
        await asyncio.gather(*self.turns.running, return_exceptions=True)


def unreachable() -> HutongError:
    return HutongError(PEER_UNREACHABLE, city=CITY, address="x:1", problem="no connection")


def refused() -> HutongError:
    return HutongError(PEER_REFUSED, city=CITY, peer_reason="X", detail="\u5f20\u4e09", problem="")


@pytest.mark.parametrize(("afresh", "tries"), [(False, 1), (True, 2)])
@played
async def test_after_a_failure_only_news_that_begins_afresh_begins_at_once(
    afresh: bool, tries: int
) -> None:
    post = Post()
    post.error = unreachable()
    post.turns.nudge(CITY)
    await asyncio.sleep(0)
    post.turns.nudge(CITY, afresh=afresh)
    await post.over()
    assert post.tries == tries


@played
async def test_news_amid_what_runs_is_not_lost_whichever_kind_came_last() -> None:
    post = Post()
    post.error = unreachable()
    post.turns.nudge(CITY)
    await asyncio.sleep(0)
    post.turns.nudge(CITY, afresh=True)
    post.turns.nudge(CITY)
    await post.over()
    assert post.tries == 2


@played
async def test_never_two_at_once_with_one_partner() -> None:
    post = Post()
    for _ in range(5):
        post.turns.nudge(CITY)
        post.turns.begin_due([CITY])
        await asyncio.sleep(0)
    assert (post.tries, len(post.turns.running)) == (1, 1)
    await post.over()
    # The news that came meanwhile is one thing more, not four.
    assert post.tries == 2


@played
async def test_the_wait_doubles_up_to_the_longest_and_is_never_quite_the_same() -> None:
    post = Post()
    post.error = unreachable()
    post.go.set()
    waits = list[float]()
    for _ in range(6):
        post.turns.begin_due([CITY])
        await post.over()
        turn = post.turns.of(CITY)
        waits.append(turn.wait.total_seconds())
        post.clock.forward(turn.wait)
    for wait, whole in zip(waits, (1, 2, 4, 8, 8, 8), strict=True):
        assert 0.75 * whole <= wait <= whole
    assert len(set(waits)) == 6


@played
async def test_who_waits_for_a_task_hears_of_its_error_and_a_fault_of_ours_is_logged() -> None:
    post = Post()
    post.error, told = unreachable(), TypeError("a fault of ours")
    post.go.set()
    with structlog.testing.capture_logs() as logs:
        with pytest.raises(HutongError):
            await post.turns.begin(CITY)
        post.error = told
        with pytest.raises(TypeError):
            await post.turns.begin(CITY)
        await asyncio.sleep(0)
    assert [(log["event"], log.get("exc_info")) for log in logs] == [
        ("not_done", None),
        ("turn_failed", told),
    ]
    # It is over with that: the next one begins.
    post.error = None
    assert await post.turns.begin(CITY) == 3


@played
async def test_what_nobody_asked_for_is_followed_by_an_id_of_its_own_and_what_was_by_its() -> None:
    post = Post()
    post.go.set()
    for _ in range(2):
        await post.turns.begin(CITY)
    assert len(set(post.ids)) == 2
    assert all(is_uuid(str(found)) for found in post.ids)
    with structlog.contextvars.bound_contextvars(request_id="of a call"):
        await post.turns.begin(CITY)
    assert post.ids[-1] == "of a call"
    assert "request_id" not in structlog.contextvars.get_contextvars()


@played
async def test_only_what_fails_again_and_again_is_a_warning_and_says_no_partners_words() -> None:
    post = Post()
    post.go.set()
    with structlog.testing.capture_logs() as logs:
        for error in (*(unreachable() for _ in range(limits.FAILURES_WARNING)), refused()):
            post.error = error
            with pytest.raises(HutongError):
                await post.turns.begin(CITY)
    levels = [log["log_level"] for log in logs]
    assert levels == ["info"] * (limits.FAILURES_WARNING - 1) + ["warning"] * 2
    assert [log["problem"] for log in logs] == ["no connection"] * limits.FAILURES_WARNING + [""]
    assert "\u5f20" not in str(logs)


@played
async def test_whoever_gives_the_news_in_a_hurry_hurries_nobody_else() -> None:
    post = Post()
    deadlines.begin(0.01)
    post.turns.nudge(CITY)
    await asyncio.sleep(0)
    post.turns.nudge(CITY, afresh=True)
    await post.over()
    assert post.left == [None, None]
