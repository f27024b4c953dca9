"""Whether a mapping treats the residents of two cities who are equally placed alike.

Two residents are equally placed where they have the same rank, each among the residents of their
own city. A band is a span of ranks; so the residents of a home band are compared, rank by rank,
with what local residents of those ranks have. What lies within the error of the ranks is in no
one's favour. Pure: the figures are of published histograms, and nobody's standing is in them.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from federation.concordance import CONFIDENCE, Equivalent, equivalent, rank_error
from federation.distribution import MILLI, Distribution
from federation.histogram import ScoreHistogram
from federation.limits import CONCORDANCE_RESIDENTS

# The share of a band's residents from which on the band counts as treated differently. A band is
# read as one, and seldom ends where a local one ends: some always fall to the next one.
_MOST: Final = 0.5


class Treatment(enum.Enum):
    """How who comes from the home city is treated, against who is equally placed locally."""

    HIGHER = "higher"
    LOWER = "lower"
    AS_PLACED = "as_placed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Span:
    """A band, from its lower to its upper end, in points."""

    band_id: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Placement:
    """What becomes of the residents of one home band.

    `recognised` is the host band that they are read as, None where as newcomers. `low` and `high`
    are the local equivalents of the band's ends, CONFIDENCE standard errors outwards, in points of
    the host's scale; None where the concordance refuses. `higher` and `lower` are the shares of
    the band's residents who are, beyond the error, read higher or lower than who is equally placed
    locally; None where unknown.
    """

    band_id: str
    recognised: str | None
    low: float | None
    high: float | None
    higher: float | None
    lower: float | None
    treatment: Treatment


def spans(histogram: ScoreHistogram) -> tuple[Span, ...]:
    """The bands of a published histogram, as they lie on `Distribution.published` of it."""
    found: dict[str, Span] = {}
    for place, cell in enumerate(histogram.cells):
        low, high = float(place), float(place + 1)
        if histogram.is_numeric:
            low, high = cell.lower_milli / MILLI, cell.upper_milli / MILLI
        first = found.get(cell.band_id)
        found[cell.band_id] = Span(cell.band_id, first.low if first else low, high)
    return tuple(found.values())


def placements(
    home: Distribution,
    host: Distribution,
    home_bands: tuple[Span, ...],
    host_bands: tuple[Span, ...],
    recognised: Mapping[str, str],
) -> tuple[Placement, ...]:
    """One placement for each home band; `recognised` names the host band of those that have one.

    `host_bands` go from low to high: who is read as a newcomer is read as below the first.
    """
    return tuple(
        _placement(home, host, band, host_bands, recognised.get(band.band_id))
        for band in home_bands
    )


def _placement(
    home: Distribution,
    host: Distribution,
    band: Span,
    host_bands: tuple[Span, ...],
    recognised: str | None,
) -> Placement:
    low, high = equivalent(home, host, band.low), equivalent(home, host, band.high)
    shares = _shares(home, host, band, _ranks(host, host_bands, recognised))
    return Placement(
        band_id=band.band_id,
        recognised=recognised,
        low=low.host - CONFIDENCE * low.error if isinstance(low, Equivalent) else None,
        high=high.host + CONFIDENCE * high.error if isinstance(high, Equivalent) else None,
        higher=shares and shares[0],
        lower=shares and shares[1],
        treatment=_treatment(shares),
    )


def _treatment(shares: tuple[float, float] | None) -> Treatment:
    if shares is None:
        return Treatment.UNKNOWN
    higher, lower = shares
    if max(higher, lower) <= _MOST:
        return Treatment.AS_PLACED
    return Treatment.HIGHER if higher > lower else Treatment.LOWER


def _ranks(
    host: Distribution, host_bands: tuple[Span, ...], recognised: str | None
) -> tuple[float, float] | None:
    """The local ranks of who has what is given: None where the host has not published them."""
    if recognised is None:
        line = host.rank(host_bands[0].low)
        return None if line is None else (0.0, line)
    for band in host_bands:
        if band.band_id == recognised:
            low, high = host.rank(band.low), host.rank(band.high)
            return None if low is None or high is None else (low, high)
    return None


def _shares(
    home: Distribution, host: Distribution, band: Span, given: tuple[float, float] | None
) -> tuple[float, float] | None:
    """The shares of a home band whose ranks lie below and above the ranks of what is given.

    None where that is unknown, or where fewer than CONCORDANCE_RESIDENTS stand in the band.
    """
    low, high = home.rank(band.low), home.rank(band.high)
    if given is None or low is None or high is None:
        return None
    residents = high - low
    if residents * home.total < CONCORDANCE_RESIDENTS:
        return None
    below = given[0] - CONFIDENCE * rank_error(home, host, given[0]) - low
    above = high - given[1] - CONFIDENCE * rank_error(home, host, given[1])
    return _share(below, residents), _share(above, residents)


def _share(part: float, whole: float) -> float:
    return min(max(part / whole, 0.0), 1.0)
