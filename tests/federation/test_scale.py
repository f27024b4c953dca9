from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.bands import Band, Bound, ScaleKind, check_bands
from federation.codec import SCORE_SCALE
from federation.errors import MALFORMED, TOO_LARGE, HutongError
from federation.limits import BANDS, SCORE_MILLI
from federation.scale import Scale
from tests.federation.make import (
    HANGZHOU,
    NANJING,
    NOW,
    WHOLE,
    ZHENGZHOU,
    band,
    header,
    statement_id,
)
from tests.federation.strategies import numeric_bands, standings, whole_scales

NOBODY = frozenset[str]()
HEADER = header("a scale", ZHENGZHOU)


def band_of(city_scale: Scale, score: float) -> str:
    base = city_scale.base_milli or 0
    return city_scale.standing(round(score * 1000) - base, NOBODY).band_id


def malformed(scale: Scale, **change: object) -> None:
    with pytest.raises(HutongError) as caught:
        replace(scale, **change)  # type: ignore[arg-type]
    assert caught.value.reason == MALFORMED


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0, "poor"),
        (79, "poor"),
        (79.999, "poor"),
        (80, "minor-dishonesty"),
        (99.999, "minor-dishonesty"),
        (100, "good"),
        (119.999, "good"),
        (120, "excellent"),
        (150, "excellent"),
        (150.001, "outstanding"),
        (151, "outstanding"),
        (200, "outstanding"),
    ],
)
def test_zhengzhou_s_bands_begin_and_end_where_the_city_says(score: float, expected: str) -> None:
    assert band_of(WHOLE[ZHENGZHOU], score) == expected


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (549.999, "to-improve"),
        (550, "fair"),
        (599.999, "fair"),
        (600, "good"),
        (700, "excellent"),
        (749.999, "excellent"),
        (750, "outstanding"),
        (1000, "outstanding"),
    ],
)
def test_hangzhou_s_bands_begin_and_end_where_the_city_says(score: float, expected: str) -> None:
    assert band_of(WHOLE[HANGZHOU], score) == expected


def test_a_newcomer_to_zhengzhou_is_good_and_nothing_of_it_is_exported() -> None:
    scale = WHOLE[ZHENGZHOU]
    newcomer = scale.standing(0, NOBODY)
    assert (newcomer.band_id, newcomer.score_milli) == ("good", 100_000)
    assert not scale.exportable(newcomer.band_id)


def test_points_beyond_the_range_are_clamped_to_it() -> None:
    scale = WHOLE[ZHENGZHOU]
    assert scale.standing(10**12, NOBODY).score_milli == 200_000
    assert scale.standing(-(10**12), NOBODY).score_milli == 0


def test_a_resident_is_on_the_red_list_by_any_one_of_its_commendations() -> None:
    scale = WHOLE[NANJING]
    assert scale.standing(0, NOBODY).band_id == "not-listed"
    assert scale.standing(10**9, frozenset({"another"})).band_id == "not-listed"
    for named in ({"blood-donor"}, {"volunteer-star"}, {"blood-donor", "another"}):
        standing = scale.standing(-(10**9), frozenset(named))
        assert (standing.band_id, standing.score_milli) == ("listed", None)
        assert standing.commendations == tuple(sorted(named))


@given(numeric_bands(), st.data())
def test_every_score_lies_in_exactly_one_band(bands: tuple[Band, ...], data: st.DataObject) -> None:
    edges = [b.lower.score_milli for b in bands if b.lower]
    near = st.sampled_from(edges).flatmap(lambda edge: st.integers(edge - 1, edge + 1))
    score = data.draw(near | st.integers(edges[0], SCORE_MILLI))
    score = max(score, edges[0])
    assert [b.holds(score) for b in bands].count(True) == 1


@given(whole_scales(ZHENGZHOU), st.data())
def test_every_resident_has_a_standing_and_better_points_are_never_lower(
    scale: Scale, data: st.DataObject
) -> None:
    one, other = sorted(data.draw(st.tuples(*[st.integers(-(10**10), 10**10)] * 2)))
    lower, higher = scale.standing(one, NOBODY), scale.standing(other, NOBODY)
    assert 0 <= scale.rank(lower.band_id) <= scale.rank(higher.band_id)


@given(whole_scales(ZHENGZHOU), st.data())
def test_a_standing_s_score_lies_in_its_band(scale: Scale, data: st.DataObject) -> None:
    standing = data.draw(standings(scale))
    if standing.score_milli is not None:
        assert scale.band(standing.band_id).holds(standing.score_milli)


@given(whole_scales(ZHENGZHOU))
def test_no_band_below_the_line_is_ever_exported(scale: Scale) -> None:
    exported = scale.exported(HEADER)
    line = scale.rank(scale.exportable_from)
    assert exported.bands == scale.bands[line:]
    for rank, one in enumerate(scale.bands):
        assert scale.exportable(one.band_id) == (rank >= line)
        assert (exported.rank(one.band_id) >= 0) == (rank >= line)


def test_the_bytes_of_an_exported_scale_name_no_low_band() -> None:
    payload = SCORE_SCALE.encode(WHOLE[ZHENGZHOU].exported(HEADER))
    for low in ("poor", "较差", "minor", "轻微失信", "good", "良好"):
        assert low.encode() not in payload
    assert b"excellent" in payload


def test_an_unknown_band_has_no_rank_and_is_not_exportable() -> None:
    assert WHOLE[ZHENGZHOU].rank("nothing") == -1
    assert not WHOLE[ZHENGZHOU].exportable("nothing")


@pytest.mark.parametrize(
    "bands",
    [
        (band("a", "", 0, 10), band("b", "", 11, None)),
        (band("a", "", 0, 10), band("b", "", 9, None)),
        (band("a", "", 0, 10, "[]"), band("b", "", 10, None, "[")),
        (band("a", "", 0, 10, "[)"), band("b", "", 10, None, "(")),
        (band("a", "", 0, None), band("b", "", 10, None)),
        (band("b", "", 10, 20), band("a", "", 0, 10)),
        (band("a", "", 0, 10), band("a", "", 10, None)),
        (band("a", "", None, 10), band("b", "", 10, None)),
        (band("a", "", 0, 10), band("b", "", 10, 19)),
        (band("a", "", 0, 10), band("b", "", 21, None)),
        (band("a", "", 0, 10), band("b", "", 10, 20, "[)")),
    ],
)
def test_bands_with_a_gap_an_overlap_or_no_end_are_refused(bands: tuple[Band, ...]) -> None:
    with pytest.raises(HutongError) as caught:
        check_bands(ScaleKind.NUMERIC, 0, 20_000, bands)
    assert caught.value.reason == MALFORMED


def test_no_bands_and_too_many_are_refused() -> None:
    with pytest.raises(HutongError) as caught:
        check_bands(ScaleKind.CATEGORICAL, None, None, ())
    assert caught.value.reason == MALFORMED
    many = tuple(band(f"b{n}", "", None, None) for n in range(BANDS + 1))
    with pytest.raises(HutongError) as caught:
        check_bands(ScaleKind.CATEGORICAL, None, None, many)
    assert caught.value.reason == TOO_LARGE
    check_bands(ScaleKind.CATEGORICAL, None, None, many[:-1])


@pytest.mark.parametrize(("low", "high", "ends"), [(2, 1, "[]"), (1, 1, "[)"), (1, 1, "()")])
def test_an_empty_band_is_refused(low: int, high: int, ends: str) -> None:
    with pytest.raises(HutongError) as caught:
        band("a", "", low, high, ends)
    assert caught.value.reason == MALFORMED


def test_a_band_of_one_score_is_a_band() -> None:
    assert band("a", "", 1, 1, "[]").holds(1000)


def test_a_score_beyond_any_scale_is_refused() -> None:
    with pytest.raises(HutongError) as caught:
        Bound(SCORE_MILLI + 1, inclusive=True)
    assert caught.value.reason == MALFORMED


def test_a_numeric_scale_that_leaves_someone_out_is_refused() -> None:
    scale = WHOLE[ZHENGZHOU]
    malformed(scale, bands=scale.bands[1:])
    malformed(scale, base_milli=None)
    malformed(scale, base_milli=200_001)
    malformed(scale, minimum_milli=None)
    malformed(scale, maximum_milli=0)
    malformed(scale, exportable_from="nothing")
    malformed(scale, listed_by=((), ("a",)))


def test_a_categorical_scale_with_numbers_or_without_lists_is_refused() -> None:
    scale = WHOLE[NANJING]
    malformed(scale, base_milli=0)
    malformed(scale, minimum_milli=0, maximum_milli=1)
    malformed(scale, listed_by=())
    malformed(scale, listed_by=((), ()))
    malformed(scale, listed_by=(("a",), ("b",)))
    malformed(scale, listed_by=((), ("b", "a")))


def test_a_scale_says_which_version_it_is() -> None:
    exported = WHOLE[ZHENGZHOU].exported(replace(HEADER, statement_id=statement_id("x", NOW)))
    with pytest.raises(HutongError) as caught:
        replace(exported, version=0)
    assert caught.value.reason == MALFORMED
