"""The life of an agreement: suspended, ended, and a scale that changes under it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from federation import codec
from federation.envelope import seal
from federation.errors import AGREEMENT_NOT_ACTIVE, HutongError
from federation.identifiers import CityCode
from node import data
from node.errors import AGREEMENT_MOVE_REFUSED, DECISION_ENDED, FIELD_INVALID, UNKNOWN
from node.model import Caller, Role
from node.registry import AgreementState as S
from node.registry import StoredAgreement
from node.services.agreement_moves import Condition
from node.services.checking import Checked, RecognitionOutcome
from node.services.terms import needs_mapping
from tests.conftest import NewStore
from tests.node.services.agreeing import (
    HOME,
    HOST,
    OPERATOR,
    TEXT,
    THIRD,
    amend,
    newest,
    one_agreement,
    propose,
    refused,
    run,
    sign,
    states,
)
from tests.node.services.world import VENUE, Town, World, world

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


async def visit(home: Town, host: Town, points: int = 30) -> Checked:
    """A resident of `home` at a library of `host`; the consent was given before, if it could."""
    resident = await home.resident(points)
    consent = await home.consent(resident, host.code)
    return await host.check(await home.show_code(resident, consent))


async def traveller(home: Town, host: Town, points: int = 30) -> Callable[[], object]:
    """A resident with a consent: each call is a new visit."""
    resident = await home.resident(points)
    consent = await home.consent(resident, host.code)

    async def again() -> Checked:
        return await host.check(await home.show_code(resident, consent))

    return again


async def outcome(path: Callable[[], object]) -> RecognitionOutcome:
    checked = await path()  # type: ignore[misc]
    assert isinstance(checked, Checked)
    return checked.outcome


async def load_scale(town: Town, change: Callable[[str], str]) -> None:
    """The shipped scale, as `change` makes it."""
    pinyin = data.city(town.code).pinyin
    text = change(data.path(f"{pinyin}/scale.toml").read_text("utf-8")).encode()
    desk = town.cases.catalogue
    await town.store.run(lambda tx: desk.load_scale(tx, "scale.toml", text))


def stricter(text: str) -> str:
    """Zhengzhou's scale with 130 points where it had 120."""
    return text.replace("value = 120", "value = 130")


def condition(town: Town, other: Town) -> Condition:
    return town.cases.agreements.view(newest(town, other)).condition


def both(cities: World) -> tuple[Town, Town]:
    return cities[HOME], cities[HOST]


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
            assert (await visit(one, other)).outcome is RECOGNISED

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


@pytest.mark.parametrize("heard", [True, False], ids=["heard", "not-heard"])
@pytest.mark.parametrize("changed", [HOME, HOST])
def test_nobody_is_recognised_between_a_change_of_a_scale_and_the_amendment(
    new_sqlite: NewStore, changed: str, *, heard: bool
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            there, back = await traveller(one, other), await traveller(other, one, 0)
            assert await outcome(there) is RECOGNISED
            town = cities[changed]
            change = stricter if changed == HOME else lambda t: t.replace("= 700", "= 690")
            await load_scale(town, change)
            if heard:
                partner = other if town is one else one
                await town.cases.swapping.swap(partner.code)
                for reader, there_ in ((one, other), (other, one)):
                    view = reader.cases.agreements.view(newest(reader, there_))
                    assert view.condition is Condition.NEEDS_MAPPING
                    assert view.needs_mapping == (changed,)
                    party = next(p for p in view.parties if p.city == changed)
                    assert (party.scale.version, party.newest_scale) == (1, 2)
            for way in (there, back):
                checked = await way()  # type: ignore[misc]
                assert isinstance(checked, Checked)
                assert checked.outcome is NONE
                # What is open to all stays open.
                assert all(v.eligible for _, i, v in checked.decisions if i.minimum_band is None)

    run(path, new_sqlite)


def test_a_visitor_of_before_a_change_is_not_read_by_the_old_table(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            checked = await visit(one, other)
            opened = next(d for d, i, v in checked.decisions if v.eligible and i.minimum_band)
            await load_scale(one, stricter)
            await one.cases.swapping.swap(other.code)
            again = await other.check(checked.visitor_pass, is_pass=True)
            assert again.outcome is NONE
            redeeming = other.cases.redeeming
            await refused(
                DECISION_ENDED,
                other.store.run(lambda tx: redeeming.redeem(tx, VENUE, opened)),
            )

    run(path, new_sqlite)


def test_after_the_amendment_residents_are_read_by_the_new_table_only(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            low, high = await traveller(one, other, 25), await traveller(one, other, 35)
            assert await outcome(low) is RECOGNISED
            await load_scale(one, stricter)
            # The old table is no agreement on the new scale, and the new one is signed by both.
            await amend(other, one, 1, text=generous(TEXT))
            assert await outcome(high) is NONE
            await sign(one, other, 2)
            assert condition(one, other) is Condition.ACTIVE
            assert await outcome(low) is NOT_RECOGNISED
            checked = await high()  # type: ignore[misc]
            assert isinstance(checked, Checked)
            assert checked.visitor is not None
            assert checked.visitor.band_id == "outstanding"
            assert checked.visitor.agreement_version == 2

    run(path, new_sqlite)


def generous(text: str) -> str:
    """Whoever is excellent in Zhengzhou counts as outstanding in Hangzhou."""
    head, one, two = text.partition('home = "410100"')
    table, rest = two[: two.index("]\n")], two[two.index("]\n") :]
    old = '{ home = "excellent", host = "excellent" }'
    assert old in table
    return head + one + table.replace(old, '{ home = "excellent", host = "outstanding" }') + rest


def test_a_scale_that_changed_while_the_proposal_waited_is_not_signed_for(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            await amend(one, other, 1)
            await load_scale(one, stricter)
            with pytest.raises(HutongError) as caught:
                await sign(other, one, 2)
            assert f"scale of {HOME}" in caught.value.text("en")
            assert states(other) == {1: S.ACTIVE, 2: S.PROPOSED_THERE}
            await amend(one, other, 2)
            await sign(other, one, 3)
            one_agreement(one, other, 3)

    run(path, new_sqlite)


def test_a_scale_that_is_not_known_says_nothing(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            registry, stored = one.store.registry, newest(one, other)
            assert needs_mapping(registry, stored, one.code) == ()
            blank = replace(registry, own_scales=(), partner_scales=())
            assert needs_mapping(blank, stored, one.code) == ()

    run(path, new_sqlite)


def test_the_view_names_bands_marks_the_line_and_shows_who_is_a_newcomer(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            one, other = both(cities)
            # Only the outstanding of Zhengzhou are recognised in Hangzhou.
            head, first, second = TEXT.split("[[mappings]]")
            low, high = (second, first) if 'home = "410100"' in first else (first, second)
            high = high.replace('{ home = "excellent", host = "excellent" },', "")
            high = high.replace('line = "excellent"', 'line = "outstanding"')
            await propose(one, other, text=f"{head}[[mappings]]{low}[[mappings]]{high}")
            view = other.cases.agreements.view(newest(other, one))
            assert [p.name_zh for p in view.parties] == ["杭州", "郑州"]
            table = next(t for t in view.tables if t.home == HOME)
            assert [
                (r.home.name_zh, r.host.name_en if r.host else "", r.is_line)
                for r in table.readings
            ] == [("优秀", "", False), ("极好", "outstanding", True)]
            assert [move.value for move in view.moves] == ["sign", "amend"]

    run(path, new_sqlite)


def test_a_version_whose_scale_is_not_kept_is_shown_by_its_ids(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            one, other = both(cities)
            stored = newest(one, other)
            parties = stored.agreement.scales
            unknown = tuple(replace(scale, digest=bytes(32)) for scale in parties)
            agreement = replace(stored.agreement, scales=(unknown[0], unknown[1]))
            view = one.cases.agreements.view(replace(stored, agreement=agreement))
            first = view.tables[0].readings[0]
            assert (first.home.band_id, first.home.name_zh) == ("excellent", "")
            assert first.host is not None
            assert view.needs_mapping == (CityCode(HOST), CityCode(HOME))

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
