"""The main path over two towns, and what breaks it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from federation.errors import NOT_RECOGNISED, HutongError
from node.errors import (
    ALREADY_REDEEMED,
    DECISION_ENDED,
    REQUEST_ID_REUSED,
    UNKNOWN,
    VISITOR_PASS_UNKNOWN,
)
from node.model import Caller, Page, PageRequest, Role, Use, UseOutcome
from node.refusals import (
    REFUSED_CODE_EXPIRED,
    REFUSED_CODE_USED,
    REFUSED_CONSENT_ENDED,
    REFUSED_NOTHING_TO_SHOW,
    REFUSED_OUTSIDE_CONSENT,
)
from node.services.checking import Checked, RecognitionOutcome
from tests.conftest import NewStore
from tests.node.services.world import OPERATOR, SCENARIO, VENUE, Town, world

HOME, HOST, THIRD = "410100", "330100", "320500"
PAGE = PageRequest(50, "")


def run(path: Callable[[NewStore], Awaitable[None]], stores: NewStore) -> None:
    async def whole() -> None:
        await path(stores)

    asyncio.run(whole())


def opened(checked: Checked) -> set[str]:
    return {
        incentive.incentive_id for _, incentive, verdict in checked.decisions if verdict.eligible
    }


def decision_of(checked: Checked) -> str:
    """The decision on an incentive that needs a standing."""
    return next(
        decision_id
        for decision_id, incentive, _ in checked.decisions
        if decision_id and incentive.minimum_band
    )


async def redeem(town: Town, decision_id: str, venue: Caller = VENUE) -> object:
    return await town.store.run(lambda tx: town.cases.redeeming.redeem(tx, venue, decision_id))


async def refusals(town: Town, resident: str) -> list[str]:
    page = await town.store.read(lambda tx: town.cases.standings.uses(tx, resident, PAGE))
    return [use.refusal for use in page.items if use.outcome is UseOutcome.REFUSED]


@pytest.fixture(
    params=[
        "new_sqlite",
        pytest.param("new_postgres", marks=pytest.mark.all),
        pytest.param("new_retried", marks=pytest.mark.all),
    ]
)
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Also one whose commits must be made again now and then."""
    found: NewStore = request.getfixturevalue(request.param)
    return found


def test_a_resident_in_good_standing_opens_the_hosts_incentives_once(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            resident = await home.resident(30)
            consent = await home.consent(resident, host.code)
            checked = await host.check(await home.show_code(resident, consent))
            assert checked.outcome is RecognitionOutcome.RECOGNISED
            await redeem(host, decision_of(checked))
            with pytest.raises(HutongError) as again:
                await redeem(host, decision_of(checked))
            assert again.value.reason == ALREADY_REDEEMED
            uses = await home.store.read(lambda tx: home.cases.standings.uses(tx, resident, PAGE))
            assert [(u.host, u.outcome, u.scenarios) for u in uses.items] == [
                (host.code, UseOutcome.ATTESTED, (SCENARIO,))
            ]

    run(path, new_store)


def test_whatever_the_reason_a_refusal_is_the_same_and_only_the_resident_learns_it(
    new_store: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, HOST, THIRD) as cities:
            home, host = cities[HOME], cities[HOST]
            good, low = await home.resident(30), await home.resident(-30)
            consent = await home.consent(good, host.code)
            used = await home.show_code(good, consent)
            await host.check(used)
            late = await home.show_code(good, consent)
            elsewhere = await home.show_code(good, await home.consent(good, cities[THIRD].code))
            below = await home.show_code(low, await home.consent(low, host.code))
            ended = await home.consent(good, host.code)
            withdrawn = await home.show_code(good, ended)
            await home.withdraw(good, ended)
            unknown = below[:-1] + ("0" if below[-1] != "0" else "8")
            outcomes = [await host.check(code) for code in (used, elsewhere, below, withdrawn)]
            home.clock.forward(timedelta(minutes=5))
            outcomes.append(await host.check(late))
            assert {c.outcome for c in outcomes} == {RecognitionOutcome.NOT_RECOGNISED}
            newcomers = [(opened(c), c.visitor, c.visitor_pass) for c in outcomes]
            assert all(newcomer == newcomers[0] for newcomer in newcomers)
            assert set(await refusals(home, good)) == {
                REFUSED_CODE_USED.name,
                REFUSED_OUTSIDE_CONSENT.name,
                REFUSED_CONSENT_ENDED.name,
                REFUSED_CODE_EXPIRED.name,
            }
            assert await refusals(home, low) == [REFUSED_NOTHING_TO_SHOW.name]
            with pytest.raises(HutongError, match="as it was shown"):
                await host.check(unknown)

    run(path, new_store)


def test_one_code_shown_at_two_desks_at_once_is_recognised_at_one(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            resident = await home.resident(30)
            code = await home.show_code(resident, await home.consent(resident, host.code))
            both = await asyncio.gather(host.check(code), host.check(code))
            assert sorted(c.outcome.name for c in both) == ["NOT_RECOGNISED", "RECOGNISED"]

    run(path, new_store)


def test_a_venue_that_lost_its_answer_asks_again_and_gets_the_first(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            resident = await home.resident(30)
            code = await home.show_code(resident, await home.consent(resident, host.code))
            ask = host.ask()
            cities.network.loses_answers_of.add(home.code)
            lost = await host.check(code, ask=ask)
            assert lost.outcome is RecognitionOutcome.HOME_UNREACHABLE
            cities.network.loses_answers_of.clear()
            found = await host.check(code, ask=ask)
            assert found.outcome is RecognitionOutcome.RECOGNISED
            assert await host.check(code, ask=ask) is found
            assert len((await _uses(home, resident)).items) == 1

    run(path, new_store)


async def _uses(home: Town, resident: str) -> Page[Use]:
    return await home.store.read(lambda tx: home.cases.standings.uses(tx, resident, PAGE))


def test_a_request_id_with_another_body_is_refused(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            resident = await home.resident(30)
            consent = await home.consent(resident, host.code)
            ask = host.ask(b"one")
            await host.check(await home.show_code(resident, consent), ask=ask)
            other = type(ask)(ask.caller, ask.request_id, b"other".ljust(32))
            with pytest.raises(HutongError) as refused:
                await host.check(await home.show_code(resident, consent), ask=other)
            assert refused.value.reason == REQUEST_ID_REUSED

    run(path, new_store)


def test_an_unreachable_home_city_makes_a_newcomer_and_never_an_error(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            resident = await home.resident(30)
            code = await home.show_code(resident, await home.consent(resident, host.code))
            cities.network.down.add(home.code)
            ask = host.ask()
            cut = await host.check(code, ask=ask)
            assert cut.outcome is RecognitionOutcome.HOME_UNREACHABLE
            assert opened(cut) == opened(cut) & _open_to_everyone(cut)
            cities.network.down.clear()
            assert (await host.check(code, ask=ask)).outcome is RecognitionOutcome.RECOGNISED

    run(path, new_store)


def _open_to_everyone(checked: Checked) -> set[str]:
    return {
        incentive.incentive_id
        for _, incentive, _ in checked.decisions
        if incentive.minimum_band is None and not incentive.commendations
    }


def test_a_recognised_visitor_may_have_at_least_what_a_newcomer_may(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            for points in (-100, 0, 19, 20, 51, 90):
                resident = await home.resident(points)
                code = await home.show_code(resident, await home.consent(resident, host.code))
                checked = await host.check(code)
                assert _open_to_everyone(checked) <= opened(checked)
                assert _open_to_everyone(checked)

    run(path, new_store)


def test_a_withdrawn_consent_ends_the_visitor_pass_within_the_freshness(
    new_store: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            resident = await home.resident(30)
            consent = await home.consent(resident, host.code)
            first = await host.check(await home.show_code(resident, consent))
            held = decision_of(await host.check(first.visitor_pass, is_pass=True))
            await home.withdraw(resident, consent)
            home.clock.forward(first.expires_at - home.clock.now())
            after = await host.check(first.visitor_pass, is_pass=True)
            assert after.outcome is RecognitionOutcome.NOT_RECOGNISED
            assert opened(after) == _open_to_everyone(after)
            with pytest.raises(HutongError) as ended:
                await redeem(host, held)
            assert ended.value.reason == DECISION_ENDED

    run(path, new_store)


def test_a_pass_of_another_city_or_of_nobody_is_refused(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, HOST, THIRD) as cities:
            home, host, third = cities[HOME], cities[HOST], cities[THIRD]
            resident = await home.resident(30)
            code = await home.show_code(resident, await home.consent(resident, host.code))
            checked = await host.check(code)
            with pytest.raises(HutongError) as refused:
                await third.check(checked.visitor_pass, is_pass=True)
            assert refused.value.reason == VISITOR_PASS_UNKNOWN

    run(path, new_store)


def test_a_decision_of_one_venue_is_nothing_at_another(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            resident = await home.resident(30)
            code = await home.show_code(resident, await home.consent(resident, host.code))
            checked = await host.check(code)
            with pytest.raises(HutongError) as refused:
                await redeem(host, decision_of(checked), Caller(Role.VENUE, "rental-shop"))
            assert refused.value.reason == UNKNOWN

    run(path, new_store)


def test_a_repaired_record_heals_at_the_next_question(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            number, resident = await home.resident_with_number()
            await home.record(number, 30)
            await home.record(number, -25, expires_on="2026-11-25")
            consent = await home.consent(resident, host.code)
            before = await host.check(await home.show_code(resident, consent))
            assert before.outcome is RecognitionOutcome.NOT_RECOGNISED
            home.clock.forward(timedelta(days=1))
            after = await host.check(await home.show_code(resident, consent))
            assert after.outcome is RecognitionOutcome.RECOGNISED

    run(path, new_store)


def test_equal_standings_get_equal_answers_at_home_and_away(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            own = await host.resident(150)
            own_code = await host.show_code(own, await host.consent(own, host.code))
            at_home = await host.check(own_code)
            visitor = await home.resident(30)
            away = await host.check(
                await home.show_code(visitor, await home.consent(visitor, host.code))
            )
            assert at_home.visitor is not None
            assert away.visitor is not None
            assert at_home.visitor.band_id == away.visitor.band_id
            assert opened(at_home) == opened(away)

    run(path, new_store)


def test_nothing_is_served_after_a_suspension_and_all_is_after_it_ends(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            resident = await home.resident(30)
            consent = await home.consent(resident, host.code)
            checked = await host.check(await home.show_code(resident, consent))
            held = decision_of(checked)
            desk = host.cases.partners
            await host.store.run(lambda tx: desk.suspend(tx, home.code, OPERATOR, "a drill"))
            with pytest.raises(HutongError) as ended:
                await redeem(host, held)
            assert ended.value.reason == DECISION_ENDED
            code = await home.show_code(resident, consent)
            during = await host.check(code)
            assert during.outcome is RecognitionOutcome.NO_AGREEMENT
            await host.store.run(lambda tx: desk.resume(tx, home.code, OPERATOR, "it is over"))
            assert (await host.check(code)).outcome is RecognitionOutcome.RECOGNISED

    run(path, new_store)


def test_a_home_city_that_suspended_the_agreement_attests_nothing(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            resident = await home.resident(30)
            code = await home.show_code(resident, await home.consent(resident, host.code))
            stored = home.store.registry.active_agreement(host.code)
            assert stored is not None
            await home.store.run(
                lambda tx: home.cases.agreement_life.suspend(tx, stored.key[0], OPERATOR, "a drill")
            )
            checked = await host.check(code)
            assert checked.outcome is RecognitionOutcome.NO_AGREEMENT

    run(path, new_store)


def test_two_hosts_cannot_link_one_resident(new_store: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, HOST, THIRD) as cities:
            home = cities[HOME]
            resident = await home.resident(30)
            seen = []
            for host in (cities[HOST], cities[THIRD]):
                code = await home.show_code(resident, await home.consent(resident, host.code))
                visitor = (await host.check(code)).visitor
                assert visitor is not None
                seen.append(visitor)
            assert seen[0].pseudonym != seen[1].pseudonym
            assert seen[0].status_index != seen[1].status_index

    run(path, new_store)


def test_no_document_number_and_no_code_as_shown_is_anywhere_in_the_stores(
    new_sqlite: NewStore, tmp_path: Path
) -> None:
    secrets = list[bytes]()

    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            home, host = cities[HOME], cities[HOST]
            number, resident = await home.resident_with_number()
            await home.record(number, 30)
            code = await home.show_code(resident, await home.consent(resident, host.code))
            await host.check(code)
            secrets.extend((number.encode(), code.encode(), code[6:].replace("-", "").encode()))

    run(path, new_sqlite)
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert not any(secret in content for secret in secrets), file


def test_the_uniform_refusal_carries_nothing() -> None:
    assert HutongError(NOT_RECOGNISED).fields == {}
