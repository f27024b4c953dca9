"""The cost of each safety as a picture: what an answer costs in bare echoes, safety upon safety."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pygal

from node.cli.charts import check_folder, empty_chart, write_charts
from scripts.benches.figures import Figure


@dataclass(frozen=True, slots=True)
class Level:
    """A server with one safety more than the one before it."""

    name: str
    """As its figure is called."""
    zh: str
    en: str
    """What is added by it."""

    @property
    def short_zh(self) -> str:
        """What a bar is called in Chinese."""
        return self.zh.partition("（")[0]


LEVELS: Final = (
    Level("bare echo", "裸回显", "bare echo"),
    Level("+ mutual TLS", "双向 TLS", "mutual TLS"),
    Level("+ port", "节点端口（核验来者与字段）", "the node's port (who calls, known fields)"),
    Level("+ signature", "签名（验请求、签应答）", "signature (verified, and made)"),
    Level("+ durability", "持久保存应答", "durability (the answer is kept)"),
    Level("+ log", "默克尔日志", "Merkle log"),
    Level("every rule", "全部规则", "every rule of RequestAttestation"),
)

_TITLES: Final = ("每次应答的代价（裸回显 = 1）", "Cost of an answer (bare echo = 1)")
_NOISE: Final = (
    "因测量误差而低于前一级的，按不增加代价绘制",
    "A level that noise made cheaper than the one before it is drawn as costing nothing more",
)


def costs(figures: Sequence[Figure]) -> list[float]:
    """What an answer of each level costs more than one of the level before, in bare echoes.

    By the ratios of the same rounds. Where noise made a level cheaper than the one before it adds
    nothing. Raises KeyError where a level was not measured.
    """
    highest = list(itertools.accumulate(_totals(figures), max))
    return [1.0, *(after - before for before, after in itertools.pairwise(highest))]


def _totals(figures: Sequence[Figure]) -> list[float]:
    found = {figure.name: figure for figure in figures}
    return [1 / (found[level.name].ratio or 1.0) for level in LEVELS]


def chart(figures: Sequence[Figure], lang: str) -> Any:  # noqa: ANN401 - pygal has no types
    """A bar for each level, stacked of what each safety adds."""
    added, zh = costs(figures), lang == "zh"
    drawn = empty_chart(
        pygal.StackedBar,
        _TITLES[0 if zh else 1],
        print_values=False,
        legend_at_bottom_columns=2,
        margin_bottom=44,
    )
    totals = _totals(figures)
    if totals != sorted(totals):
        drawn.x_title = _NOISE[0 if zh else 1]
    drawn.x_labels = [level.short_zh if zh else level.name for level in LEVELS]
    for place, level in enumerate(LEVELS):
        bars = [added[place] if place <= bar else None for bar in range(len(LEVELS))]
        drawn.add(f"{level.zh if zh else level.en} {added[place]:.2f}", bars)
    return drawn


def check(path: Path) -> None:
    """Raise FILE_INVALID early where the picture could not be written later."""
    check_folder(str(path))


def write(figures: Sequence[Figure], path: Path, lang: str = "en") -> None:
    """Write the picture as SVG."""
    write_charts([chart(figures, lang)], path, "safeties")
