"""A catalogue comes back from the store as it was kept, also by the first version of a node."""

import json
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from node.incentives import (
    SUBJECTS,
    AcrossCities,
    Capacity,
    Catalogue,
    Incentive,
    Period,
    PerResident,
    Residence,
)
from node.store.forms import incentives_from_json, incentives_to_json

PLAIN = Incentive(
    incentive_id="library-card",
    scenario="library.deposit_free",
    benefit_zh="免押金",
    benefit_en="no deposit",
    minimum_band="excellent",
    commendations=("blood-donor",),
    venues=("library",),
    valid_from=date(2026, 1, 1),
    valid_until=date(2029, 1, 1),
    legal_basis="a notice",
    source="a test",
    illustrative=True,
)
COUNTS = st.none() | st.integers(1, 1000)
NAMES = st.sets(st.sampled_from(("a", "b", "c"))).map(lambda found: tuple(sorted(found)))


@given(
    incentive=st.builds(
        replace,
        st.just(PLAIN),
        minimum_band=st.sampled_from((None, "excellent")),
        condition=st.sampled_from(("", 'band == "优"\n && hour < 3')),
        homes=NAMES,
        agreements=NAMES,
        venues=NAMES,
        subjects=st.sampled_from((SUBJECTS, (Residence.OWN,))),
        capacity=st.builds(
            Capacity,
            COUNTS,
            COUNTS,
            COUNTS,
            st.none() | st.builds(PerResident, st.integers(1, 9), st.sampled_from(Period)),
        ),
        across_cities=st.sampled_from((None, AcrossCities("rental", 1, 30))),
        hold_minutes=st.integers(1, 480),
        details_zh=st.sampled_from(("", "详情")),
    )
)
def test_an_incentive_comes_back_as_it_was(incentive: Incentive) -> None:
    text = incentives_to_json(Catalogue(1, (incentive, PLAIN), ""))
    assert incentives_from_json(text) == (incentive, PLAIN)


def test_what_the_first_version_kept_means_what_it_meant() -> None:
    first = {
        name: getattr(PLAIN, name)
        for name in ("incentive_id", "scenario", "benefit_zh", "benefit_en", "minimum_band")
    }
    first |= {"commendations": ["blood-donor"], "venues": ["library"], "illustrative": True}
    first |= {"valid_from": "2026-01-01", "valid_until": "2029-01-01"}
    first |= {"legal_basis": "a notice", "source": "a test"}
    limits = {"total_capacity": 5, "daily_capacity": None, "resident_daily_capacity": 1}
    once = Capacity(total=5, per_resident=PerResident(1, Period.DAY))
    [found] = incentives_from_json(json.dumps([first | limits]))
    assert found == replace(PLAIN, capacity=once)
    none = dict.fromkeys(limits)
    assert incentives_from_json(json.dumps([first | none])) == (PLAIN,)
