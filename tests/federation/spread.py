"""Distributions of residents, for properties, and the outside figures for them."""

import json
from pathlib import Path
from typing import TypedDict

from hypothesis import strategies as st

from federation.distribution import Distribution


class ActMath(TypedDict):
    """The two forms of a test of mathematics, and what R's equate prints of them."""

    points: list[float]
    counts_x: list[float]
    counts_y: list[float]
    percentile_rank_x: list[float]
    percentile_rank_in_y_of_x: list[float]
    moments_n_denominator: dict[str, dict[str, float]]
    equipercentile_x_to_y: list[float]
    equipercentile_error: list[float]
    equipercentile_y_to_x: list[float]
    published_table_2_7_x_to_y: list[float]
    linear_x_to_y: list[float]
    smoothed_degree_6_counts_x: list[float]
    smoothed_degree_6_x_to_y: list[float]


class Small(TypedDict):
    """Ten people on each of two forms."""

    scores_x: list[int]
    scores_y: list[int]
    equipercentile: list[float]
    linear: list[float]


class Figures(TypedDict):
    """The file of figures."""

    act_math: ActMath
    small: Small


FIGURES: Figures = json.loads(
    Path(__file__).with_name("concordance_figures.json").read_text("utf-8")
)
ACT = FIGURES["act_math"]
POINTS = tuple(ACT["points"])
X = Distribution.at_points(POINTS, tuple(ACT["counts_x"]))
Y = Distribution.at_points(POINTS, tuple(ACT["counts_y"]))


@st.composite
def distributions(
    draw: st.DrawFn, *, least: int = 0, cells: int = 20, below: bool = True
) -> Distribution:
    """Cells of unequal steps on a scale of any range, with at least `least` in each of them."""
    widths = draw(st.lists(st.integers(1, 400), min_size=2, max_size=cells))
    counts = draw(
        st.lists(st.integers(least, 1000), min_size=len(widths), max_size=len(widths)).filter(any)
    )
    edges = [draw(st.integers(-1000, 1000)) / 4]
    for width in widths:
        edges.append(edges[-1] + width / 4)
    under = draw(st.integers(0, 10_000)) if below else 0
    return Distribution(tuple(edges), tuple(map(float, counts)), float(under))


@st.composite
def scores_on(draw: st.DrawFn, distribution: Distribution) -> float:
    """A score between the first and the last edge."""
    first, last = distribution.edges[0], distribution.edges[-1]
    return first + draw(st.floats(0, 1)) * (last - first)


def occupied(distribution: Distribution, score: float) -> bool:
    """Whether somebody stands right around that score."""
    pairs = zip(distribution.edges, distribution.edges[1:], distribution.counts, strict=False)
    return any(low < score < high and count > 0 for low, high, count in pairs)


def thinnest(distribution: Distribution) -> float:
    """How far a score may be off because a rank has ten decimals."""
    edges, counts = distribution.edges, distribution.counts
    steps = [
        (high - low) * distribution.total / count
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
        if count
    ]
    return 1e-9 + 2e-10 * max(steps)
