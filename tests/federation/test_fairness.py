from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.distribution import Distribution
from federation.fairness import (
    Placement,
    Span,
    Treatment,
    placements,
    spans,
)
from federation.histogram import HistogramCell, ScoreHistogram
from federation.messages import ScaleReference
from tests.federation.make import HANGZHOU, ZHENGZHOU, header

HIGHER, LOWER = Treatment.HIGHER, Treatment.LOWER
AS_PLACED, UNKNOWN = Treatment.AS_PLACED, Treatment.UNKNOWN

# Two cities with the same ranks at the ends of three bands each, on scales of other ranges.
HOME = Distribution((120.0, 135.0, 150.0, 175.0, 200.0), (3e3, 3e3, 2e3, 1e3), below=9e3)
HOST = Distribution((600.0, 700.0, 750.0, 1000.0), (6e4, 2e4, 1e4), below=9e4)
HOME_BANDS = (Span("a", 120, 150), Span("aa", 150, 175), Span("aaa", 175, 200))
HOST_BANDS = (Span("good", 600, 700), Span("better", 700, 750), Span("best", 750, 1000))
FAIR = {"a": "good", "aa": "better", "aaa": "best"}


def judged(
    table: dict[str, str], home: Distribution = HOME, host: Distribution = HOST
) -> dict[str, Treatment]:
    found = placements(home, host, HOME_BANDS, HOST_BANDS, table)
    return {placement.band_id: placement.treatment for placement in found}


def test_a_table_by_equal_ranks_treats_everybody_as_placed() -> None:
    assert set(judged(FAIR).values()) == {AS_PLACED}
    for placement in placements(HOME, HOST, HOME_BANDS, HOST_BANDS, FAIR):
        assert (placement.higher, placement.lower) == (0, 0)


def test_a_table_that_lifts_one_band_is_found_out() -> None:
    assert judged(FAIR | {"a": "better"}) == {"a": HIGHER, "aa": AS_PLACED, "aaa": AS_PLACED}
    assert judged(FAIR | {"a": "best"})["a"] is HIGHER


def test_a_table_that_presses_one_band_is_found_out() -> None:
    assert judged(FAIR | {"aaa": "better"}) == {"a": AS_PLACED, "aa": AS_PLACED, "aaa": LOWER}
    assert judged(FAIR | {"aa": "good"})["aa"] is LOWER


def test_a_table_that_takes_good_standings_for_newcomers_is_found_out() -> None:
    assert set(judged({}).values()) == {LOWER}
    part = placements(HOME, HOST, HOME_BANDS, HOST_BANDS, {})[0]
    assert (part.recognised, part.higher) == (None, 0)


def test_who_stands_below_the_host_s_line_is_rightly_a_newcomer() -> None:
    strict = Distribution(HOST.edges, (3e4, 2e4, 1e4), below=12e4)
    assert judged({}, host=strict) == {"a": AS_PLACED, "aa": LOWER, "aaa": LOWER}
    assert judged(FAIR, host=strict)["a"] is AS_PLACED  # half of it, but for the error
    stricter = Distribution(HOST.edges, (1e4, 2e4, 1e4), below=14e4)
    assert judged(FAIR, host=stricter)["a"] is HIGHER


def test_what_lies_within_the_error_is_flagged_in_no_one_s_favour() -> None:
    """The same planted table: plain in cities of thousands, unknowable in a hamlet."""
    shifted = Distribution(HOST.edges, (5.4e3, 1.26e3, 2.34e3), below=9e3)
    assert judged(FAIR, host=shifted)["aa"] is LOWER
    few = Distribution(HOME.edges, tuple(n / 50 for n in HOME.counts), HOME.below / 50)
    hamlet = Distribution(HOST.edges, tuple(n / 50 for n in shifted.counts), shifted.below / 50)
    assert judged(FAIR, home=few, host=hamlet)["aa"] is AS_PLACED


def test_noise_hides_no_more_than_it_must() -> None:
    planted = FAIR | {"a": "better"}
    assert judged(planted, home=replace(HOME, variances=(30.0**2,) * 4))["a"] is HIGHER
    assert judged(planted, home=replace(HOME, variances=(3000.0**2,) * 4))["a"] is AS_PLACED


def test_shares_say_how_many_of_a_band_are_read_otherwise_than_their_place() -> None:
    """Home band a has the ranks 0.5 to 0.83; a quarter of them lie under a line of 0.58."""
    part = Distribution(HOST.edges, (4.5e6, 2e6, 1e6), below=10.5e6)
    large = Distribution(HOME.edges, tuple(n * 1e3 for n in HOME.counts), HOME.below * 1e3)
    found = placements(large, part, HOME_BANDS, HOST_BANDS, FAIR)[0]
    assert found.higher == pytest.approx(0.25, abs=0.01)
    assert found.lower == 0
    assert found.treatment is AS_PLACED
    assert found.low is None  # the concordance says nothing below the host's line
    assert found.high == pytest.approx(700, abs=1)


def test_the_local_equivalents_hold_the_error_outwards() -> None:
    found = placements(HOME, HOST, HOME_BANDS, HOST_BANDS, FAIR)[1]
    assert found.low == pytest.approx(700, abs=3)
    assert found.high == pytest.approx(766, abs=1)  # few stand above: a wide cell, thinly filled
    assert found.low is not None
    assert found.high is not None
    assert found.low < 700
    assert found.high > 750
    top = placements(HOME, HOST, HOME_BANDS, HOST_BANDS, FAIR)[2]
    assert top.high is None  # nobody stands above the highest score


def test_a_band_with_a_handful_of_residents_says_nothing_of_them() -> None:
    counts = (*HOME.counts[:3], 29.0)
    tiny = Distribution(HOME.edges, counts, HOME.below)
    assert judged(FAIR, home=tiny)["aaa"] is UNKNOWN
    assert judged(FAIR, home=replace(tiny, counts=(*counts[:3], 0.0)))["aaa"] is UNKNOWN
    assert judged(FAIR, home=replace(tiny, counts=(*counts[:3], 31.0)))["aaa"] is not UNKNOWN


def test_a_band_that_the_host_has_not_published_is_unknown() -> None:
    found = placements(HOME, HOST, HOME_BANDS, HOST_BANDS, {"a": "poor"})[0]
    assert found == Placement(
        "a", "poor", found.low, found.high, higher=None, lower=None, treatment=UNKNOWN
    )


def test_a_home_band_outside_what_was_published_is_unknown() -> None:
    low = (Span("below", 100, 120),)
    found = placements(HOME, HOST, low, HOST_BANDS, {"below": "good"})[0]
    assert (found.treatment, found.low) == (UNKNOWN, None)


def test_a_red_list_is_compared_by_ranks_alone() -> None:
    reference = ScaleReference(ZHENGZHOU, "list", 1, bytes(32))
    listed = ScoreHistogram(
        header("list", ZHENGZHOU, life=timedelta(days=9)),
        reference,
        100_000,
        (HistogramCell("listed", 0, 0, 10_000),),
        1000,
        10,
    )
    home, bands = Distribution.published(listed), spans(listed)
    assert bands == (Span("listed", 0, 1),)
    for band, expected in (("best", HIGHER), ("better", AS_PLACED), ("good", LOWER)):
        host = Distribution(HOST.edges, (2e4, 1e4, 0.2e4), below=6.8e4)
        found = placements(home, host, bands, HOST_BANDS, {"listed": band})[0]
        assert found.treatment is expected


def test_the_spans_of_bands_are_those_of_their_cells() -> None:
    cells = (("good", 600, 650), ("good", 650, 700), ("better", 700, 750), ("best", 750, 1000))
    published = ScoreHistogram(
        header("cells", HANGZHOU, life=timedelta(days=9)),
        ScaleReference(HANGZHOU, "qianjiang", 1, bytes(32)),
        1000,
        tuple(HistogramCell(band, 1000 * low, 1000 * high, 50) for band, low, high in cells),
        1000,
        10,
    )
    assert spans(published) == HOST_BANDS


@given(st.sampled_from(HOME_BANDS), st.integers(0, 3), st.integers(0, 3))
def test_a_higher_reading_is_never_judged_lower(band: Span, one: int, other: int) -> None:
    order = [LOWER, AS_PLACED, HIGHER]
    given_bands = [None, "good", "better", "best"]

    def place(reading: str | None) -> int:
        table = {} if reading is None else {band.band_id: reading}
        return order.index(placements(HOME, HOST, (band,), HOST_BANDS, table)[0].treatment)

    low, high = sorted((one, other))
    assert place(given_bands[low]) <= place(given_bands[high])


@given(st.floats(1.0, 50.0), st.integers(-500, 500))
def test_the_judgement_knows_nothing_of_the_scale_s_unit(unit: float, shift: int) -> None:
    moved = Distribution(tuple(unit * edge + shift for edge in HOST.edges), HOST.counts, HOST.below)
    bands = tuple(
        Span(band.band_id, unit * band.low + shift, unit * band.high + shift) for band in HOST_BANDS
    )
    for table in (FAIR, {}, FAIR | {"a": "better"}, FAIR | {"aaa": "good"}):
        plain = placements(HOME, HOST, HOME_BANDS, HOST_BANDS, table)
        other = placements(HOME, moved, HOME_BANDS, bands, table)
        assert [p.treatment for p in other] == [p.treatment for p in plain]
