"""Plots below each other on one time axis, with the faults as bands; SVG for inside a page.

A plot has no script and fetches nothing; its words stay words. The left and right edges of all
plots of time are at the same place, so that one instant is on one vertical line of the page.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np
import pygal
from pygal.style import CleanStyle

from scripts.harnessing.reporting.columns import Floats
from scripts.harnessing.reporting.series import Axis, Line

WIDTH: Final = 1120
_LEFT: Final = 70
_RIGHT: Final = 12
_FONT: Final = "inherit"
_MARGIN_TOP: Final = 16
LEAST: Final = 0.1
"""Milliseconds: what is below is drawn at it, where an axis is of powers of ten."""
_RAISED: Final = 2
"""So much is added to a logarithm: at 0 the plot would have a line of an axis."""
_BRIDGED: Final = 5
"""A gap of so many steps is drawn over: a sample that came late is no interruption."""
_TICKS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200)
_TICKS_MOST: Final = 14
_DECIMALS: Final = re.compile(r"(\d+\.\d)\d+")
_PLACES: Final = frozenset({"d", "x", "y", "width", "height", "cx", "cy"})
COLOURS: Final = (
    "#0f5c5c",
    "#c2571a",
    "#3d5a9e",
    "#8a2d5b",
    "#6b7f1d",
    "#7a5cc0",
    "#1f8a4c",
    "#a08018",
    "#4b5563",
    "#c43d4b",
    "#2a8fb5",
    "#93632f",
)
# What a fault is drawn in: by what kind it is.
FAULT_COLOURS: Final[Mapping[str, str]] = {
    "kill": "#c43d4b",
    "pause": "#c2571a",
    "restart": "#a08018",
    "slow": "#6b7f1d",
    "lossy": "#1f8a4c",
    "cut": "#2a8fb5",
    "clock": "#3d5a9e",
    "disk": "#7a5cc0",
    "certificate": "#8a2d5b",
    "flood": "#93632f",
    "garbage": "#4b5563",
}
_PLAIN: Final = "#4b5563"


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot, "" where there is nothing to draw, and what each of its colours means."""

    svg: str
    legend: tuple[tuple[str, str], ...] = ()
    """Names, each with its colour."""


NOTHING: Final = Picture("")


class Band:
    """A fault on the time axis, in seconds since its beginning."""

    def __init__(self, name: str, kind: str, begins: float, ends: float, title: str) -> None:
        """`name` is what is written at it, `title` what a pointer that rests on it shows."""
        self.name = name
        self.kind = kind
        self.begins = begins
        self.ends = ends
        self.title = title

    @property
    def colour(self) -> str:
        """Of its kind."""
        return FAULT_COLOURS.get(self.kind, _PLAIN)


class _OnTime(pygal.XY):  # type: ignore[misc] # pygal has no types
    """Lines over time, behind them the bands."""

    bands: Sequence[Band] = ()
    lanes: Sequence[str] = ()
    """Of a plot of the bands alone: the kinds, one lane each."""

    def _compute_margin(self) -> None:
        super()._compute_margin()
        self.margin_box.left, self.margin_box.right = _LEFT, _RIGHT

    def _plot(self) -> None:
        for place, band in enumerate(self.bands):
            self._band(band, place)
        if not self.lanes:
            super()._plot()

    def _band(self, band: Band, place: int) -> None:
        node, top, height = self.nodes["plot"], 0.0, float(self.view.height)
        left, right = self.view.x(band.begins), self.view.x(band.ends)
        label_y = -4.0 if place % 2 else 8.0
        if self.lanes:
            lane = height / len(self.lanes)
            top, height = lane * self.lanes.index(band.kind) + 2, lane - 4
            label_y = top + height / 2 + 4
        width = max(right - left, 1.5)
        words = {"x": left, "y": top, "width": width, "height": height}
        opacity = "0.9" if self.lanes else "0.15"
        style = f"fill:{band.colour};fill-opacity:{opacity};stroke:none"
        box = self.svg.node(node, "rect", style=style, **words)
        self.svg.node(box, "title").text = band.title
        x = left + (width + 3 if self.lanes else width / 2)
        anchor = "start" if self.lanes else "middle"
        style = f"fill:{band.colour};font-size:9px;text-anchor:{anchor}"
        self.svg.node(node, "text", x=x, y=label_y, style=style).text = band.name


def style(colours: Sequence[str] = COLOURS) -> CleanStyle:
    """The look of all plots."""
    return CleanStyle(
        colors=tuple(colours),
        font_family=_FONT,
        title_font_family=_FONT,
        legend_font_family=_FONT,
        label_font_family=_FONT,
        major_label_font_family=_FONT,
        value_font_family=_FONT,
        tooltip_font_family=_FONT,
        no_data_font_family=_FONT,
        no_data_font_size=14,
        label_font_size=10,
        major_label_font_size=10,
        legend_font_size=11,
        background="transparent",
        plot_background="#f7f8fa",
        opacity="1",
        stroke_opacity="1",
        guide_stroke_color="#dde1e6",
        major_guide_stroke_color="#dde1e6",
        guide_stroke_dasharray="none",
        major_guide_stroke_dasharray="none",
        foreground="#3a4452",
        foreground_strong="#1c2430",
        foreground_subtle="#5d6877",
    )


def over_time(
    axis: Axis,
    lines: Sequence[Line],
    bands: Sequence[Band],
    *,
    name: str,
    height: int = 180,
    logarithmic: bool = False,
) -> Picture:
    """Lines over the time axis; without a value there is no plot."""
    some = [line.values[~np.isnan(line.values)] for line in lines]
    if not any(map(len, some)):
        return NOTHING
    chart = _OnTime(
        **_options(axis, height),
        stroke_style={"width": 1.4},
    )
    chart.bands = bands
    highest = max((float(values.max()) for values in some if len(values)), default=0.0)
    lowest = min((float(values.min()) for values in some if len(values)), default=0.0)
    chart.y_labels = powers(lowest, highest) if logarithmic else _rungs(highest)
    scaled = [logs(line.values) if logarithmic else line.values for line in lines]
    ends = [label["value"] for label in chart.y_labels]
    chart.range = (ends[0], ends[-1])
    for line, values in zip(lines, scaled, strict=True):
        chart.add(line.name, _points(axis, values), allow_interruptions=True)
    return Picture(drawn(chart, name), legend([line.name for line in lines]))


def lanes(axis: Axis, bands: Sequence[Band], names: Mapping[str, str], *, name: str) -> Picture:
    """The faults alone, a lane for each kind, with what each is called."""
    kinds = tuple(dict.fromkeys(band.kind for band in bands))
    height = 20 * len(kinds) + 42
    chart = _OnTime(**_options(axis, height), show_y_guides=False)
    chart.bands, chart.lanes = bands, kinds
    chart.range = (0, len(kinds))
    chart.y_labels = [
        {"value": len(kinds) - place - 0.5, "label": names.get(kind, kind)}
        for place, kind in enumerate(kinds)
    ]
    chart.add("", [(0, 0), (axis.seconds, 0)])
    return Picture(drawn(chart, name))


def legend(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Names with the colours that they are drawn in, in order."""
    return tuple(zip(names, itertools.cycle(COLOURS), strict=False))


def _options(axis: Axis, height: int) -> dict[str, Any]:
    return {
        "width": WIDTH,
        "height": height,
        "style": style(),
        "js": (),
        "show_dots": False,
        "margin_top": _MARGIN_TOP,
        "margin_bottom": 6,
        "xrange": (0, axis.seconds),
        "x_labels": _ticks(axis),
        "show_x_guides": True,
        "truncate_label": -1,
        "spacing": 6,
        "show_legend": False,
    }


def _ticks(axis: Axis) -> list[dict[str, Any]]:
    """Minutes and seconds since the beginning."""
    enough = (tick for tick in _TICKS if axis.seconds / tick <= _TICKS_MOST)
    step = next(enough, 86_400)
    return [
        {"value": at, "label": f"{at // 60}:{at % 60:02d}"}
        for at in range(0, int(axis.seconds) + 1, step)
    ]


def _rungs(highest: float) -> list[dict[str, Any]]:
    """Labels of a linear axis from 0 to above the highest value."""
    highest = highest or 1.0
    step = 10.0 ** np.floor(np.log10(highest))
    while highest / step > 5:  # noqa: PLR2004 - lines across a plot
        step *= 2
    while highest / step <= 2:  # noqa: PLR2004 - lines across a plot
        step /= 2
    count = int(np.floor(highest / step)) + 1
    return [{"value": step * i, "label": short(step * i)} for i in range(count + 1)]


def logs(values: Floats) -> Floats:
    """Milliseconds on an axis of powers of ten."""
    return np.log10(np.maximum(values, LEAST)) + _RAISED


def powers(lowest: float, highest: float) -> list[dict[str, Any]]:
    """Labels of an axis of powers of ten, around these milliseconds."""
    low, high = map(float, logs(np.array([lowest, highest])))
    first, last = int(np.floor(low)), int(np.floor(high)) + 1
    return [
        {"value": power, "label": milliseconds(10.0 ** (power - _RAISED))}
        for power in range(first, last + 1)
    ]


def milliseconds(value: float) -> str:
    """A span of time, as one reads it."""
    return f"{value:g} ms" if value < 1000 else f"{value / 1000:g} s"  # noqa: PLR2004 - a second


def short(value: float) -> str:
    """A number with k, M or G for thousands."""
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{sign}"
    return f"{value:g}"


def _points(axis: Axis, values: Any) -> list[tuple[float, float | None]]:  # noqa: ANN401 - floats
    """The values that there are, with a break where several are missing."""
    found = list[tuple[float, float | None]]()
    places = np.flatnonzero(~np.isnan(values))
    before = None
    for place in places:
        at = float(axis.middles[place])
        if before is not None and place - before > _BRIDGED:
            found.append((at, None))
        found.append((at, float(values[place])))
        before = place
    return found


def drawn(chart: Any, name: str) -> str:  # noqa: ANN401 - pygal has no types
    """The plot as a part of a page; `name` is for its own ids."""
    chart.uuid = name
    root = ET.fromstring(chart.render())  # noqa: S314 - drawn here
    for parent in list(root.iter()):
        parent.tag = parent.tag.rpartition("}")[2]
        for place in _PLACES & parent.attrib.keys():
            parent.attrib[place] = _DECIMALS.sub(r"\1", parent.attrib[place])
        for child in list(parent):
            if child.tag.rpartition("}")[2] in {"script", "desc"}:
                parent.remove(child)
    root.attrib["role"] = "img"
    return ET.tostring(root, "unicode")
