"""Reading by mean and spread, or by equal ranks: what is refused, and that nobody is worse off."""

from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.agreement import Terms, check_agreement, terms
from federation.codec import scale_reference
from federation.errors import AGREEMENT_MISMATCH, HutongError
from federation.mapping import Curve, Reading, check_method, check_same_table, equivalent, rows_of
from federation.messages import Agreement, BandRow, Disclosure, Mapping
from federation.methods import Concordance, ConcordancePoint, LinearMapping, Method
from federation.recognition import Recognition, claim_for, recognise
from federation.scale import Standing
from tests.federation.make import (
    DAY,
    HANGZHOU,
    NANJING,
    NOW,
    SCALES,
    WHOLE,
    ZHENGZHOU,
    agreement,
    attestation,
    opened,
    opened_request,
    request,
    statement_id,
)

# 120 of Zhengzhou's 200 reads as 700 of Hangzhou's 1000, and 200 as 1020, which is clamped.
LINEAR = LinearMapping(108_000, 18_000, 652_000, 72_000, 100_000, 200_000, "made up for tests")


def concordance(*points: tuple[int, int], until: datetime = NOW + 90 * DAY) -> Concordance:
    return Concordance(
        points=tuple(ConcordancePoint(home, host, 2_000) for home, host in points),
        home_histogram=statement_id("histogram of Zhengzhou"),
        host_histogram=statement_id("histogram of Hangzhou"),
        degree=3,
        valid_until=until,
    )


TABLE = concordance((120_000, 690_000), (130_000, 710_000), (150_001, 800_000), (200_000, 990_000))


def by(method: Method, line: str = "outstanding") -> Agreement:
    """The agreement, where Hangzhou reads Zhengzhou by the method."""
    there, here = agreement().mappings
    return replace(
        agreement(), mappings=(there, Mapping(here.home_city, here.host_city, line, (), method))
    )


def meant(method: Method, line: str = "outstanding") -> Terms:
    return terms(by(method, line), ZHENGZHOU, SCALES)


def refused(document: Agreement, words: str) -> None:
    with pytest.raises(HutongError) as caught:
        check_agreement(document, SCALES)
    assert caught.value.reason == AGREEMENT_MISMATCH
    assert words in caught.value.text("en")


def at(method: Method, score: int) -> Reading | None:
    return Curve(method, SCALES[HANGZHOU]).at(score)


def recognised(standing: Standing, how: Terms, level: Disclosure) -> Recognition | None:
    """From the standing at home to the reading at the host."""
    claim = claim_for(standing, WHOLE[ZHENGZHOU], how, level)
    if claim is None:
        return None
    asked = request(disclosure=level)
    said = replace(attestation(asked), claim=claim)
    return recognise(opened(said), opened_request(asked), how, SCALES[ZHENGZHOU], NOW)


@given(st.integers(100_000, 200_000))
def test_a_line_gives_the_nearest_thousandth_of_what_it_says(score: int) -> None:
    exact = 652_000 + Fraction(72_000, 18_000) * (score - 108_000)
    found = equivalent(LINEAR, score)
    assert found is not None
    assert abs(found - exact) <= Fraction(1, 2)


def test_a_table_gives_its_points_and_straight_lines_between_them() -> None:
    for point in TABLE.points:
        assert equivalent(TABLE, point.home_milli) == point.host_milli
    assert equivalent(TABLE, 125_000) == 700_000
    assert equivalent(TABLE, 125_001) == 700_002


@pytest.mark.parametrize("score", [99_999, 200_001, -1, 10**9])
def test_a_score_outside_the_range_of_a_line_is_read_as_nothing(score: int) -> None:
    assert equivalent(LINEAR, score) is None
    assert at(LINEAR, score) is None


@pytest.mark.parametrize("score", [119_999, 200_001, 0, 10**9])
def test_a_score_outside_the_points_of_a_table_is_read_as_nothing(score: int) -> None:
    assert equivalent(TABLE, score) is None
    assert at(TABLE, score) is None


def test_a_table_of_one_point_says_something_of_that_score_alone() -> None:
    single = concordance((200_000, 990_000))
    assert at(single, 200_000) == Reading("outstanding", 990_000)
    assert at(single, 199_999) is None


def test_what_is_above_the_hosts_range_is_clamped_to_it() -> None:
    assert equivalent(LINEAR, 200_000) == 1_020_000
    assert at(LINEAR, 200_000) == Reading("outstanding", 1_000_000)


def test_what_is_below_the_hosts_line_is_read_as_nothing_and_never_as_a_low_band() -> None:
    assert at(LINEAR, 120_000) == Reading("excellent", 700_000)
    assert at(LINEAR, 119_999) is None
    assert at(TABLE, 120_000) is None
    below_zero = replace(LINEAR, host_mean_milli=-900_000)
    assert at(below_zero, 110_000) is None


def test_a_band_is_read_by_its_lower_end_inclusive_or_not() -> None:
    assert rows_of(by(LINEAR).mappings[1], SCALES[ZHENGZHOU], SCALES[HANGZHOU]) == (
        BandRow("excellent", "excellent"),
        BandRow("outstanding", "outstanding"),
    )
    # Zhengzhou's outstanding begins just above 150, and has no resident at 150.
    edge = concordance(
        (120_000, 700_000), (150_000, 749_000), (150_001, 750_000), (200_000, 990_000)
    )
    assert meant(edge).recognised("outstanding") == "outstanding"
    edge = concordance((120_000, 700_000), (150_001, 749_999), (200_000, 990_000))
    assert meant(edge).recognised("outstanding") == "excellent"


def test_a_band_whose_lower_end_has_no_equivalent_is_a_newcomers() -> None:
    assert meant(TABLE).recognised("excellent") is None
    standing = Standing("excellent", 120_000, ())
    for level in Disclosure:
        assert recognised(standing, meant(TABLE), level) is None


def test_who_shows_a_score_is_read_by_it_and_who_shows_a_band_by_its_lower_end() -> None:
    standing = Standing("excellent", 140_000, ())
    by_score = recognised(standing, meant(LINEAR, "excellent"), Disclosure.SCORE)
    by_band = recognised(standing, meant(LINEAR, "excellent"), Disclosure.BAND)
    assert by_score is not None
    assert by_band is not None
    assert (by_score.band_id, by_score.local_milli) == ("outstanding", 780_000)
    assert (by_band.band_id, by_band.local_milli) == ("excellent", None)


def test_a_score_may_open_what_its_band_alone_does_not() -> None:
    standing = Standing("excellent", 130_000, ())
    assert recognised(standing, meant(TABLE), Disclosure.BAND) is None
    found = recognised(standing, meant(TABLE), Disclosure.SCORE)
    assert found is not None
    assert (found.band_id, found.local_milli) == ("excellent", 710_000)


def test_a_band_table_reads_no_score_and_asks_for_none() -> None:
    plain = terms(agreement(), ZHENGZHOU, SCALES)
    assert plain.level is Disclosure.BAND
    assert meant(LINEAR, "excellent").level is Disclosure.SCORE
    found = recognised(Standing("excellent", 140_000, ()), plain, Disclosure.SCORE)
    assert found is not None
    assert (found.band_id, found.local_milli) == ("excellent", None)


@pytest.mark.parametrize("limit", [Disclosure.THRESHOLD, Disclosure.BAND])
def test_no_score_is_asked_for_beyond_what_was_agreed(limit: Disclosure) -> None:
    assert terms(replace(by(LINEAR), disclosure_limit=limit), ZHENGZHOU, SCALES).level is limit


def test_a_low_band_is_read_as_nothing_whatever_a_method_would_make_of_its_score() -> None:
    generous = replace(LINEAR, host_mean_milli=990_000, lowest_milli=0)
    for level in Disclosure:
        for standing in (Standing("good", 119_999, ()), Standing("poor", 0, ())):
            assert recognised(standing, meant(generous, "excellent"), level) is None


def test_an_expired_concordance_reads_nobody() -> None:
    table = replace(TABLE, valid_until=NOW + DAY)
    found = meant(table)
    assert found.in_force(NOW + DAY - DAY / 100)
    assert not found.in_force(NOW + DAY)
    # The other way has a table of its own, which goes on.
    assert terms(by(table), HANGZHOU, SCALES).in_force(NOW + 2 * DAY)


def test_a_concordance_that_ended_before_the_agreement_begins_is_refused() -> None:
    refused(by(replace(TABLE, valid_until=NOW - DAY)), "has ended")


def test_a_method_for_a_red_list_is_refused() -> None:
    mapping = by(LINEAR).mappings[1]
    for home, host in ((NANJING, HANGZHOU), (ZHENGZHOU, NANJING)):
        with pytest.raises(HutongError) as caught:
            check_method(mapping, SCALES[home], SCALES[host])
        assert caught.value.reason == AGREEMENT_MISMATCH
        assert f"the scale of {NANJING} has no scores" in caught.value.text("en")


@pytest.mark.parametrize(
    "method",
    [
        replace(LINEAR, highest_milli=199_999),
        concordance((120_000, 700_000), (150_001, 800_000)),
        concordance((120_000, 700_000), (199_999, 1_000_000)),
    ],
    ids=["a line", "a table", "a table but for a hair"],
)
def test_a_method_out_of_which_one_falls_by_standing_higher_is_refused(method: Method) -> None:
    refused(by(method), "ends below the top")


@pytest.mark.parametrize(
    ("method", "line"),
    [
        (TABLE, "excellent"),
        (TABLE, "good"),
        (LINEAR, "no-band"),
        (replace(LINEAR, host_mean_milli=-900_000), "outstanding"),
    ],
)
def test_a_line_that_the_method_reads_as_nothing_is_refused(method: Method, line: str) -> None:
    refused(by(method, line), "is not recognised")


def test_methods_that_fit_are_taken() -> None:
    for method, line in ((LINEAR, "excellent"), (TABLE, "outstanding")):
        check_agreement(by(method, line), SCALES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"degree": 4}, "another table"),
        ({"home_histogram": statement_id("another")}, "histograms"),
        ({"host_histogram": statement_id("another")}, "histograms"),
        ({"points": TABLE.points[1:]}, "another table"),
        ({"points": (*TABLE.points[:-1], ConcordancePoint(200_000, 990_002, 2_000))}, "another"),
        ({"points": (*TABLE.points[:-1], ConcordancePoint(199_999, 990_000, 2_000))}, "another"),
        ({"points": (*TABLE.points[:-1], ConcordancePoint(200_000, 990_000, 1_998))}, "another"),
    ],
)
def test_a_table_that_the_histograms_do_not_give_is_refused(
    change: dict[str, object], words: str
) -> None:
    with pytest.raises(HutongError) as caught:
        check_same_table(replace(TABLE, **change), TABLE, "mapping")  # type: ignore[arg-type]
    assert caught.value.reason == AGREEMENT_MISMATCH
    assert words in caught.value.text("en")


def test_a_thousandth_is_left_to_two_cities_arithmetic_in_host_scores_alone() -> None:
    off = tuple(replace(point, host_milli=point.host_milli - 1) for point in TABLE.points)
    check_same_table(replace(TABLE, points=off), TABLE, "mapping")


@st.composite
def methods(draw: st.DrawFn) -> Method:
    """Any line or table for Zhengzhou's scores, most of them on Hangzhou's range."""
    if draw(st.booleans()):
        spread, mean = st.integers(1, 200_000), st.integers(-500_000, 1_500_000)
        lowest = draw(st.integers(0, 199_999))
        highest = draw(st.integers(lowest + 1, 250_000))
        home, host = draw(st.integers(0, 200_000)), draw(mean)
        return LinearMapping(home, draw(spread), host, draw(spread), lowest, highest, "drawn")
    homes = sorted(draw(st.sets(st.integers(0, 200_000), min_size=1, max_size=8)) | {200_000})
    hosts = draw(
        st.lists(st.integers(0, 1_100_000), min_size=len(homes), max_size=len(homes)).map(sorted)
    )
    return concordance(*zip(homes, hosts, strict=True))


@given(
    methods(),
    st.sampled_from(["excellent", "outstanding"]),
    st.integers(0, 200_000),
    st.integers(0, 200_000),
    st.sampled_from(list(Disclosure)),
)
def test_a_better_score_is_never_read_lower_and_more_shown_never_less(
    method: Method, line: str, one: int, other: int, level: Disclosure
) -> None:
    try:
        check_agreement(by(method, line), SCALES)
    except HutongError as error:
        assert error.reason == AGREEMENT_MISMATCH  # noqa: PT017 - or it passes
        return
    how = meant(method, line)
    worse, better = (
        rank(WHOLE[ZHENGZHOU].standing(score - 100_000, frozenset()), how, level)
        for score in sorted((one, other))
    )
    assert worse <= better
    standing = WHOLE[ZHENGZHOU].standing(one - 100_000, frozenset())
    by_band, by_score = (rank(standing, how, d) for d in (Disclosure.BAND, Disclosure.SCORE))
    assert by_band <= by_score


def rank(standing: Standing, how: Terms, level: Disclosure) -> tuple[int, int]:
    """The place of the band that is recognised, -1 for a newcomer's, and the local score."""
    found = recognised(standing, how, level)
    if found is None:
        return -1, -1
    return SCALES[HANGZHOU].rank(found.band_id), found.local_milli or 0


@given(methods(), st.integers(-1_000, 300_000))
def test_a_reading_is_of_the_hosts_exported_scale_or_there_is_none(
    method: Method, score: int
) -> None:
    found = at(method, score)
    if found is not None:
        [band] = [b for b in SCALES[HANGZHOU].bands if b.band_id == found.band_id]
        assert found.local_milli is not None
        assert band.holds(found.local_milli)
        assert 0 <= found.local_milli <= 1_000_000


def test_no_scale_is_read_over_another() -> None:
    """What Zhengzhou has read of Nanjing is no standing of its own to attest to."""
    asked = request(disclosure=Disclosure.SCORE)
    said = replace(attestation(asked), scale=scale_reference(SCALES[NANJING]))
    with pytest.raises(HutongError) as caught:
        recognise(opened(said), opened_request(asked), meant(LINEAR), SCALES[ZHENGZHOU], NOW)
    assert caught.value.reason == AGREEMENT_MISMATCH
