"""Two cities that propose, amend and sign at the same instant, and crash between."""

import asyncio

import pytest

from node.errors import (
    AGREEMENT_MOVE_REFUSED,
    AGREEMENT_MOVED_ON,
    PEER_REFUSED,
    PEER_UNREACHABLE,
    PROPOSAL_GIVES_WAY,
)
from node.registry import AgreementState as S
from tests.conftest import NewStore
from tests.node.services.agreeing import (
    HOME,
    HOST,
    OTHER_TEXT,
    TEXT,
    amend,
    asked,
    newest,
    one_agreement,
    propose,
    refused,
    run,
    sign,
    states,
)
from tests.node.services.world import Town, world


@pytest.mark.parametrize("amended", [False, True], ids=["first", "amendment"])
@pytest.mark.parametrize("first", [HOST, HOME], ids=["lower-first", "higher-first"])
def test_of_two_proposals_at_once_that_of_the_lower_code_stands_in_both(
    new_sqlite: NewStore, first: str, *, amended: bool
) -> None:
    """Both are kept and neither has arrived: as after a crash. Then they arrive in either order."""

    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=amended) as cities:
            lower, higher = cities[HOST], cities[HOME]
            version = 2 if amended else 1
            asks = {town.code: asked(town) for town in (lower, higher)}

            async def offer(town: Town) -> bytes:
                other = higher if town is lower else lower
                text = OTHER_TEXT if town is lower else TEXT
                if amended:
                    return await amend(town, other, 1, ask=asks[town.code], text=text)
                return await propose(town, other, ask=asks[town.code], text=text)

            cities.network.cut.add("propose")
            for town in (lower, higher):
                await refused(PEER_UNREACHABLE, offer(town))
            cities.network.cut.clear()
            order = [lower, higher] if first == HOST else [higher, lower]
            for town in order:
                if town is lower:
                    assert await offer(town) == f"{version} proposed_here".encode()
                    continue
                error = await refused(
                    PROPOSAL_GIVES_WAY if first == HOME
                    else AGREEMENT_MOVED_ON if amended
                    else AGREEMENT_MOVE_REFUSED,
                    offer(town),
                )  # fmt: skip
                assert str(version) in error.text("en")
            assert states(lower)[version] is S.PROPOSED_HERE
            assert states(higher)[version] is S.PROPOSED_THERE
            await sign(higher, lower, version)
            one_agreement(lower, higher, version)
            assert newest(lower, higher).agreement.header.issuer == lower.code

    run(path, new_sqlite)


def test_two_proposals_on_their_way_at_the_same_time_leave_one(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            lower, higher = cities[HOST], cities[HOME]
            for version in range(2, 6):
                found = await asyncio.gather(
                    amend(lower, higher, version - 1),
                    amend(higher, lower, version - 1),
                    return_exceptions=True,
                )
                answered = [answer for answer in found if isinstance(answer, bytes)]
                assert answered == [f"{version} proposed_here".encode()]
                proposer = lower if isinstance(found[0], bytes) else higher
                signer = higher if proposer is lower else lower
                await sign(signer, proposer, version)
                one_agreement(lower, higher, version)

    run(path, new_sqlite)


def test_a_city_whose_proposal_gave_way_to_one_that_never_comes_may_go_on(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            lower, higher = cities[HOST], cities[HOME]
            cities.network.cut.add("propose")
            await refused(PEER_UNREACHABLE, amend(lower, higher, 1))
            cities.network.cut.clear()
            await refused(PROPOSAL_GIVES_WAY, amend(higher, lower, 1))
            assert await amend(higher, lower, 1) == b"3 proposed_here"
            await sign(lower, higher, 3)
            one_agreement(lower, higher, 3)
            assert states(lower)[2] is S.REPLACED

    run(path, new_sqlite)


@pytest.mark.parametrize("call", ["propose", "countersign"])
def test_what_got_lost_is_brought_by_the_next_refresh(new_sqlite: NewStore, call: str) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            cities.network.cut.add(call)
            if call == "propose":
                await refused(PEER_UNREACHABLE, amend(one, other, 1))
            else:
                await amend(one, other, 1)
                await refused(PEER_UNREACHABLE, sign(other, one, 2))
            cities.network.cut.clear()
            if call == "propose":
                await one.cases.agreements.refresh(other.code)
                await sign(other, one, 2)
            else:
                await other.cases.agreements.refresh(one.code)
            one_agreement(one, other, 2)

    run(path, new_sqlite)


def test_a_partner_that_refuses_what_is_brought_again_was_reached_all_the_same(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            lower, higher = cities[HOST], cities[HOME]
            cities.network.cut.add("propose")
            for town, there in ((lower, higher), (higher, lower)):
                await refused(PEER_UNREACHABLE, amend(town, there, 1))
            cities.network.cut.clear()
            assert (await higher.cases.agreements.refresh(lower.code)).city == lower.code
            assert states(higher)[2] is S.WITHDRAWN
            await lower.cases.agreements.refresh(higher.code)
            await sign(higher, lower, 2)
            one_agreement(lower, higher, 2)

    run(path, new_sqlite)


def test_an_amendment_that_overtakes_a_signature_leaves_one_version_in_force(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            await amend(one, other, 1)
            cities.network.cut.add("countersign")
            ask = asked(other)
            await refused(PEER_UNREACHABLE, sign(other, one, 2, ask=ask))
            cities.network.cut.clear()
            await amend(one, other, 2, text=OTHER_TEXT)
            error = await refused(AGREEMENT_MOVE_REFUSED, sign(other, one, 2, ask=ask))
            assert error.fields["state"] == "replaced"
            one_agreement(one, other, 1)
            await sign(other, one, 3)
            one_agreement(one, other, 3)

    run(path, new_sqlite)


def test_a_signature_for_a_version_that_gave_way_is_refused_by_its_proposer(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = cities[HOME], cities[HOST]
            await amend(one, other, 1)
            cities.network.cut.add("propose")
            await refused(PEER_UNREACHABLE, amend(one, other, 2))
            cities.network.cut.clear()
            error = await refused(PEER_REFUSED, sign(other, one, 2))
            assert error.fields["peer_reason"] == AGREEMENT_MOVE_REFUSED.name
            one_agreement(one, other, 1)

    run(path, new_sqlite)
