"""Two cities that know nothing of each other yet, and the steps by which their officers meet."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from federation import codec
from federation.envelope import Envelope, seal
from federation.identifiers import CityCode
from federation.limits import PARTNERSHIP_LIFETIME
from federation.messages import Flags, Header, Partnership
from node.model import PartnerMove
from node.registry import Partner
from node.services.partners import Approval
from node.store import open_store
from tests.conftest import NewStore
from tests.node.services.world import OPERATOR, Town, World, world

ZHENGZHOU, HANGZHOU, SUZHOU = CityCode("410100"), CityCode("330100"), CityCode("320500")
SECOND = "operator/second"
APPROVAL = Approval("an agreement of the two cities", "PIA-1")


@contextlib.asynccontextmanager
async def strangers(new_store: NewStore) -> AsyncIterator[World]:
    """Zhengzhou and Hangzhou, each without any partner."""
    async with world(new_store, ZHENGZHOU) as cities:
        store = await asyncio.to_thread(open_store, new_store(HANGZHOU), cities.clock)
        cities.towns[HANGZHOU] = Town(HANGZHOU, store, cities.clock, cities)
        await cities[HANGZHOU].load_rules()
        yield cities
        for town in cities.towns.values():
            await town.cases.refreshing.close()
            await town.cases.rooms.close()


async def exchange(town: Town, other: Town, actor: str = OPERATOR) -> Partner:
    """One town takes the other's descriptor."""
    given = other.cases.partners.descriptor()
    desk = town.cases.partners
    return await town.store.run(
        lambda tx: desk.add(tx, given.json.encode(), given.fingerprint, actor)
    )


async def approve(town: Town, other: Town, actor: str = SECOND) -> Partner:
    """A second operator of one town approves the other."""
    desk = town.cases.partners
    return await town.store.run(lambda tx: desk.approve(tx, other.code, actor, APPROVAL, "a start"))


async def meet(one: Town, other: Town) -> None:
    """Both exchange and approve, and each knows of the other's approval."""
    for town, partner in ((one, other), (other, one)):
        await exchange(town, partner)
        await approve(town, partner)
    await one.cases.swapping.swap(other.code)


async def suspend(town: Town, other: Town, actor: str = SECOND) -> Partner:
    desk = town.cases.partners
    return await town.store.run(lambda tx: desk.suspend(tx, other.code, actor, "a drill"))


async def resume(town: Town, other: Town, actor: str = SECOND) -> Partner:
    desk = town.cases.partners
    return await town.store.run(lambda tx: desk.resume(tx, other.code, actor, "it is over"))


async def end(town: Town, other: Town, actor: str = SECOND) -> Partner:
    desk = town.cases.partners
    return await town.store.run(lambda tx: desk.end(tx, other.code, actor, "a new law"))


async def steps(town: Town, other: Town) -> tuple[PartnerMove, ...]:
    """What a town kept of its way with the other."""
    return await town.store.read(lambda tx: tx.partnerships.moves(other.code))


def partner(town: Town, other: Town) -> Partner:
    """How the other one stands to a town."""
    return town.store.registry.partners[other.code]


def statement(
    issuer: Town,
    audience: CityCode,
    sequence: int,
    flags: Flags,
    *,
    city: CityCode | None = None,
) -> Envelope:
    """What a city could say by hand, with its real key."""
    now = issuer.clock.now()
    said = Partnership(
        header=Header(
            f"00000000-0000-7000-8000-{sequence:012d}",
            city or issuer.code,
            (audience,),
            now,
            now + PARTNERSHIP_LIFETIME,
        ),
        sequence=sequence,
        flags=flags,
        agreements=(),
    )
    return seal(codec.PARTNERSHIP, said, [issuer.keys])
