"""The life of an agreement: suspended, ended, and a scale that changes under it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from federation import codec
from federation.envelope import seal
from federation.errors import AGREEMENT_NOT_ACTIVE, HutongError
from federation.identifiers import CityCode
from node.errors import AGREEMENT_MOVE_REFUSED, DECISION_ENDED, FIELD_INVALID, UNKNOWN
from node.model import Caller, Role
from node.registry import AgreementState as S
from node.registry import StoredAgreement
from node.services.agreement_moves import Condition
from node.services.checking import RecognitionOutcome
from tests.conftest import NewStore
from tests.node.services.agreeing import (
    HOME,
    HOST,
    OPERATOR,
    TEXT,
    THIRD,
    amend,
    both,
    condition,
    newest,
    one_agreement,
    outcome,
    propose,
    refused,
    run,
    sign,
    traveller,
)
from tests.node.services.world import VENUE, Town, world

DAY = timedelta(days=1)
ACTOR = str(OPERATOR)
RECOGNISED, NOT_RECOGNISED, NONE = (
    RecognitionOutcome.RECOGNISED,
    RecognitionOutcome.NOT_RECOGNISED,
    RecognitionOutcome.NO_AGREEMENT,
)


async def suspend(town: Town, other: Town, reason: str = "a drill") -> StoredAgreement:
    key, life = newest(town, other).key, town.cases.agreement_life
    return await town.store.run(lambda tx: life.suspend(tx, key[0], ACTOR, reason))


async def resume(town: Town, other: Town) -> StoredAgreement:
    key, life = newest(town, other).key, town.cases.agreement_life
    return await town.store.run(lambda tx: life.resume(tx, key[0], ACTOR, "over"))


async def end(town: Town, other: Town, at: datetime) -> StoredAgreement:
    key, life = newest(town, other).key, town.cases.agreement_life
    return await town.store.run(lambda tx: life.end(tx, key[0], at, ACTOR, "no longer needed"))


def test_a_suspension_by_either_city_stops_the_next_recognition_in_both_directions(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            there = await traveller(one, other)
            back = await traveller(other, one, 0)
            assert await outcome(there) is RECOGNISED
            await suspend(one, other)
            # The other city has not heard of it yet.
            assert not newest(other, one).suspended
            assert await outcome(there) is NONE
            assert await outcome(back) is NONE
            await one.cases.swapping.swap(other.code)
            assert newest(other, one).suspended_there
            assert condition(other, one) is condition(one, other) is Condition.SUSPENDED
            assert await outcome(there) is NONE

    run(path, new_sqlite)


def test_only_who_suspended_can_resume(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            there = await traveller(one, other)
            await suspend(one, other)
            await one.cases.swapping.swap(other.code)
            error = await refused(AGREEMENT_MOVE_REFUSED, resume(other, one))
            assert error.fields["moves"] == "amend, suspend, end"
            await suspend(other, one)
            await other.cases.swapping.swap(one.code)
            await refused(AGREEMENT_MOVE_REFUSED, suspend(one, other))
            await resume(one, other)
            await one.cases.swapping.swap(other.code)
            # Each city's suspension is its own.
            assert not newest(other, one).suspended_there
            assert newest(one, other).suspended_there
            assert await outcome(there) is NONE
            await resume(other, one)
            await other.cases.swapping.swap(one.code)
            assert await outcome(there) is RECOGNISED

    run(path, new_sqlite)


def test_a_suspension_survives_the_version_that_it_was_made_of(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            await amend(one, other, 1)
            await suspend(one, other)
            await sign(other, one, 2)
            one_agreement(one, other, 2)
            assert newest(one, other).suspended_here
            await one.cases.swapping.swap(other.code)
            assert newest(other, one).suspended_there
            await resume(one, other)
            await one.cases.swapping.swap(other.code)
            assert condition(other, one) is Condition.ACTIVE

    run(path, new_sqlite)


def test_a_suspension_needs_a_reason_and_an_agreement(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other = both(cities)
            life = one.cases.agreement_life
            nowhere = "0192f0c1-2b3c-7def-8123-456789abcdef"
            await refused(
                UNKNOWN, one.store.run(lambda tx: life.suspend(tx, nowhere, ACTOR, "a drill"))
            )
            await propose(one, other)
            error = await refused(AGREEMENT_MOVE_REFUSED, suspend(one, other))
            assert error.fields["moves"] == "amend, withdraw"
            await sign(other, one, 1)
            await refused(FIELD_INVALID, suspend(one, other, " "))

    run(path, new_sqlite)


def test_who_suspended_when_and_why_is_kept_in_both_cities(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            await suspend(one, other, "a drill")
            await one.cases.swapping.swap(other.code)
            ours = await one.store.read(lambda tx: tx.partnerships.moves(other.code))
            theirs = await other.store.read(lambda tx: tx.partnerships.moves(one.code))
            kept = [(s.actor, s.reason) for s in (*ours, *theirs) if "suspended" in s.move]
            assert kept == [(ACTOR, "a drill"), (f"city {HOME}", "")]

    run(path, new_sqlite)


def test_a_statement_on_what_is_not_known_here_or_on_less_changes_nothing(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, HOST, THIRD) as cities:
            one, other, third = cities[HOME], cities[HOST], cities[THIRD]
            await suspend(one, other)
            await one.cases.swapping.swap(other.code)
            before = newest(other, one)
            stored = newest(one, other)

            async def say(city: Town, what: StoredAgreement, there: CityCode) -> None:
                await city.store.run(lambda tx: tx.administration.put_agreement(what))
                await city.store.run(lambda tx: city.cases.partners.changed(tx, there))
                await city.cases.swapping.swap(there)

            # A version that was never here, an agreement that is none, and silence.
            later = replace(stored.agreement, version=7)
            sealed = seal(codec.AGREEMENT, later, [one.keys, other.keys])
            hidden = replace(stored, state=S.REPLACED)
            await say(one, hidden, other.code)
            assert newest(other, one) == before
            await say(one, StoredAgreement(later, sealed, S.ACTIVE), other.code)
            assert newest(other, one) == before
            # Another partner's statement says nothing of the agreement of these two.
            await say(third, replace(newest(third, other), suspended_here=True), other.code)
            assert newest(other, one) == before
            assert newest(other, third).suspended_there

    run(path, new_sqlite)


def test_an_end_is_not_before_the_notice_nor_after_the_validity(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            now = cities.clock.now()
            early = await refused(FIELD_INVALID, end(one, other, now + 30 * DAY - DAY / 24))
            assert "30 days" in early.fields["problem"]
            await refused(FIELD_INVALID, end(one, other, now + 365 * DAY))
            ended = await end(one, other, now + 30 * DAY)
            assert ended.valid_until == now + 30 * DAY
            # It cannot be taken back, only be earlier, and the notice counts from now.
            await refused(FIELD_INVALID, end(one, other, now + 40 * DAY))
            await refused(FIELD_INVALID, end(one, other, now + 30 * DAY))

    run(path, new_sqlite)


def test_both_cities_stop_at_the_earlier_end_by_the_clock(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            start = cities.clock.now()
            there, back = await traveller(one, other), await traveller(other, one, 0)
            await end(one, other, start + 40 * DAY)
            await one.cases.swapping.swap(other.code)
            assert newest(other, one).valid_until == start + 40 * DAY
            await end(other, one, start + 30 * DAY)
            await other.cases.swapping.swap(one.code)
            assert newest(one, other).valid_until == start + 30 * DAY
            assert condition(one, other) is Condition.ACTIVE
            late = await traveller(one, other)
            cities.clock.forward(30 * DAY - timedelta(seconds=1))
            assert await outcome(await traveller(one, other)) is RECOGNISED
            cities.clock.forward(timedelta(seconds=1))
            assert condition(one, other) is condition(other, one) is Condition.ENDED
            with pytest.raises(HutongError) as caught:
                await traveller(one, other)
            assert caught.value.reason == AGREEMENT_NOT_ACTIVE
            for path_ in (there, back, late):
                with pytest.raises(HutongError):
                    await outcome(path_)

    run(path, new_sqlite)


def test_nothing_outlives_an_agreement(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            ends = cities.clock.now() + 30 * DAY
            await end(one, other, ends)
            await one.cases.swapping.swap(other.code)
            cities.clock.forward(30 * DAY - timedelta(minutes=2))
            resident = await one.resident(30)
            given = await one.consent(resident, other.code)
            consent = await one.store.read(lambda tx: tx.consents.get(given))
            assert consent is not None
            assert consent.expires_at == ends
            checked = await other.check(await one.show_code(resident, given))
            assert checked.visitor is not None
            assert checked.visitor.expires_at == ends
            assert checked.expires_at == ends
            opened = next(d for d, i, v in checked.decisions if v.eligible and i.minimum_band)
            cities.clock.forward(timedelta(minutes=2))
            later = await other.check(checked.visitor_pass, is_pass=True)
            assert later.outcome is NONE
            redeeming = other.cases.redeeming
            await refused(
                DECISION_ENDED,
                other.store.run(lambda tx: redeeming.redeem(tx, VENUE, opened)),
            )

    run(path, new_sqlite)


def test_an_amendment_that_both_sign_takes_the_place_of_an_end(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            await end(one, other, cities.clock.now() + 30 * DAY)
            await one.cases.swapping.swap(other.code)
            await amend(other, one, 1)
            await sign(one, other, 2)
            cities.clock.forward(31 * DAY)
            await one.cases.swapping.swap(other.code)
            assert condition(one, other) is condition(other, one) is Condition.ACTIVE
            assert await outcome(await traveller(one, other)) is RECOGNISED

    run(path, new_sqlite)


def test_after_the_end_another_may_be_proposed(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            await end(one, other, cities.clock.now() + 30 * DAY)
            cities.clock.forward(30 * DAY)
            error = await refused(AGREEMENT_MOVE_REFUSED, suspend(one, other))
            assert error.fields["state"] == "ended"
            assert error.fields["moves"] == "propose, amend"
            await propose(one, other)
            await sign(other, one, 2)
            one_agreement(one, other, 2)

    run(path, new_sqlite)


def test_a_document_without_notice_can_be_ended_at_once(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other = both(cities)
            await propose(one, other, text=TEXT.replace("notice_days = 30\n", ""))
            await sign(other, one, 1)
            await end(one, other, cities.clock.now())
            assert condition(one, other) is Condition.ENDED

    run(path, new_sqlite)


def test_another_operator_of_the_city_may_resume(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            await suspend(one, other)
            key, life = newest(one, other).key, one.cases.agreement_life
            second = str(Caller(Role.OPERATOR, "second"))
            await one.store.run(lambda tx: life.resume(tx, key[0], second, "over"))
            assert not newest(one, other).suspended

    run(path, new_sqlite)
