from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from federation.concordance import (
    Equivalent,
    Gap,
    Refusal,
    concordance,
    equivalent,
    linear,
    rank_error,
    standard_error,
)
from federation.distribution import Distribution
from federation.limits import CONCORDANCE_RESIDENTS
from federation.smoothing import smooth
from tests.federation.spread import (
    ACT,
    FIGURES,
    POINTS,
    X,
    Y,
    distributions,
    occupied,
    scores_on,
    thinnest,
)

FILLED = distributions(least=1)


def known(home: Distribution, host: Distribution, score: float) -> Equivalent:
    found = equivalent(home, host, score, least=0)
    assert isinstance(found, Equivalent)
    return found


def hosts(home: Distribution, host: Distribution) -> list[float]:
    return [known(home, host, point).host for point in POINTS]


def small(scores: list[int]) -> Distribution:
    points = tuple(map(float, range(5)))
    return Distribution.at_points(points, tuple(float(scores.count(n)) for n in range(5)))


def by_spread(home: Distribution, host: Distribution, score: float) -> float:
    return linear(
        score,
        home_mean=home.mean(),
        home_spread=home.spread(),
        host_mean=host.mean(),
        host_spread=host.spread(),
    )


def moved(distribution: Distribution, unit: float, shift: float) -> Distribution:
    edges = tuple(unit * edge + shift for edge in distribution.edges)
    return replace(distribution, edges=edges)


def uncertain(distribution: Distribution) -> Distribution:
    return replace(distribution, variances=(9.0,) * len(distribution.counts))


def cut(distribution: Distribution, cells: int) -> Distribution:
    """What is published of it: its lowest cells are only counted."""
    below = distribution.below + sum(distribution.counts[:cells])
    return Distribution(distribution.edges[cells:], distribution.counts[cells:], below)


def test_the_equivalents_are_those_that_an_outside_implementation_prints() -> None:
    assert hosts(X, Y) == pytest.approx(ACT["equipercentile_x_to_y"], abs=1e-6)
    assert hosts(Y, X) == pytest.approx(ACT["equipercentile_y_to_x"], abs=1e-6)


def test_the_equivalents_are_those_of_the_book() -> None:
    """But for the lowest score, which nobody has; the book gives 0 there, and R the first edge."""
    assert hosts(X, Y)[1:] == pytest.approx(ACT["published_table_2_7_x_to_y"][1:], abs=6e-5)


def test_lord_s_errors_are_those_that_an_outside_implementation_prints() -> None:
    errors = [known(X, Y, point).error for point in POINTS]
    assert errors == pytest.approx(ACT["equipercentile_error"], abs=1e-6)


def test_after_smoothing_the_equivalents_are_those_that_an_outside_implementation_prints() -> None:
    smoothed = hosts(smooth(X, 6).fitted, smooth(Y, 6).fitted)
    assert smoothed == pytest.approx(ACT["smoothed_degree_6_x_to_y"], abs=1e-6)


def test_the_book_s_small_example_with_an_empty_score_comes_out_the_same() -> None:
    figures = FIGURES["small"]
    home, host = small(figures["scores_x"]), small(figures["scores_y"])
    found = [known(home, host, score).host for score in range(5)]
    assert found == pytest.approx(figures["equipercentile"], abs=1e-9)
    lined = [by_spread(home, host, score) for score in range(5)]
    assert lined == pytest.approx(figures["linear"], abs=1e-9)


def test_the_linear_method_is_the_one_that_an_outside_implementation_prints() -> None:
    lined = [by_spread(X, Y, point) for point in POINTS]
    assert lined == pytest.approx(ACT["linear_x_to_y"], abs=1e-6)


def test_lord_s_errors_are_those_of_cities_that_are_drawn_again_and_again() -> None:
    draw = np.random.default_rng(2026)
    scores = (8.5, 14.0, 20.3, 27.0, 33.0)
    home, host = smooth(X, 6).fitted, smooth(Y, 6).fitted

    def drawn(city: Distribution) -> Distribution:
        shares = np.array(city.counts) / city.total
        counts = draw.multinomial(round(city.total), shares)
        return replace(city, counts=tuple(map(float, counts)))

    found = np.array(
        [[known(drawn(home), drawn(host), score).host for score in scores] for _ in range(800)]
    )
    for spread, score in zip(found.std(axis=0, ddof=1), scores, strict=True):
        assert known(home, host, score).error == pytest.approx(float(spread), rel=0.12)


def test_the_errors_hold_the_noise_that_was_added_for_privacy() -> None:
    draw = np.random.default_rng(410100)
    edges = tuple(float(edge) for edge in range(0, 101, 5))
    true = np.linspace(90_000, 20_000, 20)
    city = Distribution(edges, tuple(map(float, true)), 3e6, (300.0**2,) * 20)

    def noisy() -> Distribution:
        counts = true + draw.normal(0, 300, 20)
        below = max(city.total - float(counts.sum()), 0.0)
        return Distribution(edges, tuple(map(float, counts)), below)

    scores = (22.5, 61.0, 87.5)
    found = np.array(
        [[known(noisy(), noisy(), score).host for score in scores] for _ in range(800)]
    )
    for spread, score in zip(found.std(axis=0, ddof=1), scores, strict=True):
        plain = replace(city, variances=())
        exact = known(plain, plain, score).error
        added = (known(city, city, score).error ** 2 - exact**2) ** 0.5
        assert added == pytest.approx(float(spread), rel=0.25)


def test_a_score_outside_what_the_home_city_has_published_is_refused() -> None:
    part = Distribution((120.0, 150.0, 200.0), (4000.0, 1000.0), below=9000.0)
    for score in (119.999, 200.001, -5.0):
        assert equivalent(part, Y, score) == Gap(score, Refusal.OUTSIDE_HOME)
    whole = Distribution((0.0, 200.0), (9000.0,))
    assert equivalent(whole, Y, -0.001, least=0) == Gap(-0.001, Refusal.OUTSIDE_HOME)


def test_a_rank_below_the_host_s_line_is_refused_and_never_guessed() -> None:
    home = Distribution((100.0, 120.0, 200.0), (3000.0, 3000.0), below=4000.0)
    host = Distribution((700.0, 850.0, 1000.0), (2000.0, 1000.0), below=7000.0)
    assert equivalent(home, host, 110) == Gap(110, Refusal.BELOW_HOST_LINE)
    assert equivalent(home, host, 119.99) == Gap(119.99, Refusal.BELOW_HOST_LINE)
    assert known(home, host, 120).host == 700
    assert known(home, host, 200).host == 1000


def test_where_too_few_residents_stand_above_or_below_the_table_says_nothing() -> None:
    refused = [
        line.home
        for line in concordance(X, Y, POINTS)
        if isinstance(line, Gap) and line.refusal is Refusal.THIN
    ]
    smaller = min(X.total, Y.total)
    few = [
        point
        for point in POINTS
        if min((rank := X.rank(point) or 0.0), 1 - rank) * smaller < CONCORDANCE_RESIDENTS
    ]
    assert refused == few
    assert {0, 4, 40} <= set(refused)
    assert not {6, 20, 38} & set(refused)


def test_a_small_city_is_thin_however_large_the_other_is() -> None:
    large = replace(X, counts=tuple(1e4 * count for count in X.counts))
    village = replace(X, counts=tuple(count / 100 for count in X.counts))
    for home, host in ((large, village), (village, large)):
        assert equivalent(home, host, 36.0) == Gap(36.0, Refusal.THIN)
        assert isinstance(equivalent(home, host, 20.0, least=10), Equivalent)


def test_lines_come_in_the_order_that_was_asked_for() -> None:
    found = concordance(X, Y, (30.0, 10.0, 99.0))
    assert [line.home for line in found] == [30, 10, 99]
    assert found == concordance(X, Y, (30.0, 10.0, 99.0))


def test_a_scale_to_200_and_one_to_1000_with_unequal_steps_are_related_as_their_ranks_are() -> None:
    zhengzhou = Distribution((0.0, 80.0, 100.0, 120.0, 150.0, 200.0), (2e3, 8e3, 4e4, 4e4, 1e4))
    hangzhou = Distribution((0.0, 550.0, 600.0, 700.0, 750.0, 1000.0), (1e4, 2e4, 4e4, 1e4, 2e4))
    expected = {100: 550, 110: 600, 120: 650, 135: 700, 142.5: 750, 150: 875, 175: 937.5}
    for score, equal in expected.items():
        assert known(zhengzhou, hangzhou, score).host == pytest.approx(equal)


@given(distributions(), distributions(), st.data())
def test_a_higher_score_never_has_a_lower_equivalent(
    home: Distribution, host: Distribution, data: st.DataObject
) -> None:
    scores = sorted(data.draw(st.lists(scores_on(home), min_size=2, max_size=6)))
    lines = concordance(home, host, scores, least=0)
    found = [line.host for line in lines if isinstance(line, Equivalent)]
    assert found == sorted(found)
    assert all(host.edges[0] <= equal <= host.edges[-1] for equal in found)
    refused = [isinstance(line, Gap) for line in lines]
    assert refused == sorted(refused, reverse=True)  # only ever the lower ones


@given(distributions(), st.data())
def test_equal_cities_have_equal_scores(city: Distribution, data: st.DataObject) -> None:
    score = data.draw(scores_on(city))
    assume(occupied(city, score))
    assert known(city, city, score).host == pytest.approx(score, abs=thinnest(city))


@given(distributions(below=False), distributions(below=False), st.data())
def test_there_and_back_again_is_within_the_home_s_own_empty_cells(
    home: Distribution, host: Distribution, data: st.DataObject
) -> None:
    """Where somebody stands it is the same score; in an empty cell, the middle of it."""
    score = data.draw(scores_on(home))
    rank = home.rank(score)
    assume(rank is not None and 0 < rank < 1)
    again = known(host, home, known(home, host, score).host)
    if occupied(home, score) and occupied(host, again.home):
        assert again.host == pytest.approx(score, abs=2 * thinnest(home))


@given(distributions(), distributions(), st.integers(1, 80), st.integers(-800, 800), st.data())
def test_the_unit_and_the_zero_of_either_scale_change_nothing_but_the_figures(
    home: Distribution, host: Distribution, unit: int, shift: int, data: st.DataObject
) -> None:
    score = data.draw(st.sampled_from(home.edges))
    plain = equivalent(home, host, score, least=0)
    factor = unit / 8
    other = equivalent(home, moved(host, factor, shift), score, least=0)
    if isinstance(plain, Gap):
        assert other == plain
        return
    assert isinstance(other, Equivalent)
    assert other.host == pytest.approx(factor * plain.host + shift, abs=1e-6)
    assert other.error == pytest.approx(factor * plain.error, rel=1e-6, abs=1e-9)
    asked = known(moved(home, factor, shift), host, factor * score + shift)
    assert asked.host == pytest.approx(plain.host, abs=1e-6)
    assert asked.error == pytest.approx(plain.error, rel=1e-6, abs=1e-9)


@given(FILLED, FILLED, st.data())
def test_publishing_only_the_upper_part_changes_no_equivalent_in_it(
    home: Distribution, host: Distribution, data: st.DataObject
) -> None:
    cells = data.draw(st.integers(0, len(home.counts) - 1))
    others = data.draw(st.integers(0, len(host.counts) - 1))
    score = data.draw(st.sampled_from(home.edges[cells:-1]))
    whole = known(replace(home, below=0.0), replace(host, below=0.0), score)
    part = equivalent(
        cut(replace(home, below=0.0), cells), cut(replace(host, below=0.0), others), score, least=0
    )
    if isinstance(part, Gap):
        assert part.refusal is Refusal.BELOW_HOST_LINE
        assert whole.host <= host.edges[others] + thinnest(host)
    elif part.host > host.edges[others]:
        assert part.host == pytest.approx(whole.host, abs=thinnest(host))


@given(distributions(), distributions(), st.data())
def test_whatever_is_suppressed_the_error_is_a_number_and_noise_makes_it_no_smaller(
    home: Distribution, host: Distribution, data: st.DataObject
) -> None:
    score = data.draw(scores_on(home))
    found = equivalent(home, host, score, least=0)
    if isinstance(found, Equivalent):
        noisy = known(uncertain(home), uncertain(host), score)
        assert 0 <= found.error <= noisy.error < float("inf")


@given(FILLED, FILLED, st.floats(0, 1))
def test_the_error_shrinks_with_the_root_of_the_cities(
    home: Distribution, host: Distribution, share: float
) -> None:
    rank = host.floor + share * (1 - host.floor)

    def larger(city: Distribution) -> Distribution:
        return Distribution(city.edges, tuple(100 * n for n in city.counts), 100 * city.below)

    for error in (standard_error, rank_error):
        few, many = error(home, host, rank), error(larger(home), larger(host), rank)
        assert many == pytest.approx(few / 10, rel=1e-3, abs=1e-6)
