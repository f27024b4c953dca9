"""Where the cells of a histogram lie: adjacent, each in one band, from the exportable line up.

Ends are in thousandths of a point. A score is a whole number of those, so an end that a band holds
is followed by the next thousandth, at which the next cell begins.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from federation.bands import Band, ScaleKind
from federation.checks import malformed
from federation.histogram import HistogramCell, ScoreHistogram
from federation.messages import ScoreScale

# Cells of a whole scale by default: 5 points on a scale from 0 to 200, 25 on one to 1,000.
_PARTS: Final = 40


def default_width(scale: ScoreScale) -> int:
    """A width of cells that suits a numeric scale; 0 for a categorical one, which has none."""
    if scale.minimum_milli is None or scale.maximum_milli is None:
        return 0
    return max((scale.maximum_milli - scale.minimum_milli) // _PARTS, 1)


def empty_cells(scale: ScoreScale, width_milli: int) -> Iterator[HistogramCell]:
    """The cells of a scale, from low to high, with nobody in them.

    Numeric: they end at multiples of the width and wherever a band ends; what would be under half
    a width at a band's upper end belongs to the cell below. Categorical: each band is a cell.
    """
    for band in scale.bands:
        if scale.kind is ScaleKind.CATEGORICAL:
            yield HistogramCell(band.band_id, 0, 0, 0)
            continue
        low, high = _ends(band, scale)
        while low < high:
            end = (low // width_milli + 1) * width_milli
            end = high if high - end < width_milli // 2 else min(end, high)
            yield HistogramCell(band.band_id, low, end, 0)
            low = end


def check_cells(histogram: ScoreHistogram, scale: ScoreScale) -> None:
    """Refuse cells that are not of the scale's exportable bands, all of them and nothing else.

    Raises MALFORMED. That there is no gap within a band, the histogram has checked itself.
    """
    if histogram.is_numeric != (scale.kind is ScaleKind.NUMERIC):
        raise malformed("cells", "numeric cells are of a numeric scale, others of another")
    found = [(band, list(cells)) for band, cells in groupby(histogram.cells, lambda c: c.band_id)]
    ends = [(band, cells[0].lower_milli, cells[-1].upper_milli) for band, cells in found]
    if ends != [(band.band_id, *_ends(band, scale)) for band in scale.bands]:
        raise malformed("cells", "they are not those of the exportable bands, from end to end")


def _ends(band: Band, scale: ScoreScale) -> tuple[int, int]:
    """The first thousandth in the band, and the first above it; 0 and 0 on a categorical scale."""
    if band.lower is None or scale.minimum_milli is None or scale.maximum_milli is None:
        return 0, 0
    low, high = band.lower.score_milli, scale.maximum_milli + 1
    if band.upper is not None:
        high = min(high, band.upper.score_milli + (1 if band.upper.inclusive else 0))
    return max(low + (0 if band.lower.inclusive else 1), scale.minimum_milli), high
