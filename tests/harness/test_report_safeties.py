"""The bench of safeties: each level does what it says and no more, and its plot adds up."""

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from node.errors import HutongError
from scripts.benches import safeties, safeties_plot
from scripts.benches.figures import Figure
from scripts.benches.rig import Rig
from scripts.benches.safeties_node import LEVELS as NODES
from scripts.benches.safeties_plot import LEVELS
from scripts.city import City
from tests.harness.made_run import safeties as made

CALLS = 100


def test_what_each_safety_adds_comes_to_the_whole() -> None:
    figures = made()
    assert sum(safeties_plot.costs(figures)) == pytest.approx(1 / (figures[-1].ratio or 0))


def test_a_level_that_noise_made_cheaper_adds_nothing_and_the_whole_is_still_true() -> None:
    figures = made()
    figures[1] = replace(figures[1], ratio=1.2)
    figures[4] = replace(figures[4], ratio=0.9)
    costs = safeties_plot.costs(figures)
    assert costs[1] == costs[4] == 0
    assert sum(costs) == pytest.approx(1 / (figures[-1].ratio or 0))
    said = "noise made cheaper"
    assert said in safeties_plot.chart(figures, "en").render(is_unicode=True)
    assert said not in safeties_plot.chart(made(), "en").render(is_unicode=True)


def test_a_level_that_was_not_measured_is_not_guessed() -> None:
    with pytest.raises(KeyError):
        safeties_plot.costs(made()[:-1])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_plot_fetches_nothing_and_names_every_level(tmp_path: Path, lang: str) -> None:
    path = tmp_path / "plot.svg"
    safeties_plot.write(made(), path, lang)
    text = path.read_text("utf-8")
    assert [x for x in LEVELS if (x.zh if lang == "zh" else x.en) not in text] == []
    assert "<script" not in text
    assert "href" not in text


def test_a_plot_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(HutongError):
        safeties_plot.check(tmp_path / "nowhere" / "plot.svg")


def rows(home: City) -> tuple[int, int]:
    """Recorded answers, and entries of the log."""
    with contextlib.closing(sqlite3.connect(home.directory / "hutong.sqlite")) as store:
        [found] = store.execute(
            "SELECT (SELECT count(*) FROM answers), (SELECT count(*) FROM log_entries)"
        )
    return int(found[0]), int(found[1])


@pytest.mark.all
def test_each_level_does_what_it_says_and_leaves_out_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grown = dict[str, tuple[bool, bool]]()
    measured = safeties._measure

    async def watched(
        rigged: Rig, homes: Sequence[City], echoes: tuple[int, int], rounds: int
    ) -> list[Figure]:
        before = [rows(home) for home in homes]
        found = await measured(rigged, homes, echoes, rounds)
        for name, home, (answers, entries) in zip(NODES, homes, before, strict=True):
            more = rows(home)
            grown[name] = (more[0] - answers >= CALLS, more[1] - entries >= CALLS)
        return found

    monkeypatch.setattr(safeties, "_measure", watched)
    monkeypatch.setattr(safeties, "_TURNS", 1)
    monkeypatch.setattr(safeties, "_CALLS", CALLS)
    figures = safeties.run(1)
    assert [figure.name for figure in figures] == [level.name for level in LEVELS]
    assert all(figure.value > 0 for figure in figures)
    assert grown == {
        "port": (False, False),
        "signature": (False, False),
        "durability": (True, False),
        "log": (True, True),
        "rules": (True, True),
    }
