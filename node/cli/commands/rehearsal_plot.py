"""A rehearsal as a picture: SVG whose words stay words, and that fetches nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pygal

from federation.scale import Scale
from node.bulk.rehearsing import Bar, Rehearsal
from node.cli.charts import empty_chart, write_charts
from node.cli.session import Session


def write_plot(session: Session, found: Rehearsal, path: Path) -> None:
    """Write the picture; raises FILE_INVALID where that cannot be."""
    charts = [_moves(session, found), *_histograms(session, found)]
    write_charts(charts, path, "rehearsal")


def _moves(session: Session, found: Rehearsal) -> Any:  # noqa: ANN401 - pygal has no types
    """For each band of today, the bands of those who are in it, afterwards."""
    chart = empty_chart(pygal.StackedBar, session.say("words.plot_moves"))
    counts = {(move.before, move.after): move.residents for move in found.moves}
    chart.x_labels = _names(session, found.current)
    for band, name in zip(found.candidate.bands, _names(session, found.candidate), strict=True):
        said = session.say("words.plot_then", band=name)
        chart.add(said, [counts.get((b.band_id, band.band_id), 0) for b in found.current.bands])
    return chart


def _histograms(session: Session, found: Rehearsal) -> list[Any]:
    both = [found.scores_before, found.scores_after]
    charts = []
    if all(both) and [b.low_milli for b in both[0]] == [b.low_milli for b in both[1]]:
        chart = _histogram(session, "plot_scores", both[0])
        for heading, bars in zip(("score_now", "score_then"), both, strict=True):
            chart.add(session.say(f"words.{heading}"), [bar.residents for bar in bars])
        charts.append(chart)
    if found.changes:
        chart = _histogram(session, "plot_changes", found.changes)
        chart.add(session.say("words.change"), [bar.residents for bar in found.changes])
        charts.append(chart)
    return charts


def _histogram(session: Session, title: str, bars: Sequence[Bar]) -> Any:  # noqa: ANN401 - pygal has no types
    chart = empty_chart(pygal.Bar, session.say(f"words.{title}"), x_label_rotation=30)
    chart.x_labels = [f"{bar.low_milli / 1000:g}" for bar in bars]
    return chart


def _names(session: Session, scale: Scale) -> list[str]:
    return [b.name_zh if session.language == "zh" else b.name_en for b in scale.bands]
