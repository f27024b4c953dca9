"""Every step of a partner from every state: who may take it, and what is kept of it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from federation.errors import HutongError
from federation.messages import Flags
from node.errors import FIELD_INVALID, MOVE_REFUSED, SAME_OPERATOR, UNKNOWN
from node.registry import Move, Partner, PartnerState
from node.services.partners import Approval
from node.store import open_store
from tests.conftest import NewStore
from tests.node.services.partnering import (
    APPROVAL,
    HANGZHOU,
    SECOND,
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
from tests.node.services.simulated import MovableClock
from tests.node.services.trying import played
from tests.node.services.world import OPERATOR, START, Town, World

NONE, APPROVED, TESTED = Flags(), Flags(approved=True), Flags(approved=True, tested=True)
SUSPENDED, ENDED = replace(TESTED, suspended=True), replace(TESTED, ended=True)

# Each standing of the two cities, the state that it comes to, and all that an operator may do.
STANDINGS = {
    "exchanged": (NONE, NONE, PartnerState.EXCHANGED, "exchange, approve, end"),
    "approved here": (APPROVED, NONE, PartnerState.APPROVED_HERE, "exchange, end"),
    "approved there": (NONE, APPROVED, PartnerState.APPROVED_THERE, "exchange, approve, end"),
    "approved": (APPROVED, APPROVED, PartnerState.APPROVED, "exchange, test, end"),
    "tested there only": (APPROVED, TESTED, PartnerState.APPROVED, "exchange, test, end"),
    "tested": (TESTED, APPROVED, PartnerState.TESTED, "test, suspend, end"),
    "active": (TESTED, TESTED, PartnerState.ACTIVE, "test, suspend, end"),
    "suspended here": (SUSPENDED, TESTED, PartnerState.SUSPENDED, "resume, end"),
    "suspended there": (TESTED, SUSPENDED, PartnerState.SUSPENDED, "suspend, end"),
    "suspended by both": (SUSPENDED, SUSPENDED, PartnerState.SUSPENDED, "resume, end"),
    "ended here": (ENDED, TESTED, PartnerState.ENDED, "exchange"),
    "ended there": (TESTED, ENDED, PartnerState.ENDED, "exchange"),
    "ended and suspended": (replace(SUSPENDED, ended=True), NONE, PartnerState.ENDED, "exchange"),
}


async def stand(town: Town, other: Town, here: Flags, there: Flags) -> Partner:
    known = partner(town, other)
    standing = replace(known, here=here, there=there, there_sequence=7, told=known.sequence)
    await town.store.run(lambda tx: tx.administration.put_partner(standing))
    return partner(town, other)


async def pass_trial(town: Town, other: Town) -> Partner:
    desk = town.cases.partners
    return await town.store.run(lambda tx: desk.tested(tx, other.code, SECOND))


async def invite(town: Town, other: Town) -> Partner:
    """What begins an exchange; the exchange itself is a descriptor's."""
    await town.cases.onboarding.invite(other.code, f"request {town.code}", OPERATOR)
    return await exchange(town, other)


ACTS: dict[Move, Callable[[Town, Town], Awaitable[Partner]]] = {
    Move.EXCHANGE: invite,
    Move.APPROVE: approve,
    Move.TEST: pass_trial,
    Move.SUSPEND: suspend,
    Move.RESUME: resume,
    Move.END: end,
}


async def refusal(act: Awaitable[object]) -> HutongError:
    with pytest.raises(HutongError) as found:
        await act
    return found.value


@pytest.mark.parametrize("name", STANDINGS)
@played
async def test_only_the_legal_moves_are_possible_and_others_are_refused_by_naming_them(
    new_sqlite: NewStore, name: str
) -> None:
    here, there, state, legal = STANDINGS[name]
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await exchange(one, other)
        for move, act in ACTS.items():
            before = await stand(one, other, here, there)
            kept, invited = await steps(one, other), one.store.registry.invitations.keys()
            assert before.state is state
            if move.value in legal.split(", "):
                moved = await act(one, other)
                assert moved == partner(one, other)
                continue
            error = await refusal(act(one, other))
            assert error.reason == MOVE_REFUSED
            assert (error.fields["moves"], error.fields["move"]) == (legal, move.value)
            assert error.fields["state"] == state.value
            assert partner(one, other) == before
            assert await steps(one, other) == kept
            assert one.store.registry.invitations.keys() == invited


@played
async def test_a_city_that_is_only_invited_can_be_moved_nowhere(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await one.cases.onboarding.invite(other.code, "a request", OPERATOR)
        for move, act in ACTS.items():
            if move is not Move.EXCHANGE:
                assert (await refusal(act(one, other))).reason == UNKNOWN
        assert not one.store.registry.partners


@played
async def test_each_step_is_kept_with_who_when_and_why(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other, clock = cities[ZHENGZHOU], cities[HANGZHOU], cities.clock
        await one.cases.onboarding.invite(other.code, "a request", OPERATOR)
        for act in (exchange, approve):
            clock.forward(timedelta(minutes=1))
            await act(one, other)
        await stand(one, other, APPROVED, TESTED)
        for each in (pass_trial, suspend, resume, end):
            clock.forward(timedelta(minutes=1))
            await each(one, other)
        kept = await steps(one, other)
        assert [(s.move, s.state, s.actor, s.reason) for s in kept] == [
            ("invite", "invited", OPERATOR, ""),
            ("exchange", "exchanged", OPERATOR, "by descriptor"),
            ("approve", "approved_here", SECOND, "a start"),
            ("test", "active", SECOND, ""),
            ("suspend", "suspended", SECOND, "a drill"),
            ("resume", "active", SECOND, "it is over"),
            ("end", "ended", SECOND, "a new law"),
        ]
        assert [s.at for s in kept] == [START + timedelta(minutes=n) for n in range(7)]
        basis = [(s.legal_basis, s.privacy_assessment) for s in kept if s.legal_basis]
        assert basis == [(APPROVAL.legal_basis, APPROVAL.privacy_assessment)]


@played
async def test_what_a_partner_says_is_kept_as_its_step(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await exchange(one, other)
        await exchange(other, one)
        cities.clock.forward(timedelta(seconds=1))
        await approve(other, one)
        await one.cases.swapping.swap(other.code)
        last = (await steps(one, other))[-1]
        assert (last.move, last.actor, last.state) == ("approved", "city 330100", "approved_there")


@played
async def test_in_each_city_the_one_who_exchanged_cannot_approve(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await exchange(one, other, OPERATOR)
        await exchange(other, one, SECOND)
        for town, there, first in ((one, other, OPERATOR), (other, one, SECOND)):
            before, kept = partner(town, there), await steps(town, there)
            for _ in range(2):
                error = await refusal(approve(town, there, first))
                assert (error.reason, error.fields["operator"]) == (SAME_OPERATOR, first)
            assert partner(town, there) == before
            assert await steps(town, there) == kept
        # The same name in the other city is another person's.
        await approve(one, other, SECOND)
        await approve(other, one, OPERATOR)


@played
async def test_who_exchanged_anew_is_the_one_who_cannot_approve(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await exchange(one, other, OPERATOR)
        other.keys.bundle = other.keys.make_bundle(other.code, cities.clock.now(), 2)
        await exchange(one, other, SECOND)
        assert (await refusal(approve(one, other, SECOND))).reason == SAME_OPERATOR
        assert (await approve(one, other, OPERATOR)).state is PartnerState.APPROVED_HERE


@pytest.mark.parametrize(("basis", "assessment"), [("", "PIA"), ("law", ""), (" \t", "PIA")])
def test_an_approval_rests_on_a_legal_basis_and_an_assessment(basis: str, assessment: str) -> None:
    with pytest.raises(HutongError) as found:
        Approval(basis, assessment)
    assert found.value.reason == FIELD_INVALID


@played
async def test_a_step_without_a_reason_is_refused(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await exchange(one, other)
        before = await stand(one, other, TESTED, TESTED)
        desk = one.cases.partners
        for act in (desk.suspend, desk.end):
            for reason in ("", " ", "\n\t"):
                moved = one.store.run(lambda tx, a=act, r=reason: a(tx, other.code, SECOND, r))  # type: ignore[misc]
                assert (await refusal(moved)).reason == FIELD_INVALID
        assert partner(one, other) == before


@played
async def test_two_second_operators_at_the_same_instant_are_one_approval(
    new_store: NewStore,
) -> None:
    async with strangers(new_store) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await exchange(one, other)
        found = await asyncio.gather(
            *(approve(one, other, f"operator/second-{n}") for n in range(8)),
            return_exceptions=True,
        )
        await told_apart(found, one, other)


async def told_apart(found: list[Partner | BaseException], one: Town, other: Town) -> None:
    """One approved, and all others are told what they still can do."""
    won = [each for each in found if isinstance(each, Partner)]
    lost = [each for each in found if isinstance(each, HutongError)]
    assert (len(won), len(lost)) == (1, len(found) - 1)
    assert {error.reason for error in lost} == {MOVE_REFUSED}
    assert {error.fields["state"] for error in lost} == {"approved_here"}
    kept = [step for step in await steps(one, other) if step.move == "approve"]
    assert [step.state for step in kept] == ["approved_here"]


@played
async def test_two_processes_that_approve_at_the_same_instant_are_one_approval(
    new_store: NewStore,
) -> None:
    url = new_store("shared")
    async with strangers(lambda name: url if name == ZHENGZHOU else new_store(name)) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await exchange(one, other)
        together = threading.Barrier(2)
        found = await asyncio.gather(
            *(asyncio.to_thread(approving, url, cities, together, n) for n in range(2)),
            return_exceptions=True,
        )
        await told_apart(found, one, other)


def approving(url: str, cities: World, together: threading.Barrier, number: int) -> Partner:
    """One more process of Zhengzhou, as far as its store can tell."""

    async def path() -> Partner:
        store = open_store(url, MovableClock(START))
        town = Town(ZHENGZHOU, store, cities.clock, cities)
        try:
            together.wait(30)
            return await approve(town, cities[HANGZHOU], f"operator/second-{number}")
        finally:
            await store.close()

    return asyncio.run(path())


@played
async def test_a_new_exchange_begins_from_the_start_and_voids_what_was_approved(
    new_sqlite: NewStore,
) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await meet(one, other)
        await one.cases.trial.test(other.code, SECOND)
        before = other.cases.partners.statement(other.store.registry, one.code)
        await end(one, other)
        await one.cases.swapping.swap(other.code)
        assert partner(other, one).state is PartnerState.ENDED
        for town, there in ((one, other), (other, one)):
            anew = await exchange(town, there)
            assert anew.state is PartnerState.EXCHANGED
            assert anew.words == b""
        await one.cases.swapping.receive_statement(other.code, before)
        assert partner(one, other).state is PartnerState.EXCHANGED
        await approve(one, other)
        await one.cases.swapping.receive_statement(other.code, before)
        assert partner(one, other).state is PartnerState.APPROVED_HERE
        await one.cases.swapping.swap(other.code)
        assert partner(other, one).state is PartnerState.APPROVED_THERE


@played
async def test_a_city_that_lost_its_store_becomes_a_partner_again(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await meet(one, other)
        for act in (suspend, resume, suspend, resume):
            await stand(other, one, *((TESTED, TESTED) if act is suspend else (SUSPENDED, TESTED)))
            await act(other, one)
            await other.cases.swapping.swap(one.code)
        await other.store.close()
        cities.clock.forward(timedelta(hours=1))
        again = Town(HANGZHOU, open_store(new_sqlite("again"), cities.clock), cities.clock, cities)
        cities.towns[HANGZHOU] = again
        await end(one, again)
        for town, there in ((one, again), (again, one)):
            await exchange(town, there)
            await approve(town, there)
        await one.cases.swapping.swap(again.code)
        assert partner(one, again).state is PartnerState.APPROVED
        assert partner(again, one).state is PartnerState.APPROVED


@played
async def test_only_who_suspended_can_resume(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await meet(one, other)
        await one.cases.trial.test(other.code, SECOND)
        await one.cases.swapping.swap(other.code)
        for town in (one, other):
            assert partner(town, other if town is one else one).state is PartnerState.ACTIVE
        await suspend(one, other)
        await one.cases.swapping.swap(other.code)
        assert (await refusal(resume(other, one))).fields["moves"] == "suspend, end"
        await suspend(other, one)
        await other.cases.swapping.swap(one.code)
        assert (await resume(one, other)).state is PartnerState.SUSPENDED
        await one.cases.swapping.swap(other.code)
        assert (await refusal(resume(one, other))).fields["moves"] == "suspend, end"
        assert (await resume(other, one)).state is PartnerState.ACTIVE
        await other.cases.swapping.swap(one.code)
        assert partner(one, other).state is PartnerState.ACTIVE


@played
async def test_a_partner_cannot_approve_or_end_for_the_other(new_sqlite: NewStore) -> None:
    async with strangers(new_sqlite) as cities:
        one, other = cities[ZHENGZHOU], cities[HANGZHOU]
        await exchange(one, other)
        await exchange(other, one)
        said = statement(other, one.code, partner(other, one).sequence + 1, TESTED)
        await one.cases.swapping.receive_statement(other.code, said)
        known = partner(one, other)
        assert (known.state, known.here) == (PartnerState.APPROVED_THERE, NONE)
        assert one.store.registry.active_partner(other.code) is None
