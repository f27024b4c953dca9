"""Log-linear smoothing of a distribution, before a concordance is made of it.

The counts are taken as Poisson draws with log(mean of cell i) = log(width of i) + a polynomial of
degree d in the middle of i; where all cells are of one width, this is the model of Holland &
Thayer (2000), Kolen & Brennan (2014), section 3.2.1, and von Davier, Holland & Thayer, "The
Kernel Method of Test Equating" (2004), section 3.1. The fit keeps the sum and the first d moments
of the counts. Only what has cells is smoothed; what lies below the first edge stays as it is.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from federation.distribution import Distribution, middles
from federation.errors import SMOOTHING_DEGREE, SMOOTHING_DIVERGED, HutongError
from federation.limits import CONCORDANCE_DEGREE

# Newton's steps. The largest fits take about ten; what needs more does not settle.
_STEPS: Final = 100

# Halvings of one step: a step that must be shorter than a billionth goes nowhere.
_HALVINGS: Final = 30

# The moments fit where no equation is off by more than this share of all residents.
_FIT: Final = 1e-12

# Added to a count before the first logarithm is taken of it.
_START: Final = 0.5

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Smoothing:
    """The fitted distribution, its degree, and how well that describes the counts.

    `deviance` is G^2 = 2 sum(n log(n / fitted)); `aic` is G^2 + 2 (degree + 1): the lower, the
    better (von Davier et al., section 3.1.3).
    """

    fitted: Distribution
    degree: int
    deviance: float
    aic: float


def smooth(distribution: Distribution, degree: int) -> Smoothing:
    """The log-linear fit of that degree.

    Raises SMOOTHING_DEGREE where the degree is not from 1 to CONCORDANCE_DEGREE, or there are not
    more cells with somebody in them than the degree (then there may be no best fit at all), and
    SMOOTHING_DIVERGED where the search for it does not settle.
    """
    occupied = sum(1 for count in distribution.counts if count)
    most = min(CONCORDANCE_DEGREE, occupied - 1)
    if not 1 <= degree <= most:
        raise HutongError(SMOOTHING_DEGREE, degree=str(degree), most=str(max(most, 0)))
    counts = np.array(distribution.counts)
    shares = counts / counts.sum()
    logs = _fit(shares, _basis(distribution, degree), _widths(distribution), degree)
    some = counts > 0
    deviance = 2 * float(np.sum(counts[some] * (np.log(shares[some]) - logs[some])))
    fitted = np.exp(logs) * counts.sum()
    smoothed = replace(distribution, counts=tuple(map(float, fitted)))
    return Smoothing(smoothed, degree, deviance, deviance + 2 * (degree + 1))


def choose(distribution: Distribution, most: int = CONCORDANCE_DEGREE) -> Smoothing:
    """The fit with the lowest AIC among the degrees from 1 to `most`; the lower degree at a tie.

    Degrees that the counts are too few for, or whose fit does not settle, are passed over. Raises
    as `smooth` does where not even degree 1 can be fitted.
    """
    best = smooth(distribution, 1)
    for degree in range(2, most + 1):
        try:
            found = smooth(distribution, degree)
        except HutongError:
            continue
        if found.aic < best.aic:
            best = found
    return best


def _widths(distribution: Distribution) -> _Array:
    """The log of each cell's share of the range."""
    widths = np.diff(np.array(distribution.edges))
    return np.asarray(np.log(widths / widths.sum()), dtype=np.float64)


def _basis(distribution: Distribution, degree: int) -> _Array:
    """Polynomials of degree 0 to `degree` that are orthonormal over the cells, one in a column.

    Powers of a score are nearly parallel from the third on; these are not (the Q of their QR).
    """
    scores = middles(distribution)
    first, last = distribution.edges[0], distribution.edges[-1]
    unit = (2 * scores - (first + last)) / (last - first)
    powers = np.polynomial.legendre.legvander(unit, degree)
    return np.asarray(np.linalg.qr(powers).Q, dtype=np.float64)


def _fit(shares: _Array, basis: _Array, widths: _Array, degree: int) -> _Array:
    """The logs of the fitted shares, by Newton's method with a step that never makes the fit worse.

    1. Start where a weighted regression of the log counts lies.
    2. The gradient is basis' (shares - fitted): the moments that do not fit yet. Stop at none.
    3. The step solves (basis' diag(fitted) basis) step = gradient.
    4. Halve it until the likelihood does not fall.
    """
    near = shares + _START / len(shares)
    weighted = basis * np.sqrt(near)[:, None]
    target = np.sqrt(near) * (np.log(near) - widths)
    weights = np.asarray(np.linalg.lstsq(weighted, target)[0], dtype=np.float64)
    value, logs, fitted = _likelihood(weights, shares, basis, widths)
    for _ in range(_STEPS):
        gradient = basis.T @ (shares - fitted)
        if float(np.max(np.abs(gradient))) <= _FIT:
            return logs
        curvature = basis.T @ (fitted[:, None] * basis)
        try:
            step = np.linalg.solve(curvature, gradient)
        except np.linalg.LinAlgError:
            break
        for _ in range(_HALVINGS):
            after, *better = _likelihood(weights + step, shares, basis, widths)
            if after >= value - _FIT:
                break
            step = step / 2
        else:
            break
        weights, value, (logs, fitted) = weights + step, after, better
    raise HutongError(SMOOTHING_DIVERGED, degree=str(degree))


def _likelihood(
    weights: _Array, shares: _Array, basis: _Array, widths: _Array
) -> tuple[float, _Array, _Array]:
    """The Poisson log-likelihood but for a constant, and the fitted shares, in logs and plainly.

    The likelihood is minus infinity where it overflows.
    """
    logs = basis @ weights + widths
    with np.errstate(over="ignore"):
        fitted = np.exp(logs)
    value = float(np.sum(shares * logs) - np.sum(fitted))
    return (value if math.isfinite(value) else -math.inf), logs, fitted
