"""What a host reads in a home city's standing by mean and spread, or by equal ranks.

Scores are thousandths of a point, and all is in whole numbers, so that both cities read the same.
One step only: nothing here reads what it has given, so no scale is reached over another. What a
mapping refuses is read as a newcomer's, never as less.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from federation.bands import Band, ScaleKind
from federation.errors import AGREEMENT_MISMATCH, HutongError
from federation.messages import BandRow, Mapping, ScoreScale
from federation.methods import Concordance, LinearMapping, Method

_ROUNDING_MILLI = 1
"""How far two cities' arithmetic may be apart, in thousandths of a point."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A band of the host's scale, and the score there where one is known."""

    band_id: str
    local_milli: int | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Reads scores of one numeric scale on another, exported as far as the other city knows it."""

    method: Method
    host: ScoreScale = field(repr=False)

    def at(self, score_milli: int) -> Reading | None:
        """What a home score is read as; None where it is read as a newcomer's.

        1. The host score; none outside the range that the method is good for.
        2. Clamp it to the host's range.
        3. Its band among the exportable ones; none below the host's line.
        """
        # 1.
        found = equivalent(self.method, score_milli)
        low, high = self.host.minimum_milli, self.host.maximum_milli
        if found is None or low is None or high is None:
            return None
        # 2.
        local = min(max(found, low), high)
        # 3.
        return next((Reading(b.band_id, local) for b in self.host.bands if b.holds(local)), None)

    def rows(self, home: ScoreScale) -> tuple[BandRow, ...]:
        """The band table for those of whom the band alone is known: by the lower end of each."""
        found = ((band.band_id, self.at(first)) for band, first in firsts(home))
        return tuple(BandRow(band_id, read.band_id) for band_id, read in found if read)


def curve_of(mapping: Mapping, host: ScoreScale) -> Curve | None:
    """How a mapping reads scores; None where it is a band table, which reads none."""
    return Curve(mapping.method, host) if mapping.method else None


def itself(scale: ScoreScale) -> Curve | None:
    """How a city reads its own scores: as they are; None where its scale has none."""
    if scale.minimum_milli is None or scale.maximum_milli is None:
        return None
    same = LinearMapping(0, 1, 0, 1, scale.minimum_milli, scale.maximum_milli, "")
    return Curve(same, scale)


def rows_of(mapping: Mapping, home: ScoreScale, host: ScoreScale) -> tuple[BandRow, ...]:
    """What a mapping makes of the home bands, from low to high; those without a row are nothing."""
    curve = curve_of(mapping, host)
    return curve.rows(home) if curve else mapping.rows


def equivalent(method: Method, score_milli: int) -> int | None:
    """The host score of a home score, to the nearest thousandth; None where it is out of range."""
    if isinstance(method, LinearMapping):
        return _linear(method, score_milli)
    return _between(method, score_milli)


def firsts(scale: ScoreScale) -> tuple[tuple[Band, int], ...]:
    """Each band of a numeric scale with the lowest score that it holds."""
    return tuple(
        (band, band.lower.score_milli + (not band.lower.inclusive))
        for band in scale.bands
        if band.lower
    )


def check_method(mapping: Mapping, home: ScoreScale, host: ScoreScale) -> None:
    """Refuse a method that does not fit the scales, or is worse for a better standing.

    1. Both scales have scores; a red list is read by a band table alone.
    2. It is good up to the top of the home scale: nobody falls out of it by standing higher.
    3. The line is one of the bands that it gives something for.

    Raises:
        HutongError: AGREEMENT_MISMATCH, with the first problem.

    """
    way = f"mapping {mapping.home_city} to {mapping.host_city}"
    # 1.
    for scale in (home, host):
        if scale.kind is not ScaleKind.NUMERIC:
            raise _mismatch(
                f"{way}: the scale of {scale.header.issuer} has no scores; give a band table"
            )
    # 2.
    last = _last(mapping.method)
    if home.maximum_milli is not None and (last is None or last < home.maximum_milli):
        raise _mismatch(f"{way}: it ends below the top of the home scale")
    # 3.
    if mapping.line_band not in {row.home_band for row in rows_of(mapping, home, host)}:
        raise _mismatch(f"{way}: the line {mapping.line_band} is not recognised by it")


def check_same_table(signed: Concordance, built: Concordance, way: str) -> None:
    """Refuse a table that is not the one that the two published histograms give.

    Raises:
        HutongError: AGREEMENT_MISMATCH.

    """
    if (signed.home_histogram, signed.host_histogram) != (
        built.home_histogram,
        built.host_histogram,
    ):
        raise _mismatch(f"{way}: it is built from histograms that are not those known here")
    same = len(signed.points) == len(built.points) and all(
        one.home_milli == other.home_milli
        and abs(one.host_milli - other.host_milli) <= _ROUNDING_MILLI
        and abs(one.error_milli - other.error_milli) <= _ROUNDING_MILLI
        for one, other in zip(signed.points, built.points, strict=True)
    )
    if signed.degree != built.degree or not same:
        raise _mismatch(f"{way}: both cities' histograms give another table")


def _last(method: Method | None) -> int | None:
    if isinstance(method, LinearMapping):
        return method.highest_milli
    return method.points[-1].home_milli if method else None


def _linear(method: LinearMapping, score_milli: int) -> int | None:
    if not method.lowest_milli <= score_milli <= method.highest_milli:
        return None
    above = method.host_spread_milli * (score_milli - method.home_mean_milli)
    return method.host_mean_milli + _nearest(above, method.home_spread_milli)


def _between(table: Concordance, score_milli: int) -> int | None:
    """Between two points it is linear; outside them it says nothing."""
    points = table.points
    if score_milli == points[-1].home_milli:
        return points[-1].host_milli
    for low, high in pairwise(points):
        if low.home_milli <= score_milli < high.home_milli:
            rise = (high.host_milli - low.host_milli) * (score_milli - low.home_milli)
            return low.host_milli + _nearest(rise, high.home_milli - low.home_milli)
    return None


def _nearest(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)


def _mismatch(problem: str) -> HutongError:
    return HutongError(AGREEMENT_MISMATCH, where="agreement", problem=problem)
