"""Checkpoints where there are many partners: each has its turn, and none is in the others' way."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest

from federation.errors import HutongError
from federation.identifiers import CityCode
from node import limits
from node.errors import PEER_REFUSED
from node.logbook import StoredCheckpoint
from node.ports import Transaction
from node.registry import Registry
from tests.conftest import NewStore
from tests.node.services.trying import played
from tests.node.services.witnesses import HZ, ZZ, grow
from tests.node.services.world import Town, world

T = TypeVar("T")

MOST = limits.WITNESSES_AT_ONCE


class Crowd:
    """The partners of a town, as many as one likes: those in `dead` fail, in `silent` never answer.

    `brought` has whom the newest checkpoint was brought to, in order; `under_way` the most at once.
    """

    def __init__(self, town: Town, partners: int) -> None:
        self.cities = [CityCode(f"{650000 + serial}") for serial in range(partners)]
        self.dead, self.silent = set[CityCode](), set[CityCode]()
        self.brought = list[CityCode]()
        self.under_way, self._now = 0, 0
        self._town = town
        self.witnessing = town.cases.witnessing
        self.witnessing._uow = self  # type: ignore[assignment]
        self.witnessing._turns._act = self._cosign

    @property
    def registry(self) -> Registry:
        known = self._town.store.registry
        one = known.partners[CityCode(HZ)]
        return replace(known, partners={c: replace(one, city=c) for c in self.cities})

    async def read(self, use_case: Callable[[Transaction], T]) -> T:
        return await self._town.store.read(use_case)

    async def run(self, use_case: Callable[[Transaction], T]) -> T:
        return await self._town.store.run(use_case)

    async def beat(self, after: timedelta = limits.CHECKPOINT_EVERY) -> list[CityCode]:
        """Whom the log, which has grown, is brought to `after` the beat before."""
        self.brought.clear()
        await grow(self._town)
        self._town.clock.forward(after)
        await self.tick()
        return list(self.brought)

    async def tick(self) -> None:
        """Look once, and wait for all who answer."""
        await self.witnessing.tick()
        turns = self.witnessing._turns
        answering = [turns.of(c).running for c in self.cities if c not in self.silent]
        if running := [task for task in answering if task is not None]:
            await asyncio.wait(running)
        await asyncio.sleep(0)

    async def _cosign(self, city: CityCode) -> StoredCheckpoint | None:
        self.brought.append(city)
        self._now += 1
        self.under_way = max(self.under_way, self._now)
        try:
            if city in self.silent:
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            if city in self.dead:
                raise HutongError(PEER_REFUSED, city=city, peer_reason="AWAY", detail="")
        finally:
            self._now -= 1
        own = await self.witnessing.checkpoint()
        if own is not None:
            await self.run(lambda tx: tx.checkpoints.cosign(own.size, city, b"a line"))
            return await self.read(lambda tx: tx.checkpoints.newest())
        return own


@played
async def test_each_of_many_partners_has_its_turn_before_any_has_two(new_store: NewStore) -> None:
    async with world(new_store) as made:
        crowd = Crowd(made[ZZ], 3 * MOST)
        for _ in range(2):
            beats = [await crowd.beat() for _ in range(3)]
            assert [len(each) for each in beats] == [MOST] * 3
            assert Counter(city for each in beats for city in each) == Counter(crowd.cities)


@played
async def test_within_a_beat_nobody_has_the_place_of_another(new_store: NewStore) -> None:
    async with world(new_store) as made:
        crowd = Crowd(made[ZZ], 3 * MOST)
        await crowd.beat()
        for _ in range(5):
            assert await crowd.beat(timedelta(seconds=1)) == []


@played
async def test_as_many_partners_as_places_are_all_brought_every_checkpoint(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        crowd = Crowd(made[ZZ], MOST)
        for _ in range(3):
            assert await crowd.beat() == crowd.cities


@played
async def test_a_clock_that_is_set_back_silences_none_of_many(new_store: NewStore) -> None:
    async with world(new_store) as made:
        crowd = Crowd(made[ZZ], 3 * MOST)
        first = await crowd.beat()
        rest = [await crowd.beat(timedelta(days=-1)), await crowd.beat()]
        assert Counter(city for each in (first, *rest) for city in each) == Counter(crowd.cities)


@pytest.mark.parametrize("trouble", ["dead", "silent"])
def test_partners_that_are_away_take_no_place_while_they_wait(
    new_store: NewStore, trouble: str
) -> None:
    @played
    async def play() -> None:
        async with world(new_store) as made:
            crowd = Crowd(made[ZZ], 3 * MOST)
            away = set(crowd.cities[:MOST])
            setattr(crowd, trouble, away)
            for city in away:
                # It has failed for long: its next wait is longer than two beats.
                crowd.witnessing._turns.of(city).failures = 5
            assert set(await crowd.beat()) == away
            served = [*await crowd.beat(), *await crowd.beat()]
            assert Counter(served) == Counter(crowd.cities[MOST:])
            await crowd.witnessing.close()

    play()


@played
async def test_a_partner_that_failed_once_is_tried_again_in_its_own_beat(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        crowd = Crowd(made[ZZ], 3 * MOST)
        once = crowd.cities[0]
        crowd.dead = {once}
        await crowd.beat()
        crowd.dead.clear()
        assert await crowd.beat(limits.REFRESH_AFTER_FAILURE) == [once]


@played
async def test_a_receipt_asks_few_at_once_and_finds_the_one_that_cosigns(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        crowd = Crowd(town, 3 * MOST)
        last = crowd.cities[-1]
        crowd.dead = set(crowd.cities) - {last}
        sequence = await town.store.read(lambda tx: tx.log.size() - 1)
        own = await crowd.witnessing.cosigned_over(sequence)
        assert [city for city, _ in own.cosignatures] == [last]
        assert crowd.under_way == MOST
        # The one that did is the first to be asked the next time.
        crowd.brought.clear()
        await grow(town)
        await crowd.witnessing.cosigned_over(sequence + 1)
        assert crowd.brought[0] == last


@played
async def test_a_receipt_that_nobody_cosigns_asks_each_once(new_store: NewStore) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        crowd = Crowd(town, 3 * MOST)
        crowd.dead = set(crowd.cities)
        sequence = await town.store.read(lambda tx: tx.log.size() - 1)
        own = await crowd.witnessing.cosigned_over(sequence)
        assert own.cosignatures == ()
        assert sorted(crowd.brought) == crowd.cities


def test_doctor_waits_longer_than_the_turn_of_every_partner_of_336() -> None:
    beats = -(-336 // MOST)
    assert beats * limits.CHECKPOINT_EVERY < limits.COSIGNING_WARNING / 2
