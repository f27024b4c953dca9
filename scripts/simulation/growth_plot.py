"""How cost grows, as one picture: messages, bytes and queues of one city, in three plots.

Each is over the number of cities, in powers of ten both ways: what is linear rises by one for one,
whatever it begins at. The picture has no script and fetches nothing.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pygal

from scripts.simulation.growth import QUEUE, Measured, rows

_TITLES: Final = {
    "messages": "Messages of one city in one virtual hour",
    "KiB": "KiB of one city in one virtual hour",
}
_QUEUES: Final = "Longest queue of any city"
_WIDTH: Final = 1000
_HEIGHT: Final = 560
_SCRIPT: Final = re.compile(r"<script.*?</script>", re.DOTALL)

Curves = dict[str, list[float]]
"""Values by what they are of, one for each world."""


def curves(worlds: Sequence[Measured]) -> dict[str, Curves]:
    """What each plot shows, by its title: the rows of the table, and nothing else."""
    found = dict[str, Curves]()
    title = ""
    for name, values, _ in rows(worlds):
        if name in _TITLES:
            title, name = _TITLES[name], "all"  # noqa: PLW2901 - the first of its methods
        elif name.startswith(QUEUE):
            title, name = _QUEUES, name.removeprefix(QUEUE)  # noqa: PLW2901 - without what all are
        elif not name.startswith(" "):
            continue
        found.setdefault(title, {})[name.strip()] = values
    return found


def plot(worlds: Sequence[Measured], path: Path) -> None:
    """Write the picture."""
    drawn = [
        _SCRIPT.sub("", _chart(title, worlds, found).render(is_unicode=True))
        for title, found in curves(worlds).items()
    ]
    size = f'width="{_WIDTH}" height="{_HEIGHT}"'
    parts = [
        svg.replace("<svg ", f'<svg y="{place * _HEIGHT}" {size} ', 1)
        for place, svg in enumerate(drawn)
    ]
    box = f"0 0 {_WIDTH} {_HEIGHT * len(parts)}"
    whole = "\n".join((f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">', *parts))
    path.write_text(f"{whole}\n</svg>\n", "utf-8")


def _chart(title: str, worlds: Sequence[Measured], found: Mapping[str, Sequence[float]]) -> Any:  # noqa: ANN401 - pygal has no types
    counts = [world.cities for world in worlds]
    chart = pygal.XY(
        title=title,
        x_title="cities",
        legend_at_bottom=True,
        truncate_legend=-1,
        x_labels=[{"label": str(n), "value": math.log10(n)} for n in counts],
        y_labels=_powers(max(map(max, found.values()))),
        show_dots=True,
        disable_xml_declaration=True,
        js=(),
        width=_WIDTH,
        height=_HEIGHT,
        legend_box_size=10,
    )
    for name, values in found.items():
        # Of a logarithm of nothing there is no point.
        points = [
            (math.log10(count), math.log10(value)) if value > 0 else None
            for count, value in zip(counts, values, strict=True)
        ]
        chart.add(name, points)
    return chart


def _powers(most: float) -> list[dict[str, Any]]:
    digits = math.ceil(math.log10(max(most, 10.0)))
    return [{"label": f"{10**n:,}", "value": n} for n in range(digits + 1)]
