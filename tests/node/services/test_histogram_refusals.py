"""What may not be published is not, costs nothing, and the reason says what to do."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from federation.errors import Reason
from node.errors import FIELD_INVALID, NOTHING_IN_FORCE
from node.histogram_errors import HISTOGRAM_FEW, HISTOGRAM_STALE, PRIVACY_SPENT
from node.limits import PRIVACY_YEAR
from node.ports import Transaction
from node.store import open_store
from tests.conftest import NewStore
from tests.node.catalogue import changed, indicator, made_catalogue
from tests.node.services.agreeing import HOME, refused
from tests.node.services.agreeing import run as run_path
from tests.node.services.crowds import (
    bell,
    crowd,
    desk,
    ending,
    load_scale,
    publish,
    recount,
    run,
    spent,
)
from tests.node.services.world import OPERATOR, Town, World, world

NANJING = "320100"
LOW = ["poor", "minor-dishonesty", "good"]


def test_what_fails_before_it_is_kept_spends_nothing_and_shows_nothing(
    new_sqlite: NewStore,
) -> None:
    async def path(_: World, town: Town) -> None:
        await crowd(town, bell(300))
        act = desk(town).publish

        def cut(tx: Transaction) -> None:
            act(tx, OPERATOR)
            raise ConnectionError

        with pytest.raises(ConnectionError):
            await town.store.run(cut)
        assert await spent(town) == []
        assert (await publish(town)).fresh

    run(new_sqlite, path)


def test_sums_of_an_older_catalogue_or_day_are_not_published(new_store: NewStore) -> None:
    async def path(cities: World, town: Town) -> None:
        made = await crowd(town, bell(300))
        due = replace(made[0], recount_on=town.cases.here.day(town.clock.now()) + timedelta(days=1))
        await recount(town, due)
        cities.clock.forward(timedelta(days=1))
        error = await refused(HISTOGRAM_STALE, publish(town))
        assert error.fields["count"] == "1"
        await town.cases.rescoring.walk()
        stricter = changed(made_catalogue(), indicator("add-16", 4))
        await town.store.run(lambda tx: tx.administration.put_indicators(stricter))
        error = await refused(HISTOGRAM_STALE, publish(town))
        assert (error.fields["count"], error.fields["version"]) == ("300", "2")
        assert await spent(town) == []
        await town.cases.rescoring.walk()
        assert (await publish(town)).fresh

    run(new_store, path)


def test_a_few_residents_are_not_published(new_sqlite: NewStore) -> None:
    async def path(_: World, town: Town) -> None:
        await refused(HISTOGRAM_FEW, publish(town))
        await crowd(town, bell(99))
        await refused(HISTOGRAM_FEW, publish(town))
        assert await spent(town) == []
        await crowd(town, [0])
        assert (await publish(town)).histogram.total == 100

    run(new_sqlite, path)


def test_loading_the_scale_again_and_again_does_not_buy_more_than_a_years_budget(
    new_sqlite: NewStore,
) -> None:
    async def path(cities: World, town: Town) -> None:
        await crowd(town, bell(300))
        for version in range(1, 6):
            await load_scale(town, ending(version))
            cities.clock.forward(timedelta(days=1))
            assert (await publish(town)).fresh
        await load_scale(town, lambda text: text + "\n" * 6)
        error = await refused(PRIVACY_SPENT, publish(town, epsilon_milli=1))
        assert (error.fields["limit"], error.fields["left"]) == ("5", "0")
        cities.clock.forward(PRIVACY_YEAR - timedelta(days=4))
        assert (await publish(town)).fresh
        assert await spent(town) == [1000] * 6

    run(new_sqlite, path)


@pytest.mark.parametrize(
    ("epsilon_milli", "width_milli"),
    [(5001, 0), (10**18, 0), (0, -1), (0, 1), (0, 200), (0, -(2**63))],
)
def test_a_budget_or_a_width_that_nothing_can_have_is_refused(
    new_sqlite: NewStore, epsilon_milli: int, width_milli: int
) -> None:
    async def path(_: World, town: Town) -> None:
        await crowd(town, bell(200))
        await refused(FIELD_INVALID, publish(town, epsilon_milli, width_milli))
        assert await spent(town) == []

    run(new_sqlite, path)


def test_a_city_without_a_scale_publishes_nothing(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME) as cities:
            town = cities[HOME]
            other = await asyncio.to_thread(open_store, stores("empty"), town.clock)
            bare = Town(town.code, other, town.clock, cities)
            try:
                await refused(NOTHING_IN_FORCE, publish(bare))
            finally:
                await other.close()

    run_path(path, new_sqlite)


def test_every_refusal_says_what_to_do_in_both_languages() -> None:
    reasons: list[Reason] = [HISTOGRAM_FEW, HISTOGRAM_STALE, PRIVACY_SPENT]
    for reason in reasons:
        assert "publish" in reason.en.lower()
        assert "公布" in reason.zh
