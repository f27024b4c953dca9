"""The concordance between two cities' scales, from the histograms that they published.

Whoever has both histograms and the degree gets the same table; so the city that countersigns an
agreement builds it again, and no city is believed. The caller owes: each histogram is of the scale
given with it, and both were verified.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from federation.concordance import Equivalent, Gap, Refusal, equivalent
from federation.distribution import MILLI, Distribution
from federation.errors import CONCORDANCE_EMPTY, NOT_NUMERIC, SMOOTHING_DEGREE, HutongError
from federation.histogram import ScoreHistogram
from federation.limits import CONCORDANCE_DEGREE, HISTOGRAM_SENSITIVITY
from federation.messages import ScoreScale
from federation.methods import Concordance, ConcordancePoint
from federation.smoothing import smooth


@dataclass(frozen=True, slots=True)
class Row:
    """What a concordance says of one home score, in points; of a gap it says why.

    `rank` is the share of residents below, 0 to 1. `host` and `error` are None where it refuses;
    `home_band` is the band that begins or goes on here, `host_band` what holds `host`, or "".
    """

    home: float
    rank: float
    host: float | None
    error: float | None
    refusal: Refusal | None
    home_band: str
    host_band: str


@dataclass(frozen=True, slots=True)
class Table:
    """A concordance with all that it was made of, for a person to look at.

    `home` and `host` are as published; the smoothed ones are the same where `degree` is 0.
    """

    rows: tuple[Row, ...]
    degree: int
    home: Distribution
    host: Distribution
    home_smoothed: Distribution
    host_smoothed: Distribution
    points: tuple[ConcordancePoint, ...]
    histograms: tuple[str, str]

    def until(self, valid_until: datetime) -> Concordance:
        """The table as an agreement has it; raises CONCORDANCE_EMPTY where it refuses all."""
        if not self.points:
            raise HutongError(CONCORDANCE_EMPTY)
        home, host = self.histograms
        return Concordance(self.points, home, host, self.degree, valid_until)


def table_of(
    home_histogram: ScoreHistogram,
    host_histogram: ScoreHistogram,
    home_scale: ScoreScale,
    host_scale: ScoreScale,
    degree: int | None,
) -> Table:
    """The table at each end of a home cell, and so at each end of a home band.

    Both are smoothed with one degree: the one given, 0 for none; for None the one with the lowest
    sum of both AICs, and none where not even degree 1 fits.

    1. Take both distributions with the noise that each count has.
    2. Smooth them.
    3. The equivalent of each end; never above the host's range.
    4. Above the last score that has one too few stand. Who stands there has at least the place of
       that score: so the last point is repeated at the end of the home scale.

    Raises NOT_NUMERIC, SMOOTHING_DEGREE, SMOOTHING_DIVERGED, and CONCORDANCE_EMPTY where every
    cell of a city is suppressed.
    """
    for histogram in (home_histogram, host_histogram):
        if not histogram.is_numeric:
            raise HutongError(NOT_NUMERIC, city=histogram.scale.city)
        if not any(cell.count for cell in histogram.cells):
            raise HutongError(CONCORDANCE_EMPTY)
    # 1.
    home, host = distribution_of(home_histogram), distribution_of(host_histogram)
    # 2.
    degree = best_degree(home, host) if degree is None else degree
    home_smoothed = smooth(home, degree).fitted if degree else home
    host_smoothed = smooth(host, degree).fitted if degree else host
    # 3.
    bands = [cell.band_id for cell in home_histogram.cells]
    rows = tuple(
        _row(home_smoothed, host_smoothed, edge, band, host_scale)
        for edge, band in zip(home.edges, (*bands, bands[-1]), strict=True)
    )
    return Table(
        rows=rows,
        degree=degree,
        home=home,
        host=host,
        home_smoothed=home_smoothed,
        host_smoothed=host_smoothed,
        # 4.
        points=tuple(_points(rows, home_scale)),
        histograms=(home_histogram.header.statement_id, host_histogram.header.statement_id),
    )


def distribution_of(histogram: ScoreHistogram) -> Distribution:
    """What a city has published in some cell, with the noise that its budget gives to each count.

    All counts together spend epsilon where each has two-sided geometric noise of scale
    s = HISTOGRAM_SENSITIVITY / epsilon: its variance is 2 a / (1 - a)^2 with a = exp(-1 / s)
    (Ghosh, Roughgarden & Sundararajan, "Universally utility-maximizing privacy mechanisms", 2009).
    """
    decay = math.exp(-histogram.epsilon_milli / MILLI / HISTOGRAM_SENSITIVITY)
    return Distribution.published(histogram, math.sqrt(2 * decay) / (1 - decay))


def best_degree(home: Distribution, host: Distribution) -> int:
    """The degree with the lowest sum of both AICs; 0 where both cities fit none.

    At most half of the cells: one that passes through every count follows how whole scores fall
    into cells (six of them up to an inclusive end, and four after it), and smooths nothing.
    """
    found = list[tuple[float, int]]()
    cells = min(len(home.counts), len(host.counts))
    for degree in range(1, min(CONCORDANCE_DEGREE, cells // 2) + 1):
        try:
            found.append((smooth(home, degree).aic + smooth(host, degree).aic, degree))
        except HutongError as error:
            if error.reason is SMOOTHING_DEGREE:
                break
    return min(found)[1] if found else 0


def _row(
    home: Distribution, host: Distribution, score: float, home_band: str, host_scale: ScoreScale
) -> Row:
    found = equivalent(home, host, score)
    rank = home.rank(score) or 0.0
    if isinstance(found, Gap):
        return Row(score, rank, None, None, found.refusal, home_band, "")
    milli = _host_milli(found, host_scale)
    held = next((band.band_id for band in host_scale.bands if band.holds(milli)), "")
    return Row(score, rank, milli / MILLI, found.error, None, home_band, held)


def _host_milli(found: Equivalent, host_scale: ScoreScale) -> int:
    most = host_scale.maximum_milli
    milli = round(found.host * MILLI)
    return milli if most is None else min(milli, most)


def _points(rows: tuple[Row, ...], home_scale: ScoreScale) -> Iterator[ConcordancePoint]:
    point = None
    for row in rows:
        if row.host is None or row.error is None:
            continue
        point = ConcordancePoint(
            round(row.home * MILLI), round(row.host * MILLI), round(row.error * MILLI)
        )
        yield point
    last = home_scale.maximum_milli
    if point and last is not None and last > point.home_milli:
        yield ConcordancePoint(last, point.host_milli, point.error_milli)
