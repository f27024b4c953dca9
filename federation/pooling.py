"""Small cells of a histogram are pooled with their neighbours before anything is suppressed.

A suppressed cell takes its residents out of the upper part of a distribution, and all ranks below
it go wrong to the same side, by more than any standard error says. Pooled cells lose nobody. The
counts are noisy already when they come here: what is made of noisy counts alone spends no more
of the privacy budget.
"""

from dataclasses import replace
from itertools import groupby

from federation.histogram import HistogramCell


def pooled(cells: tuple[HistogramCell, ...], smallest: int) -> tuple[HistogramCell, ...]:
    """The cells of each band, from the top down, each joined with the next until it shows enough.

    `cells` are adjacent, from low to high; their counts are noisy, and may be below zero. What is
    left over at the lower end of a band joins the cell above it. A band that has fewer than
    `smallest` altogether is one cell, suppressed: its count is 0. The cells of a categorical
    scale are bands, so each is as it was or suppressed.
    """
    found: list[HistogramCell] = []
    for _, band in groupby(cells, key=lambda cell: cell.band_id):
        found += _of_band(tuple(band), smallest)
    return tuple(found)


def _of_band(band: tuple[HistogramCell, ...], smallest: int) -> list[HistogramCell]:
    done: list[HistogramCell] = []  # from the highest
    rest: HistogramCell | None = None
    for cell in reversed(band):
        rest = cell if rest is None else _joined(cell, rest)
        if rest.count >= smallest:
            done.append(rest)
            rest = None
    while rest is not None and rest.count < smallest and done:
        rest = _joined(rest, done.pop())
    if rest is not None:
        done.append(rest if rest.count >= smallest else replace(rest, count=0))
    return done[::-1]


def _joined(lower: HistogramCell, upper: HistogramCell) -> HistogramCell:
    return replace(lower, upper_milli=upper.upper_milli, count=lower.count + upper.count)
