import math
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.distribution import Distribution
from federation.errors import MALFORMED, HutongError
from federation.histogram import HistogramCell, ScoreHistogram
from federation.messages import ScaleReference
from tests.federation.make import ZHENGZHOU, header
from tests.federation.spread import ACT, POINTS, X, Y, distributions, occupied, scores_on, thinnest

SHARES = st.floats(0, 1)


def refused(
    edges: tuple[float, ...],
    counts: tuple[float, ...],
    below: float = 0,
    variances: tuple[float, ...] = (),
) -> None:
    with pytest.raises(HutongError) as caught:
        Distribution(edges, counts, below, variances)
    assert caught.value.reason == MALFORMED


def histogram(*cells: tuple[str, int, int, int], total: int) -> ScoreHistogram:
    return ScoreHistogram(
        header=header("histogram", ZHENGZHOU, life=timedelta(days=365)),
        scale=ScaleReference(ZHENGZHOU, "shangding", 1, bytes(32)),
        total=total,
        cells=tuple(HistogramCell(*cell) for cell in cells),
        epsilon_milli=1000,
        smallest_shown=10,
    )


def test_percentile_ranks_are_those_that_an_outside_implementation_prints() -> None:
    for point, own, other in zip(
        POINTS, ACT["percentile_rank_x"], ACT["percentile_rank_in_y_of_x"], strict=True
    ):
        assert X.rank(point) == pytest.approx(own, abs=1e-9)
        assert Y.rank(point) == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize(("form", "distribution"), [("x", X), ("y", Y)])
def test_mean_and_spread_are_those_of_the_book(form: str, distribution: Distribution) -> None:
    moments = ACT["moments_n_denominator"][form]
    with_n = math.sqrt((distribution.total - 1) / distribution.total)
    assert distribution.mean() == pytest.approx(moments["mean"], abs=1e-8)
    assert distribution.spread() * with_n == pytest.approx(moments["sd"], abs=1e-8)


def test_cells_that_are_no_cells_are_refused() -> None:
    for length in (0, 1, 2, 4):
        refused(tuple(map(float, range(length))), (1.0, 1.0))
    refused((0.0,), ())
    for edges in ((0.0, 2.0, 1.0), (0.0, 1.0, 1.0), (0.0, 1.0, math.inf), (math.nan, 1.0, 2.0)):
        refused(edges, (1.0, 1.0))


def test_counts_below_zero_and_an_empty_city_are_refused() -> None:
    edges = (0.0, 1.0, 2.0)
    for counts in ((-1.0, 5.0), (math.nan, 1.0), (math.inf, 1.0)):
        refused(edges, counts)
    refused(edges, (1.0, 1.0), -1.0)
    refused(edges, (1.0, 1.0), variances=(-1.0, 0.0))
    refused(edges, (1.0, 1.0), variances=(1.0,))
    refused(edges, (0.0, 0.0))
    refused(edges, (0.0, 0.0), 500.0)
    refused(edges, (1.0, 0.0), 1e12)  # no rank would tell it from nobody


def test_scores_that_have_no_step_are_refused() -> None:
    for points, counts in (((), ()), ((1.0,), (1.0,)), ((1.0, 2.0), (1.0,))):
        with pytest.raises(HutongError):
            Distribution.at_points(points, counts)


def test_a_score_point_stands_for_the_half_steps_around_it() -> None:
    assert Distribution.at_points((0, 1, 3, 7), (1, 1, 1, 1)).edges == (-0.5, 0.5, 2, 5, 9)


def test_who_stands_below_the_line_counts_and_has_no_place() -> None:
    part = Distribution((120.0, 150.0, 200.0), (20.0, 10.0), below=70.0)
    assert part.total == 100
    assert part.floor == part.rank(120) == 0.7
    assert part.rank(150) == 0.9
    assert part.rank(200) == part.rank(500) == 1
    assert part.rank(119.9) is None
    assert part.inverse(0.699) is None
    assert part.inverse(1.001) is None
    assert part.inverse(0.8) == 135
    for moment in (part.mean, part.spread):
        with pytest.raises(HutongError):
            moment()


def test_a_single_resident_has_no_spread() -> None:
    with pytest.raises(HutongError):
        Distribution((0.0, 1.0), (1.0,)).spread()


def test_an_empty_cell_is_passed_in_its_middle() -> None:
    gap = Distribution((0.0, 10.0, 20.0, 40.0, 50.0), (5.0, 0.0, 0.0, 5.0))
    assert gap.rank(10) == gap.rank(33) == gap.rank(40) == 0.5
    assert gap.preimage(0.5) == (10, 40)
    assert gap.inverse(0.5) == 25
    assert gap.cell(0.5) == (0.5, 1.0, 10.0)


def test_the_ends_of_the_ranks_are_the_ends_of_the_scale() -> None:
    empty_ends = Distribution((0.0, 10.0, 20.0, 30.0), (0.0, 5.0, 0.0))
    assert empty_ends.inverse(0) == 0
    assert empty_ends.inverse(1) == 30
    assert empty_ends.rank(-1) == 0
    assert empty_ends.cell(1) == (0.0, 1.0, 10.0)


def test_what_a_city_has_published_is_read_with_everybody_in_the_total() -> None:
    cells = (("good", 120_000, 150_000, 20), ("best", 150_000, 200_000, 10))
    read = Distribution.published(histogram(*cells, total=100), noise=2.0)
    assert read == Distribution((120.0, 150.0, 200.0), (20.0, 10.0), 70.0, (4.0, 8.0))


def test_a_sliver_at_the_end_of_a_band_makes_no_other_cell_look_pooled() -> None:
    ends = (120_000, 125_000, 130_000, 130_001, 135_000, 150_000)
    cells = [("good", low, high, 20) for low, high in pairwise(ends)]
    read = Distribution.published(histogram(*cells, total=1000), noise=1.0)
    assert read.variances == (1, 1, 1, 1, 3)


def test_noise_that_adds_up_to_more_than_everybody_leaves_nobody_below() -> None:
    cells = (("good", 120_000, 150_000, 20), ("best", 150_000, 200_000, 0))
    read = Distribution.published(histogram(*cells, total=18))
    assert (read.below, read.total, read.counts) == (0, 20, (20, 0))


def test_the_bands_of_a_red_list_have_ranks_at_their_ends() -> None:
    read = Distribution.published(histogram(("listed", 0, 0, 300), total=1000))
    assert (read.rank(0), read.rank(1)) == (0.7, 1)


def test_what_is_not_exact_counts_for_each_cell_above() -> None:
    noisy = Distribution((0.0, 1.0, 2.0, 3.0), (10.0, 10.0, 10.0), 70.0, (1.0, 4.0, 2.0))
    variances = [noisy.variance(rank) for rank in (0.7, 0.85, 0.95, 1)]
    assert variances == pytest.approx([7e-4, 6e-4, 2e-4, 0])
    assert X.variance(0.5) == 0


def test_suppressed_cells_are_unknown_to_the_same_side() -> None:
    """Three of them may hide three times as many residents as one, not the root of three."""
    cells = [("good", 120_000 + 1000 * i, 121_000 + 1000 * i, n) for i, n in enumerate((20, 0, 0))]
    read = Distribution.published(histogram(*cells, ("best", 123_000, 124_000, 0), total=1000), 3.0)
    one = 10**2 / 3
    assert read.variances == pytest.approx((9.0, 5 * one, 3 * one, one))
    assert sum(read.variances[1:]) == pytest.approx(3**2 * one)


@given(distributions(), st.data())
def test_a_higher_score_never_has_a_lower_rank(
    distribution: Distribution, data: st.DataObject
) -> None:
    low, high = sorted((data.draw(scores_on(distribution)), data.draw(scores_on(distribution))))
    ranks = distribution.rank(low), distribution.rank(high)
    assert ranks[0] is not None
    assert ranks[1] is not None
    assert distribution.floor <= ranks[0] <= ranks[1] <= 1


@given(distributions(), SHARES, SHARES)
def test_a_higher_rank_never_has_a_lower_score(
    distribution: Distribution, one: float, other: float
) -> None:
    floor = distribution.floor
    low, high = sorted(floor + share * (1 - floor) for share in (one, other))
    scores = distribution.inverse(low), distribution.inverse(min(high, 1.0))
    assert scores[0] is not None
    assert scores[1] is not None
    assert distribution.edges[0] <= scores[0] <= scores[1] <= distribution.edges[-1]


@given(distributions(), st.data())
def test_a_score_in_a_cell_with_somebody_is_the_score_of_its_rank(
    distribution: Distribution, data: st.DataObject
) -> None:
    score = data.draw(scores_on(distribution))
    rank = distribution.rank(score)
    assert rank is not None
    again = distribution.inverse(rank)
    if occupied(distribution, score) and distribution.floor < rank < 1:
        assert again == pytest.approx(score, abs=thinnest(distribution))
    assert distribution.rank(again or 0) == pytest.approx(rank, abs=1e-9)


@given(distributions(), SHARES)
def test_the_scores_of_a_rank_all_have_it(distribution: Distribution, share: float) -> None:
    rank = min(distribution.floor + share * (1 - distribution.floor), 1.0)
    found = distribution.preimage(rank)
    assert found is not None
    for score in found:
        assert distribution.rank(score) == pytest.approx(rank, abs=1e-9)
    low, high, width = distribution.cell(rank)
    assert low < high
    assert width > 0
    assert low <= rank
    assert rank <= high


@given(distributions())
def test_counts_that_lie_below_change_no_rank_above(distribution: Distribution) -> None:
    """A city that publishes only its upper part says the same of it as one that publishes all."""
    counts = distribution.counts
    if len(counts) > 1 and any(counts[1:]):
        below = distribution.below + counts[0]
        part = Distribution(distribution.edges[1:], counts[1:], below)
        for edge in part.edges:
            assert part.rank(edge) == pytest.approx(distribution.rank(edge), abs=1e-9)
