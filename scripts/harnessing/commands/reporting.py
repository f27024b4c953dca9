"""`report` writes the one file that tells of a run, and says what the run came to."""

from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.markup import escape

from scripts.harnessing import reporting
from scripts.harnessing.commands.options import dir_option, lang_option
from scripts.harnessing.layout import Folder
from scripts.harnessing.reporting.page import LIMIT, said
from scripts.harnessing.reporting.points import State
from scripts.harnessing.reporting.texts import Words

_COLOURS: Final = {State.HELD: "green", State.BROKEN: "red", State.UNSEEN: "yellow"}


@click.command()
@lang_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to; report.html in the folder of the run where it is left out.",
)
@dir_option
def report(language: str, out: Path | None, folder: Folder) -> None:
    """Write the report: one HTML file that fetches nothing, fit to be sent to a partner city.

    It may be written while cities run, and again. What was not done yet is told with what to type:
    a run without a load, without a fault or without a check has a report, too.
    """
    console, words = Console(), Words(language)
    with console.status(words["reading"]):
        try:
            told = reporting.tell(folder, language, out)
        except reporting.ReportError as error:
            raise click.ClickException(str(error)) from error
    for point in told.verdict.points:
        state = words[f"{point.state.value}_word"]
        head = escape(words.say(f"point_{point.name}", limit=LIMIT))
        console.print(f"[{_COLOURS[point.state]}]{state:>8}[/]  {head}", highlight=False)
        for reason in point.reasons:
            console.print(f"{'':10}{escape(said(reason, words))}", highlight=False)
    click.echo(words.say("written", path=told.path))


COMMANDS: Final = (report,)
