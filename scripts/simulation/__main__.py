"""`scripts/simulate`: one run by its seed, a search through many, and how cost grows."""

import json
import os
import sys
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scripts.simulation.growth import measure, table, to_json
from scripts.simulation.growth_plot import plot
from scripts.simulation.run import Outcome, Plan, play
from scripts.simulation.search import search

_HOUR: Final = 3600.0
_CONSOLE: Final = Console(stderr=False)
_FEWEST: Final = 2


class Numbers(click.ParamType[range]):
    """Whole numbers from A to B, written A..B."""

    name = "A..B"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> range:
        """The numbers, both ends in."""
        if isinstance(value, range):
            return value
        first, dots, last = str(value).partition("..")
        if first.isdecimal() and (last.isdecimal() or not dots):
            end = int(last or first)
            if end >= int(first):
                return range(int(first), end + 1)
        return self.fail(f"write two whole numbers as 1..100, not {value!r}", param, ctx)


class Counts(click.ParamType[tuple[int, ...]]):
    """Numbers of cities, with commas between."""

    name = "N,N,..."

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The numbers, ascending."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if all(part.isdecimal() and int(part) >= _FEWEST for part in parts):
            return tuple(sorted({int(part) for part in parts}))
        problem = f"write numbers of cities from {_FEWEST} as 5,50,337, not {value!r}"
        return self.fail(problem, param, ctx)


@click.group(context_settings={"max_content_width": 100})
def main() -> None:
    """Simulate many cities in one process: the real services, virtual time, trouble by a seed.

    Exit codes: 0 all rules held, 1 a rule was broken, 2 the command was wrong.
    """


def _plan_options(command: click.decorators.FC) -> click.decorators.FC:
    """What a plan takes besides its seed."""
    for option in reversed(
        (
            click.option(
                "--cities", type=click.IntRange(_FEWEST, 9999), default=6, show_default=True
            ),
            click.option(
                "--hours",
                type=click.FloatRange(0.001, 24 * 365),
                default=0.025,
                show_default=True,
                help="How long trouble and journeys go on, in virtual hours.",
            ),
            click.option(
                "--residents",
                type=click.IntRange(0, 1000),
                default=2,
                show_default=True,
                help="Residents of each city.",
            ),
            click.option(
                "--steps",
                type=click.IntRange(1, 10_000),
                default=8,
                show_default=True,
                help="What each of them does in that time.",
            ),
            click.option(
                "--look-every",
                type=click.FloatRange(0.1),
                default=10.0,
                show_default=True,
                help="Virtual seconds between two looks at all rules.",
            ),
            click.option(
                "--degree",
                type=click.IntRange(2),
                help="So many partners of each city, an even number; all with all if left out.",
            ),
            click.option(
                "--pace",
                type=click.FloatRange(1.0, 60.0),
                default=1.0,
                show_default=True,
                help="How many times as long each timer of a city waits.",
            ),
            click.option("--calm", is_flag=True, help="Without trouble."),
        )
    ):
        command = option(command)
    return command


def _plan(  # noqa: PLR0913 - the options of a plan
    seed: int,
    cities: int,
    hours: float,
    residents: int,
    steps: int,
    look_every: float,
    degree: int | None,
    pace: float,
    *,
    calm: bool,
) -> Plan:
    if degree is not None and (degree % 2 or degree >= cities):
        raise click.UsageError(
            f"--degree {degree}: give an even number below {cities}, or leave it out"
        )
    return Plan(
        seed=seed,
        cities=cities,
        seconds=hours * _HOUR,
        residents=residents,
        steps=steps,
        look_every=look_every,
        trouble=not calm,
        degree=degree,
        pace=pace,
    )


@main.command()
@click.option("--seed", type=click.IntRange(0), required=True)
@click.option(
    "--trace",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the last lines of what happened to this file.",
)
@_plan_options
def run(seed: int, trace: Path | None, **options: object) -> None:
    """Play one seed, and say what came of it."""
    plan = _plan(seed, **options)  # type: ignore[arg-type] # as click has read them
    with _CONSOLE.status(f"seed {seed}") as status:
        outcome = play(
            plan,
            trace=trace,
            tell=lambda seconds: status.update(f"seed {seed}, second {seconds:.0f}"),
        )
    _CONSOLE.print(_shown(outcome))
    if outcome.broken:
        _tell_broken(outcome)
        sys.exit(1)


@main.command("search")
@click.option("--seeds", type=Numbers(), required=True, help="The first and the last.")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=min(2, os.cpu_count() or 1),
    show_default=True,
)
@_plan_options
def search_seeds(seeds: range, processes: int, **options: object) -> None:
    """Play many seeds, and stop at the first that breaks a rule."""
    plan = _plan(seeds[0], **options)  # type: ignore[arg-type] # as click has read them
    acts = 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_CONSOLE) as progress:
        bar = progress.add_task("seeds", total=len(seeds))

        def told(outcome: Outcome) -> None:
            nonlocal acts
            acts += outcome.acts
            progress.update(bar, advance=1, description=f"seed {outcome.plan.seed}")

        broken = search(plan, seeds, processes=processes, told=told)
    if broken is not None:
        _tell_broken(broken)
        sys.exit(1)
    _CONSOLE.print(f"{len(seeds)} seeds held, with {acts:,} acknowledged acts.")


@main.command()
@click.option("--cities", type=Counts(), default="5,50,337", show_default=True)
@click.option(
    "--minutes",
    type=click.FloatRange(0.5, 600),
    default=2.0,
    show_default=True,
    help="Virtual minutes that are counted.",
)
@click.option(
    "--visits",
    type=click.IntRange(0, 1000),
    default=4,
    show_default=True,
    help="Visits of each city's resident in that time.",
)
@click.option(
    "--degree",
    type=click.IntRange(2),
    help="Partners of each city, an even number; all others where it is not given.",
)
@click.option("--plot", "picture", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path))
def growth(
    cities: tuple[int, ...],
    minutes: float,
    visits: int,
    degree: int | None,
    picture: Path | None,
    file: Path | None,
) -> None:
    """Count messages, bytes and queues of one city as the number of cities grows."""
    worlds = []
    with _CONSOLE.status("") as status:
        for count in cities:
            measured = measure(
                count, seconds=minutes * 60, visits=visits, degree=degree, tell=status.update
            )
            worlds.append(measured)
            _CONSOLE.print(
                f"{count} cities, {measured.pairs} pairs: {measured.real_seconds:.0f} s, "
                f"{measured.peak_mib:.0f} MiB, {measured.journeys} visits"
            )
            if file is not None:
                file.write_text(json.dumps(to_json(worlds), indent=2) + "\n", "utf-8")
    _CONSOLE.print(table(worlds))
    if picture is not None:
        plot(worlds, picture)


def _shown(outcome: Outcome) -> Table:
    made = Table.grid(padding=(0, 2))
    for name, value in (
        ("virtual seconds", f"{outcome.at:,.0f}"),
        ("acknowledged acts", f"{outcome.acts:,}"),
        ("refusals", f"{outcome.refusals:,}"),
        ("calls between cities", f"{outcome.calls:,}"),
        ("looks at all rules", f"{outcome.looks:,}"),
        ("digest of the trace", outcome.digest[:16]),
        ("rules", "broken" if outcome.broken else "held"),
    ):
        made.add_row(name, value)
    return made


def _tell_broken(outcome: Outcome) -> None:
    seed = outcome.plan.seed
    _CONSOLE.print(f"seed {seed} breaks a rule at virtual second {outcome.at:,.1f}:", style="red")
    for violation in outcome.broken[:10]:
        _CONSOLE.print(f"  {violation}", markup=False, soft_wrap=True)
    _CONSOLE.print("Play it again:", outcome.plan.command, "--trace FILE", soft_wrap=True)


if __name__ == "__main__":
    main()
