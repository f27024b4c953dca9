"""How two cities' scales relate by equal ranks: both distributions, the table, where it refuses."""

from itertools import pairwise
from pathlib import Path
from typing import Final

import click

from federation.concordance import CONFIDENCE
from federation.limits import CONCORDANCE_DEGREE
from node.cli.calling import Answer, Node
from node.cli.charts import check_folder
from node.cli.commands.concordance_plot import write_plot
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import command, option
from node.cli.values import city_of, named
from node.model import Role

_BLOCKS: Final = 40  # columns of the longest bar
_BLOCK: Final = "█"

_home = option("--home", type=city_of, metavar="CITY", required=True, text="concordance_home")
_host = option("--host", type=city_of, metavar="CITY", text="concordance_host")
_plot = option("--plot", metavar="FILE.svg")


@command("concordance build")
@_home
@_host
@option("--degree", type=click.IntRange(1, CONCORDANCE_DEGREE), metavar="N")
@option("--raw", is_flag=True, text="without_smoothing")
@_plot
@pass_session
def build(
    session: Session,
    *,
    home: str,
    host: str | None,
    degree: int | None,
    raw: bool,
    plot: str | None,
) -> None:
    """Build a concordance from what both cities published, and show it; nothing changes."""
    if raw and degree is not None:
        raise Misused("said.degree_or_raw")
    asked = {"home_city": home, "host_city": host or "", "degree": degree or 0, "raw": raw}
    _ask(session, plot, **asked)


@command("concordance show")
@_home
@_host
@_plot
@pass_session
def show(session: Session, *, home: str, host: str | None, plot: str | None) -> None:
    """Show the concordance of the agreement in force, as both cities signed it."""
    _ask(session, plot, home_city=home, host_city=host or "", agreed=True)


def _ask(session: Session, plot: str | None, **asked: object) -> None:
    if plot is not None:
        check_folder(plot)
    node = Node(session, Role.OPERATOR, service="IncentiveService")
    built = node.ask("BuildConcordance", **asked)
    if plot is not None:
        write_plot(session, built, Path(plot))
    if session.out.document(built):
        return
    _show(session, built)
    if plot is not None:
        session.out.line(session.say("said.plotted", path=plot))


def _show(session: Session, built: Answer) -> None:
    home, host = (named(session, built[side]["city"]) for side in ("home", "host"))
    session.out.line(session.say("said.concordance", home=home, host=host), style="bold")
    degree = built["degree"]
    said = "said.concordance_smoothed" if degree else "said.concordance_raw"
    session.out.line(session.say(said, degree=degree))
    if until := built.get("valid_until"):
        session.out.line(session.say("said.concordance_until", until=session.time(until)))
    for side in ("home", "host"):
        _distribution(session, built[side])
    _rows(session, built)


def _distribution(session: Session, curve: Answer) -> None:
    """The cells, each with a bar as long as it is dense: a wide one is no longer for that."""
    total = f"{round(curve['total']):,}"
    city = named(session, curve["city"])
    shown = sum(curve["counts"]) / curve["total"]
    session.out.line(
        session.say("said.distribution", city=city, total=total, part=f"{shown:.1%}"), style="bold"
    )
    cells = list(zip(pairwise(curve["edges"]), curve["counts"], curve["smoothed"], strict=True))
    longest = max(count / (high - low) for (low, high), count, _ in cells)
    headings = ("score", "published", "smoothed")
    session.out.table(
        [*(session.say(f"words.{word}") for word in headings), ""],
        [
            (
                f"{_points(low)} – {_points(high)}",
                f"{round(count):,}" if count else session.say("words.suppressed"),
                f"{smoothed:,.1f}",
                _BLOCK * round(count / (high - low) * _BLOCKS / longest),
            )
            for (low, high), count, smoothed in cells
        ],
        whole=(0,),
    )


def _rows(session: Session, built: Answer) -> None:
    names = {(each["city"], each["band_id"]): session.pick(each, "name") for each in built["names"]}
    home, host = (built[side]["city"] for side in ("home", "host"))
    headings = ("home_score", "home_band", "rank", "host_score", "range", "host_band", "note")
    rows = [
        (
            _points(row["home_score"]),
            names.get((home, row["home_band"]), row["home_band"]),
            f"{row['rank']:.2%}",
            *_equivalent(row),
            names.get((host, row["host_band"]), row["host_band"]) or session.say("words.refused"),
            session.pick(row, "refused"),
        )
        for row in built["rows"]
    ]
    session.out.table([session.say(f"words.{word}") for word in headings], rows, whole=(0, 2, 3, 4))


def _equivalent(row: Answer) -> tuple[str, str]:
    """The host score, and the range that holds it in 95 of 100 cases; "" where it refuses."""
    if "host_score" not in row:
        return "", ""
    score, error = row["host_score"], CONFIDENCE * row["error"]
    return f"{score:.1f}", f"{score - error:.1f} – {score + error:.1f}"


def _points(score: float) -> str:
    """A score as the scale has it, in thousandths where need be."""
    return f"{score:.3f}".rstrip("0").rstrip(".")
