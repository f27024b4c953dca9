"""Timed work is one process's of a city; whoever dies, hangs or leaves is followed by another."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.errors import HutongError
from node import limits
from node.errors import STORE_UNAVAILABLE
from node.services.duty import Duty
from node.services.timers import timers
from tests.conftest import NewStore
from tests.node.services.stage import Stage, staged

HOME = "410100"


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME) as found:
        yield found


def process(stage: Stage) -> Duty:
    """A process of the city."""
    home = stage[HOME]
    return Duty(home.cases.here, home.cases.uow)


def looks(stage: Stage, *processes: Duty) -> list[bool]:
    """One look of each in turn; whether each has the duty then."""
    for each in processes:
        stage.run(each.tick())
    return [each.held for each in processes]


def test_the_first_that_looks_has_it_and_keeps_it(stage: Stage) -> None:
    one, two = process(stage), process(stage)
    for _ in range(3 * limits.DUTY_LOOKS):
        assert looks(stage, one, two) == [True, False]


def test_who_says_nothing_any_more_is_followed_after_some_looks_and_not_before(
    stage: Stage,
) -> None:
    dead, heir = process(stage), process(stage)
    looks(stage, dead, heir)
    for _ in range(limits.DUTY_LOOKS - 1):
        assert looks(stage, heir) == [False]
    assert looks(stage, heir) == [True]
    # It hung, and comes back.
    assert dead.held
    assert looks(stage, dead, heir) == [False, True]


def test_who_leaves_is_followed_at_the_next_look(stage: Stage) -> None:
    one, two = process(stage), process(stage)
    looks(stage, one, two)
    stage.run(one.close())
    assert not one.held
    assert looks(stage, two) == [True]
    # Who has it no more takes nothing from who has it.
    stage.run(one.close())
    assert looks(stage, one, two) == [False, True]


def test_who_ends_takes_nothing_again_and_begins_nothing(stage: Stage) -> None:
    one, two, done = process(stage), process(stage), list[str]()
    looks(stage, one, two)

    async def act() -> None:
        done.append("done")

    async def ending() -> None:
        one.end()
        begun = asyncio.ensure_future(one.once(act)())
        # Its own timer looks once more while it leaves.
        await asyncio.gather(one.close(), one.tick())
        await one.tick()
        begun.cancel()
        await asyncio.gather(begun, return_exceptions=True)

    stage.run(ending())
    assert (one.held, done) == (False, [])
    assert looks(stage, two) == [True]


def test_a_clock_that_jumps_gives_it_to_nobody(stage: Stage) -> None:
    one, two = process(stage), process(stage)
    looks(stage, one, two)
    for jump in (1, -3):
        stage.world.clock.forward(jump * limits.SILENCE_ERROR)
        assert looks(stage, one, two) == [True, False]


def test_of_two_that_take_it_at_once_one_has_it(stage: Stage) -> None:
    dead = process(stage)
    looks(stage, dead)
    heirs = [process(stage) for _ in range(5)]

    async def together() -> None:
        await asyncio.gather(*(each.tick() for each in heirs))

    for _ in range(limits.DUTY_LOOKS + 1):
        stage.run(together())
    assert [each.held for each in heirs].count(True) == 1


def test_who_cannot_say_so_does_not_have_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    one = process(stage)
    looks(stage, one)

    async def fails(*_: object) -> Any:  # noqa: ANN401 - it returns nothing
        raise HutongError(STORE_UNAVAILABLE, problem="the disk is full")

    monkeypatch.setattr(one._uow, "run", fails)
    with pytest.raises(HutongError):
        stage.run(one.tick())
    assert not one.held


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40))
def test_whatever_the_order_no_two_that_just_looked_have_it(
    stage: Stage, steps: list[tuple[int, bool]]
) -> None:
    processes = [process(stage) for _ in range(4)]
    for which, leaves in steps:
        if leaves:
            stage.run(processes[which].close())
            processes[which] = process(stage)
        stage.run(processes[which].tick())
        if processes[which].held:
            mark = stage.act(stage[HOME], lambda tx: tx.duty.mark())
            assert mark.holder == processes[which]._name
    for _ in range(limits.DUTY_LOOKS + 2):
        looks(stage, *processes)
    assert [each.held for each in processes].count(True) == 1
    for each in processes:
        stage.run(each.close())


def test_what_is_timed_waits_for_the_duty_and_begins_with_it(stage: Stage) -> None:
    one, two, done = process(stage), process(stage), list[str]()
    looks(stage, one)

    async def act() -> None:
        done.append("done")

    async def take_over() -> None:
        waiting = asyncio.ensure_future(two.once(act)())
        for _ in range(limits.DUTY_LOOKS):
            await two.tick()
            await asyncio.sleep(0)
            assert not done
        await two.tick()
        await waiting

    stage.run(take_over())
    assert done == ["done"]


def test_only_what_lives_in_one_process_is_done_by_each(stage: Stage) -> None:
    cases = stage[HOME].cases

    async def begun(act: Callable[[], Awaitable[object]]) -> bool:
        task = asyncio.ensure_future(act())
        await asyncio.sleep(0.2)
        ended = task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return ended

    assert not cases.duty.held
    by_each = {t.name for t in timers(cases) if t.name != "duty" and stage.run(begun(t.act))}
    assert by_each == {"onboarding", "rooms", "undelivered"}
