"""Partners and agreements: what a hostile or careless city may try."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from federation import codec
from federation.envelope import Envelope, Signature, add_signature, envelope_to_json, seal
from federation.errors import (
    BAD_SIGNATURE,
    BUNDLE_ROLLBACK,
    MISSING_SIGNATURE,
    UNKNOWN_KEY,
    WRONG_FINGERPRINT,
    HutongError,
    Reason,
)
from federation.identifiers import CityCode
from federation.trust import fingerprint
from node import data
from node.errors import FIELD_INVALID, NOT_A_PARTNER, PEER_REFUSED, STATE_REFUSED
from node.model import Caller, PageRequest, Role
from node.registry import AgreementState
from node.services.agreements import AgreementDesk
from tests.conftest import NewStore
from tests.node.services.world import MemoryKeys, Town, World, world

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
            await refused(UNKNOWN_KEY, desk.receive_scales(cities[HOST].code, [own.envelope]))

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


async def proposal(cities: World) -> tuple[Town, Town, Envelope]:
    """An agreement that Zhengzhou proposed and Hangzhou has not signed."""
    one, other = cities[HOME], cities[HOST]
    text = data.agreement("zhengzhou", "hangzhou").read_bytes()
    await one.cases.agreements.propose(
        one.ask(caller=OPERATOR), other.code, "a.toml", text, lambda _: b""
    )
    return one, other, one.store.registry.agreements[-1].envelope


def test_an_agreement_that_one_city_signed_is_in_force_nowhere(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, envelope = await proposal(cities)
            assert one.store.registry.active_agreement(other.code) is None
            assert other.store.registry.active_agreement(one.code) is None
            await refused(
                MISSING_SIGNATURE,
                one.cases.agreements.receive_countersigned(other.code, envelope),
            )

    run(path, new_sqlite)


def test_a_countersignature_that_does_not_fit_is_refused(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, envelope = await proposal(cities)
            broken = Envelope(
                envelope.payload_type,
                envelope.payload,
                (*envelope.signatures, Signature(other.keys.key_id, bytes(64))),
            )
            desk: AgreementDesk = one.cases.agreements
            await refused(BAD_SIGNATURE, desk.receive_countersigned(other.code, broken))
            assert one.store.registry.active_agreement(other.code) is None

    run(path, new_sqlite)


def test_what_this_city_did_not_propose_cannot_be_put_in_force_from_afar(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, envelope = await proposal(cities)
            both = add_signature(envelope, other.keys)
            await refused(
                STATE_REFUSED, other.cases.agreements.receive_countersigned(one.code, both)
            )

    run(path, new_sqlite)


def test_a_partner_cannot_propose_for_two_other_cities(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, HOST, THIRD, agreed=False) as cities:
            one, _, envelope = await proposal(cities)
            third = cities[THIRD]
            with pytest.raises(HutongError):
                await third.cases.agreements.receive_proposal(one.code, envelope)
            assert not third.store.registry.agreements

    run(path, new_sqlite)


def test_a_lost_answer_leaves_an_agreement_that_the_repetition_completes(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, _ = await proposal(cities)
            key = other.store.registry.agreements[-1].key
            ask = other.ask(caller=OPERATOR)
            cities.network.loses_answers_of.add(one.code)
            with pytest.raises(HutongError):
                await other.cases.agreements.sign(ask, key, lambda _: b"signed")
            assert other.store.registry.active_agreement(one.code) is None
            cities.network.loses_answers_of.clear()
            await other.cases.agreements.sign(ask, key, lambda _: b"signed")
            states = [town.store.registry.agreements[-1].state for town in (one, other)]
            assert states == [AgreementState.ACTIVE, AgreementState.ACTIVE]
            assert len(one.store.registry.agreements) == 1

    run(path, new_sqlite)


def test_a_new_version_replaces_the_one_in_force_in_both_cities(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            await one.agree(other)
            for town, there in ((one, other), (other, one)):
                states = {a.agreement.version: a.state for a in town.store.registry.agreements}
                assert states == {1: AgreementState.REPLACED, 2: AgreementState.ACTIVE}
                active = town.store.registry.active_agreement(there.code)
                assert active is not None
                assert active.agreement.version == 2

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
                PEER_REFUSED, one.cases.swapping._peers.exchange_scales(partner, ())
            )
            assert error.fields["peer_reason"] == NOT_A_PARTNER.name

    run(path, new_sqlite)
