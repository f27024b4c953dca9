"""The score of the same rank in another city, with its standard error, or why there is none.

A concordance relates two scales that measure different things: equal ranks among each city's own
residents, and no more (never equating). Equipercentile as in Kolen & Brennan, "Test Equating,
Scaling, and Linking" (3rd ed., 2014), sections 2.4 and 2.5. Smoothing comes before, and clamping
to the host's range after; ends of a table and its versions are the agreement's.
"""

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from federation.distribution import Distribution
from federation.limits import CONCORDANCE_RESIDENTS

CONFIDENCE: Final = 1.96
"""Standard errors on either side of a normal estimate that hold it in 95 of 100 cases."""


class Refusal(enum.Enum):
    """Why a home score has no equivalent."""

    OUTSIDE_HOME = "outside_home"
    """It lies below the first or above the last edge of what the home city has published."""
    BELOW_HOST_LINE = "below_host_line"
    """Who has its rank in the host city stands below what that city has published."""
    THIN = "thin"
    """Too few residents of either city stand at or below it, or at or above it."""


@dataclass(frozen=True, slots=True)
class Equivalent:
    """The host score of the same rank as a home score, and its standard error, in points."""

    home: float
    host: float
    error: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A home score, in points, for which a concordance says nothing."""

    home: float
    refusal: Refusal


def concordance(
    home: Distribution,
    host: Distribution,
    scores: Iterable[float],
    *,
    least: float = CONCORDANCE_RESIDENTS,
) -> tuple[Equivalent | Gap, ...]:
    """One line for each of these home scores, in their order. Pure: equal in, equal out."""
    return tuple(equivalent(home, host, score, least=least) for score in scores)


def equivalent(
    home: Distribution,
    host: Distribution,
    score: float,
    *,
    least: float = CONCORDANCE_RESIDENTS,
) -> Equivalent | Gap:
    """e(x) = Q^-1(P(x)): P is the home city's percentile rank, Q^-1 the host's inverse.

    Kolen & Brennan, equations 2.14 to 2.18. `least` is how many residents of each city there must
    be on either side of the score.
    """
    rank = None if score > home.edges[-1] else home.rank(score)
    if rank is None or score < home.edges[0]:
        return Gap(score, Refusal.OUTSIDE_HOME)
    if min(home.total, host.total) * min(rank, 1 - rank) < least:
        return Gap(score, Refusal.THIN)
    found = host.inverse(rank)
    if found is None:
        return Gap(score, Refusal.BELOW_HOST_LINE)
    return Equivalent(score, found, standard_error(home, host, rank))


def standard_error(home: Distribution, host: Distribution, rank: float) -> float:
    """The standard error of the host score of that rank, in points, for two random groups.

    Lord, "The Standard Error of Equipercentile Equating" (Journal of Educational Statistics 7,
    1982, 165-174); Kolen & Brennan (2014), equation 7.12:

        var = (w / (U - L))^2 (P (1 - P) (1 / m + 1 / n) - (U - P) (P - L) / (n (U - L)))

    where P is the rank, m and n are the residents of the home and of the host city, and L and U
    the ranks at both ends of the host's cell of width w in which P is passed. What is not
    exact in both cities' counts adds its own variance. Of smoothed distributions it is somewhat
    too large, since smoothing takes away a part of the chance.
    """
    low, high, width = host.cell(rank)
    passed = high - low
    chance = rank * (1 - rank) * (1 / home.total + 1 / host.total)
    known = max(high - rank, 0.0) * max(rank - low, 0.0) / (host.total * passed)
    noise = home.variance(rank) + host.variance(rank)
    return width / passed * math.sqrt(max(chance - known, 0.0) + noise)


def rank_error(home: Distribution, host: Distribution, rank: float) -> float:
    """The standard error of the difference between the two cities' ranks at one score."""
    chance = rank * (1 - rank) * (1 / home.total + 1 / host.total)
    return math.sqrt(chance + home.variance(rank) + host.variance(rank))


def linear(
    score: float,
    *,
    home_mean: float,
    home_spread: float,
    host_mean: float,
    host_spread: float,
) -> float:
    """The host score that lies as many spreads from the mean: mean and standard deviation alone.

    l(x) = host_mean + host_spread / home_spread (x - home_mean); Kolen & Brennan (2014),
    equation 2.20. `home_spread` is above zero.
    """
    return host_mean + host_spread / home_spread * (score - home_mean)
