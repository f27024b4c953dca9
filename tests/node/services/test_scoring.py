"""What records come to: the boundaries of the bands, and of the days."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from federation.identifiers import CityCode
from node.clock import SystemEntropy
from node.indicators import months_after
from node.records import RecordState
from node.services.here import Here
from node.services.scoring import Tally, sum_on, tally
from node.services.scoring import spans as spans_of
from tests.node.services.counting import (
    DAY,
    RULES,
    catalogue,
    indicator,
    record,
    records,
    scale_of,
)
from tests.node.services.simulated import MovableClock

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("acts", "score", "band"),
    [
        ([-10, -10, -1], 79, "poor"),
        ([-10, -10], 80, "minor-dishonesty"),
        ([-1], 99, "minor-dishonesty"),
        ([], 100, "good"),
        ([+10, -10], 100, "good"),
        ([+20, -1], 119, "good"),
        ([+20], 120, "excellent"),
        ([+20, +20, +10], 150, "excellent"),
        ([+20, +20, +10, +1], 151, "outstanding"),
    ],
)
def test_each_boundary_of_zhengzhous_scale_is_reached_by_records(
    acts: list[int], score: int, band: str
) -> None:
    known = catalogue(*(indicator(f"a{points}", points) for points in set(acts)))
    found = tally(records(*(f"a{points}" for points in acts)), known, DAY)
    standing = scale_of("zhengzhou").standing(found.points_milli, frozenset(found.commendations))
    assert (standing.score_milli, standing.band_id) == (score * 1000, band)


@pytest.mark.parametrize(("points", "score"), [(-101, 0), (-100, 0), (100, 200), (101, 200)])
def test_a_sum_outside_the_scale_ends_at_its_ends_and_never_wraps(points: int, score: int) -> None:
    found = tally(records("a"), catalogue(indicator("a", points)), DAY)
    standing = scale_of("zhengzhou").standing(found.points_milli, frozenset())
    assert (found.points_milli, standing.score_milli) == (points * 1000, score * 1000)


def test_a_commendation_and_nothing_else_puts_one_on_a_red_list() -> None:
    scale = scale_of("nanjing")
    listing = scale.listed_by[-1][0]
    known = catalogue(indicator("named", 5, commendation=listing), indicator("other", 200))
    for acts, band in (
        (["named"], scale.bands[-1]),
        (["other"], scale.bands[0]),
        ([], scale.bands[0]),
    ):
        found = tally(records(*acts), known, DAY)
        standing = scale.standing(found.points_milli, frozenset(found.commendations))
        assert (standing.band_id, standing.score_milli) == (band.band_id, None)
    ended = tally(records("named"), known, months_after(DAY, 12))
    assert ended.commendations == ()


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        (SHANGHAI, date(2026, 3, 1)),
        (SHANGHAI, date(2024, 2, 29)),
        # New York changes its clocks on these days, at two in the morning.
        (NEW_YORK, date(2026, 3, 8)),
        (NEW_YORK, date(2026, 11, 1)),
    ],
)
def test_a_record_counts_from_the_first_instant_of_its_day_to_the_last_before_its_end(
    zone: str, begins: date
) -> None:
    ends = months_after(begins, 12)
    for day in (begins, ends):
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        before, after = (_counted(zone, begins, at) for at in (midnight - INSTANT, midnight))
        assert (before, after) == ((0, 7000) if day == begins else (7000, 0)), day


def _counted(zone: str, begins: date, at: datetime) -> int:
    """The sum at an instant, in a city of that zone."""
    here = Here(CityCode("410100"), ZoneInfo(zone), MovableClock(at), SystemEntropy())
    found = tally([record("a", begins)], catalogue(indicator("a", 7)), here.day(here.now()))
    return found.points_milli


@pytest.mark.parametrize(
    ("day", "months", "ends"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2026-11-30", 3, "2027-02-28"),
    ],
)
def test_a_retention_of_months_ends_on_the_same_day_or_the_last_of_a_shorter_month(
    day: str, months: int, ends: str
) -> None:
    begins, end = date.fromisoformat(day), date.fromisoformat(ends)
    known = catalogue(indicator("a", 7, months=months))
    last = tally([record("a", begins)], known, end - timedelta(days=1))
    assert (last.points_milli, last.changes_on) == (7000, end)
    assert tally([record("a", begins)], known, end) == Tally(0, 0, (), None)


def test_an_end_of_its_own_counts_where_it_comes_before_the_retention() -> None:
    known = catalogue(indicator("a", 7))
    early = replace(record("a"), ends_on=DAY + timedelta(days=9))
    late = replace(record("a"), ends_on=date(2090, 1, 1))
    assert tally([early], known, DAY).changes_on == early.ends_on
    assert tally([late], known, DAY).changes_on == months_after(DAY, 12)


def test_a_record_that_ends_before_it_begins_counts_never_and_changes_nothing() -> None:
    backwards = replace(record("a"), ends_on=DAY)
    known = catalogue(indicator("a", 7))
    days = (DAY + timedelta(days=each) for each in (-1, 0, 1))
    assert {tally([backwards], known, day) for day in days} == {Tally(0, 0, (), None)}


def test_what_is_not_attestable_counts_here_and_is_not_in_what_other_cities_are_told() -> None:
    known = catalogue(
        indicator("here", -30, attestable=False),
        indicator("both", 21),
        indicator("good", 50, attestable=False),
    )
    found = tally(records("here", "both", "good"), known, DAY)
    assert (found.points_milli, found.shared_milli) == (41_000, 21_000)


@pytest.mark.parametrize("state", [RecordState.WITHDRAWN, RecordState.REPAIRED])
@pytest.mark.parametrize("counted", [True, False])
def test_a_withdrawn_or_repaired_record_never_counts_whatever_the_rules(
    state: RecordState, counted: bool
) -> None:
    rules = replace(RULES, disputed_count=counted)
    known = catalogue(indicator("a", 7), rules=rules)
    assert tally([replace(record("a"), state=state)], known, DAY) == Tally(0, 0, (), None)


@pytest.mark.parametrize(
    ("counted", "overdue", "points"),
    [(True, False, 7000), (False, False, 0), (True, True, 0), (False, True, 0)],
)
def test_a_disputed_record_counts_by_the_rules_until_its_answer_is_overdue(
    counted: bool, overdue: bool, points: int
) -> None:
    known = catalogue(indicator("a", 7), rules=replace(RULES, disputed_count=counted))
    disputed = replace(record("a"), disputed=True, overdue=overdue)
    assert tally([disputed], known, DAY).points_milli == points


def test_an_indicator_that_is_gone_counts_nothing_and_no_catalogue_counts_nobody() -> None:
    assert tally(records("gone"), catalogue(indicator("a", 7)), DAY) == Tally(0, 0, (), None)
    assert tally(records("a"), None, DAY) == Tally(0, 0, (), None)


def test_the_next_change_is_the_first_of_all_beginnings_and_ends_to_come() -> None:
    known = catalogue(indicator("a", 7), indicator("b", 3, months=2))
    found = [
        record("a"),
        record("b", number="r-2"),
        record("a", DAY + timedelta(days=40), number="r-3"),
    ]
    changes, day = [], DAY
    while (following := tally(found, known, day).changes_on) is not None:
        changes.append(following)
        day = following
    begins = DAY + timedelta(days=40)
    assert changes == [
        begins,
        months_after(DAY, 2),
        months_after(DAY, 12),
        months_after(begins, 12),
    ]
    # Between two changes every day gives the same.
    spans = tuple(spans_of(found, known))
    for one, other in zip([DAY, *changes], changes, strict=False):
        sums = {
            replace(sum_on(one + timedelta(days=each), spans), changes_on=None)
            for each in range((other - one).days)
        }
        assert len(sums) == 1
