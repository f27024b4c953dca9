"""What a bench found, and how it is shown."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

_FEW = 100  # below it four digits tell more than whole numbers


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement: the median of its rounds, and its ratio to what it was paired with."""

    name: str
    value: float
    unit: str
    ratio: float | None
    against: str | None
    rounds: list[float]
    kept: bool | None = None
    """Of a promise: whether it was kept."""


def promised(
    name: str, rounds: Sequence[float], unit: str, *, least: float = 0.0, most: float = math.inf
) -> Figure:
    """The median of the rounds, which is to be within these bounds, to which the ratio is."""
    value = statistics.median(rounds)
    bound, said = (least, "at least") if least else (most, "at most")
    against = f"{said} {bound:g} {unit}".rstrip()
    return Figure(name, value, unit, value / bound, against, list(rounds), least <= value <= most)


def paired(
    name: str, rounds: Sequence[float], against: str, others: Sequence[float], unit: str
) -> list[Figure]:
    """Two measurements taken in turn: the ratio is the median of the pairs' ratios."""
    ratio = statistics.median(a / b for a, b in zip(rounds, others, strict=True))
    return [
        Figure(against, statistics.median(others), unit, None, None, list(others)),
        Figure(name, statistics.median(rounds), unit, ratio, against, list(rounds)),
    ]


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print a table."""
    table = Table("name", "median", "unit", "ratio", "against", "rounds")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.value:,.4g}" if figure.value < _FEW else f"{figure.value:,.0f}",
            figure.unit,
            "" if figure.ratio is None else f"{figure.ratio:.3f}",
            (figure.against or "") + ("" if figure.kept is not False else " BROKEN"),
            " ".join(f"{value:.4g}" for value in figure.rounds),
        )
    console.print(table)


def write(figures: Sequence[Figure], path: Path) -> None:
    """Write the list that machines read."""
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", "utf-8")
