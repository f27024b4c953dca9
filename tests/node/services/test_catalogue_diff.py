"""Who would gain and who would lose by a catalogue: whoever does is told of before."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import HutongError
from node import data
from node.errors import FILE_INVALID, NOTHING_IN_FORCE
from node.facts import Facts
from node.incentives import AcrossCities, Catalogue, Incentive, Residence
from node.services.catalogue_diff import CatalogueDiff, Difference, Home, compare
from node.services.deciding import decide
from tests.conftest import NewStore
from tests.node.services.test_deciding import HERE, HOME, PEOPLE, incentives
from tests.node.services.trying import played
from tests.node.services.world import world
from tests.node.test_conditions import NEWCOMER, SCALE, asking

OWN = Home(HERE, Residence.OWN)
GUESTS = Home(
    HOME,
    Residence.VISITOR,
    "018f3b1e-0000-7000-8000-000000000001",
    frozenset({"scenic.discount"}),
    frozenset({"blood-donor"}),
)
BAND = replace(asking(""), minimum_band="outstanding")
BOTH = ("excellent", "outstanding")


def catalogue(*found: Incentive) -> Catalogue:
    return Catalogue(7, found, "")


def differ(old: Incentive | None, new: Incentive | None) -> CatalogueDiff:
    before, after = ([each] if each else [] for each in (old, new))
    return compare(catalogue(*before), catalogue(*after), SCALE, (OWN, GUESTS), NEWCOMER)


def rows(old: Incentive | None, new: Incentive | None) -> set[tuple[bool, str, tuple[str, ...]]]:
    found = differ(old, new).differences
    assert all(each.incentive_id == "scenic-evening" for each in found)
    return {(each.gains, each.home, each.bands) for each in found if not each.commended}


def of_commended(old: Incentive, new: Incentive) -> set[tuple[bool, str, tuple[str, ...]]]:
    found = differ(old, new).differences
    return {(each.gains, each.home, each.bands) for each in found if each.commended}


def test_the_same_again_changes_nothing_for_anybody() -> None:
    assert differ(BAND, BAND) == CatalogueDiff(7, (), (), (), ())


def test_a_catalogue_where_there_was_none_is_all_gain() -> None:
    found = compare(None, catalogue(asking("")), SCALE, (OWN,), NEWCOMER)
    assert (found.version, found.added) == (0, ("scenic-evening",))
    assert found.differences == (
        Difference("scenic-evening", gains=True, home="", bands=(), commended=False),
        Difference("scenic-evening", gains=True, home=HERE, bands=BOTH, commended=False),
    )


def test_a_line_that_moves_is_told_by_band_and_home() -> None:
    lower = replace(BAND, minimum_band="excellent")
    assert rows(BAND, lower) == {(True, HERE, ("excellent",)), (True, HOME, ("excellent",))}
    assert rows(lower, BAND) == {(False, HERE, ("excellent",)), (False, HOME, ("excellent",))}
    assert differ(BAND, lower).changed == ("scenic-evening",)


def test_what_is_removed_is_lost_and_by_newcomers_too() -> None:
    assert differ(BAND, None).removed == ("scenic-evening",)
    assert rows(BAND, None) == {(False, city, ("outstanding",)) for city in (HERE, HOME)}
    assert (False, "", ()) in rows(asking(""), None)
    assert (False, "", ()) in rows(asking(""), BAND)


def test_a_change_of_words_alone_is_a_change_for_nobody() -> None:
    found = differ(BAND, replace(BAND, benefit_zh="别的", venues=("library",)))
    assert (found.changed, found.differences) == (("scenic-evening",), ())


def test_narrowing_takes_from_those_who_are_left_out() -> None:
    for narrowed in (replace(BAND, homes=("320100",)), replace(BAND, subjects=(Residence.OWN,))):
        assert rows(BAND, narrowed) == {(False, HOME, ("outstanding",))}
    other = replace(BAND, agreements=(GUESTS.agreement_id,))
    assert rows(BAND, other) == set()


def test_a_limit_over_all_cities_takes_from_those_who_let_nothing_be_counted() -> None:
    limited = replace(BAND, across_cities=AcrossCities("rental", 1, 30))
    assert rows(BAND, limited) == {(False, city, ("outstanding",)) for city in (HERE, HOME)}


def test_a_scenario_that_no_agreement_has_is_nothing_to_visitors() -> None:
    elsewhere = replace(BAND, scenario="transit.discount")
    assert rows(None, elsewhere) == {(True, HERE, ("outstanding",))}


def test_a_commendation_counts_where_the_agreement_shares_it() -> None:
    for named, whose in (("blood-donor", {HERE, HOME}), ("volunteer-star", {HERE})):
        more = replace(BAND, commendations=(named,))
        assert rows(BAND, more) == set()
        assert of_commended(BAND, more) == {(True, city, ("excellent",)) for city in whose}
    asked = replace(BAND, condition='"blood-donor" in commendations && size(commendations) > 0')
    assert of_commended(BAND, asked) == {(True, city, ("excellent",)) for city in (HERE, HOME)}


def test_a_change_at_one_hour_of_the_week_is_found() -> None:
    once = replace(BAND, condition="recognised && weekday == 7 && hour == 3")
    assert rows(BAND, once) == {(True, city, ("excellent",)) for city in (HERE, HOME)}
    moved = replace(BAND, condition="recognised && weekday == 7 && hour == 4")
    assert {gains for gains, _, _ in rows(once, moved)} == {True, False}
    assert (True, "", ()) in rows(BAND, replace(BAND, condition="hour == 0"))


def test_a_change_at_the_top_of_a_band_is_found() -> None:
    high = replace(BAND, condition="local_score >= 150.0")
    assert rows(BAND, high) == {(True, city, ("excellent",)) for city in (HERE, HOME)}


def test_a_change_that_comes_later_is_found_and_one_that_is_over_is_not() -> None:
    later = replace(BAND, valid_from=date(2027, 5, 1))
    assert rows(None, later) == {(True, city, ("outstanding",)) for city in (HERE, HOME)}
    longer = replace(BAND, valid_until=date(2030, 1, 1))
    assert rows(BAND, longer) == {(True, city, ("outstanding",)) for city in (HERE, HOME)}
    over = replace(BAND, valid_until=date(2026, 11, 1))
    assert rows(None, over) == set()


@given(old=st.none() | incentives(), new=st.none() | incentives(), person=PEOPLE)
def test_nobody_loses_who_was_not_told_of(
    old: Incentive | None, new: Incentive | None, person: Facts
) -> None:
    """Whoever is at the low end of a band, now, and would lose, is in a row that says so."""
    commended = bool(person.commendations)
    person = replace(person, local_milli=None, scenarios=("scenic.discount",))
    who = replace(person, commendations=("blood-donor",) if commended else ())
    if who.band_id not in BOTH:
        who = who.as_newcomer()
    was, will = (each is not None and decide(who, each, SCALE).eligible for each in (old, new))
    if was != will:
        told = differ(old, new).differences
        about = [d for d in told if d.home == who.home and who.band_id in (d.bands or ("",))]
        assert will in [each.gains for each in about if not each.commended or commended]


@played
async def test_a_city_looks_at_a_file_before_it_loads_it_and_nothing_changes(
    new_store: NewStore,
) -> None:
    async with world(new_store, "410100", "330100") as made:
        town = made["410100"]
        desk, registry = town.cases.catalogue, town.store.registry
        text = data.path("zhengzhou/incentives.toml").read_text("utf-8")
        assert desk.diff_incentives(registry, "f.toml", text.encode()).differences == ()
        raised = text.replace('minimum_band = "excellent"', 'minimum_band = "outstanding"', 1)
        found = desk.diff_incentives(registry, "f.toml", raised.encode())
        assert found.changed == ("library-card",)
        assert {(d.home, d.bands) for d in found.differences if not d.commended} == {
            ("410100", ("excellent",)),
            ("330100", ("excellent",)),
        }
        with pytest.raises(HutongError) as refused:
            desk.diff_incentives(
                registry, "f.toml", raised.replace('"outstanding"', '"x"').encode()
            )
        assert refused.value.reason == FILE_INVALID
        assert town.store.registry.version == registry.version
        with pytest.raises(HutongError) as refused:
            desk.diff_incentives(replace(registry, own_scales=()), "f.toml", text.encode())
        assert refused.value.reason == NOTHING_IN_FORCE
