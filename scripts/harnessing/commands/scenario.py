"""`scenario` plays a file of steps; `endure` is the long run with a verdict."""

import json
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from scripts.harnessing.bringing import clear
from scripts.harnessing.commands.options import PLAYED, FolderPath, json_option, lang_option
from scripts.harnessing.crew import Crew
from scripts.harnessing.endurance import Course, endure
from scripts.harnessing.layout import CITIES_LEAST, CITIES_MOST, Folder
from scripts.harnessing.playing import play
from scripts.harnessing.scenario_files import find, shipped
from scripts.harnessing.wishes import WishError

_WIDTH: Final = 120


def fresh(folder: Folder, *, again: bool) -> Folder:
    """The folder, empty; with `again` without what an earlier run left in it.

    Raises:
        UsageError: where cities run there, or where it has something in it that is to stay.

    """
    try:
        clear(folder, again=again)
    except WishError as error:
        raise click.UsageError(str(error)) from error
    return folder


def console() -> Console:
    """Where it is said; wide enough where nobody looks."""
    found = Console()
    return found if found.is_terminal else Console(width=_WIDTH)


def _listed(language: str, *, as_json: bool) -> None:
    found = shipped()
    if as_json:
        rows = [
            {
                "name": each.slug,
                "title": each.name.model_dump(),
                "description": each.description.model_dump(),
                "cities": each.up.cities,
                "steps": len(each.steps),
            }
            for each in found
        ]
        click.echo(json.dumps({"scenarios": rows}, ensure_ascii=False))
        return
    headings = ("名称", "内容") if language == "zh" else ("Name", "What it shows")
    table = Table(*headings, show_lines=True)
    for each in found:
        text = f"[bold]{each.name.of(language)}[/]\n{each.description.of(language)}"
        table.add_row(each.slug, text)
    console().print(table)


@click.command(name="scenario")
@click.argument("wanted", metavar="FILE|NAME", required=False)
@click.option("--list", "listed", is_flag=True, help="Show the scenarios that are shipped.")
@click.option("--keep", is_flag=True, help="Leave the cities up afterwards.")
@click.option("--again", is_flag=True, help="Throw an earlier run in the folder away.")
@click.option(
    "--dir",
    "folder",
    type=FolderPath(),
    metavar="FOLDER",
    help=f"The folder of the run.  [default: {PLAYED}/NAME]",
)
@lang_option
@json_option
@click.pass_context
def scenario(
    ctx: click.Context,
    *,
    wanted: str | None,
    listed: bool,
    keep: bool,
    again: bool,
    folder: Folder | None,
    language: str,
    as_json: bool,
) -> None:
    """Play a scenario: cities up, its steps, check, report, cities down.

    FILE is a file of steps (docs/harness.md tells how to write one), NAME one of those shipped.
    Whatever happens, nothing is left running. It ends with 1 where an invariant is broken, a step
    failed or something did not come about as expected.
    """
    if listed:
        _listed(language, as_json=as_json)
        return
    if wanted is None:
        raise click.UsageError(
            "say which FILE or NAME; `scripts/harness scenario --list` has names"
        )
    found = find(wanted)
    # Its own folder is that of its last run; another one is somebody's.
    again = again or folder is None
    run = fresh(folder or Folder((PLAYED / found.slug).absolute()), again=again)
    ctx.exit(play(found, Crew(run, language), console(), keep=keep))


@click.command(name="endure")
@click.option("--minutes", type=click.FloatRange(1, 1440), default=30.0, show_default=True)
@click.option(
    "--cities", type=click.IntRange(CITIES_LEAST, CITIES_MOST), default=5, show_default=True
)
@click.option(
    "--share",
    type=click.FloatRange(0, 2, min_open=True),
    default=0.6,
    show_default=True,
    help="Of the rate that is sustained.",
)
@click.option(
    "--fault-every",
    type=click.FloatRange(10, 3600),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="One fault in each turn of so many.",
)
@click.option(
    "--peak",
    type=click.FloatRange(0, 100_000, min_open=True),
    help="Journeys a second that are sustained, where that is known; else it is looked for.",
)
@click.option("--residents", type=click.IntRange(6, 5000), default=200, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--plain", is_flag=True, help="SQLite and one process for every city.")
@click.option("--no-safeties", is_flag=True, help="Do not measure what each safety costs.")
@click.option("--again", is_flag=True, help="Throw an earlier run in the folder away.")
@click.option(
    "--dir",
    "folder",
    type=FolderPath(),
    metavar="FOLDER",
    help=f"The folder of the run.  [default: {PLAYED}/endurance]",
)
@lang_option
@click.pass_context
def endurance(  # noqa: PLR0913 - one for each option
    ctx: click.Context,
    *,
    minutes: float,
    cities: int,
    share: float,
    fault_every: float,
    peak: float | None,
    residents: int,
    seed: int,
    plain: bool,
    no_safeties: bool,
    again: bool,
    folder: Folder | None,
    language: str,
) -> None:
    """Run for half an hour at a share of the peak with a fault each minute, and give a verdict.

    One command, one report: cities up, the rate that is sustained found, the load and the faults,
    the check, what each safety costs, the report, and nothing left running. It ends with 0 only
    where every promise was seen to be held.
    """
    course = Course(
        minutes,
        cities,
        share,
        fault_every,
        peak or 0.0,
        seed,
        residents,
        plain,
        not no_safeties,
    )
    run = fresh(folder or Folder((PLAYED / "endurance").absolute()), again=again)
    ctx.exit(endure(course, Crew(run, language), console()))


COMMANDS: tuple[click.Command, ...] = (scenario, endurance)
