"""A concordance as a picture: both distributions, and the curve with its error."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pygal

from federation.concordance import CONFIDENCE
from node.cli.calling import Answer
from node.cli.charts import empty_chart, write_charts
from node.cli.session import Session
from node.cli.values import named

_AREA: Final[Mapping[str, object]] = {
    "fill": True,
    "show_dots": False,
    "stroke_style": {"width": 0},
}
_LINE: Final[Mapping[str, object]] = {"show_dots": False}
_CURVE: Final[Mapping[str, object]] = {"dots_size": 2}
_EDGE: Final[Mapping[str, object]] = {
    "show_dots": False,
    "stroke_style": {"dasharray": "4, 3"},
}
_DOTS: Final[Mapping[str, object]] = {"stroke": False, "dots_size": 3}


def write_plot(session: Session, built: Answer, path: Path) -> None:
    """Write the picture; raises FILE_INVALID where that cannot be."""
    charts = [_distribution(session, built["home"]), _distribution(session, built["host"])]
    write_charts([*charts, _curve(session, built)], path, "concordance")


def _distribution(session: Session, curve: Answer) -> Any:  # noqa: ANN401 - pygal has no types
    """Residents per point over the score: as published in steps, and smoothed."""
    city = named(session, curve["city"])
    chart = empty_chart(
        pygal.XY,
        session.say("words.plot_distribution", city=city),
        x_title=session.say("words.plot_score_of", city=city),
        y_title=session.say("words.plot_per_point"),
        include_x_axis=True,
    )
    chart.add(session.say("words.published"), list(_steps(curve, "counts")), **_AREA)
    chart.add(session.say("words.smoothed"), list(_middles(curve, "smoothed")), **_LINE)
    return chart


def _curve(session: Session, built: Answer) -> Any:  # noqa: ANN401 - pygal has no types
    """The host score over the home score, its error around it, and where it refuses."""
    home, host = (named(session, built[side]["city"]) for side in ("home", "host"))
    chart = empty_chart(
        pygal.XY,
        session.say("words.plot_curve", home=home, host=host),
        x_title=session.say("words.plot_score_of", city=home),
        y_title=session.say("words.plot_score_of", city=host),
    )
    rows = [row for row in built["rows"] if "host_score" in row]
    for said, sign in (("plot_upper", CONFIDENCE), ("plot_lower", -CONFIDENCE)):
        ends = [(row["home_score"], row["host_score"] + sign * row["error"]) for row in rows]
        chart.add(session.say(f"words.{said}"), ends, **_EDGE)
    line = [(row["home_score"], row["host_score"]) for row in rows]
    chart.add(session.say("words.host_score"), line, **_CURVE)
    # Where there is no equivalent there is no height: these lie on the host's lowest score.
    refused = [row["home_score"] for row in built["rows"] if "host_score" not in row]
    lowest = built["host"]["edges"][0]
    chart.add(session.say("words.plot_refused"), [(score, lowest) for score in refused], **_DOTS)
    return chart


def _steps(curve: Answer, of: str) -> Iterator[tuple[float, float]]:
    """Both upper corners of each cell: wide and narrow ones have the height of their density."""
    for (low, high), count in zip(pairwise(curve["edges"]), curve[of], strict=True):
        yield low, count / (high - low)
        yield high, count / (high - low)


def _middles(curve: Answer, of: str) -> Iterator[tuple[float, float]]:
    for (low, high), count in zip(pairwise(curve["edges"]), curve[of], strict=True):
        yield (low + high) / 2, count / (high - low)
