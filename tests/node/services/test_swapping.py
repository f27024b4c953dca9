"""What two cities say of themselves, lost, late, repeated and forged on its way."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

import pytest

from federation.envelope import Envelope
from federation.errors import (
    EXPIRED,
    MISSING_SIGNATURE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    HutongError,
)
from federation.identifiers import CityCode
from federation.limits import CLOCK_SKEW, PARTNERSHIP_LIFETIME
from federation.messages import Flags
from node.errors import NOT_A_PARTNER, PEER_REFUSED, PEER_UNREACHABLE, UNKNOWN
from node.model import Contact
from node.ports import BundleSwap, ScaleSwap
from node.registry import Partner, PartnerState
from tests.conftest import NewStore
from tests.node.services.partnering import (
    HANGZHOU,
    SECOND,
    SUZHOU,
    ZHENGZHOU,
    approve,
    end,
    exchange,
    meet,
    partner,
    resume,
    statement,
    steps,
    strangers,
    suspend,
)
from tests.node.services.trying import played
from tests.node.services.world import Town, World

ALL = Flags(approved=True, tested=True)
OFF = replace(ALL, suspended=True)


async def refusal(act: Awaitable[object]) -> HutongError:
    with pytest.raises(HutongError) as found:
        await act
    return found.value


async def active(cities: World) -> tuple[Town, Town]:
    one, other = cities[ZHENGZHOU], cities[HANGZHOU]
    await meet(one, other)
    await one.cases.trial.test(other.code, SECOND)
    await one.cases.swapping.swap(other.code)
    assert states(one, other) == (PartnerState.ACTIVE, PartnerState.ACTIVE)
    return one, other


async def passed(town: Town, other: Town) -> None:
    desk = town.cases.partners
    await town.store.run(lambda tx: desk.tested(tx, other.code, SECOND))


def states(one: Town, other: Town) -> tuple[PartnerState, PartnerState]:
    return partner(one, other).state, partner(other, one).state


@played
async def test_the_partner_hears_of_every_change(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        for act, state in (
            (suspend, PartnerState.SUSPENDED),
            (resume, PartnerState.ACTIVE),
            (end, PartnerState.ENDED),
        ):
            cities.clock.forward(timedelta(seconds=1))
            await act(one, other)
            assert partner(one, other).told < partner(one, other).sequence
            await one.cases.swapping.swap(other.code)
            assert states(one, other) == (state, state)
            assert partner(one, other).told == partner(one, other).sequence
            last = (await steps(other, one))[-1]
            assert (last.actor, last.state) == (f"city {one.code}", state.value)


@played
async def test_one_swap_brings_the_news_of_both(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        for town, there in ((one, other), (other, one)):
            await exchange(town, there)
            await approve(town, there)
        await other.cases.swapping.swap(one.code)
        assert states(one, other) == (PartnerState.APPROVED, PartnerState.APPROVED)


@played
async def test_a_statement_that_was_lost_is_made_good_by_the_next_swap_of_either(
    new_sqlite: NewStore,
) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        for way in ("there", "back", "theirs"):
            cities.network.down.add(other.code)
            await suspend(one, other)
            error = await refusal(one.cases.swapping.swap(other.code))
            assert error.reason == PEER_UNREACHABLE
            cities.network.down.clear()
            assert states(one, other) == (PartnerState.SUSPENDED, PartnerState.ACTIVE)
            if way == "back":
                cities.network.loses_answers_of.add(other.code)
                await refusal(one.cases.swapping.swap(other.code))
                cities.network.loses_answers_of.clear()
            asks, asked = (other, one) if way == "theirs" else (one, other)
            await asks.cases.swapping.swap(asked.code)
            assert states(one, other) == (PartnerState.SUSPENDED, PartnerState.SUSPENDED)
            await resume(one, other)
            await one.cases.swapping.swap(other.code)
            assert states(one, other) == (PartnerState.ACTIVE, PartnerState.ACTIVE)


@played
async def test_a_trial_that_one_side_knows_to_have_passed_is_healed_by_the_swap(
    new_sqlite: NewStore,
) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await meet(one, other)
        await passed(one, other)
        assert states(one, other) == (PartnerState.TESTED, PartnerState.APPROVED)
        await one.cases.swapping.swap(other.code)
        await passed(other, one)
        assert states(one, other) == (PartnerState.TESTED, PartnerState.ACTIVE)
        # What the other says is lost, and a swap of either brings it.
        await one.cases.swapping.swap(other.code)
        assert states(one, other) == (PartnerState.ACTIVE, PartnerState.ACTIVE)


@played
async def test_statements_that_are_repeated_or_come_out_of_order_change_nothing(
    new_sqlite: NewStore,
) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        said = list[Envelope]()
        for act in (suspend, resume, suspend):
            await act(other, one)
            said.append(other.cases.partners.statement(other.store.registry, one.code))
        desk = one.cases.swapping
        await desk.receive_statement(other.code, said[2])
        known, kept = partner(one, other), await steps(one, other)
        assert known.state is PartnerState.SUSPENDED
        for old in (said[0], said[1], said[2], *said):
            # The answer tells a partner that repeats itself how we stand all the same.
            await desk.receive_statement(other.code, old)
        assert partner(one, other) == known
        assert await steps(one, other) == kept


@played
async def test_a_statement_with_a_lower_or_the_same_sequence_changes_nothing(
    new_sqlite: NewStore,
) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        known = partner(one, other)
        for sequence in (1, known.there_sequence - 1, known.there_sequence):
            said = statement(other, one.code, sequence, OFF)
            await one.cases.swapping.receive_statement(other.code, said)
            assert partner(one, other) == known


@played
async def test_a_statement_that_expired_on_its_way_is_refused(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        known = partner(one, other)
        said = statement(other, one.code, known.there_sequence + 1, OFF)
        cities.clock.forward(PARTNERSHIP_LIFETIME + CLOCK_SKEW + timedelta(seconds=1))
        error = await refusal(one.cases.swapping.receive_statement(other.code, said))
        assert error.reason == EXPIRED
        assert partner(one, other) == known


@played
async def test_a_statement_for_another_city_is_refused(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        known = partner(one, other)
        said = statement(other, SUZHOU, known.there_sequence + 1, OFF)
        error = await refusal(one.cases.swapping.receive_statement(other.code, said))
        assert error.reason == WRONG_AUDIENCE
        assert partner(one, other) == known


@played
async def test_nobody_speaks_for_another_city(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        known, desk = partner(one, other), one.cases.swapping
        high = known.there_sequence + 1
        # Its own statement, sent back; and its own name under the partner's key.
        reflected = statement(one, one.code, high, OFF)
        assert (await refusal(desk.receive_statement(other.code, reflected))).reason in (
            UNKNOWN_KEY,
            MISSING_SIGNATURE,
        )
        claimed = statement(other, one.code, high, OFF, city=SUZHOU)
        error = await refusal(desk.receive_statement(other.code, claimed))
        assert error.reason in (WRONG_ISSUER, UNKNOWN_KEY, NOT_A_PARTNER)
        for name in (ZHENGZHOU, SUZHOU):
            forged = statement(one, one.code, high, OFF, city=name)
            await refusal(desk.receive_statement(other.code, forged))
        assert partner(one, other) == known
        assert set(one.store.registry.partners) == {HANGZHOU}


@played
async def test_a_city_that_is_no_partner_is_told_nothing(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        said = statement(other, one.code, 1, ALL)
        desk = one.cases.swapping
        assert (await refusal(desk.receive_statement(other.code, said))).reason == NOT_A_PARTNER
        error = await refusal(desk.receive_bundles(other.code, [other.keys.bundle]))
        assert error.reason == NOT_A_PARTNER
        assert (await refusal(desk.receive_scales(other.code, ScaleSwap()))).reason == NOT_A_PARTNER
        assert (await refusal(desk.swap(other.code))).reason == UNKNOWN
        assert not one.store.registry.partners


@played
async def test_a_suspended_partner_swaps_no_scales(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        await suspend(one, other)
        error = await refusal(one.cases.swapping.receive_scales(other.code, ScaleSwap()))
        assert error.reason == NOT_A_PARTNER
        # What brings keys, and the end of the suspension, is swapped on.
        await other.cases.swapping.swap(one.code)
        assert partner(other, one).state is PartnerState.SUSPENDED


@played
async def test_contacts_say_when_a_partner_was_tried_reached_and_why_not(
    new_sqlite: NewStore,
) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        reached = cities.clock.now()
        cities.network.down.add(other.code)
        for failures in (1, 2, 3):
            cities.clock.forward(timedelta(minutes=1))
            await refusal(one.cases.swapping.swap(other.code))
            contact = (await contacts(one))[other.code]
            assert (contact.failures, contact.problem) == (failures, PEER_UNREACHABLE.name)
            assert (contact.reached_at, contact.tried_at) == (reached, cities.clock.now())
        cities.network.down.clear()
        await one.cases.swapping.swap(other.code)
        contact = (await contacts(one))[other.code]
        assert (contact.failures, contact.problem) == (0, "")
        assert contact.reached_at == cities.clock.now()
        assert contact.clock_offset == timedelta(0)


async def contacts(town: Town) -> dict[CityCode, Contact]:
    return await town.store.read(lambda tx: tx.partnerships.contacts())


@played
async def test_an_end_that_the_partner_heard_and_whose_answer_was_lost_is_told_to_its_end(
    new_sqlite: NewStore,
) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        await end(one, other)
        said = one.cases.partners.statement(one.store.registry, other.code)
        await other.cases.swapping.receive_statement(one.code, said)
        # The answer is lost: one calls on, and must still be heard to come to an end.
        assert partner(one, other).is_called
        assert partner(other, one).is_heard
        assert not partner(other, one).is_called
        await one.cases.swapping.swap(other.code)
        assert not partner(one, other).is_called
        assert not partner(one, other).is_heard


@played
async def test_two_cities_that_end_at_the_same_time_come_to_rest(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        await end(one, other)
        await end(other, one)
        said = one.cases.partners.statement(one.store.registry, other.code)
        await other.cases.swapping.receive_statement(one.code, said)
        assert not partner(other, one).is_called
        assert partner(other, one).is_heard
        await one.cases.swapping.swap(other.code)
        assert not partner(one, other).is_called


@played
async def test_a_refusal_of_the_partner_is_its_own_words_and_costs_no_state(
    new_sqlite: NewStore,
) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await exchange(one, other)
        before = partner(one, other)
        error = await refusal(one.cases.swapping.swap(other.code))
        assert (error.reason, error.fields["peer_reason"]) == (PEER_REFUSED, NOT_A_PARTNER.name)
        assert partner(one, other) == before


@played
async def test_what_another_process_has_heard_meanwhile_is_not_undone(
    new_sqlite: NewStore,
) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        opened = []
        one.cases.swapping.on_statement(lambda _, said: opened.append(said))
        await suspend(other, one)
        await one.cases.swapping.swap(other.code)
        await resume(other, one)
        await one.cases.swapping.swap(other.code)
        assert [said.message.flags.suspended for said in opened] == [True, False]
        # The transaction decides: this process opened the older one before the newer was kept.
        desk, before = one.cases.partners, partner(one, other)
        assert not await one.store.run(lambda tx: desk.heard(tx, opened[0]))
        assert not await one.store.run(lambda tx: desk.heard(tx, opened[1]))
        assert partner(one, other) == before


@played
async def test_what_was_said_on_a_line_that_nobody_verified_is_not_kept(
    new_sqlite: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = await active(cities)
        swapping = one.cases.swapping
        honest = swapping._peers.exchange_trust_bundles

        async def lying(
            partner: Partner, own: tuple[Envelope, ...], *, by_any_means: bool = False
        ) -> BundleSwap:
            if not by_any_means:
                raise HutongError(PEER_UNREACHABLE, city=partner.city, address="", problem="")
            swapped = await honest(partner, own)
            late = cities.clock.now() + timedelta(hours=5)
            return replace(swapped, acknowledged=77, their_clock=late)

        monkeypatch.setattr(swapping._peers, "exchange_trust_bundles", lying)
        await swapping.swap(other.code)
        contact = (await one.store.read(lambda tx: tx.partnerships.contacts()))[other.code]
        assert (contact.acknowledged, contact.clock_offset) == (0, None)
        assert contact.reached_at == cities.clock.now()
