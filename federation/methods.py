"""How one scale is read on another, besides a band table: by mean and spread, or by equal ranks.

Values only; what they make of a standing is in `mapping`. Scores are in thousandths of a point.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from federation import limits
from federation.checks import count, malformed, text


def _score(value: int, where: str) -> None:
    if abs(value) > limits.SCORE_MILLI:
        raise malformed(where, f"it lies within {limits.SCORE_MILLI} thousandths of a point")


@dataclass(frozen=True, slots=True)
class LinearMapping:
    """host_mean + host_spread / home_spread * (score - home_mean), from lowest to highest."""

    home_mean_milli: int
    home_spread_milli: int
    host_mean_milli: int
    host_spread_milli: int
    lowest_milli: int
    highest_milli: int
    source: str

    def __post_init__(self) -> None:
        """Refuse spreads that are none, and an empty range."""
        for where in (
            "home_mean_milli",
            "home_spread_milli",
            "host_mean_milli",
            "host_spread_milli",
            "lowest_milli",
            "highest_milli",
        ):
            _score(getattr(self, where), f"linear.{where}")
        if self.home_spread_milli <= 0 or self.host_spread_milli <= 0:
            raise malformed("linear.spread", "a spread is above zero")
        if self.lowest_milli >= self.highest_milli:
            raise malformed("linear.highest_milli", "it is not above lowest_milli")
        text(self.source, where="linear.source")


@dataclass(frozen=True, slots=True)
class ConcordancePoint:
    """A home score, the host score of the same rank, and the standard error of that."""

    home_milli: int
    host_milli: int
    error_milli: int

    def __post_init__(self) -> None:
        """Refuse scores that no scale has, and an error below zero."""
        _score(self.home_milli, "concordance.home_milli")
        _score(self.host_milli, "concordance.host_milli")
        _score(self.error_milli, "concordance.error_milli")
        if self.error_milli < 0:
            raise malformed("concordance.error_milli", "it is below zero")


@dataclass(frozen=True, slots=True)
class Concordance:
    """A table by equal ranks, which ends; the histograms that it was built from, by their ids."""

    points: tuple[ConcordancePoint, ...]
    home_histogram: str
    host_histogram: str
    degree: int
    valid_until: datetime

    def __post_init__(self) -> None:
        """Refuse a table that would read a higher home score lower."""
        count(self.points, "concordance.points", limits.CONCORDANCE_POINTS)
        if not 0 <= self.degree <= limits.CONCORDANCE_DEGREE:
            raise malformed("concordance.degree", f"from 0 to {limits.CONCORDANCE_DEGREE}")
        for low, high in pairwise(self.points):
            if low.home_milli >= high.home_milli or low.host_milli > high.host_milli:
                raise malformed("concordance.points", "they ascend in both scores")


Method = LinearMapping | Concordance
"""What a mapping may have instead of rows."""
