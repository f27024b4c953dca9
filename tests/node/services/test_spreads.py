"""Histograms on their way: kept once, believed only where signed, and only of known scales."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from federation.codec import SCORE_HISTOGRAM, envelope_from_bytes
from federation.envelope import Envelope, seal
from federation.errors import (
    MALFORMED,
    MISSING_SIGNATURE,
    TOO_LARGE,
    UNKNOWN_KEY,
    HutongError,
)
from federation.histogram import HistogramCell, ScoreHistogram
from federation.identifiers import CityCode
from federation.keys import Ed25519Signer
from node.errors import NOT_A_PARTNER
from node.ports import ScaleSwap
from tests.conftest import NewStore
from tests.node.services.agreeing import HOME, HOST, THIRD, refused
from tests.node.services.agreeing import run as run_path
from tests.node.services.crowds import crowd, publish
from tests.node.services.publishing import bell, scale_of
from tests.node.services.world import Town, World, world

Path = Callable[[World, Town, Town], Awaitable[None]]


def run(stores: NewStore, path: Path, *codes: str) -> None:
    async def whole(made: NewStore) -> None:
        async with world(made, *(codes or (HOME, HOST)), agreed=False) as cities:
            # Their scales are known; no histogram is.
            await cities[HOST].cases.swapping.swap(cities[HOME].code)
            await path(cities, cities[HOME], cities[HOST])

    run_path(whole, stores)


async def kept(at: Town, of: Town) -> list[Envelope]:
    found = await at.store.read(lambda tx: tx.histograms.newest())
    return [envelope_from_bytes(each.envelope) for each in found if each.city == of.code]


def sealed(histogram: ScoreHistogram, by: Town) -> Envelope:
    return seal(SCORE_HISTOGRAM, histogram, [by.keys.signer])


def rotated(town: Town) -> None:
    """The town signs with a new key, and its bundle names the old one no more."""
    town.keys.signer = Ed25519Signer.from_seed(b"another".ljust(32, b"."))
    town.keys.bundle = town.keys.make_bundle(town.code, town.clock.now(), 2)


async def bring(at: Town, of: CityCode, *histograms: Envelope) -> ScaleSwap:
    return await at.cases.swapping.receive_scales(of, ScaleSwap(histograms=histograms))


def of_home(home: Town, seed: str = "home") -> ScoreHistogram:
    return bell(home, seed, 4000, 108, 18)


def test_one_swap_brings_both_histograms_and_the_next_nothing_new(new_store: NewStore) -> None:
    async def path(_: World, home: Town, host: Town) -> None:
        await home.cases.swapping.swap(host.code)
        assert await kept(home, host) == await kept(host, home) == []
        for town in (home, host):
            await crowd(town, [25_000 * (i % 9) for i in range(300)])
            await publish(town)
        await home.cases.swapping.swap(host.code)
        for one, other in ((home, host), (host, home)):
            assert await kept(one, other) == await kept(other, other) != []
        sizes = [await town.store.read(lambda tx: tx.log.size()) for town in (home, host)]
        await host.cases.swapping.swap(home.code)
        assert [await t.store.read(lambda tx: tx.log.size()) for t in (home, host)] == sizes

    run(new_store, path)


def test_what_was_published_outlives_the_key_that_signed_it_first(new_store: NewStore) -> None:
    async def path(_: World, home: Town, host: Town) -> None:
        await crowd(home, [25_000 * (i % 9) for i in range(300)])
        await publish(home)
        rotated(home)
        await host.cases.swapping.swap(home.code)
        [known], [own] = await kept(host, home), await kept(home, home)
        assert known.payload == own.payload
        # The scale, which is as old, is swapped on, whoever asks.
        await home.cases.swapping.swap(host.code)

    run(new_store, path)


def test_a_second_histogram_of_the_version_is_not_kept_is_logged_and_stops_nothing(
    new_store: NewStore,
) -> None:
    async def path(_: World, home: Town, host: Town) -> None:
        first, second = of_home(home), of_home(home, "once more")
        await bring(host, home.code, sealed(first, home))
        with capture_logs() as logs:
            answer = await bring(host, home.code, sealed(second, home), sealed(first, home))
        assert answer.scales
        assert [(entry["event"], entry["partner"]) for entry in logs] == [
            ("second_histogram", home.code)
        ]
        [still] = await kept(host, home)
        assert still.payload == sealed(first, home).payload

    run(new_store, path)


def test_a_histogram_of_another_city_or_signed_by_one_is_refused(new_sqlite: NewStore) -> None:
    async def path(cities: World, home: Town, host: Town) -> None:
        third, said = cities[THIRD], of_home(home)
        # Suzhou brings Zhengzhou's; signs it; and speaks for itself under Zhengzhou's name.
        await refused(UNKNOWN_KEY, bring(host, third.code, sealed(said, home)))
        for caller in (third.code, home.code):
            with pytest.raises(HutongError):
                await bring(host, caller, sealed(said, third))
        assert await kept(host, home) == await kept(host, third) == []
        await refused(NOT_A_PARTNER, bring(host, CityCode("420100"), sealed(said, home)))

    run(new_sqlite, path, HOME, HOST, THIRD)


def test_a_changed_byte_is_refused(new_sqlite: NewStore) -> None:
    async def path(_: World, home: Town, host: Town) -> None:
        honest = sealed(of_home(home), home)
        for place in range(0, len(honest.payload), 37):
            flipped = bytearray(honest.payload)
            flipped[place] ^= 1
            with pytest.raises(HutongError) as error:
                await bring(host, home.code, replace(honest, payload=bytes(flipped)))
            assert error.value.reason.name in {"BAD_SIGNATURE", MISSING_SIGNATURE.name}
        assert await kept(host, home) == []

    run(new_sqlite, path)


def test_a_histogram_of_a_version_that_is_not_known_is_refused(new_sqlite: NewStore) -> None:
    async def path(_: World, home: Town, host: Town) -> None:
        said = of_home(home)
        for scale in (
            replace(said.scale, version=2),
            replace(said.scale, scale_id="another"),
            replace(said.scale, digest=bytes(32)),
        ):
            wrong = replace(said, scale=scale)
            error = await refused(MALFORMED, bring(host, home.code, sealed(wrong, home)))
            assert error.fields["where"] == "histograms.scale"
        assert await kept(host, home) == []

    run(new_sqlite, path)


def test_cells_that_are_not_of_the_exportable_bands_are_refused(new_sqlite: NewStore) -> None:
    async def path(_: World, home: Town, host: Town) -> None:
        said = of_home(home)
        line = said.cells[0].lower_milli
        low = HistogramCell("good", line - 20_000, line, 500)
        for cells in ((low, *said.cells), said.cells[1:], said.cells[:-1]):
            wrong = replace(said, cells=cells)
            error = await refused(MALFORMED, bring(host, home.code, sealed(wrong, home)))
            assert error.fields["where"] == "cells"
        assert await kept(host, home) == []

    run(new_sqlite, path)


def test_one_bad_histogram_keeps_none_of_those_beside_it(new_sqlite: NewStore) -> None:
    async def path(_: World, home: Town, host: Town) -> None:
        said = of_home(home)
        wrong = replace(said, scale=replace(said.scale, version=9))
        await refused(MALFORMED, bring(host, home.code, sealed(said, home), sealed(wrong, home)))
        assert await kept(host, home) == []

    run(new_sqlite, path)


def test_more_histograms_than_a_city_can_have_are_refused(new_sqlite: NewStore) -> None:
    async def path(_: World, home: Town, host: Town) -> None:
        await refused(TOO_LARGE, bring(host, home.code, *[sealed(of_home(home), home)] * 9))
        assert await kept(host, home) == []

    run(new_sqlite, path)


def test_a_scale_that_comes_with_its_histogram_is_known_in_time(new_sqlite: NewStore) -> None:
    async def path(_: World, home: Town, host: Town) -> None:
        text = home.store.registry.own_scales[-1].content + "\n"
        load = home.cases.catalogue.load_scale
        await home.store.run(lambda tx: load(tx, "scale.toml", text.encode()))
        assert scale_of(home).version == 2
        await crowd(home, [25_000] * 200)
        await publish(home)
        await host.cases.swapping.swap(home.code)
        [found] = await kept(host, home)
        assert SCORE_HISTOGRAM.decode(found.payload).scale.version == 2

    run(new_sqlite, path)
