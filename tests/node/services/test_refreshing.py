"""When partners are swapped with: time is moved by hand, and each swap ends when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.messages import Flags
from node import limits
from node.errors import PEER_UNREACHABLE
from node.registry import Partner
from node.services.here import Here
from node.services.refreshing import Refreshing
from node.store import Store
from tests.conftest import NewStore
from tests.node.services.simulated import MovableClock
from tests.node.services.trying import HANGZHOU, SUZHOU, ZHENGZHOU, played
from tests.node.services.world import Town, world

SECOND = timedelta(seconds=1)


class Wire:
    """Swaps that are counted, fail when told to, and last until they are let go."""

    def __init__(self, store: Store) -> None:
        self.asked = list[CityCode]()
        self.down = set[CityCode]()
        self.slow = dict[CityCode, asyncio.Event]()
        self.hints = dict[CityCode, timedelta]()
        self._store = store

    async def swap(self, city: CityCode) -> Partner:
        self.asked.append(city)
        if city in self.slow:
            await self.slow[city].wait()
        if city in self.down:
            raise HutongError(PEER_UNREACHABLE, city=city, address="nowhere", problem="a test")
        partner = self._store.registry.partners[city]
        hint = self.hints.get(city, partner.bundle.refresh_hint)
        return replace(partner, bundle=replace(partner.bundle, refresh_hint=hint))


class Street:
    """A town, whose refreshing swaps over a wire in our hand."""

    def __init__(self, town: Town, clock: MovableClock, here: Here) -> None:
        self.town, self.clock = town, clock
        self.wire = Wire(town.store)
        self.refreshing = Refreshing(here, town.store, self.wire.swap)

    async def asked(self) -> list[CityCode]:
        """Whom one tick asks."""
        self.wire.asked.clear()
        await self.refreshing.tick()
        await settle()
        return sorted(self.wire.asked)

    async def waits(self, city: CityCode) -> timedelta:
        """How long it is, by whole seconds, until the city is asked again."""
        waited = timedelta(0)
        while city not in await self.asked():
            self.clock.forward(SECOND)
            waited += SECOND
        return waited

    async def change(self, city: CityCode, **changes: object) -> None:
        """Let a partner be otherwise."""
        partner = replace(self.town.store.registry.partners[city], **changes)  # type: ignore[arg-type]
        await self.town.store.run(lambda tx: tx.administration.put_partner(partner))


async def settle() -> None:
    """Let all tasks come to where they wait."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def street(stores: NewStore) -> AsyncIterator[Street]:
    """Zhengzhou, with two partners."""
    async with world(stores, ZHENGZHOU, HANGZHOU, SUZHOU, agreed=False) as cities:
        town = cities[ZHENGZHOU]
        made = Street(town, cities.clock, town.cases.here)
        try:
            yield made
        finally:
            await made.refreshing.close()


@played
async def test_each_partner_is_asked_at_the_start_and_then_by_its_hint(
    new_sqlite: NewStore,
) -> None:
    async with street(new_sqlite) as made:
        made.wire.hints[HANGZHOU] = timedelta(minutes=10)
        assert await made.asked() == [SUZHOU, HANGZHOU]
        assert await made.asked() == []
        waited = await made.waits(HANGZHOU)
        assert timedelta(minutes=7.5) <= waited <= timedelta(minutes=10) + SECOND


@played
async def test_a_hint_is_kept_inside_our_bounds(new_sqlite: NewStore) -> None:
    async with street(new_sqlite) as made:
        made.wire.hints[HANGZHOU] = timedelta(seconds=1)
        made.wire.hints[SUZHOU] = timedelta(days=300)
        await made.asked()
        waited = await made.waits(HANGZHOU)
        assert 0.75 * limits.REFRESH_SHORTEST <= waited <= limits.REFRESH_SHORTEST + SECOND
        made.clock.forward(limits.REFRESH_LONGEST)
        assert SUZHOU in await made.asked()


@played
async def test_after_failures_the_wait_doubles_up_to_a_cap_and_a_success_ends_it(
    new_sqlite: NewStore,
) -> None:
    async with street(new_sqlite) as made:
        made.wire.down.add(HANGZHOU)
        await made.asked()
        for failures in range(9):
            whole = min(limits.REFRESH_AFTER_FAILURE * 2**failures, limits.REFRESH_AFTER_FAILURES)
            waited = await made.waits(HANGZHOU)
            assert 0.75 * whole <= waited <= whole + SECOND
        made.wire.down.clear()
        await made.waits(HANGZHOU)
        made.clock.forward(limits.REFRESH_AFTER_FAILURES * 2)
        assert HANGZHOU not in await made.asked()
        made.wire.down.add(HANGZHOU)
        made.clock.forward(limits.REFRESH_LONGEST)
        assert HANGZHOU in await made.asked()
        assert await made.waits(HANGZHOU) <= limits.REFRESH_AFTER_FAILURE + SECOND


@played
async def test_a_failure_a_thousand_times_over_is_still_a_wait_of_the_cap(
    new_sqlite: NewStore,
) -> None:
    async with street(new_sqlite) as made:
        made.wire.down.add(HANGZHOU)
        for _ in range(1100):
            made.clock.forward(limits.REFRESH_AFTER_FAILURES)
            assert HANGZHOU in await made.asked()


@played
async def test_a_clock_that_is_set_back_silences_no_partner(new_sqlite: NewStore) -> None:
    async with street(new_sqlite) as made:
        for back in (timedelta(minutes=5), timedelta(hours=5), timedelta(days=400)):
            await made.asked()
            made.clock.forward(-back)
            assert await made.asked() == [SUZHOU, HANGZHOU]
            assert await made.asked() == []


@played
async def test_a_slow_partner_holds_up_nobody_else(new_sqlite: NewStore) -> None:
    async with street(new_sqlite) as made:
        made.wire.slow[HANGZHOU] = asyncio.Event()
        assert await made.asked() == [SUZHOU, HANGZHOU]
        for _ in range(3):
            made.clock.forward(limits.REFRESH_LONGEST)
            # One swap at a time: the slow one is not asked again while it is at it.
            assert await made.asked() == [SUZHOU]
        made.wire.slow.pop(HANGZHOU).set()
        await settle()
        made.clock.forward(limits.REFRESH_LONGEST)
        assert await made.asked() == [SUZHOU, HANGZHOU]


@played
async def test_news_during_a_swap_is_one_swap_more(new_sqlite: NewStore) -> None:
    async with street(new_sqlite) as made:
        made.wire.slow[HANGZHOU] = asyncio.Event()
        await made.asked()
        made.wire.asked.clear()
        for _ in range(5):
            made.refreshing.nudge(HANGZHOU)
        await settle()
        assert made.wire.asked == []
        made.wire.slow.pop(HANGZHOU).set()
        await settle()
        assert made.wire.asked == [HANGZHOU]
        assert await made.asked() == []


@played
async def test_news_ends_a_back_off_at_once(new_sqlite: NewStore) -> None:
    async with street(new_sqlite) as made:
        made.wire.down.add(HANGZHOU)
        for _ in range(8):
            await made.waits(HANGZHOU)
        made.wire.asked.clear()
        made.refreshing.nudge(HANGZHOU)
        await settle()
        assert made.wire.asked == [HANGZHOU]
        assert await made.waits(HANGZHOU) <= limits.REFRESH_AFTER_FAILURE + SECOND


@played
async def test_an_ended_partner_is_called_only_until_it_knows(new_sqlite: NewStore) -> None:
    async with street(new_sqlite) as made:
        ended = Flags(ended=True)
        await made.change(HANGZHOU, here=ended, sequence=9, told=8)
        assert HANGZHOU in await made.asked()
        made.clock.forward(limits.REFRESH_LONGEST)
        assert HANGZHOU in await made.asked()
        await made.change(HANGZHOU, told=9)
        made.clock.forward(limits.REFRESH_LONGEST)
        assert await made.asked() == [SUZHOU]
        # Nor where it said so itself; and news for all are not for it.
        await made.change(HANGZHOU, told=8, there=ended)
        made.clock.forward(limits.REFRESH_LONGEST)
        assert await made.asked() == [SUZHOU]
        made.wire.asked.clear()
        made.refreshing.nudge()
        await settle()
        assert made.wire.asked == [SUZHOU]


@played
async def test_a_suspended_partner_is_asked_on(new_sqlite: NewStore) -> None:
    async with street(new_sqlite) as made:
        await made.change(HANGZHOU, here=Flags(approved=True, tested=True, suspended=True))
        assert await made.asked() == [SUZHOU, HANGZHOU]


@played
async def test_what_runs_is_let_go_at_the_end(new_sqlite: NewStore) -> None:
    async with street(new_sqlite) as made:
        made.wire.slow[HANGZHOU] = asyncio.Event()
        await made.asked()
        await made.refreshing.close()
        assert [task for task in asyncio.all_tasks() if "refresh" in task.get_name()] == []
