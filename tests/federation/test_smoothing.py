import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.distribution import Distribution, middles
from federation.errors import SMOOTHING_DEGREE, SMOOTHING_DIVERGED, HutongError
from federation.smoothing import choose, smooth
from tests.federation.spread import ACT, X, Y, distributions

DEGREES = st.integers(1, 10)


def moments(distribution: Distribution, degree: int) -> list[float]:
    """The sums of the powers of the cells' middles, these from -1 to 1 over the range."""
    edges = distribution.edges
    unit = (2 * middles(distribution) - (edges[0] + edges[-1])) / (edges[-1] - edges[0])
    return [float(np.dot(unit**power, distribution.counts)) for power in range(degree + 1)]


def test_the_fit_of_degree_6_is_the_one_that_an_outside_implementation_prints() -> None:
    fitted = smooth(X, 6).fitted.counts
    assert fitted == pytest.approx(ACT["smoothed_degree_6_counts_x"], abs=1e-6)


def test_the_book_s_degree_is_the_one_that_is_chosen() -> None:
    assert choose(X).degree == choose(Y).degree == 6
    assert choose(X, most=3).degree == 3


def test_a_polynomial_is_found_again_on_unequal_steps() -> None:
    edges = (0.0, 1.0, 3.0, 4.0, 9.0, 10.0, 30.0, 31.0, 50.0)
    middle = [(low + high) / 2 for low, high in pairwise(edges)]
    width = [high - low for low, high in pairwise(edges)]
    counts = [w * math.exp(5 - m / 10 + m * m / 900) for m, w in zip(middle, width, strict=True)]
    fit = smooth(Distribution(edges, tuple(counts), below=7.0), 2)
    assert fit.fitted.counts == pytest.approx(counts, rel=1e-9)
    assert fit.deviance == pytest.approx(0, abs=1e-6)
    assert fit.fitted.below == 7


def test_a_degree_that_the_cells_are_too_few_for_is_refused_and_the_highest_named() -> None:
    sparse = Distribution.at_points(tuple(range(20)), (5, 0, 9, 0, 3, *[0] * 15))
    for degree in (0, 3, 11, -1):
        with pytest.raises(HutongError) as caught:
            smooth(sparse, degree)
        assert caught.value == HutongError(SMOOTHING_DEGREE, degree=str(degree), most="2")
    assert choose(sparse).degree <= 2


def test_a_degree_that_would_follow_the_noise_is_refused() -> None:
    with pytest.raises(HutongError) as caught:
        smooth(X, 11)
    assert caught.value == HutongError(SMOOTHING_DEGREE, degree="11", most="10")


def test_a_single_cell_is_not_smoothed() -> None:
    with pytest.raises(HutongError) as caught:
        choose(Distribution((0.0, 1.0, 2.0), (0.0, 9.0)))
    assert caught.value == HutongError(SMOOTHING_DEGREE, degree="1", most="0")


@given(distributions(), DEGREES)
def test_a_fit_keeps_the_moments_or_says_that_there_is_none(
    distribution: Distribution, degree: int
) -> None:
    try:
        fit = smooth(distribution, degree)
    except HutongError as error:
        assert error.reason in {SMOOTHING_DEGREE, SMOOTHING_DIVERGED}  # noqa: PT017 - either
        return
    size = sum(distribution.counts)
    assert moments(fit.fitted, degree) == pytest.approx(
        moments(distribution, degree), abs=1e-8 * size
    )
    assert fit.fitted.edges == distribution.edges
    assert fit.fitted.below == distribution.below
    assert fit.deviance > -1e-6


@given(distributions(least=1, cells=12), st.integers(1, 3))
def test_filled_cells_always_have_a_fit(distribution: Distribution, degree: int) -> None:
    if len(distribution.counts) > degree:
        smooth(distribution, degree)


@given(distributions(least=1, cells=12), st.integers(1, 40), st.integers(-500, 500))
def test_the_fit_knows_nothing_of_the_scale_s_unit(
    distribution: Distribution, unit: int, shift: int
) -> None:
    moved = replace(distribution, edges=tuple(unit / 8 * e + shift for e in distribution.edges))
    one, other = smooth(distribution, 1), smooth(moved, 1)
    assert other.fitted.counts == pytest.approx(one.fitted.counts, rel=1e-6)
    assert other.aic == pytest.approx(one.aic, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("residents", [1e-6, 1.0, 1e12])
def test_the_fit_is_the_same_in_a_village_and_in_a_country(residents: float) -> None:
    size = X.total
    counts = tuple(count / size * residents for count in X.counts)
    fitted = smooth(replace(X, counts=counts), 6).fitted.counts
    assert [f / residents * size for f in fitted] == pytest.approx(
        ACT["smoothed_degree_6_counts_x"], abs=1e-5
    )


def test_one_crowded_cell_among_empty_ones_has_a_fit_or_says_that_it_has_none() -> None:
    for crowd in (1e3, 1e6, 1e9):
        counts = [0.0] * 200
        counts[3], counts[100], counts[190], counts[191] = 1.0, crowd, 1.0, 1.0
        distribution = Distribution(tuple(map(float, range(201))), tuple(counts))
        for degree in (1, 2, 3):
            try:
                fit = smooth(distribution, degree)
            except HutongError as error:
                assert error.reason is SMOOTHING_DIVERGED  # noqa: PT017 - or it has one
            else:
                assert sum(fit.fitted.counts) == pytest.approx(crowd + 3)
