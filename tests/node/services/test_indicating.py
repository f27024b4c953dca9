"""Indicator catalogues are put in force whole, one version each, and say what they take away."""

import threading
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from federation.errors import HutongError
from federation.identifiers import CityCode
from node import data
from node.clock import SystemEntropy
from node.errors import FILE_INVALID, NOTHING_IN_FORCE, PAGE_INVALID, UNKNOWN
from node.incentives import Catalogue
from node.indicators import Indicator, IndicatorCatalogue
from node.limits import PAGE_MOST
from node.logbook import LogKind
from node.model import PageRequest
from node.record_limits import INDICATOR_BYTES
from node.services.here import Here
from node.services.indicating import IndicatorDesk, IndicatorFilter, LoadedIndicators
from node.services.standing import current, find_resident
from node.store import Store
from node.store.trust_tables import LOG_ENTRIES
from tests.conftest import NewStore
from tests.node.services.trying import played
from tests.node.services.world import Town, world
from tests.node.store.rig import Desk, opened

HOME = CityCode("410100")
NAME = "indicators.toml"
FULL = data.path("zhengzhou/indicators.toml").read_bytes()
SMALL = data.path("hangzhou/indicators.toml").read_bytes().replace(b"330100", HOME.encode(), 1)
ALL = PageRequest(PAGE_MOST, "")


def reworded(number: int) -> bytes:
    """The shipped catalogue with another source."""
    return FULL.replace(b'source = "', f'source = "{number} '.encode(), 1)


def without(content: bytes, *names: str) -> bytes:
    """The catalogue without some indicators."""
    head, *tables = content.decode().split("\n[[indicators]]\n")
    kept = [t for t in tables if not any(t.startswith(f'id = "{name}"\n') for name in names)]
    assert len(kept) == len(tables) - len(names)
    return "\n[[indicators]]\n".join([head, *kept]).encode()


def decisions(town: Town) -> int:
    """How many traces of operators' decisions there are."""
    with town.store._engine.connect() as connection:
        kinds = connection.execute(sa.select(LOG_ENTRIES.c.kind)).scalars()
        return list(kinds).count(LogKind.ADMINISTRATIVE.value)


async def load(town: Town, content: bytes) -> LoadedIndicators:
    desk = town.cases.indicating
    read = desk.read(NAME, content)
    return await town.store.run(lambda tx: desk.load(tx, read))


def in_force(store: Store) -> IndicatorCatalogue:
    found = store.registry.indicators
    assert found is not None
    return found


@played
async def test_a_catalogue_is_the_next_version_and_the_same_file_again_is_none(
    new_store: NewStore,
) -> None:
    async with world(new_store, HOME) as cities:
        town = cities[HOME]
        await town.resident()
        first = await load(town, FULL)
        assert (first.changed, first.catalogue.version, first.resident_count) == (True, 2, 1)
        version = town.store.registry.version
        traces = decisions(town)
        again = await load(town, FULL)
        assert (again.changed, again.resident_count, again.lost) == (False, 0, ())
        assert again.catalogue == first.catalogue == in_force(town.store)
        assert town.store.registry.version == version
        assert decisions(town) == traces
        other = await load(town, reworded(1))
        back = await load(town, FULL)
        assert (other.catalogue.version, back.catalogue.version, back.changed) == (3, 4, True)


@played
async def test_a_catalogue_leaves_a_trace_and_a_bad_one_leaves_nothing(
    new_sqlite: NewStore,
) -> None:
    async with world(new_sqlite, HOME) as cities:
        town = cities[HOME]
        before, traces = town.store.registry, decisions(town)
        for content in (b"", FULL[: len(FULL) // 2], FULL.replace(b"points = 5", b"points = 0")):
            with pytest.raises(HutongError) as refused:
                await load(town, content)
            assert refused.value.reason == FILE_INVALID
        assert town.store.registry is before
        await load(town, FULL)
        assert decisions(town) == traces + 1


@played
async def test_records_that_lose_their_indicator_are_counted_and_count_nothing_at_once(
    new_store: NewStore,
) -> None:
    async with world(new_store, HOME) as cities:
        town = cities[HOME]
        resident = await town.resident(7)
        await town.resident(3)

        async def points() -> int:
            def look(tx: object) -> int:
                day = town.cases.here.day(town.clock.now())
                return current(tx, find_resident(tx, resident), day).points_milli  # type: ignore[arg-type]

            return await town.store.read(look)

        assert await points() == 7000
        loaded = await load(town, FULL)
        lost = {each.indicator.indicator_id: each.record_count for each in loaded.lost}
        assert lost == {"add-1": 2, "add-2": 2, "add-4": 1}
        assert loaded.resident_count == 2
        assert await points() == 0
        # What no record names is gone without a word.
        assert (await load(town, without(FULL, "traffic.warned", "price.warned"))).lost == ()
        assert len(in_force(town.store).indicators) == 1178


@played
async def test_the_indicators_are_listed_page_by_page_and_found_by_what_is_asked(
    new_sqlite: NewStore,
) -> None:
    async with world(new_sqlite, HOME) as cities:
        town = cities[HOME]
        catalogue = (await load(town, FULL)).catalogue
        desk = town.cases.indicating

        async def found(wanted: IndicatorFilter, size: int = PAGE_MOST) -> list[Indicator]:
            items, token = list[Indicator](), ""
            while True:
                request = PageRequest(size, token)
                page = await town.store.read(lambda tx, r=request: desk.page(tx, wanted, r))  # type: ignore[misc]
                items += page.items
                token = page.next_token
                if not token:
                    return items

        assert await found(IndicatorFilter(), 77) == list(catalogue.indicators.values())
        loans = await found(IndicatorFilter(department="library", category="library-loan"))
        assert {i.category_id for i in loans} == {"library-loan"}
        assert len(loans) == 9
        assert [i.indicator_id for i in await found(IndicatorFilter(contains="LOAN.Overdue"))] == [
            "library-loan.overdue-month",
            "library-loan.overdue-year",
        ]
        assert len(await found(IndicatorFilter(contains="图书借阅逾期"))) == 2
        assert await found(IndicatorFilter(contains="\x00")) == []
        for wanted in (IndicatorFilter(department="libary"), IndicatorFilter(category="loan")):
            with pytest.raises(HutongError, match="librar") as refused:
                await found(wanted)
            assert refused.value.reason == UNKNOWN
        request = PageRequest(10, "no-such-place")
        with pytest.raises(HutongError) as refused:
            await town.store.read(lambda tx: desk.page(tx, IndicatorFilter(), request))
        assert refused.value.reason == PAGE_INVALID


def test_where_none_is_in_force_the_way_to_one_is_told(new_sqlite: NewStore) -> None:
    with opened(new_sqlite("empty")) as store:
        desk = office(store)
        with pytest.raises(HutongError, match="hutong indicators load") as refused:
            store.read(lambda tx: desk.page(tx, IndicatorFilter(), ALL))
        assert refused.value.reason == NOTHING_IN_FORCE


def office(store: Desk) -> IndicatorDesk:
    return IndicatorDesk(Here(HOME, ZoneInfo("Asia/Shanghai"), store.clock, SystemEntropy()))


def test_two_operators_who_load_at_once_make_one_version_each(new_store: NewStore) -> None:
    url = new_store("operators")
    with opened(url) as one, opened(url) as other:
        made = list[int]()

        def loads(store: Desk, numbers: Sequence[int]) -> None:
            desk = office(store)
            for number in numbers:
                read = desk.read(NAME, SMALL.replace(b'"illustrative', f'"{number} '.encode(), 1))
                made.append(store.run(lambda tx, r=read: desk.load(tx, r)).catalogue.version)  # type: ignore[misc]

        threads = [
            threading.Thread(target=loads, args=(one, range(10))),
            threading.Thread(target=loads, args=(other, range(10, 20))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(made) == list(range(1, 21))
        one.refresh()
        assert in_force(one.store).version == 20


def test_a_catalogue_is_parsed_once_for_many_registries(new_sqlite: NewStore) -> None:
    url = new_sqlite("cached")
    with opened(url) as one, opened(url) as other:
        desk = office(one)
        read = desk.read(NAME, FULL)
        one.run(lambda tx: desk.load(tx, read))
        found = [in_force(one.store)]
        for number in range(3):
            one.run(lambda tx, n=number: tx.administration.put_catalogue(Catalogue(1, (), str(n))))  # type: ignore[misc]
            other.refresh()
            found += [in_force(one.store), in_force(other.store)]
        assert len({id(each) for each in found[1:]}) == 1
        assert found[0] == found[-1]


def test_a_file_that_is_too_large_is_refused_before_all_of_it_came(new_sqlite: NewStore) -> None:
    with opened(new_sqlite("large")) as store:
        desk = office(store)
        desk.check_size(NAME, INDICATOR_BYTES)
        with pytest.raises(HutongError) as refused:
            desk.check_size(NAME, INDICATOR_BYTES + 1)
        assert refused.value.reason == FILE_INVALID
