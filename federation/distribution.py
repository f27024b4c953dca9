"""How residents are spread over a scale: percentile ranks, and the score that has a given rank.

A score point stands for its cell, and the residents of a cell are spread evenly over it: the
continuity by half intervals of Kolen & Brennan, "Test Equating, Scaling, and Linking" (3rd ed.,
2014), section 2.4. Scores are in points; ranks are shares from 0 to 1, not per cents.

What lies below the first edge has a mass and no place: a city publishes nothing of its low bands
(rule 1), so a rank below the line is unknown, and never guessed.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median_low
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from federation.checks import malformed
from federation.histogram import ScoreHistogram

MILLI: Final = 1000
"""Thousandths of a point on the wire, in one point here."""

# Decimals of a rank (as R's package equate has it): a thousandth of one resident in ten million.
# With more, the last bit of a sum decides on which side of an empty cell a score falls.
_DECIMALS: Final = 10


@dataclass(frozen=True, slots=True)
class Distribution:
    """Cells [edges[i], edges[i + 1]) with their counts, and `below`, the count under the first.

    Counts may be fractions (they are, once smoothed). `variances` say of each count how far it is
    from the true one, because of noise or because it is hidden; none where all are exact.
    """

    edges: tuple[float, ...]
    counts: tuple[float, ...]
    below: float = 0.0
    variances: tuple[float, ...] = ()
    _cumulative: NDArray[np.float64] = field(init=False, repr=False, compare=False)
    _ranks: NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse cells that are no cells, counts below zero, and an empty city."""
        if len(self.edges) != len(self.counts) + 1 or not self.counts:
            raise malformed("edges", "each cell has two ends, and there is at least one cell")
        if not all(map(math.isfinite, self.edges)) or any(a >= b for a, b in pairwise(self.edges)):
            raise malformed("edges", "they are finite and strictly ascending")
        amounts = (*self.counts, self.below, *self.variances)
        if not all(math.isfinite(amount) and amount >= 0 for amount in amounts):
            raise malformed("counts", "counts, what lies below and variances are at least 0")
        if self.variances and len(self.variances) != len(self.counts):
            raise malformed("variances", "there is one for each cell, or none at all")
        cumulative = self.below + np.concatenate(([0.0], np.cumsum(self.counts)))
        if not cumulative[-1] * (1 - 10**-_DECIMALS) > self.below:
            raise malformed("counts", "nobody stands in any cell")
        object.__setattr__(self, "_cumulative", cumulative / cumulative[-1])
        object.__setattr__(self, "_ranks", np.round(cumulative / cumulative[-1], _DECIMALS))

    @classmethod
    def at_points(
        cls, points: tuple[float, ...], counts: tuple[float, ...], below: float = 0.0
    ) -> Self:
        """The distribution of discrete scores: each cell ends half way to the next score.

        The outermost cells reach as far outwards as inwards. At least two points.
        """
        if len(points) != len(counts) or len(points) < 2:  # noqa: PLR2004 - one has no step
            raise malformed("points", "each score has a count, and there are at least two")
        middles = [(low + high) / 2 for low, high in pairwise(points)]
        first, last = 2 * points[0] - middles[0], 2 * points[-1] - middles[-1]
        return cls((first, *middles, last), counts, below)

    @classmethod
    def published(cls, histogram: ScoreHistogram, noise: float = 0.0) -> Self:
        """What a city has published; a suppressed cell is empty.

        `noise` is the standard deviation of what was added to each count for privacy.

        The cells may then add up to more than the total: then nobody stands below them. The
        i-th band of a categorical scale is the cell from i to i + 1: its ends have ranks, and what
        lies between them has none, so no concordance is made of it.
        """
        counts = tuple(float(cell.count) for cell in histogram.cells)
        edges = tuple(map(float, range(len(counts) + 1)))
        if histogram.is_numeric:
            milli = (histogram.cells[0].lower_milli, *(c.upper_milli for c in histogram.cells))
            edges = tuple(edge / MILLI for edge in milli)
        below = max(histogram.total - sum(counts), 0.0)
        return cls(edges, counts, below, _variances(histogram, edges, noise))

    @property
    def total(self) -> float:
        """How many residents there are, wherever they stand."""
        return self.below + sum(self.counts)

    @property
    def floor(self) -> float:
        """The rank of the first edge: the share of residents below it."""
        return float(self._ranks[0])

    def rank(self, score: float) -> float | None:
        """P(score): the share of residents below it, its own cell cut where it lies in it.

        P(x) = F(x - 1) + f(x) / 2 at the middle of a cell (Kolen & Brennan, equation 2.14). None
        where somebody stands below the first edge and the score does too.
        """
        if score < self.edges[0]:
            return None if self.below else 0.0
        return round(float(np.interp(score, self.edges, self._cumulative)), _DECIMALS)

    def preimage(self, rank: float) -> tuple[float, float] | None:
        """The lowest and the highest score of that rank; they differ where cells are empty.

        The ends of the ranks are the ends of the scale: floor gives the first edge, 1 the last
        (as R's package equate has it). None below the floor, and above 1.
        """
        if not self.floor <= rank <= 1:
            return None
        if rank in {self.floor, 1.0}:
            end = self.edges[0] if rank == self.floor else self.edges[-1]
            return end, end
        first = int(np.searchsorted(self._ranks, rank, side="left"))
        last = int(np.searchsorted(self._ranks, rank, side="right")) - 1
        if first <= last:
            return self.edges[first], self.edges[last]
        low, high, width = self.cell(rank)
        score = self.edges[last] + (rank - low) / (high - low) * width
        return score, score

    def inverse(self, rank: float) -> float | None:
        """The score of that rank: where cells are empty, the mean of upper and lower inverse.

        Kolen & Brennan, equations 2.15 to 2.18.
        """
        found = self.preimage(rank)
        return None if found is None else (found[0] + found[1]) / 2

    def cell(self, rank: float) -> tuple[float, float, float]:
        """The cell in which the rank is passed: its ranks at both ends, and its width in points.

        It is never empty: at a rank that a cell ends with, the next one that somebody stands in.
        """
        after = int(np.searchsorted(self._ranks, rank, side="right"))
        after = min(after, len(self.counts))
        while after > 1 and self._ranks[after] <= self._ranks[after - 1]:
            after -= 1
        width = self.edges[after] - self.edges[after - 1]
        return float(self._ranks[after - 1]), float(self._ranks[after]), width

    def variance(self, rank: float) -> float:
        """The variance of a rank, of what is not exact in the counts of all cells above it.

        A published rank is 1 - (count at or above) / total, so what is above is what counts.
        """
        if not self.variances:
            return 0.0
        above = self._ranks[1:] > rank
        return float(np.sum(np.array(self.variances)[above])) / self.total**2

    def mean(self) -> float:
        """The mean score, each resident at the middle of the cell.

        Raises MALFORMED where somebody stands below the first edge: what has no place has no mean.
        """
        middles, counts = self._placed()
        return float(np.average(middles, weights=counts))

    def spread(self) -> float:
        """The standard deviation, with total - 1 below, each resident at the middle of the cell.

        Raises MALFORMED as `mean` does, and where there is no second resident.
        """
        middles, counts = self._placed()
        if not self.total > 1:
            raise malformed("counts", "a spread is of at least two residents")
        squares = float(np.sum(counts * (middles - np.average(middles, weights=counts)) ** 2))
        return math.sqrt(squares / (self.total - 1))

    def _placed(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.below:
            raise malformed("below", "mean and spread are of a distribution that is known whole")
        return middles(self), np.array(self.counts)


def middles(distribution: Distribution) -> NDArray[np.float64]:
    """The middle of each cell, in points."""
    edges = np.array(distribution.edges, dtype=np.float64)
    return np.asarray((edges[1:] + edges[:-1]) / 2, dtype=np.float64)


def _variances(
    histogram: ScoreHistogram, edges: tuple[float, ...], noise: float
) -> tuple[float, ...]:
    """How far each published count is from the true one.

    A wide cell is pooled of as many as a common one (of the middle width) fits into it, each with
    its own noise. A suppressed one may hold anything under `smallest_shown`; all such cells are
    taken to hold the same, since they all err to the same side: n of them have n^2 times the
    variance of one, which the steps 1, 3, 5... from the top add up to.
    """
    hidden = histogram.smallest_shown**2 / 3
    widths = [high - low for low, high in pairwise(edges)]
    common = median_low(widths)
    found, step = [], 1
    for cell, width in reversed(list(zip(histogram.cells, widths, strict=True))):
        if cell.count:
            found.append(noise**2 * max(round(width / common), 1))
        else:
            found.append(hidden * step)
            step += 2
    return tuple(reversed(found))
