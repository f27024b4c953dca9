"""Partners: what a hostile or careless city may try."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from federation import codec
from federation.envelope import envelope_to_json, seal
from federation.errors import (
    BUNDLE_ROLLBACK,
    MISSING_SIGNATURE,
    UNKNOWN_KEY,
    WRONG_FINGERPRINT,
    HutongError,
    Reason,
)
from federation.identifiers import CityCode
from federation.trust import fingerprint
from node.errors import FIELD_INVALID, NOT_A_PARTNER, PEER_REFUSED
from node.model import Caller, PageRequest, Role
from node.ports import ScaleSwap
from tests.conftest import NewStore
from tests.node.services.simulated import MemoryKeys
from tests.node.services.world import Town, world

HOME, HOST, THIRD = "410100", "330100", "320500"
OPERATOR = Caller(Role.OPERATOR, "default")


def run(path: Callable[[NewStore], Awaitable[None]], stores: NewStore) -> None:
    async def whole() -> None:
        await path(stores)

    asyncio.run(whole())


async def refused(reason: Reason, act: Awaitable[object]) -> HutongError:
    with pytest.raises(HutongError) as found:
        await act
    assert found.value.reason == reason
    return found.value


def add(town: Town, descriptor: str, compared: str) -> Awaitable[object]:
    return town.store.run(
        lambda tx: town.cases.partners.add(tx, descriptor.encode(), compared, "operator/default")
    )


def test_a_descriptor_that_was_exchanged_on_its_way_is_refused(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, agreed=False) as cities:
            town = cities[HOME]
            honest = MemoryKeys(CityCode(HOST), cities.clock.now())
            forged = MemoryKeys(CityCode(THIRD), cities.clock.now())
            await refused(
                WRONG_FINGERPRINT,
                add(town, envelope_to_json(forged.bundle), fingerprint(honest.bundle)),
            )
            assert not town.store.registry.partners

    run(path, new_sqlite)


def test_a_city_is_no_partner_of_itself(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, agreed=False) as cities:
            own = cities[HOME].cases.partners.descriptor()
            await refused(FIELD_INVALID, add(cities[HOME], own.json, own.fingerprint))

    run(path, new_sqlite)


def test_an_older_or_forked_bundle_changes_nothing_and_a_newer_one_does(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            town, other = cities[HOME], cities[HOST]
            desk, keys = town.cases.swapping, other.keys
            newer = keys.make_bundle(other.code, cities.clock.now(), 3)
            await desk.receive_bundles(other.code, [newer])
            assert town.store.registry.partners[other.code].bundle.sequence == 3
            older = keys.make_bundle(other.code, cities.clock.now(), 2)
            await refused(BUNDLE_ROLLBACK, desk.receive_bundles(other.code, [older]))
            fork = keys.make_bundle(other.code, cities.clock.now() - timedelta(seconds=1), 3)
            await refused(BUNDLE_ROLLBACK, desk.receive_bundles(other.code, [fork]))
            assert town.store.registry.partners[other.code].envelope == newer

    run(path, new_sqlite)


def test_two_newer_bundles_that_come_at_once_leave_the_newest(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            town, other = cities[HOME], cities[HOST]
            desk, now = town.cases.swapping, cities.clock.now()
            two, three = (other.keys.make_bundle(other.code, now, n) for n in (2, 3))
            found = await asyncio.gather(
                desk.receive_bundles(other.code, [three]),
                desk.receive_bundles(other.code, [two]),
                return_exceptions=True,
            )
            assert town.store.registry.partners[other.code].bundle.sequence == 3
            assert isinstance(found[1], HutongError)

    run(path, new_sqlite)


def test_a_bundle_signed_by_another_root_is_refused(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, HOST, THIRD) as cities:
            town, other = cities[HOME], cities[HOST]
            honest = other.keys.make_bundle(other.code, cities.clock.now(), 2)
            bundle = codec.TRUST_BUNDLE.decode(honest.payload)
            forged = seal(codec.TRUST_BUNDLE, bundle, [cities[THIRD].keys.root])
            await refused(
                MISSING_SIGNATURE, town.cases.swapping.receive_bundles(other.code, [forged])
            )

    run(path, new_sqlite)


def test_a_scale_of_another_city_is_refused(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, HOST, THIRD) as cities:
            own = cities[THIRD].store.registry.own_scale()
            assert own is not None
            desk = cities[HOME].cases.swapping
            await refused(
                UNKNOWN_KEY, desk.receive_scales(cities[HOST].code, ScaleSwap((own.envelope,)))
            )

    run(path, new_sqlite)


def test_a_suspension_without_a_reason_is_refused(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            desk = cities[HOME].cases.partners
            code = cities[HOST].code
            await refused(
                FIELD_INVALID,
                cities[HOME].store.run(lambda tx: desk.suspend(tx, code, "operator/default", " ")),
            )

    run(path, new_sqlite)


def test_lists_are_paged_and_never_cut(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, HOST, THIRD) as cities:
            desk = cities[HOME].cases.partners
            first = desk.page(PageRequest(1, ""))
            second = desk.page(PageRequest(1, first.next_token))
            assert [*first.items, *second.items] == [THIRD, HOST]
            assert second.next_token == ""

    run(path, new_sqlite)


def test_a_peers_refusal_says_who_refused_and_why(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            desk = other.cases.partners
            await other.store.run(
                lambda tx: desk.suspend(tx, one.code, "operator/default", "a drill")
            )
            partner = one.store.registry.partners[other.code]
            error = await refused(
                PEER_REFUSED, one.cases.swapping._peers.exchange_scales(partner, ScaleSwap())
            )
            assert error.fields["peer_reason"] == NOT_A_PARTNER.name

    run(path, new_sqlite)
