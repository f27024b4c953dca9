"""Cells lie where the scale says, end to end; what a city may not say has no cell."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.bands import Band, Bound, ScaleKind
from federation.errors import MALFORMED, HutongError
from federation.histogram import HistogramCell, ScoreHistogram
from federation.histogram_cells import check_cells, default_width, empty_cells
from federation.messages import ScoreScale
from tests.federation.make import HANGZHOU, NANJING, SCALES, ZHENGZHOU
from tests.federation.population import hangzhou, listed, zhengzhou


def ends(scale: ScoreScale, width: int) -> list[tuple[int, int]]:
    return [(cell.lower_milli, cell.upper_milli) for cell in empty_cells(scale, width)]


def refused(histogram: ScoreHistogram, scale: ScoreScale) -> None:
    with pytest.raises(HutongError) as error:
        check_cells(histogram, scale)
    assert error.value.reason == MALFORMED


@given(width=st.integers(200, 300_000), city=st.sampled_from([ZHENGZHOU, HANGZHOU]))
def test_each_score_that_may_be_told_is_in_one_cell_of_its_band(width: int, city: str) -> None:
    scale = next(scale for code, scale in SCALES.items() if code == city)
    cells = tuple(empty_cells(scale, width))
    assert all(a.upper_milli == b.lower_milli for a, b in pairwise(cells))
    assert scale.maximum_milli is not None
    bands = {band.band_id: band for band in scale.bands}
    for cell in cells:
        assert bands[cell.band_id].holds(cell.lower_milli)
        assert bands[cell.band_id].holds(cell.upper_milli - 1)
        # At the upper end of a band, less than half a width more.
        assert cell.upper_milli - cell.lower_milli <= width + width // 2
    assert cells[-1].upper_milli == scale.maximum_milli + 1
    assert not any(band.holds(cells[0].lower_milli - 1) for band in scale.bands)


def test_the_default_cells_are_forty_on_a_whole_scale() -> None:
    widths = [default_width(SCALES[city]) for city in (ZHENGZHOU, HANGZHOU, NANJING)]
    assert widths == [5000, 25_000, 0]
    # 150 is excellent, and a thousandth more is outstanding.
    assert ends(SCALES[ZHENGZHOU], 5000)[4:8] == [
        (140_000, 145_000),
        (145_000, 150_001),
        (150_001, 155_000),
        (155_000, 160_000),
    ]
    assert ends(SCALES[HANGZHOU], 25_000)[:3] == [
        (700_000, 725_000),
        (725_000, 750_000),
        (750_000, 775_000),
    ]
    assert ends(SCALES[NANJING], 0) == [(0, 0)]


def test_a_band_that_ends_above_the_scale_ends_with_it() -> None:
    scale = SCALES[ZHENGZHOU]
    top = replace(scale.bands[-1], upper=Bound(300_000, inclusive=True))
    low = replace(scale, bands=(*scale.bands[:-1], top))
    assert ends(low, 5000) == ends(scale, 5000)


def test_what_cities_publish_is_taken() -> None:
    check_cells(zhengzhou(), SCALES[ZHENGZHOU])
    check_cells(hangzhou(), SCALES[HANGZHOU])
    check_cells(listed(NANJING, 50, 100), SCALES[NANJING])


def test_a_cell_below_the_line_is_refused() -> None:
    good, first = zhengzhou(), zhengzhou().cells[0]
    low = HistogramCell("good", 100_000, first.lower_milli, 50)
    refused(replace(good, cells=(low, *good.cells)), SCALES[ZHENGZHOU])
    # Nor under the name of a band above it.
    refused(
        replace(good, cells=(replace(low, band_id=first.band_id), *good.cells)), SCALES[ZHENGZHOU]
    )


def test_cells_that_stop_short_or_go_beyond_are_refused() -> None:
    good = zhengzhou()
    for cells in (
        good.cells[1:],
        good.cells[:-1],
        (*good.cells[:-1], replace(good.cells[-1], upper_milli=250_000)),
        tuple(replace(cell, band_id="excellent") for cell in good.cells),
    ):
        refused(replace(good, cells=cells), SCALES[ZHENGZHOU])


def test_bands_that_take_turns_are_refused() -> None:
    good = zhengzhou()
    swapped = [replace(cell, band_id=f"{'outstanding' if i == 1 else cell.band_id}")
               for i, cell in enumerate(good.cells)]  # fmt: skip
    refused(replace(good, cells=tuple(swapped)), SCALES[ZHENGZHOU])


def test_a_scale_of_the_other_kind_is_refused() -> None:
    refused(listed(NANJING, 50, 100), SCALES[ZHENGZHOU])
    refused(zhengzhou(), SCALES[NANJING])
    assert SCALES[NANJING].kind is ScaleKind.CATEGORICAL
    twice = (Band("another", "另一档", "another", None, None), *SCALES[NANJING].bands)
    refused(listed(NANJING, 50, 100), replace(SCALES[NANJING], bands=twice))
