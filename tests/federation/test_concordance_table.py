from dataclasses import replace
from itertools import pairwise
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.concordance import Refusal
from federation.concordance_table import Table, best_degree, distribution_of, table_of
from federation.distribution import Distribution
from federation.errors import CONCORDANCE_EMPTY, NOT_NUMERIC, HutongError
from federation.histogram import ScoreHistogram
from federation.smoothing import smooth
from tests.federation.make import DAY, HANGZHOU, NANJING, NOW, SCALES, ZHENGZHOU
from tests.federation.population import hangzhou, listed, published, scores, zhengzhou


def built(
    home: ScoreHistogram | None = None,
    host: ScoreHistogram | None = None,
    degree: int | None = None,
) -> Table:
    return table_of(
        home or zhengzhou(), host or hangzhou(), SCALES[ZHENGZHOU], SCALES[HANGZHOU], degree
    )


@pytest.mark.parametrize("degree", [None, 0, 3, 6])
def test_two_bells_are_related_as_their_quantiles_are(degree: int | None) -> None:
    """The truth is known here: each city's scores are a bell in whole points."""
    seen = 0
    for row in built(degree=degree).rows:
        if row.host is None or row.error is None:
            continue
        place = NormalDist(108, 18).cdf(row.home - 0.5)
        # Five errors, and what a smooth curve of that degree and cells of 25 points may miss.
        assert row.host == pytest.approx(
            NormalDist(640, 80).inv_cdf(place) + 0.5, abs=5 * row.error + 2
        )
        seen += 1
    assert seen >= 7


def test_the_table_has_each_end_of_a_band_and_says_which_band_reads_as_which() -> None:
    rows = {row.home: row for row in built().rows}
    assert (rows[120.0].home_band, rows[120.0].host_band) == ("excellent", "")
    assert (rows[125.0].home_band, rows[125.0].host_band) == ("excellent", "excellent")
    assert rows[150.001].home_band == rows[150.001].host_band == "outstanding"


def test_the_table_says_nothing_below_the_host_s_line_and_where_too_few_stand() -> None:
    rows = built().rows
    assert rows[0].refusal is Refusal.BELOW_HOST_LINE
    assert rows[-1].refusal is Refusal.THIN
    for row in rows:
        assert (row.host is None) == (row.error is None) == (row.refusal is not None)


def test_who_stands_above_the_last_equivalent_is_read_as_that_and_not_as_a_newcomer() -> None:
    table = built()
    before, last = table.points[-2:]
    assert last.home_milli == SCALES[ZHENGZHOU].maximum_milli
    assert (last.host_milli, last.error_milli) == (before.host_milli, before.error_milli)


def test_both_cities_build_the_same_table_from_the_same_histograms() -> None:
    found = built(degree=4)
    assert found == built(degree=4)
    concordance = found.until(NOW + 100 * DAY)
    assert concordance.home_histogram == zhengzhou().header.statement_id
    assert concordance.host_histogram == hangzhou().header.statement_id
    assert concordance.degree == 4


def test_the_degree_is_one_for_both_cities_and_can_be_given_again() -> None:
    best = built()
    assert best.degree == best_degree(best.home, best.host)
    assert built(degree=best.degree) == best


def test_no_degree_is_chosen_that_would_pass_through_every_count() -> None:
    # Whole scores fall unevenly into cells with an inclusive end: with many residents that alone
    # would ask for as many terms as there are cells.
    home = Distribution((120, 125, 130, 135, 140, 145, 150), (2534, 1898, 1356, 886, 557, 475))
    assert smooth(home, 5).aic < smooth(home, 3).aic
    assert best_degree(home, home) <= len(home.counts) // 2


def test_too_few_cells_for_any_degree_are_not_smoothed() -> None:
    one = published(ZHENGZHOU, scores("one", 5000, 122, 0.5, high=200))
    table = built(home=one)
    assert (table.degree, table.home_smoothed) == (0, table.home)


def test_a_red_list_has_no_concordance() -> None:
    with pytest.raises(HutongError) as raised:
        table_of(listed(NANJING, 1000, 9000), hangzhou(), SCALES[NANJING], SCALES[HANGZHOU], None)
    assert raised.value.reason is NOT_NUMERIC
    assert raised.value.fields["city"] == NANJING


def test_a_village_gets_no_table_rather_than_a_wrong_one() -> None:
    village = published(ZHENGZHOU, scores("village", 90, 120, 18, high=200))
    table = built(home=village, degree=0)
    assert all(row.refusal for row in table.rows)
    with pytest.raises(HutongError) as raised:
        table.until(NOW + DAY)
    assert raised.value.reason is CONCORDANCE_EMPTY


def test_no_equivalent_lies_above_the_host_s_range() -> None:
    top = published(HANGZHOU, scores("top", 40_000, 990, 60, high=1000))
    table = built(host=top)
    assert max(point.host_milli for point in table.points) <= 1_000_000


def test_more_privacy_gives_a_wider_error() -> None:
    one = distribution_of(zhengzhou())
    # sqrt(2 a) / (1 - a), a = exp(-1 / 2): one resident changes two counts.
    assert min(one.variances) ** 0.5 == pytest.approx(2.799, abs=0.001)
    private = replace(zhengzhou(), epsilon_milli=100)
    wide = {row.home: row.error for row in built(home=private, degree=0).rows}
    for row in built(degree=0).rows:
        error = wide[row.home]
        assert row.error is None or error is None or error > row.error


def test_a_city_that_shows_nobody_gets_no_table() -> None:
    hamlet = published(ZHENGZHOU, scores("hamlet", 30, 100, 18, high=200))
    with pytest.raises(HutongError) as raised:
        built(home=hamlet)
    assert raised.value.reason is CONCORDANCE_EMPTY


@given(
    st.integers(0, 10_000),
    st.floats(95, 125),
    st.floats(10, 25),
    st.floats(560, 760),
    st.floats(40, 120),
    st.sampled_from([None, 0]),
)
def test_a_higher_home_score_never_reads_lower(
    seed: int, mean: float, spread: float, host_mean: float, host_spread: float, degree: int | None
) -> None:
    home = published(ZHENGZHOU, scores(f"home {seed}", 3000, mean, spread, high=200))
    host = published(HANGZHOU, scores(f"host {seed}", 4000, host_mean, host_spread, high=1000))
    if not any(cell.count for cell in (*home.cells,)) or not any(c.count for c in host.cells):
        return
    for low, high in pairwise(built(home, host, degree).points):
        assert low.home_milli < high.home_milli
        assert low.host_milli <= high.host_milli
