"""Whether equally placed residents of two cities are treated alike, and how many gain what."""

from pathlib import Path
from typing import Any, Final

import pygal

from node.cli import exits
from node.cli.calling import Answer, Node
from node.cli.charts import check_folder, empty_chart, write_charts
from node.cli.session import Session, pass_session
from node.cli.shape import command, option
from node.cli.values import city_of, named
from node.model import Role

_UNFAIR: Final = frozenset({"higher", "lower"})


@command("fairness report")
@option("--home", type=city_of, metavar="CITY", text="fairness_home")
@option("--plot", metavar="FILE.svg")
@pass_session
def report(session: Session, *, home: str | None, plot: str | None) -> int:
    """Say who qualifies for what, and which mappings treat equals differently; it exits 3 then."""
    if plot is not None:
        check_folder(plot)
    node = Node(session, Role.OPERATOR, service="IncentiveService")
    found = node.ask("GetFairness", home_city=home or "")
    if plot is not None:
        write_charts([_shares(session, found)], Path(plot), "fairness")
    flagged = [band for band in found["bands"] if band["verdict"] in _UNFAIR]
    if not session.out.document(found):
        _show(session, found, flagged)
        if plot is not None:
            session.out.line(session.say("said.plotted", path=plot))
    return exits.REFUSED if flagged else exits.DONE


def _show(session: Session, found: Answer, flagged: list[Answer]) -> None:
    _bands(session, found)
    _incentives(session, found)
    said = "said.unfair" if flagged else "said.fair"
    style = "bold red" if flagged else ""
    session.out.line(session.say(said, count=len(flagged)), style=style)


def _bands(session: Session, found: Answer) -> None:
    names = _names(session, found)
    host = found["names"][0]["city"]
    session.out.line(session.say("said.fairness_bands", city=named(session, host)), style="bold")
    headings = ("home_city", "home_band", "host_band", "residents", "verdict")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                named(session, band["home_city"]),
                names.get((band["home_city"], band["home_band"]), band["home_band"]),
                names.get((host, band["host_band"]), band["host_band"])
                or session.say("words.newcomer"),
                _count(session, int(band["count"])),
                session.pick(band, "text"),
            )
            for band in found["bands"]
        ],
        whole=(0,),
    )


def _incentives(session: Session, found: Answer) -> None:
    names = _names(session, found)
    session.out.line(session.say("said.fairness_incentives"), style="bold")
    headings = ("home_city", "incentive", "home_bands", "residents", "part")
    rows = []
    for each in found["incentives"]:
        city, bands, share = each["home_city"], each["bands"], _share(each)
        rows.append(
            (
                named(session, city),
                each["incentive_id"],
                ", ".join(names.get((city, band), band) for band in bands),
                _count(session, int(each["count"])) if bands else "0",
                "" if share is None else f"{share:.1%}",
            )
        )
    session.out.table([session.say(f"words.{word}") for word in headings], rows, whole=(0, 1))


def _names(session: Session, found: Answer) -> dict[tuple[str, str], str]:
    """What each city calls its bands."""
    return {(each["city"], each["band_id"]): session.pick(each, "name") for each in found["names"]}


def _count(session: Session, count: int) -> str:
    if count < 0:
        return session.say("words.unpublished")
    return f"{count:,}" if count else session.say("words.suppressed")


def _share(incentive: Answer) -> float | None:
    """The share of a city's residents who qualify; None where the city published nothing."""
    count, total = int(incentive["count"]), int(incentive["total"])
    return min(count / total, 1.0) if count >= 0 and total > 0 else None


def _shares(session: Session, found: Answer) -> Any:  # noqa: ANN401 - pygal has no types
    """For each incentive the share of each home city's residents who qualify, in per cent."""
    ids = list(dict.fromkeys(each["incentive_id"] for each in found["incentives"]))
    chart = empty_chart(
        pygal.Bar,
        session.say("words.plot_shares"),
        x_label_rotation=30,
        y_title=session.say("words.plot_per_cent"),
        range=(0, 100),
    )
    chart.x_labels = ids
    for city in dict.fromkeys(each["home_city"] for each in found["incentives"]):
        of = {e["incentive_id"]: _share(e) for e in found["incentives"] if e["home_city"] == city}
        shares = [of.get(each) for each in ids]
        chart.add(named(session, city), [None if s is None else round(100 * s, 2) for s in shares])
    return chart
