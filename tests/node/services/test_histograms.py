"""A city publishes once, says nothing of its low bands, and nothing of one person."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from federation.histogram import ScoreHistogram
from federation.histogram_cells import check_cells
from federation.limits import HISTOGRAM_SENSITIVITY
from node import data
from node.errors import FIELD_INVALID
from node.limits import SHOWN_LEAST
from node.services.histograms import Publication
from node.store import open_store
from tests.conftest import NewStore
from tests.node.services.agreeing import HOME, refused
from tests.node.services.agreeing import run as run_path
from tests.node.services.crowds import (
    bell,
    crowd,
    load_scale,
    payload,
    publish,
    really,
    recount,
    run,
    spent,
)
from tests.node.services.world import Town, World, world

NANJING = "320100"
LOW = ["poor", "minor-dishonesty", "good"]


def test_each_resident_is_in_the_total_and_in_one_cell_or_below_the_line(
    new_store: NewStore,
) -> None:
    async def path(_: World, town: Town) -> None:
        points = [*bell(1500), 50_000, 50_001, 20_000, 19_999, 900_000, -900_000]
        await crowd(town, points)
        found = (await publish(town)).histogram
        own = town.store.registry.own_scale()
        assert own is not None
        check_cells(found, own.exported)
        assert found.total == len(points)
        scores = [own.scale.standing(milli, frozenset()) for milli in points]
        bands = Counter(standing.band_id for standing in scores)
        for band in own.exported.bands:
            cells = [cell for cell in found.cells if cell.band_id == band.band_id]
            assert sum(cell.count for cell in cells) == bands[band.band_id]
            for cell in cells:
                inside = [
                    s
                    for s in scores
                    if s.score_milli is not None
                    and cell.lower_milli <= s.score_milli < cell.upper_milli
                ]
                assert cell.count == len(inside)

    run(new_store, path)


def test_no_byte_tells_how_those_below_the_line_are_spread(new_sqlite: NewStore) -> None:
    said = list[ScoreHistogram]()

    def path(low: list[int]) -> Callable[[World, Town], Awaitable[None]]:
        async def act(_: World, town: Town) -> None:
            await crowd(town, [*low, *([25_000] * 300), *([60_000] * 40)])
            said.append((await publish(town)).histogram)
            content = await payload(town)
            assert not any(band.encode() in content for band in LOW)

        return act

    run(lambda name: new_sqlite(f"one {name}"), path([-90_000] * 200))
    run(lambda name: new_sqlite(f"two {name}"), path([19_999] * 100 + [-50_000] * 100))
    one, two = said
    assert replace(one, header=two.header, scale=two.scale) == two


def test_one_resident_more_less_or_elsewhere_changes_what_is_noised_by_two_at_most(
    new_sqlite: NewStore,
) -> None:
    class Seen(Exception):  # noqa: N818 - nothing went wrong
        pass

    async def counts(town: Town) -> list[int]:
        seen = list[int]()

        def look(found: Sequence[int], _: float) -> tuple[int, ...]:
            seen[:] = found
            raise Seen

        with pytest.raises(Seen):
            await publish(town, noise=look)
        return seen

    async def path(_: World, town: Town) -> None:
        made = await crowd(town, bell(200))
        before = await counts(town)
        for points in (-400_000, 0, 20_000, 33_333, 50_000, 99_999, 500_000):
            for resident in (made[0], made[-1]):
                await recount(town, replace(resident, shared_milli=points))
                now = await counts(town)
                differs = sum(abs(a - b) for a, b in zip(before, now, strict=True))
                assert differs <= HISTOGRAM_SENSITIVITY
                before = now
            await crowd(town, [points])
            more = await counts(town)
            differs = sum(abs(a - b) for a, b in zip(before, more, strict=True))
            assert differs <= HISTOGRAM_SENSITIVITY
            before = more
        assert await spent(town) == []

    run(new_sqlite, path)


def test_a_small_cell_is_never_shown_and_a_small_band_is_left_out(new_sqlite: NewStore) -> None:
    async def path(_: World, town: Town) -> None:
        # Three stand out; one alone holds a cell of the middle.
        await crowd(town, [0] * 200 + [25_000] * 60 + [42_000] + [80_000] * 3)
        found = (await publish(town)).histogram
        assert all(cell.count == 0 or cell.count >= SHOWN_LEAST for cell in found.cells)
        top = [cell for cell in found.cells if cell.band_id == "outstanding"]
        assert [cell.count for cell in top] == [0]
        assert sum(cell.count for cell in found.cells) == 61
        assert (found.total, found.smallest_shown) == (264, SHOWN_LEAST)

    run(new_sqlite, path)


def test_with_more_noise_more_is_left_out(new_sqlite: NewStore) -> None:
    async def path(_: World, town: Town) -> None:
        await crowd(town, [0] * 200 + [25_000] * 300 + [60_000] * 90)
        found = (await publish(town, epsilon_milli=100)).histogram
        assert (found.epsilon_milli, found.smallest_shown) == (100, 100)
        assert [c.count for c in found.cells if c.band_id == "outstanding"] == [0]

    run(new_sqlite, path)


def test_noise_never_makes_a_total_below_what_is_shown_or_below_nothing(
    new_sqlite: NewStore,
) -> None:
    def lopsided(counts: Sequence[int], _: float) -> tuple[int, ...]:
        return (-50, *(count + 9 for count in counts[1:]))

    def under(counts: Sequence[int], _: float) -> tuple[int, ...]:
        return tuple(-9 for _ in counts)

    async def path(_: World, town: Town) -> None:
        await crowd(town, [25_000] * 150)
        found = (await publish(town, noise=lopsided)).histogram
        assert found.total == sum(cell.count for cell in found.cells) > 150
        await load_scale(town, lambda text: text + "\n")
        found = (await publish(town, noise=under)).histogram
        assert found.total == sum(cell.count for cell in found.cells) == 0

    run(new_sqlite, path)


def test_publishing_again_gives_the_first_and_spends_nothing(new_store: NewStore) -> None:
    async def path(_: World, town: Town) -> None:
        await crowd(town, bell(400))
        first = await really(town)
        assert first.fresh
        await crowd(town, bell(400, "later"))
        for epsilon, width in ((0, 0), (1000, 5000), (10, 0), (0, 20_000)):
            again = await publish(town, epsilon, width)
            assert again == Publication(first.histogram, fresh=False)
        assert await spent(town) == [1000]

    run(new_store, path)


@pytest.mark.parametrize("turn", range(3))
def test_two_processes_that_publish_at_once_publish_one(new_store: NewStore, turn: int) -> None:
    async def path(stores: NewStore) -> None:
        url = stores("city")
        async with world(lambda _: url, HOME) as cities:
            one = cities[HOME]
            await crowd(one, bell(300))
            second = await asyncio.to_thread(open_store, url, one.clock)
            other = Town(one.code, second, one.clock, cities)
            try:
                both = await asyncio.gather(really(one), really(other))
            finally:
                await second.close()
            assert both[0].histogram == both[1].histogram
            assert sorted(each.fresh for each in both) == [False, True]
            assert await spent(one) == [1000]

    run_path(path, new_store)


def test_the_narrowest_and_the_widest_cells_can_be_counted(new_store: NewStore) -> None:
    async def path(_: World, town: Town) -> None:
        await load_scale(town, lambda text: text.replace('from = "excellent"', 'from = "poor"'))
        await crowd(town, [30_000] * 200)
        narrow = (await publish(town, width_milli=202)).histogram
        await load_scale(town, lambda text: text + "\n")
        wide = (await publish(town, width_milli=2**63 - 1)).histogram
        assert sum(c.count for c in narrow.cells) == sum(c.count for c in wide.cells) == 200
        assert [cell.band_id for cell in wide.cells] == ["excellent", "outstanding"]

    run(new_store, path)


def test_where_every_band_may_be_told_whoever_is_off_the_scale_stands_at_its_end(
    new_sqlite: NewStore,
) -> None:
    async def path(_: World, town: Town) -> None:
        await load_scale(town, lambda text: text.replace('from = "excellent"', 'from = "poor"'))
        await crowd(town, [-900_000] * 60 + [-100_000] * 40 + [900_000] * 50)
        found = (await publish(town)).histogram
        assert (found.cells[0].lower_milli, found.cells[0].count) == (0, 100)
        assert (found.cells[-1].upper_milli, found.cells[-1].count) == (200_001, 50)
        assert found.total == 150

    run(new_sqlite, path)


def test_a_red_list_says_how_many_are_on_it_each_once(new_store: NewStore) -> None:
    async def path(_: World, town: Town) -> None:
        await crowd(town, [0] * 150)
        await crowd(town, [0] * 30, "blood-donor")
        await crowd(town, [0] * 12, "blood-donor", "volunteer-star")
        await crowd(town, [0] * 20, "of-no-list")
        found = (await publish(town)).histogram
        assert [(cell.band_id, cell.count) for cell in found.cells] == [("listed", 42)]
        assert (found.total, found.is_numeric) == (212, False)
        await refused(FIELD_INVALID, _fresh_width(town))

    run(new_store, path, NANJING)


async def _fresh_width(town: Town) -> None:
    await load_scale(town, lambda text: text + "\n")
    await publish(town, width_milli=1000)


def test_who_is_on_two_lists_is_counted_in_the_higher_alone(new_sqlite: NewStore) -> None:
    more = """
[[bands]]
id = "model"
name = { zh = "楷模", en = "model" }
listed_by = ["of-the-year"]
source = "made up for tests"
"""

    async def path(_: World, town: Town) -> None:
        await load_scale(town, lambda text: text + more)
        await crowd(town, [0] * 100)
        await crowd(town, [0] * 40, "blood-donor")
        await crowd(town, [0] * 25, "blood-donor", "of-the-year")
        await crowd(town, [0] * 15, "of-the-year")
        found = (await publish(town)).histogram
        assert [(c.band_id, c.count) for c in found.cells] == [("listed", 40), ("model", 40)]
        lowest = data.path("nanjing/scale.toml").read_text("utf-8")
        first = lowest.partition('[[bands]]\nid = "')[2].partition('"')[0]
        await load_scale(
            town, lambda text: text.replace('from = "listed"', f'from = "{first}"') + more
        )
        found = (await publish(town)).histogram
        assert [cell.count for cell in found.cells] == [100, 40, 40]

    run(new_sqlite, path, NANJING)
