"""A caller's share: what it may take, what it pays, and that it is nobody else's."""

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from node import limits, load_limits
from node.load_errors import LIMIT_REACHED
from node.transport import status
from node.transport.shares import CLIENT, Allowance, OverShareError, Share, Shares, retry_ms
from scripts.simulation import loop as virtual

T = TypeVar("T")

BURST = load_limits.SHARE_BURST.total_seconds()
STEP = load_limits.RETRY_STEP.total_seconds()
LONGEST = load_limits.RETRY_LONGEST.total_seconds()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def shares(rate: int = 10, at_once: int = 100) -> tuple[Shares, Clock]:
    clock = Clock()
    return Shares(Allowance(rate, at_once), clock), clock


def taken(made: Shares, caller: str, calls: int) -> int:
    """How many of so many calls, each over at once, were let in."""
    let_in = 0
    for _ in range(calls):
        try:
            made.enter(caller).leave()
        except OverShareError:
            continue
        let_in += 1
    return let_in


@given(
    st.integers(1, 500),
    st.lists(st.tuples(st.floats(0, 3), st.integers(0, 50)), max_size=60),
)
def test_nobody_gets_more_than_the_burst_and_the_rate(
    rate: int, steps: list[tuple[float, int]]
) -> None:
    made, clock = shares(rate)
    began, let_in = clock.now, 0
    for seconds, calls in steps:
        clock.now += seconds
        let_in += taken(made, "flood", calls)
        assert let_in <= BURST * rate + (clock.now - began) * rate + 1e-3


@given(st.integers(1, 500), st.lists(st.integers(1, 200), max_size=20))
def test_who_keeps_to_the_rate_is_never_refused_whatever_others_do(
    rate: int, floods: list[int]
) -> None:
    made, clock = shares(rate)
    for flood in floods:
        clock.now += 1 / rate + 1e-9
        taken(made, "flood", flood)
        assert taken(made, "honest", 1) == 1


@given(st.integers(1, 500), st.integers(0, 100))
def test_who_waits_as_long_as_it_is_told_is_let_in(rate: int, more: int) -> None:
    made, clock = shares(rate)
    taken(made, "eager", round(BURST * rate) + more)
    with pytest.raises(OverShareError) as raised:
        made.enter("eager")
    assert raised.value.reason == LIMIT_REACHED
    wait = status.retry_after(raised.value)
    assert wait is not None
    clock.now += wait.total_seconds()
    made.enter("eager").leave()


def test_a_place_is_given_back_by_each_call_that_ends() -> None:
    made, _ = shares(rate=0, at_once=3)
    inside = [made.enter("city") for _ in range(3)]
    with pytest.raises(OverShareError) as raised:
        made.enter("city")
    assert raised.value.fields["limit"] == "3"
    # Those of others are not its own.
    made.enter("another")
    inside[0].leave()
    made.enter("city")


def test_a_rate_of_nothing_is_no_limit() -> None:
    made, _ = shares(rate=0)
    assert taken(made, "city", 10_000) == 10_000
    assert made.of("city").spend(10**9) == 0


def test_large_messages_are_paid_for_before_the_next_call() -> None:
    made, clock = shares(rate=10)
    share = made.enter("city")
    owed = share.spend(40 * load_limits.TOKEN_BYTES)
    assert owed == pytest.approx((1 + 40 - 10 * BURST) / 10)
    with pytest.raises(OverShareError):
        made.enter("city")
    assert taken(made, "another", 1) == 1
    clock.now += owed
    assert share.spend(0) == pytest.approx(0)
    clock.now += 0.11
    made.enter("city")


def test_what_cannot_be_read_costs_a_partner_twenty_calls_and_nobody_else() -> None:
    made, clock = shares(rate=10)
    made.enter("city").waste()
    assert taken(made, "city", 1) == 0
    assert taken(made, "another", 1) == 1
    clock.now += (1 + load_limits.UNREADABLE_TOKENS) / 10 + 0.01
    made.enter("city")


def test_one_of_the_many_behind_a_client_costs_the_rest_nothing() -> None:
    clock = Clock()
    made = Shares(Allowance(10, 100, patient=True), clock)
    for _ in range(5):
        made.enter("app").waste()
    assert taken(made, "app", 100) == 10 * BURST - 5


def test_a_refusal_that_was_held_comes_before_its_caller_gives_up() -> None:
    assert 1.5 * load_limits.REFUSAL_HELD < limits.PEER_DEADLINE


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, STEP),
        (STEP / 10, STEP),
        (STEP, STEP),
        (1.5 * STEP, 2 * STEP),
        (LONGEST, LONGEST),
        (10**9, LONGEST),
    ],
)
def test_a_hint_is_in_steps_and_within_reason(seconds: float, said: float) -> None:
    assert int(retry_ms(seconds)) == round(said * 1000)


def test_callers_that_take_nothing_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_limits, "SHARES_KEPT", 10)
    made, clock = shares()
    inside = made.enter("inside")
    for number in range(200):
        clock.now += 10
        made.enter(f"client {number}").leave()
        assert len(made._shares) <= 21
    # Whoever is inside is not: its place would be lost.
    assert made.of("inside") is inside


def test_a_flood_is_told_once_in_a_while() -> None:
    made, clock = shares(rate=1)
    with capture_logs() as said:
        for _ in range(3):
            taken(made, "flood", 1000)
            clock.now += load_limits.OVER_TOLD.total_seconds()
    assert [each["event"] for each in said] == ["over_its_share"] * 3
    assert {each["caller"] for each in said} == {"flood"}
    # What was not told yet is told the next time.
    assert said[1]["refused"] > 900


def timeless(main: Callable[[], Awaitable[T]]) -> T:
    return virtual.run(main, 0)


def test_who_floods_on_waits_for_its_refusals() -> None:
    """At once at first; then ever so many a second and one caller, however many it asks for."""
    at_once, held = load_limits.REFUSALS_AT_ONCE, load_limits.REFUSAL_HELD.total_seconds()

    async def path() -> None:
        loop = asyncio.get_running_loop()
        share = Share("flood", Allowance(1, 10_000), loop.time)

        async def refused() -> float:
            began = loop.time()
            try:
                share.enter()
            except OverShareError as error:
                await error.share.hold()
                return loop.time() - began
            return -1

        waits = [await refused() for _ in range(at_once)]
        # The burst was let in; none of the refusals is late yet.
        assert set(waits) == {-1, 0}
        many = await asyncio.gather(*(refused() for _ in range(2 * at_once)))
        late = [wait for wait in many if wait > 0]
        assert len(late) >= at_once
        assert held / 2 <= min(late) <= max(late) <= held * 3 / 2
        # And they do not come back together: a flood that comes in waves is one all the same.
        assert max(Counter(late).values()) <= math.ceil(len(late) / load_limits.REFUSALS_SPREAD)
        assert share.held == 0
        # It stopped for a while, and is told at once again.
        await asyncio.sleep(60)
        assert max([await refused() for _ in range(at_once // 2)]) == 0

    timeless(path)


def test_behind_a_client_of_this_city_nobody_is_kept_waiting_for_a_refusal() -> None:
    """Those who ask by it know nothing of each other, and have a venue before them."""

    async def path() -> float:
        loop = asyncio.get_running_loop()
        share = Share("venue/library", replace(CLIENT, rate=1), loop.time)
        refused = 0
        for _ in range(5 * load_limits.REFUSALS_AT_ONCE):
            try:
                share.enter()
            except OverShareError as error:
                refused += 1
                await error.share.hold()
        assert refused > 4 * load_limits.REFUSALS_AT_ONCE
        return loop.time()

    assert timeless(path) == 0


@pytest.mark.parametrize("asked", [10, 100, 1000])
def test_a_flood_has_no_more_refusals_a_second_for_asking_more_at_once(asked: int) -> None:
    """It once had: beyond those that may be inside each was refused at once, and asked again."""
    at_once, seconds = 10, 60

    async def path() -> int:
        loop = asyncio.get_running_loop()
        share = Share("flood", Allowance(1, at_once), loop.time)
        refusals = 0

        async def floods() -> None:
            nonlocal refusals
            while True:
                try:
                    share.enter()
                except OverShareError as error:
                    await error.share.hold()
                    refusals += 1
                else:
                    share.leave()
                # What a call takes on its way.
                await asyncio.sleep(0.05)

        flood = [asyncio.ensure_future(floods()) for _ in range(asked)]
        await asyncio.sleep(seconds)
        for each in flood:
            each.cancel()
        return refusals

    a_second = at_once / load_limits.REFUSAL_HELD.total_seconds() + load_limits.REFUSALS_RATE
    first = load_limits.REFUSALS_AT_ONCE + asked
    assert timeless(path) <= 1.3 * seconds * a_second + first


def test_of_one_caller_so_many_are_kept_waiting_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load_limits, "REFUSALS_HELD", 5)

    async def path() -> None:
        loop = asyncio.get_running_loop()
        share = Share("flood", Allowance(1, 100), loop.time)
        share._refusals = 0
        holding = [asyncio.ensure_future(share.hold()) for _ in range(50)]
        await asyncio.sleep(0)
        assert share.held == 5
        done = [each for each in holding if each.done()]
        assert len(done) == 45
        # One that hangs up gives its place back.
        next(each for each in holding if not each.done()).cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert share.held == 4

    timeless(path)
