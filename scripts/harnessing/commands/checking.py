"""`check` holds what the cities kept and what clients saw against every invariant."""

import json
from dataclasses import asdict
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from scripts.harnessing import checking
from scripts.harnessing.checking.copying import StoreMissingError
from scripts.harnessing.commands.options import dir_option, json_option, lang_option
from scripts.harnessing.layout import Folder
from scripts.harnessing.records import Checked, Ruling, Violation
from scripts.harnessing.reporting.texts import Words

_WIDTH: Final = 120
_SHOWN: Final = 5
"""Violations of one invariant that are shown; the rest is in the file."""

_TEXTS: Final = {
    "zh": {
        "checking": "核查",
        "rule": "规则",
        "title": "不变量",
        "looked_at": "核查数",
        "violations": "违反",
        "nothing": "无可核查",
        "holds": "全部成立。",
        "broken": "有 {count} 项不变量不成立；全部证据见 {path}。",
        "more": "另有 {count} 处",
    },
    "en": {
        "checking": "checking",
        "rule": "rule",
        "title": "invariant",
        "looked_at": "looked at",
        "violations": "violations",
        "nothing": "nothing seen",
        "holds": "Every invariant holds.",
        "broken": "{count} invariants are broken; all of the evidence is in {path}.",
        "more": "{count} more",
    },
}


@click.command(name="check")
@dir_option
@lang_option
@json_option
@click.pass_context
def check(ctx: click.Context, *, folder: Folder, language: str, as_json: bool) -> None:
    """Check every invariant from the cities' stores and logs, and from what clients saw.

    The cities may serve or be stopped; nothing is asked of them. An invariant that looked at
    nothing says so: it holds nothing. It ends with 1 where one is broken.
    """
    console = _console(stderr=as_json)
    try:
        found = _checked(folder, console, language)
    except FileNotFoundError as error:
        if folder.plan.exists():
            raise click.ClickException(
                f"{error.filename} is missing: the run in {folder.root} is not whole any more"
            ) from error
        raise click.ClickException(
            f"nothing was brought up in {folder.root}; begin with `scripts/harness up`"
        ) from error
    except StoreMissingError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(asdict(found) | {"holds": found.holds}, ensure_ascii=False))
    else:
        _show(found, folder, console, language)
    ctx.exit(0 if found.holds else 1)


def _console(*, stderr: bool) -> Console:
    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=_WIDTH)


def _checked(folder: Folder, console: Console, language: str) -> Checked:
    # Histories, each city, each invariant, the counts: `check` tells of each as it begins.
    steps = 2 + len(folder.read_plan().places) + len(checking.INVARIANTS)
    columns = TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn()
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(_TEXTS[language]["checking"], total=steps)

        def tell(what: str) -> None:
            bar.update(task, advance=1, description=what)

        return checking.check(folder, tell)


def _show(found: Checked, folder: Folder, console: Console, language: str) -> None:
    texts = _TEXTS[language]
    table = Table(texts["rule"], texts["title"])
    for name in ("looked_at", "violations"):
        table.add_column(texts[name], justify="right")
    for ruling in found.rulings:
        seen = f"{ruling.looked_at:,}" if ruling.looked_at else f"[dim]{texts['nothing']}[/dim]"
        count = _count(ruling)
        broken = f"[red]{count:,}[/red]" if count else "0"
        title = ruling.title_zh if language == "zh" else ruling.title_en
        table.add_row(Words(language).rule(ruling.rule), title, seen, broken)
    console.print(table)
    for ruling in found.rulings:
        _explain(ruling, console, language)
    if found.holds:
        console.print(texts["holds"], style="green")
        return
    broken_ones = sum(1 for ruling in found.rulings if ruling.violations)
    told = texts["broken"].format(count=broken_ones, path=folder.findings)
    console.print(told, style="red", highlight=False)


def _count(ruling: Ruling) -> int:
    """How many violations there are: of very many the last one stands for the rest."""
    if not ruling.violations:
        return 0
    more = int(ruling.violations[-1].evidence.get("more", 0))
    return len(ruling.violations) + (more - 1 if more else 0)


def _explain(ruling: Ruling, console: Console, language: str) -> None:
    if not ruling.violations:
        return
    title = ruling.title_zh if language == "zh" else ruling.title_en
    console.print(f"\n{ruling.invariant}: {title}", style="bold red", highlight=False)
    for violation in ruling.violations[:_SHOWN]:
        _tell(violation, console, language)
    rest = _count(ruling) - _SHOWN
    if rest > 0:
        console.print(f"  {_TEXTS[language]['more'].format(count=rest)}", highlight=False)


def _tell(violation: Violation, console: Console, language: str) -> None:
    problem = violation.problem_zh if language == "zh" else violation.problem_en
    console.print(f"  {violation.city}: {problem}", highlight=False, markup=False)
    shown = ", ".join(f"{name}={value}" for name, value in violation.evidence.items())
    console.print(f"    {shown}", style="dim", highlight=False, markup=False)


COMMANDS: tuple[click.Command, ...] = (check,)
