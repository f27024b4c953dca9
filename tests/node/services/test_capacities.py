"""What a use takes one of each from, and until when: by the city's own calendar."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.incentives import Capacity, Period, PerResident
from node.services.capacities import counters
from tests.node.services.places import incentive

WHO = "00000000-0000-7000-8000-000000000001"


def scope_of(period: Period, day: date) -> str:
    """The scope of one resident's uses in the period that holds a day."""
    limited = incentive(Capacity(per_resident=PerResident(1, period)))
    [counter] = counters(limited, "library", WHO, day)
    return counter.scope


def test_scopes_that_were_counted_before_go_on_counting() -> None:
    capacity = Capacity(9, 5, None, PerResident(2, Period.DAY))
    found = counters(incentive(capacity), "library", WHO, date(2026, 11, 24))
    assert [(each.scope, each.limit) for each in found] == [
        ("total", 9),
        ("day:2026-11-24", 5),
        (f"resident-day:2026-11-24:{WHO}", 2),
    ]


def test_a_venues_day_is_counted_apart_from_the_citys() -> None:
    capacity = Capacity(per_day=5, per_venue_per_day=2)
    day = date(2026, 11, 24)
    one, two = (counters(incentive(capacity), venue, "", day) for venue in ("library", "branch"))
    assert one[0] == two[0]
    assert (one[1].scope, two[1].scope) == ("day:2026-11-24:library", "day:2026-11-24:branch")


def test_a_newcomer_has_no_count_of_their_own() -> None:
    limited = incentive(Capacity(per_resident=PerResident(1, Period.EVER)))
    assert counters(limited, "library", "", date(2026, 11, 24)) == ()


# Pairs of days next to each other: whether they are of one period.
BOUNDARIES = [
    # 2026 has an ISO week 53, which ends on Sunday, 3 January 2027.
    (Period.WEEK, date(2026, 12, 31), date(2027, 1, 1), True),
    (Period.WEEK, date(2027, 1, 3), date(2027, 1, 4), False),
    (Period.WEEK, date(2026, 12, 27), date(2026, 12, 28), False),
    # A week goes on over the end of a month, and over a leap day.
    (Period.WEEK, date(2028, 2, 29), date(2028, 3, 1), True),
    (Period.MONTH, date(2028, 2, 28), date(2028, 2, 29), True),
    (Period.MONTH, date(2028, 2, 29), date(2028, 3, 1), False),
    (Period.MONTH, date(2027, 2, 28), date(2027, 3, 1), False),
    (Period.MONTH, date(2026, 12, 31), date(2027, 1, 1), False),
    (Period.YEAR, date(2028, 2, 29), date(2028, 3, 1), True),
    (Period.YEAR, date(2028, 12, 31), date(2029, 1, 1), False),
    (Period.DAY, date(2026, 11, 24), date(2026, 11, 25), False),
    (Period.EVER, date(2026, 12, 31), date(2027, 1, 1), True),
]


@pytest.mark.parametrize(("period", "day", "next_day", "same"), BOUNDARIES)
def test_a_period_ends_where_the_calendar_says(
    period: Period, day: date, next_day: date, same: bool
) -> None:
    assert (scope_of(period, day) == scope_of(period, next_day)) is same


@given(st.dates(date(2020, 1, 1), date(2060, 12, 31)), st.dates(date(2020, 1, 1)))
def test_two_days_count_together_where_iso_and_the_calendar_say_so(one: date, two: date) -> None:
    assert (scope_of(Period.WEEK, one) == scope_of(Period.WEEK, two)) == (
        one.isocalendar()[:2] == two.isocalendar()[:2]
    )
    assert (scope_of(Period.MONTH, one) == scope_of(Period.MONTH, two)) == (
        (one.year, one.month) == (two.year, two.month)
    )
    assert (scope_of(Period.YEAR, one) == scope_of(Period.YEAR, two)) == (one.year == two.year)
    assert scope_of(Period.EVER, one) == scope_of(Period.EVER, two)


@given(st.sampled_from(list(Period)), st.dates(date(2020, 1, 1)))
def test_a_scope_begins_with_the_first_day_of_its_period(period: Period, day: date) -> None:
    kind, first, who = scope_of(period, day).split(":")
    assert (kind, who) == (f"resident-{period.value}", WHO)
    assert date.fromisoformat(first) <= day
