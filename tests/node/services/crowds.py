"""Many residents of a town at once, as their sums were counted, and what the town publishes."""

import hashlib
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence

from federation.codec import envelope_from_bytes
from node import data
from node.model import Resident
from node.ports import Transaction
from node.services.histograms import HistogramDesk, Noise, Publication
from tests.conftest import NewStore
from tests.node.services.agreeing import HOME
from tests.node.services.agreeing import run as run_path
from tests.node.services.world import OPERATOR, Town, World, world


async def crowd(town: Town, points: Iterable[int], *commendations: str) -> list[Resident]:
    """Residents whose shared points are these, in thousandths, all with these commendations."""
    catalogue = town.store.registry.indicators
    begin = await town.store.read(lambda tx: tx.residents.count())
    made = list[Resident]()
    for serial, milli in enumerate(points, begin + 1):
        digest = hashlib.sha256(f"{town.code} {serial}".encode()).digest()
        made.append(
            Resident(
                resident_id=f"00000000-0000-7000-9000-{serial:012d}",
                document_digest=digest,
                secret=digest,
                enrolled_at=town.clock.now(),
                person=serial,
                points_milli=milli - 40_000,
                shared_milli=milli,
                commendations=commendations,
                counted_by=catalogue.version if catalogue else 0,
            )
        )

    def keep(tx: Transaction) -> None:
        for resident in made:
            tx.residents.add(resident)
            tx.residents.recount(resident)

    await town.store.run(keep)
    return made


def quiet(counts: Sequence[int], scale: float) -> tuple[int, ...]:
    """No noise at all."""
    del scale
    return tuple(counts)


def desk(town: Town, noise: Noise = quiet) -> HistogramDesk:
    return HistogramDesk(town.cases.here, town.keys, noise)


async def publish(
    town: Town, epsilon_milli: int = 0, width_milli: int = 0, noise: Noise = quiet
) -> Publication:
    act = desk(town, noise).publish
    return await town.store.run(lambda tx: act(tx, OPERATOR, epsilon_milli, width_milli))


async def really(town: Town) -> Publication:
    """With the noise of every day."""
    act = town.cases.histograms.publish
    return await town.store.run(lambda tx: act(tx, OPERATOR))


def ending(lines: int) -> Callable[[str], str]:
    return lambda text: text + "\n" * lines


async def recount(town: Town, resident: Resident) -> None:
    await town.store.run(lambda tx: tx.residents.recount(resident))


async def spent(town: Town) -> list[int]:
    found = await town.store.read(lambda tx: tx.histograms.spendings())
    return [each.epsilon_milli for each in found]


async def payload(town: Town) -> bytes:
    own = town.store.registry.own_scale()
    assert own is not None
    scale = own.reference
    kept = await town.store.read(
        lambda tx: tx.histograms.get(scale.city, scale.scale_id, scale.version)
    )
    assert kept is not None
    return envelope_from_bytes(kept.envelope).payload


async def load_scale(town: Town, change: Callable[[str], str]) -> None:
    text = change(data.path(f"{data.city(town.code).pinyin}/scale.toml").read_text("utf-8"))
    load = town.cases.catalogue.load_scale
    await town.store.run(lambda tx: load(tx, "scale.toml", text.encode()))


def bell(size: int, seed: str = "a crowd") -> list[int]:
    draw = random.Random(seed)  # noqa: S311 - it must repeat
    return [round(draw.gauss(8000, 25_000)) for _ in range(size)]


def run(stores: NewStore, path: Callable[[World, Town], Awaitable[None]], city: str = HOME) -> None:
    async def whole(made: NewStore) -> None:
        async with world(made, city) as cities:
            await path(cities, cities[city])

    run_path(whole, stores)
