"""The noise of OpenDP is the one that is written on a histogram."""

import math
from statistics import fmean

import opendp.prelude as dp

from federation.limits import HISTOGRAM_SENSITIVITY
from node.noise import geometric

DRAWS = 20_000


def test_the_noise_has_the_spread_of_its_scale_and_no_side() -> None:
    scale = 2.0
    drawn = [count - 7 for count in geometric([7] * DRAWS, scale)]
    decay = math.exp(-1 / scale)
    spread = math.sqrt(2 * decay) / (1 - decay)
    # Six standard errors: it fails by chance once in 500 million runs.
    assert abs(fmean(drawn)) < 6 * spread / math.sqrt(DRAWS)
    # The law of it: P(0) = (1 - a) / (1 + a), and each step further is a times as likely.
    for step in range(4):
        expected = (1 - decay) / (1 + decay) * decay**step
        error = math.sqrt(expected * (1 - expected) / DRAWS)
        for side in {step, -step}:
            assert abs(drawn.count(side) / DRAWS - expected) < 6 * error


def test_what_the_library_says_it_costs_is_what_is_noted() -> None:
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64"), 9), dp.l1_distance(T="i64")
    for epsilon_milli in (1, 100, 333, 1000, 5000):
        scale = HISTOGRAM_SENSITIVITY * 1000 / epsilon_milli
        made = dp.m.make_geometric(*space, scale=scale)
        cost = made.map(HISTOGRAM_SENSITIVITY)  # type: ignore[no-untyped-call]
        # It rounds upwards, by the last bit.
        assert math.isclose(cost, epsilon_milli / 1000, rel_tol=1e-12)


def test_each_count_has_its_own_noise() -> None:
    drawn = geometric([0] * 1001, 200.0)
    assert len(drawn) == 1001
    assert len(set(drawn)) > 100
    assert geometric([0] * 1001, 200.0) != drawn
