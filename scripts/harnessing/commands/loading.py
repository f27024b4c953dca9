"""`load` offers journeys of residents at a rate, or finds the rate that is sustained."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from scripts.harnessing import records
from scripts.harnessing.commands.options import dir_option, json_option, lang_option
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading import figures, running
from scripts.harnessing.loading.cast import NobodyError
from scripts.harnessing.loading.figures import Figures, Quantiles
from scripts.harnessing.loading.mixes import KINDS, MixError, parse_mix
from scripts.harnessing.loading.offers import Offer
from scripts.harnessing.loading.outcomes import OK
from scripts.harnessing.loading.peak import Search, Step, peak
from scripts.harnessing.loading.running import LoadError, Offered
from scripts.harnessing.loading.texts import text
from scripts.harnessing.records import Load, Peak
from scripts.stopping import Stopping

_WIDTH: Final = 120
_STEP_SECONDS: Final = 10.0
_SECONDS: Final = 60.0


def _journeys() -> str:
    """The table of journeys, for the help; the first mark keeps its lines as they are."""
    rows = (f"  {kind.name:<12}{kind.weight:>3g}  {kind.en}" for kind in KINDS.values())
    return "\b\nJourneys and their weights:\n" + "\n".join(rows)


@click.command(name="load", epilog=_journeys())
@click.option(
    "--rate",
    type=click.FloatRange(0, 100_000, min_open=True),
    default=20.0,
    show_default=True,
    help="Journeys that become due in a second; with --find-peak the first that is tried.",
)
@click.option(
    "--for",
    "seconds",
    type=click.FloatRange(0, 86_400, min_open=True),
    help=f"Seconds.  [default: {_SECONDS:g}; {_STEP_SECONDS:g} for each rate of --find-peak]",
)
@click.option(
    "--mix",
    "mix",
    multiple=True,
    metavar="NAME=WEIGHT",
    help="Change how often a journey comes, in relation to the others below.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed, the same journeys.")
@click.option(
    "--processes",
    type=click.IntRange(1, 32),
    default=1,
    show_default=True,
    help="Processes that make the load.",
)
@click.option("--find-peak", is_flag=True, help="Find the highest rate that is sustained.")
@dir_option
@lang_option
@json_option
@click.pass_context
def load(  # noqa: PLR0913 - one for each option
    ctx: click.Context,
    *,
    rate: float,
    seconds: float | None,
    mix: Sequence[str],
    seed: int,
    processes: int,
    find_peak: bool,
    folder: Folder,
    language: str,
    as_json: bool,
) -> None:
    """Offer journeys of residents to all cities, whatever is answered (open loop).

    A journey is due at an instant of its own; what a caller waits is counted from then. It ends
    with 1 where the figures do not count, or no rate is sustained.
    """
    try:
        weights = parse_mix(mix)
    except MixError as error:
        raise click.BadParameter(str(error), param_hint="--mix") from error
    console = _console(stderr=as_json)
    try:
        # A signal ends the load: what is on its way is waited for, and kept.
        with Stopping():
            if find_peak:
                search = Search(
                    seconds or _STEP_SECONDS, rate, seed=seed, generators=processes, mix=weights
                )
                good = _peak(folder, search, console, language, as_json=as_json)
            else:
                offer = Offer(rate, seconds or _SECONDS, weights, seed, processes)
                good = _load(folder, offer, console, language, as_json=as_json)
    except FileNotFoundError as error:
        raise click.ClickException(
            f"nothing runs in {folder.root}; bring cities up with `scripts/harness up`"
        ) from error
    except (NobodyError, LoadError) as error:
        raise click.ClickException(str(error)) from error
    ctx.exit(0 if good else 1)


def _console(*, stderr: bool) -> Console:
    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=_WIDTH)


def _bar(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[said]}")
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _said(progress: running.Progress, language: str) -> str:
    return text(
        "progress",
        language,
        due=progress.due,
        calls=progress.calls,
        a_second=progress.calls_a_second,
        failed=sum(progress.failed.values()),
        p50=_ms(progress.p50_ms),
        p99=_ms(progress.p99_ms),
        in_flight=progress.in_flight,
    )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _load(folder: Folder, offer: Offer, console: Console, language: str, *, as_json: bool) -> bool:
    with _bar(console) as bar, Offered(folder, offer) as offered:
        task = bar.add_task(text("loading", language), total=offer.seconds, said="")
        for progress in offered.follow():
            bar.update(task, completed=progress.seconds, said=_said(progress, language))
        made = offered.wait()
    found = figures.of(offered.acts(), made)
    invalid = figures.validity(made, offered.acts())
    if as_json:
        click.echo(json.dumps(_document(made, found, invalid), ensure_ascii=False))
    else:
        _show(found, invalid, console, language)
    return not invalid


def _document(made: Load, found: Figures, invalid: Sequence[figures.Reason]) -> dict[str, object]:
    return {"load": asdict(made), "figures": found.to_json(), "invalid": _both(invalid)}


def _both(reasons: Sequence[figures.Reason]) -> list[dict[str, str]]:
    return [{"zh": each.zh, "en": str(each)} for each in reasons]


def _show(
    found: Figures, invalid: Sequence[figures.Reason], console: Console, language: str
) -> None:
    title = text(
        "title", language, seconds=found.seconds, rate=found.rate, calls=found.calls_a_second
    )
    table = Table(title=title, title_justify="left")
    table.add_column(text("deed", language))
    for name in ("count", "p50", "p99", "p999", "most"):
        table.add_column(text(name, language), justify="right")
    table.add_column(text("outcomes", language))
    for each in found.deeds:
        table.add_row(each.deed, *_row(each.outcomes, each.latency))
    table.add_section()
    table.add_row(text("all", language), *_row(found.outcomes, found.latency))
    console.print(table)
    console.print(
        text(
            "journeys",
            language,
            due=found.journeys_due,
            started=found.journeys_started,
            well=found.journeys_well,
            repeated=found.repeated,
        )
    )
    if invalid:
        console.print(text("invalid", language), style="red")
        for reason in invalid:
            console.print(f"  {reason.zh if language == 'zh' else reason}", highlight=False)


def _row(outcomes: dict[str, int], latency: Quantiles) -> tuple[str, ...]:
    times = (latency.p50, latency.p99, latency.p999, latency.most)
    others = sorted((name, count) for name, count in outcomes.items() if name != OK)
    said = ", ".join(f"{name} {count:,}" for name, count in others)
    return f"{sum(outcomes.values()):,}", *map(_ms, times), said


def _peak(
    folder: Folder, search: Search, console: Console, language: str, *, as_json: bool
) -> bool:
    steps = list[Step]()

    def stepped(step: Step) -> None:
        steps.append(step)
        reasons = "; ".join(each.zh if language == "zh" else each for each in step.reasons)
        said = (
            text("step_bad", language, reasons=reasons)
            if step.reasons
            else text("step_good", language, p99=step.figures.latency.p99)
        )
        console.print(f"{text('trying', language, rate=step.rate)}: {said}", highlight=False)

    with _bar(console) as bar:
        task = bar.add_task("", total=search.seconds, said="")

        def told(rate: float, progress: running.Progress) -> None:
            bar.update(
                task,
                description=text("trying", language, rate=rate),
                completed=progress.seconds,
                said=_said(progress, language),
            )

        rate = peak(folder, search, stepped=stepped, told=told)
    # For the report.
    folder.peak.write_text(records.line(Peak(rate, len(steps), search.seconds)), "utf-8")
    if as_json:
        tried = [
            {"rate": s.rate, "reasons": _both(s.reasons), "figures": s.figures.to_json()}
            for s in steps
        ]
        click.echo(json.dumps({"peak": rate, "steps": tried}, ensure_ascii=False))
    else:
        console.print(text("peak" if rate else "no_peak", language, rate=rate))
    return rate > 0


COMMANDS: tuple[click.Command, ...] = (load,)
