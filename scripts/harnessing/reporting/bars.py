"""Plots that are not over time: how long calls took, and what each safety costs."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pygal

from scripts.harnessing.reporting import plots
from scripts.harnessing.reporting.columns import Floats
from scripts.harnessing.reporting.plots import NOTHING, Picture

_HEIGHT: Final = 280
_STEPS: Final = 4
"""Bars of the histogram between a power of two and the next one."""
_LEAST: Final = 0.01
"""Milliseconds; what took less is in the first bar."""
_DRAWN: Final = (0, 50, 90, 99, 99.9, 99.99)


def histogram(waited: Sequence[tuple[str, Floats]], *, name: str) -> Picture:
    """Calls by what they took, on a scale of powers of two, stacked by what was done."""
    if not any(len(values) for _, values in waited):
        return NOTHING
    chart = _chart(pygal.StackedBar)
    places = [np.floor(np.log2(np.maximum(v, _LEAST)) * _STEPS).astype(int) for _, v in waited]
    first = min(int(each.min()) for each in places if len(each))
    last = max(int(each.max()) for each in places if len(each))
    labels = [_edge(2 ** (place / _STEPS)) for place in range(first, last + 1)]
    chart.x_labels = labels
    chart.x_labels_major = labels[:: max(1, len(labels) // 8)]
    chart.show_minor_x_labels = False
    for (title, _), its in zip(waited, places, strict=True):
        chart.add(title, np.bincount(its - first, minlength=last - first + 1).tolist())
    return Picture(plots.drawn(chart, name), plots.legend([title for title, _ in waited]))


def percentiles(waited: Sequence[tuple[str, Floats]], *, name: str) -> Picture:
    """What each share of calls took at most: towards the right the rarest, on a scale of nines."""
    if not any(len(values) for _, values in waited):
        return NOTHING
    chart = _chart(pygal.XY, show_dots=False, stroke_style={"width": 1.6})
    chart.x_labels = [{"value": _nines(share), "label": f"{share:g} %"} for share in _DRAWN]
    some = [(title, np.sort(values)) for title, values in waited if len(values)]
    lowest = min((float(values[0]) for _, values in some))
    highest = max((float(values[-1]) for _, values in some))
    chart.y_labels = plots.powers(lowest, highest)
    ends = [label["value"] for label in chart.y_labels]
    chart.range = (ends[0], ends[-1])
    for title, values in some:
        shares = 100 * (1 - 10.0 ** -np.linspace(0, np.log10(len(values)), 120))
        ranks = np.minimum(np.floor(shares / 100 * len(values)).astype(int), len(values) - 1)
        logs = plots.logs(values[ranks])
        chart.add(title, [(_nines(s), float(y)) for s, y in zip(shares, logs, strict=True)])
    return Picture(plots.drawn(chart, name), plots.legend([title for title, _ in waited]))


def stacked(bars: Sequence[str], parts: Sequence[tuple[str, float]], *, name: str) -> Picture:
    """A bar more than before for each part, of it and of all parts before it."""
    chart = _chart(pygal.StackedBar)
    chart.x_labels = bars
    for place, (title, value) in enumerate(parts):
        chart.add(title, [value if place <= bar else None for bar in range(len(bars))])
    names = [f"{title} {value:.2f}" for title, value in parts]
    return Picture(plots.drawn(chart, name), plots.legend(names))


def _nines(share: float) -> float:
    return float(-np.log10(1 - share / 100))


def _edge(value: float) -> str:
    return plots.milliseconds(float(f"{value:.2g}"))


def _chart(kind: Any, **options: object) -> Any:  # noqa: ANN401 - pygal has no types
    return kind(
        width=plots.WIDTH // 2 - 8,
        height=_HEIGHT,
        style=plots.style(),
        js=(),
        show_legend=False,
        truncate_label=-1,
        margin=8,
        max_scale=8,
        spacing=6,
        **options,
    )
