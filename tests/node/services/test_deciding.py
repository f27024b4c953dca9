"""One decision, by facts alone: it opens and never takes away, and equals are treated equally."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.identifiers import CityCode
from federation.messages import UseCounting
from node.facts import Facts
from node.incentives import SUBJECTS, AcrossCities, Incentive, Residence
from node.model import StoredRecognition
from node.registry import Registry
from node.services.deciding import Rule, Verdict, decide, facts_of
from node.services.here import Here
from tests.node.services.simulated import MovableClock, SeededEntropy
from tests.node.services.world import START
from tests.node.test_conditions import LIST, NEWCOMER, SCALE, VISITOR, asking

HERE, HOME, OTHER = str(SCALE.city), "330100", "320100"
AGREEMENT = "018f3b1e-0000-7000-8000-000000000001"
CONDITIONS = (
    "",
    "!recognised",
    "hour < 12",
    "rank >= 3 && weekday < 6",
    "rank < 3",
    'residence == "own"',
    'home == "330100"',
    'size(commendations) > 0 || scenario == "scenic.discount" && hour == 9',
    "local_score >= 140.0",
    "1 / rank == 1",
)
COMMENDATIONS = ("blood-donor", "volunteer-star")


def incentives() -> st.SearchStrategy[Incentive]:
    return st.builds(
        replace,
        st.just(asking("")),
        minimum_band=st.sampled_from((None, *(band.band_id for band in SCALE.bands), "gone")),
        commendations=st.sets(st.sampled_from(COMMENDATIONS)).map(tuple),
        condition=st.sampled_from(CONDITIONS),
        homes=st.sampled_from(((), (HOME,), (OTHER,))),
        agreements=st.sampled_from(((), (AGREEMENT,), ("another",))),
        subjects=st.sampled_from((SUBJECTS, (Residence.OWN,), (Residence.VISITOR,))),
        across_cities=st.sampled_from((None, AcrossCities("rental", 1, 30))),
        valid_until=st.sampled_from((date(2026, 11, 1), date(2029, 1, 1))),
    )


def known(facts: Facts, residence: Residence, home: str) -> Facts:
    return replace(facts, residence=residence, home=home, agreement_id=AGREEMENT)


PEOPLE = st.builds(
    replace,
    st.sampled_from((known(VISITOR, Residence.VISITOR, HOME), known(VISITOR, Residence.OWN, HERE))),
    band_id=st.sampled_from((*(band.band_id for band in SCALE.bands), "gone")),
    local_milli=st.none() | st.integers(0, 200_000),
    commendations=st.sets(st.sampled_from(COMMENDATIONS)).map(tuple),
    scenarios=st.sampled_from((("scenic.discount",), ("library.deposit_free",))),
    counting=st.booleans(),
    hour=st.integers(0, 23),
    weekday=st.integers(1, 7),
)


@given(incentive=incentives(), person=PEOPLE)
def test_whoever_is_recognised_may_have_all_that_a_newcomer_may(
    incentive: Incentive, person: Facts
) -> None:
    newcomer = decide(person.as_newcomer(), incentive, SCALE)
    assert decide(person, incentive, SCALE).eligible or not newcomer.eligible


@given(incentive=incentives(), person=PEOPLE)
def test_a_decision_is_the_same_each_time_and_says_why_and_what_would_change_it(
    incentive: Incentive, person: Facts
) -> None:
    for facts in (person, person.as_newcomer()):
        verdict = decide(facts, incentive, SCALE)
        assert verdict == decide(replace(facts), replace(incentive), SCALE)
        assert verdict.reason_zh
        assert verdict.reason_en
        assert bool(verdict.change_zh) == bool(verdict.change_en) == (not verdict.eligible)


@given(incentive=incentives(), person=PEOPLE)
def test_own_resident_and_visitor_of_equal_standing_get_the_equal_answer(
    incentive: Incentive, person: Facts
) -> None:
    reads_whose = "home" in incentive.condition or "residence" in incentive.condition
    condition = "" if reads_whose else incentive.condition
    alike = replace(incentive, subjects=SUBJECTS, homes=(), agreements=(), condition=condition)
    own, visitor = (
        decide(known(person, *whose), alike, SCALE)
        for whose in ((Residence.OWN, HERE), (Residence.VISITOR, HOME))
    )
    assert own == visitor


@given(incentive=incentives(), person=PEOPLE)
def test_a_higher_band_is_never_less_by_the_rule_of_bands(
    incentive: Incentive, person: Facts
) -> None:
    by_band = replace(incentive, condition="")
    opened = [
        decide(replace(person, band_id=band.band_id), by_band, SCALE).eligible
        for band in SCALE.bands
    ]
    assert opened == sorted(opened)


@given(incentive=incentives(), person=PEOPLE)
def test_a_condition_only_ever_opens(incentive: Incentive, person: Facts) -> None:
    without = replace(incentive, condition="")
    for facts in (person, person.as_newcomer()):
        if not without.is_open_to_all and decide(facts, without, SCALE).eligible:
            assert decide(facts, incentive, SCALE).eligible


@given(incentive=incentives(), person=PEOPLE)
def test_what_is_open_to_everyone_is_so_whatever_narrows_it(
    incentive: Incentive, person: Facts
) -> None:
    everyone = replace(incentive, minimum_band=None, commendations=(), condition="")
    open_now = everyone.valid_on(person.day)
    for facts in (person, person.as_newcomer()):
        rule = Rule.OPEN_TO_ALL if open_now else Rule.OUTSIDE_VALIDITY
        assert decide(facts, everyone, SCALE).rule is rule


BAND = replace(asking(""), minimum_band="excellent", commendations=("volunteer-star",))
GUEST = known(VISITOR, Residence.VISITOR, HOME)
LOW = replace(GUEST, band_id="good", commendations=())
RENTAL = replace(BAND, across_cities=AcrossCities("rental", 1, 30))
RULES: dict[Rule, tuple[Facts, Incentive]] = {
    Rule.OPEN_TO_ALL: (NEWCOMER, asking("")),
    Rule.BAND: (GUEST, BAND),
    Rule.COMMENDATION: (replace(LOW, commendations=("volunteer-star",)), BAND),
    Rule.CONDITION: (LOW, replace(BAND, condition='home == "330100"')),
    Rule.OUTSIDE_VALIDITY: (GUEST, replace(BAND, valid_until=date(2026, 11, 24))),
    Rule.NOT_RECOGNISED: (NEWCOMER, BAND),
    Rule.NOT_CONSENTED: (replace(GUEST, scenarios=("hospital.pay_later",)), BAND),
    Rule.NOT_FOR_THIS_HOME: (GUEST, replace(BAND, homes=(OTHER,))),
    Rule.BELOW: (LOW, BAND),
    Rule.NOT_COUNTED: (GUEST, RENTAL),
}


@pytest.mark.parametrize("rule", Rule)
def test_each_rule_decides_where_it_should(rule: Rule) -> None:
    facts, incentive = RULES[rule]
    assert decide(facts, incentive, SCALE).rule is rule


def closed(facts: Facts, **fields: object) -> Verdict:
    verdict = decide(facts, replace(BAND, **fields), SCALE)  # type: ignore[arg-type]
    assert not verdict.eligible
    return verdict


def test_it_narrows_to_homes_agreements_and_kinds_of_people() -> None:
    own = known(VISITOR, Residence.OWN, HERE)
    assert decide(own, replace(BAND, homes=(OTHER,), agreements=("another",)), SCALE).eligible
    assert decide(GUEST, replace(BAND, homes=(HOME,), agreements=(AGREEMENT,)), SCALE).eligible
    assert closed(GUEST, agreements=("another",)).rule is Rule.NOT_FOR_THIS_HOME
    assert "本市居民" in closed(GUEST, subjects=(Residence.OWN,)).reason_zh
    assert "visitors" in closed(own, subjects=(Residence.VISITOR,)).reason_en


def test_what_is_counted_over_all_cities_takes_a_consent_to_that_and_a_standing() -> None:
    assert decide(replace(GUEST, counting=True), RENTAL, SCALE).rule is Rule.BAND
    for_all = replace(RENTAL, condition="hour < 24")
    assert decide(NEWCOMER, for_all, SCALE).rule is Rule.NOT_RECOGNISED
    assert decide(GUEST, for_all, SCALE).rule is Rule.NOT_COUNTED


def test_a_condition_that_shuts_out_the_recognised_shuts_out_nobody() -> None:
    newcomers_only = replace(BAND, condition="!recognised")
    for facts in (NEWCOMER, LOW, replace(LOW, scenarios=()), GUEST):
        assert decide(facts, newcomers_only, SCALE).rule is Rule.CONDITION


def test_what_would_change_it_says_so() -> None:
    assert "2027-01-01" in closed(GUEST, valid_from=date(2027, 1, 1)).change_en
    assert "over" in closed(GUEST, valid_until=date(2026, 11, 1)).change_en
    assert "有效期" in closed(GUEST, valid_until=date(2026, 11, 1)).reason_zh
    needs = closed(LOW, condition="rank > 3").reason_en
    assert needs == (
        "It needs recognition at “excellent” or above, or a recognised commendation, or what the "
        "condition in the catalogue asks for."
    )


def test_a_scale_that_is_gone_or_has_no_numbers_is_decided_by_what_is_left() -> None:
    assert decide(GUEST, BAND, None).rule is Rule.BELOW
    assert decide(replace(LOW, commendations=("volunteer-star",)), BAND, None).eligible
    listed = replace(BAND, minimum_band="listed", commendations=())
    for band, rule in (("listed", Rule.BAND), ("not-listed", Rule.BELOW)):
        facts = replace(GUEST, band_id=band, local_milli=None)
        assert decide(facts, listed, LIST).rule is rule


def test_a_name_of_any_length_leaves_a_reason_that_can_be_signed() -> None:
    bands = tuple(replace(band, name_zh="极" * 1000, name_en="x" * 1000) for band in SCALE.bands)
    endless = replace(SCALE, bands=bands)
    for facts, incentive in itertools.product((NEWCOMER, LOW, GUEST), (BAND, RENTAL)):
        verdict = decide(facts, incentive, endless)
        assert max(len(verdict.reason_zh), len(verdict.reason_en)) <= 1000


TOWN = Here(SCALE.city, ZoneInfo("Asia/Shanghai"), MovableClock(START), SeededEntropy(1))
NOTHING = Registry(0, (), {}, (), (), None)
FACTS_OF: tuple[tuple[datetime, date, int, int], ...] = (
    (datetime(2026, 11, 24, 15, 59, tzinfo=UTC), date(2026, 11, 24), 23, 2),
    (datetime(2026, 11, 24, 16, 0, tzinfo=UTC), date(2026, 11, 25), 0, 3),
    (datetime(2026, 11, 29, 16, 0, tzinfo=UTC), date(2026, 11, 30), 0, 1),
)


@pytest.mark.parametrize(("now", "day", "hour", "weekday"), FACTS_OF)
def test_days_and_hours_are_those_of_the_city(
    now: datetime, day: date, hour: int, weekday: int
) -> None:
    facts = facts_of(TOWN, NOTHING, None, now)
    assert (facts.day, facts.hour, facts.weekday) == (day, hour, weekday)
    assert facts == Facts(now, day, hour, weekday, 0, 0)
    assert facts == facts.as_newcomer()


def test_facts_are_what_is_recognised_and_no_more() -> None:
    visitor = StoredRecognition(
        recognition_id="r",
        pass_digest=bytes(32),
        home=CityCode(HOME),
        pseudonym=bytes(32),
        band_id="excellent",
        commendations=("blood-donor",),
        scenarios=("scenic.discount",),
        agreement_id=AGREEMENT,
        agreement_version=1,
        attestation_id="t",
        status_index=1,
        checked_at=START,
        expires_at=START + timedelta(days=1),
        local_milli=140_000,
    )
    at = replace(NEWCOMER, scale_version=0, catalogue_version=0)
    guest = replace(GUEST, scale_version=0, catalogue_version=0)
    assert facts_of(TOWN, NOTHING, visitor, START) == guest
    assert guest.as_newcomer() == at
    own = replace(visitor, home=TOWN.city, counting=UseCounting.ANONYMOUS)
    found = facts_of(TOWN, NOTHING, own, START)
    assert (found.residence, found.counting) == (Residence.OWN, True)
