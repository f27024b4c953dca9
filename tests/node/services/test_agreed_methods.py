"""Agreements that read scores: what both cities sign, what no city can pass off, what is read."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from federation.errors import AGREEMENT_MISMATCH, NOT_NUMERIC, HutongError
from federation.identifiers import CityCode
from federation.mapping import equivalent
from federation.messages import Disclosure
from federation.methods import Concordance, LinearMapping
from node.errors import FILE_INVALID, HISTOGRAM_MISSING
from node.model import Finding, Severity
from node.registry import AgreementState as S
from node.services.agreement_moves import Condition
from node.services.checking import Checked, RecognitionOutcome
from node.services.partner_findings import partner_findings
from tests.conftest import NewStore
from tests.node.services.agreeing import (
    HOME,
    HOST,
    TEXT,
    amend,
    both,
    newest,
    one_agreement,
    propose,
    refused,
    run,
    sign,
    states,
)
from tests.node.services.publishing import bell, red_list, spread_word
from tests.node.services.renewals import renewed
from tests.node.services.world import Town, world

ROWS = """rows = [
    { home = "excellent", host = "excellent" },
    { home = "outstanding", host = "outstanding" },
]"""
BY_RANKS = 'method = "concordance"\ndegree = 4\nvalid_days = 90'
# 120 of Zhengzhou's 200 is read as 700 of Hangzhou's 1000.
BY_LINE = """method = "linear"
home_mean = 108
home_spread = 18
host_mean = 652.5
host_spread = 71.25
lowest = 100
highest = 200
source = "made up for tests\""""


def by(method: str, text: str = TEXT) -> str:
    """The shipped agreement up to SCORE, where Hangzhou reads Zhengzhou by the method."""
    head, start, way = text.partition(f'home = "{HOME}"')
    assert ROWS in way
    text = head + start + way.replace(ROWS, method)
    return text.replace('disclosure_limit = "BAND"', 'disclosure_limit = "SCORE"')


async def publish(home: Town, host: Town, *knowing: Town, seed: str = "one") -> None:
    """Both cities' histograms, kept in these cities: at 120 one stands higher than at 700."""
    await spread_word(bell(home, f"home {seed}", 40_000, 104, 18), *knowing)
    await spread_word(bell(host, f"host {seed}", 60_000, 640, 80), *knowing)


async def visitor(home: Town, host: Town, level: Disclosure, points: int = 30) -> Checked:
    """A resident with a consent of that level, at a library of the host."""
    resident = await home.resident(points)
    consent = await home.consent(resident, host.code, disclosure=level)
    return await host.check(await home.show_code(resident, consent))


def standing(checked: Checked) -> tuple[str, int | None]:
    assert checked.outcome is RecognitionOutcome.RECOGNISED
    assert checked.visitor is not None
    return checked.visitor.band_id, checked.visitor.local_milli


def signed_table(town: Town, other: Town) -> Concordance:
    method = newest(town, other).agreement.mapping(CityCode(HOME)).method
    assert isinstance(method, Concordance)
    return method


@pytest.mark.parametrize("proposer", [HOME, HOST])
def test_both_cities_sign_one_table_and_read_scores_by_it_and_bands_by_their_lower_end(
    new_store: NewStore, proposer: str
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            home, host = both(cities)
            await publish(home, host, home, host)
            one, other = (home, host) if proposer == HOME else (host, home)
            await propose(one, other, text=by(BY_RANKS))
            await sign(other, one, 1)
            one_agreement(one, other, 1)
            table = signed_table(one, other)
            assert table.degree == 4
            # 130 has the place of some 753 there; the lower end of its band that of some 711.
            assert standing(await visitor(home, host, Disclosure.SCORE)) == (
                "outstanding",
                equivalent(table, 130_000),
            )
            assert standing(await visitor(home, host, Disclosure.BAND)) == ("excellent", None)

    run(path, new_store)


def test_a_score_is_read_by_mean_and_spread_and_again_when_it_is_renewed(
    new_store: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            home, host = both(cities)
            await propose(home, host, text=by(BY_LINE))
            await sign(host, home, 1)
            method = newest(host, home).agreement.mapping(home.code).method
            assert isinstance(method, LinearMapping)
            number, resident = await home.resident_with_number()
            await home.record(number, 30)
            consent = await home.consent(resident, host.code, disclosure=Disclosure.SCORE)
            first = await host.check(await home.show_code(resident, consent))
            assert standing(first) == ("excellent", equivalent(method, 130_000))
            await home.record(number, 4)
            cities.clock.forward(timedelta(hours=20))
            assert (await renewed(host, HOME)).renewed == 1
            again = await host.check(first.visitor_pass, is_pass=True)
            assert standing(again) == ("outstanding", equivalent(method, 134_000))

    run(path, new_store)


def test_a_table_without_a_published_histogram_is_not_proposed_and_the_city_is_named(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            home, host = both(cities)
            await spread_word(bell(home, "home", 40_000, 104, 18), home, host)
            error = await refused(HISTOGRAM_MISSING, propose(home, host, text=by(BY_RANKS)))
            assert error.fields["city"] == HOST
            assert "hutong histogram publish" in error.text("en")
            assert states(home) == states(host) == {}

    run(path, new_sqlite)


def test_nobody_signs_a_table_that_cannot_be_built_again(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            home, host = both(cities)
            await publish(home, host, home)
            await propose(home, host, text=by(BY_RANKS))
            await refused(HISTOGRAM_MISSING, sign(host, home, 1))
            assert states(host) == {1: S.PROPOSED_THERE}
            # Zhengzhou's came with the proposal; Hangzhou has none of its own.
            await spread_word(bell(host, "host one", 60_000, 640, 80), host)
            await sign(host, home, 1)
            one_agreement(home, host, 1)

    run(path, new_sqlite)


def test_a_table_that_the_histograms_known_here_do_not_give_is_not_signed(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            home, host = both(cities)
            # The same ids, and other figures: who proposes has made a kinder table.
            await publish(home, host, home, seed="kinder")
            await publish(home, host, host)
            await propose(home, host, text=by(BY_RANKS))
            error = await refused(AGREEMENT_MISMATCH, sign(host, home, 1))
            assert "another table" in error.text("en")
            assert states(host) == {1: S.PROPOSED_THERE}

    run(path, new_sqlite)


def test_from_the_end_of_its_table_on_a_visitor_is_a_newcomer_and_residents_go_on(
    new_sqlite: NewStore,
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            home, host = both(cities)
            await publish(home, host, home, host)
            await propose(home, host, text=by(BY_RANKS))
            await sign(host, home, 1)
            cities.clock.forward(timedelta(days=89))
            known = await visitor(home, host, Disclosure.BAND)
            standing(known)
            assert "It ends on" in said_by_doctor(host, home).detail_en
            cities.clock.forward(timedelta(days=1))
            late = await host.check(known.visitor_pass, is_pass=True)
            assert late.outcome is RecognitionOutcome.NO_AGREEMENT
            # Hangzhou's own are read by a band table in Zhengzhou, which goes on.
            standing(await visitor(host, home, Disclosure.BAND, points=170))
            # Both see it, and that it can be amended.
            for reader, there in ((home, host), (host, home)):
                view = reader.cases.agreements.view(newest(reader, there))
                assert view.condition is Condition.NEEDS_MAPPING
                assert (view.needs_mapping, view.ended_tables) == ((), (home.code,))
                finding = said_by_doctor(reader, there)
                assert finding.severity is Severity.WARNING
                assert f"The concordance of {HOME} has ended" in finding.detail_en
                assert f"amend {view.stored.key[0]} FILE --version 1" in finding.remedy_en
                assert finding.remedy_zh
            await amend(host, home, version=1, text=by(BY_RANKS))
            await sign(home, host, 2)
            one_agreement(home, host, 2)
            standing(await visitor(home, host, Disclosure.BAND))

    run(path, new_sqlite)


def said_by_doctor(town: Town, other: Town) -> Finding:
    registry = town.store.registry
    partner, now = registry.partners[CityCode(other.code)], town.cases.here.now()
    found = partner_findings(CityCode(town.code), registry, partner, None, now)
    return next(finding for finding in found if finding.subject.endswith("agreement"))


def red(text: str) -> str:
    return re.sub(r"(?ms)^rows = \[.*?^\]", 'method = "concordance"', text)


def test_a_red_list_has_no_table(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, HOME, "320100", agreed=False) as cities:
            home, listed = cities[HOME], cities["320100"]
            await spread_word(bell(home, "home", 40_000, 104, 18), home)
            await spread_word(red_list(listed, 400, 9_000), home)
            with pytest.raises(HutongError) as found:
                await home.agree(listed, red)
            assert found.value.reason == NOT_NUMERIC

    run(path, new_sqlite)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("degree = 4", "degree = 0"),
        lambda t: t.replace("degree = 4", "degree = 11"),
        lambda t: t.replace("degree = 4", 'degree = "much"'),
        lambda t: t.replace("valid_days = 90", "valid_days = 0"),
        lambda t: t.replace(BY_RANKS, f"{BY_RANKS}\n{ROWS}"),
        lambda t: t.replace(BY_RANKS, 'method = "by heart"'),
        lambda t: t.replace(BY_RANKS, ""),
        lambda t: t.replace(BY_RANKS, BY_LINE.replace("home_mean = 108\n", "")),
        lambda t: t.replace(BY_RANKS, BY_LINE.replace("home_spread = 18", "home_spread = 0")),
        lambda t: t.replace(BY_RANKS, BY_LINE.replace("highest = 200", "highest = 90")),
        lambda t: t.replace(BY_RANKS, f"{BY_LINE}\ndegree = 3"),
        lambda t: t.replace(BY_RANKS, BY_LINE).replace('line = "excellent"', 'line = "good"'),
        lambda t: "offline_grace_minutes = 1441\n" + t,
    ],
)
def test_a_mistake_in_a_method_is_told_with_its_line(
    new_sqlite: NewStore, change: Callable[[str], str]
) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            home, host = both(cities)
            await publish(home, host, home, host)
            error = await refused(FILE_INVALID, propose(home, host, text=change(by(BY_RANKS))))
            assert error.fields["where"].startswith("line ")
            assert states(home) == {}

    run(path, new_sqlite)


def test_a_grace_without_the_node_is_agreed_and_in_the_terms(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores, agreed=False) as cities:
            home, host = both(cities)
            await propose(home, host, text="offline_grace_minutes = 30\n" + TEXT)
            await sign(host, home, 1)
            assert newest(host, home).agreement.offline_grace == timedelta(minutes=30)
            assert newest(home, host).agreement.offline_grace == timedelta(minutes=30)

    run(path, new_sqlite)


def test_a_resident_at_home_is_read_by_the_score_as_a_visitor_is(new_sqlite: NewStore) -> None:
    async def path(stores: NewStore) -> None:
        async with world(stores) as cities:
            host = cities[HOST]
            assert standing(await visitor(host, host, Disclosure.SCORE, 170)) == (
                "excellent",
                720_000,
            )
            assert standing(await visitor(host, host, Disclosure.BAND, 170)) == ("excellent", None)

    run(path, new_sqlite)
