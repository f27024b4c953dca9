"""Whether equals are treated alike: an unfair table is found out, and nobody shows."""

import random

import pytest

from federation.errors import AGREEMENT_NOT_ACTIVE, HutongError
from federation.fairness import Treatment
from federation.identifiers import CityCode
from node.errors import FIELD_INVALID, HISTOGRAM_MISSING
from node.services.fairness_report import NOTHING_PUBLISHED, BandFairness, Report
from tests.conftest import NewStore
from tests.federation.population import SMALLEST
from tests.node.services.agreeing import HOME, HOST, run
from tests.node.services.publishing import bell, red_list, spread_word
from tests.node.services.world import Town, World, world

NANJING = "320100"
ROWS = """rows = [
    { home = "excellent", host = "excellent" },
    { home = "outstanding", host = "outstanding" },
]"""
LIFTED = ROWS.replace('host = "excellent"', 'host = "outstanding"')
PRESSED = ROWS.replace('host = "outstanding"', 'host = "excellent"')
DROPPED = """rows = [{ home = "outstanding", host = "outstanding" }]"""


def mapped(rows: str, text: str) -> str:
    """The shipped agreement, where Hangzhou reads Zhengzhou's bands by these rows."""
    head, start, way = text.partition(f'home = "{HOME}"')
    if rows is DROPPED:
        way = way.replace('line = "excellent"', 'line = "outstanding"')
    return head + start + way.replace(ROWS, rows)


async def report(town: Town, home: str = "") -> Report:
    wanted = CityCode(home) if home else None
    return await town.store.read(lambda tx: town.cases.fairness.report(tx, wanted))


def bands(found: Report, home: str) -> dict[str, BandFairness]:
    return {each.home_band: each for each in found.bands if each.home == home}


def qualify(found: Report, home: str) -> dict[str, tuple[tuple[str, ...], int]]:
    return {i.incentive_id: (i.bands, i.count) for i in found.incentives if i.home == home}


async def two(cities: World, rows: str, seed: str) -> Report:
    """Hangzhou's report, where the same part of both cities' residents is outstanding."""
    home, host = cities[HOME], cities[HOST]
    draw = random.Random(seed)  # noqa: S311 - it must repeat
    # 120 and 150 lie as many spreads above Zhengzhou's mean as 700 and 750 above Hangzhou's.
    spread, top = draw.uniform(16, 22), draw.uniform(1.6, 2.0)
    host_spread = spread * 50 / 30
    mean, host_mean = 150 - top * spread, 750 - top * host_spread
    size, host_size = draw.randint(15_000, 60_000), draw.randint(15_000, 60_000)
    await spread_word(bell(home, f"home {seed}", size, mean, spread), host)
    await spread_word(bell(host, f"host {seed}", host_size, host_mean, host_spread), host)
    await host.agree(home, lambda text: mapped(rows, text))
    return await report(host, HOME)


@pytest.mark.parametrize("seed", ["one", "two", "three", "four"])
def test_a_fair_table_is_not_flagged_whatever_the_cities_are_like(
    new_sqlite: NewStore, seed: str
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            found = bands(await two(cities, ROWS, seed), HOME)
            assert {each.treatment for each in found.values()} == {Treatment.AS_PLACED}
            assert (found["outstanding"].equal_low, found["outstanding"].equal_high) == (
                "outstanding",
                "outstanding",
            )

    run(path, new_sqlite)


@pytest.mark.parametrize("seed", ["one", "two", "three", "four"])
@pytest.mark.parametrize(
    ("rows", "band", "verdict", "said"),
    [
        (LIFTED, "excellent", Treatment.HIGHER, "read higher than equally placed residents here"),
        (PRESSED, "outstanding", Treatment.LOWER, "read lower than equally placed residents here"),
        (DROPPED, "excellent", Treatment.LOWER, "read lower than equally placed residents here"),
    ],
)
def test_a_table_that_lifts_presses_or_drops_a_band_is_flagged(
    new_sqlite: NewStore, seed: str, rows: str, band: str, verdict: Treatment, said: str
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            found = bands(await two(cities, rows, seed), HOME)
            flagged = {name: each.treatment for name, each in found.items()}
            other = next(name for name in flagged if name != band)
            assert flagged == {band: verdict, other: Treatment.AS_PLACED}
            zh, en = found[band].texts
            assert said in en
            assert "同位次的本市居民" in zh

    run(path, new_sqlite)


def test_a_city_s_own_residents_are_as_placed_and_come_first(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            host = cities[HOST]
            await spread_word(bell(host, "host", 30_000, 640, 80), host)
            found = await report(host)
            assert list(dict.fromkeys(each.home for each in found.bands)) == [HOST, HOME]
            assert {b.treatment for b in bands(found, HOST).values()} == {Treatment.AS_PLACED}

    run(path, new_sqlite)


def test_it_says_who_qualifies_and_how_many_with_noise(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            shown = bell(home, "home", 30_000, 108, 18)
            await spread_word(shown, host)
            found = qualify(await report(host, HOME), HOME)
            both = sum(cell.count for cell in shown.cells)
            best = sum(c.count for c in shown.cells if c.band_id == "outstanding")
            assert found["library-card"] == (("excellent", "outstanding"), both)
            assert found["scenic-free"] == (("outstanding",), best)
            # What is open to everyone counts everyone, those of no band too.
            assert found["scenic-map"] == (("excellent", "outstanding"), shown.total)

    run(path, new_sqlite)


def test_who_is_read_as_a_newcomer_qualifies_for_what_newcomers_have_only(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            found = qualify(await two(cities, DROPPED, "one"), HOME)
            assert found["library-card"][0] == ("outstanding",)
            assert found["scenic-map"][0] == ("excellent", "outstanding")

    run(path, new_sqlite)


def test_no_count_is_under_the_threshold_and_no_band_below_the_line(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            # Of 200 residents about two stand above 150.
            await spread_word(bell(home, "small", 200, 110, 17), host)
            await spread_word(bell(host, "host", 30_000, 640, 80), host)
            found = await report(host)
            counts = [band.count for band in found.bands]
            counts += [incentive.count for incentive in found.incentives]
            assert all(count == 0 or count >= SMALLEST for count in counts)
            assert bands(found, HOME)["outstanding"].count == 0
            assert bands(found, HOME)["outstanding"].treatment is Treatment.UNKNOWN
            said = repr(found)
            for own, line in ((home, "excellent"), (host, "excellent")):
                scale = own.store.registry.own_scale()
                assert scale is not None
                for band in scale.scale.bands[: scale.scale.rank(line)]:
                    assert f"'{band.band_id}'" not in said
                    assert f"“{band.name_zh}”" not in said

    run(path, new_sqlite)


def test_without_a_histogram_it_says_what_to_run_next_and_flags_nothing(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            host = cities[HOST]
            await spread_word(bell(host, "host", 30_000, 640, 80), host)
            found = await report(host)
            for each in bands(found, HOME).values():
                assert (each.treatment, each.count) == (Treatment.UNKNOWN, NOTHING_PUBLISHED)
                assert all("`hutong histogram publish`" in text for text in each.texts)
                assert all(f"`hutong partner sync {HOME}`" in text for text in each.texts)
            assert {count for _, count in qualify(found, HOME).values()} == {NOTHING_PUBLISHED}

    run(path, new_sqlite)


@pytest.mark.parametrize(
    ("on_it", "treatment", "equal"),
    [
        (5_000, Treatment.LOWER, "outstanding"),
        (20_000, Treatment.AS_PLACED, "excellent"),
        (60_000, Treatment.HIGHER, ""),
    ],
)
def test_a_red_list_is_judged_by_how_many_are_on_it(
    new_sqlite: NewStore, on_it: int, treatment: Treatment, equal: str
) -> None:
    """Of Hangzhou some 23 in 100 are excellent, and 8 of them outstanding."""

    async def path(stores: NewStore) -> None:
        async with world(stores, NANJING, HOST) as cities:
            home, host = cities[NANJING], cities[HOST]
            for histogram in (
                red_list(home, on_it, 90_000),
                bell(host, "host", 30_000, 640, 80),
            ):
                await spread_word(histogram, home, host)
            found = bands(await report(host, NANJING), NANJING)["listed"]
            assert (found.count, found.host_band) == (on_it, "excellent")
            assert (found.treatment, found.equal_low) == (treatment, equal)
            # Who comes to the red list is judged by it just so.
            back = bands(await report(home, HOST), HOST)["outstanding"]
            assert back.host_band == "listed"
            assert back.treatment is not Treatment.UNKNOWN
            assert all(back.texts)

    run(path, new_sqlite)


def test_a_city_without_an_agreement_is_refused(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            with pytest.raises(HutongError) as raised:
                await report(cities[HOST], HOME)
            assert raised.value.reason is AGREEMENT_NOT_ACTIVE

    run(path, new_sqlite)


def test_a_concordance_is_of_this_city_and_another_whose_histogram_is_here(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            build = host.cases.concordances.sides

            async def refused(one: str, other: str) -> HutongError:
                with pytest.raises(HutongError) as raised:
                    await host.store.read(lambda tx: build(tx, CityCode(one), CityCode(other)))
                return raised.value

            for pair in ((HOME, NANJING), (HOST, HOST)):
                assert (await refused(*pair)).reason is FIELD_INVALID
            await spread_word(bell(host, "host", 30_000, 640, 80), host)
            missing = await refused(HOME, HOST)
            assert missing.reason is HISTOGRAM_MISSING
            assert missing.fields["city"] == HOME
            await spread_word(bell(home, "home", 30_000, 108, 18), host)
            sides = await host.store.read(lambda tx: build(tx, CityCode(HOST), CityCode(HOME)))
            assert sides.table(None).points

    run(path, new_sqlite)
