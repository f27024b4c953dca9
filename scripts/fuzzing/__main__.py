"""`scripts/fuzz`: search every parser that a stranger can reach, and say what was found."""

import contextlib
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from scripts.fuzzing import findings
from scripts.fuzzing.running import Fleet, Plan
from scripts.fuzzing.sources import ROOT
from scripts.fuzzing.state import RECORD, State
from scripts.fuzzing.status import said, table
from scripts.fuzzing.targets import every, find
from scripts.stopping import Interrupted, Stopping

DONE: Final = 0
FOUND: Final = 1
FAILED: Final = 3

_CORPUS: Final = ROOT / "var" / "fuzz"
_WIDE: Final = 400
_SAID: Final = Console(stderr=True, soft_wrap=True, highlight=False)


@click.command(context_settings={"max_content_width": 100})
@click.option("--list", "listed", is_flag=True, help="Name the targets, and what was done of each.")
@click.option(
    "--record", "recorded", is_flag=True, help="Put what was done into --counts, and list it."
)
@click.option("--target", "names", multiple=True, metavar="NAME", help="This one only; repeatable.")
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="Inputs that each target is to have had, in all runs together.",
)
@click.option(
    "--seconds", type=click.FloatRange(0.1), help="At most so long for each target in this run."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Targets that are searched at once, by a process each.",
)
@click.option(
    "--corpus",
    type=click.Path(file_okay=False, path_type=Path),
    default=_CORPUS,
    help="Where the inputs that reach something new are kept, with what was done and what was "
    "found.  [default: var/fuzz]",
)
@click.option(
    "--counts",
    type=click.Path(dir_okay=False, path_type=Path),
    default=RECORD,
    help="The record of what was done, which the repository keeps.  "
    "[default: tests/fuzz/counts.json]",
)
@click.option(
    "--replay",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Run one input again and show what is wrong; its target is in its name, or --target.",
)
@click.option("--json", "machine", is_flag=True, help="Say it as one JSON document.")
def main(  # noqa: PLR0913 - each is an option
    *,
    listed: bool,
    recorded: bool,
    names: tuple[str, ...],
    runs: int,
    seconds: float | None,
    jobs: int,
    corpus: Path,
    counts: Path,
    replay: Path | None,
    machine: bool,
) -> None:
    """Search every parser that a stranger can reach, guided by coverage.

    A run goes on from where the one before ended: the same command, given again, adds inputs until
    each target has had --runs of them. What is found is written below --corpus with the command
    that shows it again, and the search goes on.

    Exit codes: 0 nothing was found, 1 something was (also by an earlier run, and is still there),
    2 the command was wrong, 3 a search could not be made; 130 interrupted, 143 told to end (what
    was done is kept).
    """
    known = _known(names)
    if replay is not None:
        sys.exit(_replayed(replay, names))
    state = State(corpus, counts)
    if recorded:
        state.record(every())
    if recorded or listed:
        _list(known, state, machine=machine)
        return
    plan = Plan(known, corpus, runs, jobs, seconds or float("inf"))
    fleet = Fleet(plan, state, _SAID.print)
    code = DONE
    try:
        with Stopping(), _shown(fleet) as look:
            fleet.run(look)
    except Interrupted as error:
        code = error.code
    found = [each for each in findings.all_of(plan.findings) if each.target in known]
    grown = [name for name in known if state.of(name).grew_mib]
    if code == DONE:
        code = FOUND if found or grown else FAILED if fleet.failed else DONE
    _tell(fleet, found, grown, machine=machine)
    sys.exit(code)


def _known(names: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(find(name).name for name in names) or tuple(every())
    except KeyError as error:
        raise click.UsageError(f"--target: {error.args[0]}; see --list") from error


def _replayed(file: Path, names: Sequence[str]) -> int:
    name = names[0] if names else file.name.partition("--")[0]
    [known] = _known([name])
    try:
        find(known).run(file.read_bytes())
    except Exception:  # noqa: BLE001 - what it is for
        traceback.print_exc()
        return FOUND
    click.echo(f"{known}: nothing is wrong with it.")
    return DONE


def _list(names: Sequence[str], state: State, *, machine: bool) -> None:
    if machine:
        click.echo(json.dumps({"targets": [said(name, state) for name in names]}, indent=2))
        return
    shown = Console(highlight=False)
    if not shown.is_terminal:
        # A line for each, whoever reads it.
        shown.width = _WIDE
    for part in table(names, state):
        shown.print(part)


@contextlib.contextmanager
def _shown(fleet: Fleet) -> Iterator[Callable[[], object]]:
    """A view of what runs, where somebody looks; elsewhere a line for each process that ended."""
    if not _SAID.is_terminal:
        yield lambda: None
        return
    with Live(_view(fleet), console=_SAID, refresh_per_second=4, transient=True) as live:
        yield lambda: live.update(_view(fleet))


def _view(fleet: Fleet) -> Table:
    plan = fleet.plan
    whole = sum(min(fleet.done(name), plan.runs) for name in plan.targets)
    share = whole / (plan.runs * len(plan.targets))
    table = Table("target", "inputs", "inputs/s", "MiB", box=None, pad_edge=False)
    for running in list(fleet.running.values()):
        rate = running.done / running.worked if running.worked else 0
        memory = f"{running.samples[-1]:,.0f}" if running.samples else ""
        done = f"{fleet.done(running.target):,} of {plan.runs:,}"
        table.add_row(running.target, done, f"{rate:,.0f}", memory)
    found = len(list(plan.findings.glob("*--*.bin")))
    table.add_row(f"all {len(plan.targets)}", f"{whole:,}, {share:.1%}", "", f"findings: {found}")
    return table


def _tell(
    fleet: Fleet, found: Sequence[findings.Finding], grown: Sequence[str], *, machine: bool
) -> None:
    names, state = fleet.plan.targets, fleet.state
    if machine:
        document = {
            "targets": [said(name, state) for name in names],
            "findings": [
                {"target": f.target, "where": f.where, "problem": f.problem, "again": f.command}
                for f in found
            ],
            "failed": fleet.failed,
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=True))
        return
    for each in found:
        _SAID.print(f"{each.target}: {each.problem}", style="red", markup=False)
        _SAID.print(f"    {each.command}", markup=False)
    for name in grown:
        grew = state.of(name).grew_mib
        _SAID.print(
            f"{name}: its memory grew by {grew:,.0f} MiB while it was searched", style="red"
        )
    if not found and not grown and not fleet.failed:
        inputs = sum(state.of(name).inputs for name in names)
        click.echo(f"{len(names)} targets, {inputs:,} inputs in all: nothing was found.")


if __name__ == "__main__":
    main()
