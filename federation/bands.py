"""Bands of a score scale: numeric with inclusive or exclusive bounds, or categorical."""

import enum
from dataclasses import dataclass
from itertools import pairwise

from federation import limits
from federation.checks import count, malformed, text
from federation.identifiers import name


class ScaleKind(enum.Enum):
    """What a scale measures with."""

    NUMERIC = 1
    CATEGORICAL = 2


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a band, in thousandths of a point."""

    score_milli: int
    inclusive: bool

    def __post_init__(self) -> None:
        """Refuse what no scale needs."""
        if abs(self.score_milli) > limits.SCORE_MILLI:
            raise malformed("bound", f"a score is at most {limits.SCORE_MILLI} thousandths")


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a scale; both bounds are None on a categorical scale, `upper` at the top."""

    band_id: str
    name_zh: str
    name_en: str
    lower: Bound | None
    upper: Bound | None

    def __post_init__(self) -> None:
        """Refuse an empty or upside-down band."""
        name(self.band_id, where="band_id")
        text(self.name_zh, where="band.name_zh")
        text(self.name_en, where="band.name_en")
        if self.lower and self.upper and not _ordered(self.lower, self.upper):
            raise malformed(f"band {self.band_id}", "its upper end is not above its lower end")

    def holds(self, score_milli: int) -> bool:
        """Whether the score lies in the band."""
        above = self.lower is None or (
            score_milli >= self.lower.score_milli
            if self.lower.inclusive
            else score_milli > self.lower.score_milli
        )
        below = self.upper is None or (
            score_milli <= self.upper.score_milli
            if self.upper.inclusive
            else score_milli < self.upper.score_milli
        )
        return above and below


def check_bands(
    kind: ScaleKind, minimum: int | None, maximum: int | None, bands: tuple[Band, ...]
) -> None:
    """Refuse bands that leave a gap, overlap, or do not fit the kind of the scale.

    The bands go from low to high; each begins where the one before it ends.
    """
    count(bands, "bands", limits.BANDS)
    ids = [band.band_id for band in bands]
    if len(set(ids)) != len(ids):
        raise malformed("bands", "a band occurs twice")
    if kind is ScaleKind.CATEGORICAL:
        if minimum is not None or maximum is not None or any(b.lower or b.upper for b in bands):
            raise malformed("bands", "a categorical scale has neither range nor bounds")
        return
    if minimum is None or maximum is None or minimum >= maximum:
        raise malformed("scale", "a numeric scale has a minimum below its maximum")
    for lower, higher in pairwise(bands):
        if not _meets(lower.upper, higher.lower):
            raise malformed(
                f"band {higher.band_id}",
                f"it must begin exactly where {lower.band_id} ends: the same score, inclusive in "
                "one of the two",
            )
    if any(band.lower is None for band in bands):
        raise malformed("bands", "each band of a numeric scale has a lower end")
    _check_top(bands[-1], maximum)


def _check_top(top: Band, maximum: int) -> None:
    if top.upper is not None and not top.holds(maximum):
        raise malformed(f"band {top.band_id}", "the highest band must hold the maximum")
    if top.upper is None and not top.holds(maximum):
        raise malformed(f"band {top.band_id}", "it begins above the maximum")


def _ordered(lower: Bound, upper: Bound) -> bool:
    if lower.score_milli == upper.score_milli:
        return lower.inclusive and upper.inclusive
    return lower.score_milli < upper.score_milli


def _meets(upper: Bound | None, lower: Bound | None) -> bool:
    if upper is None or lower is None:
        return False
    return upper.score_milli == lower.score_milli and upper.inclusive != lower.inclusive
