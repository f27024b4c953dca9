"""How two cities come to an agreement: what a hostile or careless one may try."""

from dataclasses import replace

import pytest

from federation import codec
from federation.agreement import agreement_id_of
from federation.envelope import Envelope, Signature, add_signature, seal
from federation.errors import (
    AGREEMENT_MISMATCH,
    BAD_SIGNATURE,
    MISSING_SIGNATURE,
    HutongError,
)
from federation.keys import Ed25519Signer
from node.errors import (
    AGREEMENT_MOVE_REFUSED,
    AGREEMENT_MOVED_ON,
    PEER_UNREACHABLE,
    PROPOSAL_WITHDRAWN,
)
from node.registry import AgreementState as S
from tests.conftest import NewStore
from tests.node.services.agreeing import (
    HOME,
    HOST,
    OTHER_TEXT,
    THIRD,
    amend,
    asked,
    newest,
    one_agreement,
    propose,
    read,
    refused,
    run,
    sign,
    states,
    withdraw,
)
from tests.node.services.world import Town, World, world


async def proposal(cities: World) -> tuple[Town, Town, Envelope]:
    """An agreement that Zhengzhou proposed and Hangzhou has not signed."""
    one, other = cities[HOME], cities[HOST]
    await propose(one, other)
    return one, other, newest(one, other).envelope


def test_an_agreement_that_one_city_signed_is_in_force_nowhere(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, envelope = await proposal(cities)
            assert one.store.registry.active_agreement(other.code) is None
            assert other.store.registry.active_agreement(one.code) is None
            desk = one.cases.agreements
            await refused(MISSING_SIGNATURE, desk.receive_countersigned(other.code, envelope))

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
            desk = one.cases.agreements
            await refused(BAD_SIGNATURE, desk.receive_countersigned(other.code, broken))
            assert one.store.registry.active_agreement(other.code) is None

    run(path, new_sqlite)


def test_a_proposal_waits_longer_than_the_key_that_signed_it(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, envelope = await proposal(cities)
            # The proposer rotates; its old signing key is in no bundle any more.
            one.keys.signer = Ed25519Signer.from_seed(b"new key of Zhengzhou".ljust(32, b"."))
            one.keys.bundle = one.keys.make_bundle(one.code, cities.clock.now(), 2)
            both = add_signature(envelope, other.keys)
            await one.cases.agreements.receive_countersigned(other.code, both)
            active = one.store.registry.active_agreement(other.code)
            assert active is not None
            assert active.envelope == both

    run(path, new_sqlite)


def test_what_this_city_did_not_propose_cannot_be_put_in_force_from_afar(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, envelope = await proposal(cities)
            both = add_signature(envelope, other.keys)
            await refused(
                AGREEMENT_MOVE_REFUSED,
                other.cases.agreements.receive_countersigned(one.code, both),
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


def test_a_second_agreement_of_the_same_cities_is_refused(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            before = newest(one, other).agreement
            assert before.agreement_id == agreement_id_of(one.code, other.code)
            beside = replace(before, agreement_id="0192f0c1-2b3c-7def-8123-456789abcdef", version=9)
            envelope = seal(codec.AGREEMENT, beside, [one.keys])
            desk = other.cases.agreements
            await refused(AGREEMENT_MISMATCH, desk.receive_proposal(one.code, envelope))
            assert states(other) == {1: S.ACTIVE}

    run(path, new_sqlite)


@pytest.mark.parametrize("lost", ["answer", "call"])
def test_what_gets_lost_while_signing_is_completed_by_the_repetition(
    new_sqlite: NewStore, lost: str
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, _ = await proposal(cities)
            ask = asked(other)
            calls = cities.network.muted if lost == "answer" else cities.network.cut
            calls.add("countersign")
            await refused(PEER_UNREACHABLE, sign(other, one, 1, ask=ask))
            assert other.store.registry.active_agreement(one.code) is None
            calls.clear()
            await sign(other, one, 1, ask=ask)
            one_agreement(one, other, 1)
            assert len(one.store.registry.agreements) == 1

    run(path, new_sqlite)


def test_a_lost_answer_to_a_signature_is_made_good_by_the_next_statement(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, _ = await proposal(cities)
            cities.network.muted.add("countersign")
            ask = asked(other)
            await refused(PEER_UNREACHABLE, sign(other, one, 1, ask=ask))
            await one.cases.swapping.swap(other.code)
            one_agreement(one, other, 1)
            # The officer who repeats what failed is told that it is in force.
            cities.network.muted.clear()
            assert await sign(other, one, 1, ask=ask) == b"1 active"

    run(path, new_sqlite)


def test_a_statement_puts_nothing_in_force_that_this_city_did_not_sign(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, envelope = await proposal(cities)
            # A city that claims what it has only proposed to be in force.
            stored = replace(newest(one, other), state=S.ACTIVE, envelope=envelope)
            await one.store.run(lambda tx: tx.administration.put_agreement(stored))
            await one.store.run(lambda tx: one.cases.partners.changed(tx, other.code))
            await one.cases.swapping.swap(other.code)
            assert states(other) == {1: S.PROPOSED_THERE}

    run(path, new_sqlite)


def test_an_amendment_replaces_the_version_in_force_in_both_cities(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            await amend(other, one, 1)
            assert states(one) == {1: S.ACTIVE, 2: S.PROPOSED_THERE}
            await sign(one, other, 2)
            one_agreement(one, other, 2)
            assert states(one) == states(other) == {1: S.REPLACED, 2: S.ACTIVE}

    run(path, new_sqlite)


def test_what_is_in_force_is_amended_and_not_proposed_anew(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            error = await refused(AGREEMENT_MOVE_REFUSED, propose(one, other))
            assert error.fields["moves"] == "amend, suspend, end"
            await amend(other, one, 1)
            error = await refused(AGREEMENT_MOVE_REFUSED, propose(one, other))
            assert (error.fields["state"], error.fields["version"]) == ("proposed_there", "2")
            assert error.fields["moves"] == "sign, amend"

    run(path, new_sqlite)


def test_an_amendment_of_what_was_replaced_meanwhile_is_refused_and_names_the_newest(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            await amend(other, one, 1)
            error = await refused(AGREEMENT_MOVED_ON, amend(one, other, 1))
            assert (error.fields["newest"], error.fields["state"]) == ("2", "proposed_there")
            await sign(one, other, 2)
            error = await refused(AGREEMENT_MOVED_ON, amend(one, other, 1))
            assert (error.fields["newest"], error.fields["state"]) == ("2", "active")
            await refused(AGREEMENT_MOVED_ON, amend(one, other, 7))
            assert states(one) == {1: S.REPLACED, 2: S.ACTIVE}

    run(path, new_sqlite)


def test_a_counter_proposal_takes_the_place_of_the_proposal(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, _ = await proposal(cities)
            await amend(other, one, 1, text=OTHER_TEXT)
            assert states(one) == {1: S.REPLACED, 2: S.PROPOSED_THERE}
            await refused(AGREEMENT_MOVE_REFUSED, sign(other, one, 1))
            await sign(one, other, 2)
            one_agreement(one, other, 2)

    run(path, new_sqlite)


def test_a_repeated_amendment_makes_one_version(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            ask = asked(one)
            cities.network.muted.add("propose")
            await refused(PEER_UNREACHABLE, amend(one, other, 1, ask=ask))
            cities.network.muted.clear()
            first = await amend(one, other, 1, ask=ask)
            assert await amend(one, other, 1, ask=ask) == first
            assert states(one) == {1: S.ACTIVE, 2: S.PROPOSED_HERE}
            assert states(other) == {1: S.ACTIVE, 2: S.PROPOSED_THERE}

    run(path, new_sqlite)


def test_a_proposal_that_was_taken_back_cannot_be_signed(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other, _ = await proposal(cities)
            error = await refused(AGREEMENT_MOVE_REFUSED, _withdrawn(other, one, 1))
            assert error.fields["moves"] == "sign, amend"
            await withdraw(one, other, 1)
            error = await refused(PROPOSAL_WITHDRAWN, sign(other, one, 1))
            assert error.fields["city"] == one.code
            assert states(one) == states(other) == {1: S.WITHDRAWN}
            await refused(AGREEMENT_MOVE_REFUSED, sign(other, one, 1))
            error = await refused(AGREEMENT_MOVE_REFUSED, amend(one, other, 1))
            assert error.fields["moves"] == "propose"
            await propose(one, other)
            await sign(other, one, 2)
            one_agreement(one, other, 2)

    run(path, new_sqlite)


async def _withdrawn(town: Town, other: Town, version: int) -> None:
    await withdraw(town, other, version)


def test_what_both_signed_cannot_be_taken_back(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            error = await refused(AGREEMENT_MOVE_REFUSED, _withdrawn(one, other, 1))
            assert error.fields["moves"] == "amend, suspend, end"

    run(path, new_sqlite)


def test_a_city_that_did_not_hear_of_a_withdrawn_version_may_use_its_number(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            cities.network.cut.add("propose")
            await refused(PEER_UNREACHABLE, amend(one, other, 1))
            cities.network.cut.clear()
            await withdraw(one, other, 2)
            await amend(other, one, 1, text=OTHER_TEXT)
            await sign(one, other, 2)
            one_agreement(one, other, 2)

    run(path, new_sqlite)


def test_the_answer_of_a_repetition_is_the_first_one(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other = cities[HOME], cities[HOST]
            ask = asked(one)
            first = await propose(one, other, ask=ask)
            await sign(other, one, 1)
            assert await propose(one, other, ask=ask) == first
            assert read(newest(one, other)) == b"1 active"

    run(path, new_sqlite)
