from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from federation.concordance import Equivalent, equivalent
from federation.distribution import Distribution
from federation.histogram import HistogramCell, ScoreHistogram
from federation.messages import ScaleReference
from federation.pooling import pooled
from tests.federation.make import ZHENGZHOU, header

SMALLEST = 20
BANDS = st.lists(st.lists(st.integers(-20, 60), min_size=1, max_size=12), min_size=1, max_size=4)


def cells_of(bands: list[list[int]]) -> tuple[HistogramCell, ...]:
    named = [(f"band-{place}", count) for place, band in enumerate(bands) for count in band]
    return tuple(
        HistogramCell(band, 1000 * place, 1000 * (place + 1), count)
        for place, (band, count) in enumerate(named)
    )


def published(cells: tuple[HistogramCell, ...], total: int) -> Distribution:
    """As whoever reads the histogram makes it; a histogram refuses what must be suppressed."""
    return Distribution.published(
        ScoreHistogram(
            header("pooled", ZHENGZHOU, life=timedelta(days=9)),
            ScaleReference(ZHENGZHOU, "shangding", 1, bytes(32)),
            total,
            cells,
            1000,
            SMALLEST,
        ),
        noise=2**0.5,
    )


def counts(bands: list[list[int]]) -> list[tuple[int, int, int]]:
    found = pooled(cells_of(bands), SMALLEST)
    return [(c.lower_milli // 1000, c.upper_milli // 1000, c.count) for c in found]


def test_a_thin_tail_is_shown_as_one_cell_and_not_left_out() -> None:
    tail = [90, 40, 25, 9, 8, 0, 4, -1, 1]
    assert counts([tail]) == [(0, 1, 90), (1, 2, 40), (2, 3, 25), (3, 9, 21)]


def test_what_is_left_over_at_the_lower_end_joins_the_cell_above_it() -> None:
    assert counts([[5, 30, 25]]) == [(0, 2, 35), (2, 3, 25)]


def test_noise_below_zero_brings_no_cell_under_the_least_that_is_shown() -> None:
    assert counts([[-15, 30, 25]]) == [(0, 3, 40)]
    assert counts([[-30, 25, 20]]) == [(0, 3, 0)]


def test_residents_of_one_band_are_never_counted_in_another() -> None:
    assert counts([[50, 3], [2, 4], [30]]) == [(0, 2, 53), (2, 4, 0), (4, 5, 30)]


def test_a_band_of_a_red_list_is_shown_or_suppressed() -> None:
    listed = (HistogramCell("listed", 0, 0, 19), HistogramCell("model", 0, 0, 20))
    assert [cell.count for cell in pooled(listed, SMALLEST)] == [0, 20]


@given(BANDS)
def test_no_small_cell_is_shown_and_only_whole_bands_are_suppressed(bands: list[list[int]]) -> None:
    cells = cells_of(bands)
    found = pooled(cells, SMALLEST)
    assert found[0].lower_milli == 0
    assert found[-1].upper_milli == cells[-1].upper_milli
    for low, high in pairwise(found):
        assert low.upper_milli == high.lower_milli
    for place, band in enumerate(bands):
        shown = [cell.count for cell in found if cell.band_id == f"band-{place}"]
        assert shown == [0] or min(shown) >= SMALLEST
        assert sum(shown) == (sum(band) if shown != [0] else 0)


@given(BANDS)
def test_what_is_pooled_is_a_histogram_and_stays_as_it_is(bands: list[list[int]]) -> None:
    found = pooled(cells_of(bands), SMALLEST)
    assert pooled(found, SMALLEST) == found
    if any(cell.count for cell in found):
        assert published(found, total=5000).edges[-1] == sum(map(len, bands))


def test_a_tail_that_is_suppressed_shifts_the_ranks_below_it_and_a_pooled_one_does_not() -> None:
    """A city of 5,000: the suppressed tail holds more than the error of the same table."""
    draw = np.random.default_rng(330100)
    shape = 120 * np.exp(-np.arange(40) / 8)

    def drawn() -> NDArray[np.int64]:
        noise = draw.laplace(0, 1, 40)
        return np.round(draw.poisson(shape) + noise).astype(np.int64)

    truth = Distribution(tuple(map(float, range(41))), tuple(shape), 5000 - float(shape.sum()))
    bias = {"pooled": 0.0, "suppressed": 0.0}
    for _ in range(50):
        noisy = cells_of([[int(count) for count in drawn()]])
        few = tuple(cell if cell.count >= SMALLEST else replace(cell, count=0) for cell in noisy)
        for name, cells in (("pooled", pooled(noisy, SMALLEST)), ("suppressed", few)):
            found = equivalent(published(cells, 5000), truth, 6.0)
            assert isinstance(found, Equivalent)
            bias[name] += (found.host - 6.0) / 50
    assert abs(bias["pooled"]) < 0.3
    assert bias["suppressed"] > 1.5
