"""`up`, `status`, `fault`, `mend` and `down`: cities on this machine, and what is done to them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from scripts.harnessing.bringing import bring_up, stages, take_down
from scripts.harnessing.commands.options import dir_option, json_option, lang_option
from scripts.harnessing.commands.running_texts import TEXTS
from scripts.harnessing.fault_kinds import KINDS, Fault, FaultError, parse_fault
from scripts.harnessing.keeper_client import Answer, ask
from scripts.harnessing.layout import Folder
from scripts.harnessing.wishes import LINKS, STORES, Wish, WishError
from scripts.stopping import Stopping

_WIDTH: Final = 120
_MEBI: Final = 1024 * 1024
_MEND_SECONDS: Final = 180.0


def _console() -> Console:
    found = Console()
    return found if found.is_terminal else Console(width=_WIDTH)


def _say(language: str, text: str, /, **words: object) -> str:
    return TEXTS[text][language == "en"].format_map(words)


def _pairs(given: Iterable[str], option: str) -> dict[str, str]:
    """What was given as NAME=VALUE; raises BadParameter."""
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (name and equals and value):
            raise click.BadParameter(f"{option}: write NAME=VALUE, not {each!r}")
        found[name] = value
    return found


def _stores(cities: int, postgres: int, given: Iterable[str]) -> dict[str, str]:
    """Which store each city has; the last ones of them PostgreSQL, where only a number is said."""
    plain = [place.pinyin for place in Wish(cities).places()]
    if not 0 <= postgres <= cities:
        raise click.BadParameter(f"--postgres: 0 to {cities}, not {postgres}")
    counted = dict.fromkeys(plain[cities - postgres :], "postgresql")
    return counted | _pairs(given, "--store")


def _counts(given: Iterable[str], option: str) -> dict[str, int]:
    found = _numbers(given, option)
    for name, number in found.items():
        if not number.is_integer():
            raise click.BadParameter(f"{option}: {name} is a whole number, not {number:g}")
    return {name: int(number) for name, number in found.items()}


def _numbers(given: Iterable[str], option: str) -> dict[str, float]:
    found = {}
    for name, value in _pairs(given, option).items():
        try:
            found[name] = float(value)
        except ValueError as error:
            raise click.BadParameter(f"{option}: {name} is a number, not {value!r}") from error
    return found


@click.command()
@click.option("--cities", default=5, show_default=True, help="How many, from 2 to 20.")
@click.option("--postgres", default=0, help="How many of them have PostgreSQL: the last ones.")
@click.option(
    "--store", "stores", multiple=True, metavar="CITY=STORE", help=f"One of {', '.join(STORES)}."
)
@click.option(
    "--processes",
    multiple=True,
    metavar="CITY=N",
    help="Several processes for one city, over PostgreSQL.",
)
@click.option("--links", type=click.Choice(LINKS), help="What lines between cities are made of.")
@click.option("--residents", default=60, show_default=True, help="In each city.")
@click.option("--seed", default=1, show_default=True, help="Of the residents.")
@click.option(
    "--for", "hours", default=8.0, show_default=True, metavar="HOURS", help="It ends by itself."
)
@click.option("--log-level", type=click.Choice(["debug", "info", "warning"]), default="warning")
@click.option("--metrics", is_flag=True, help="Let Prometheus read metrics; `status` has the port.")
@click.option("--bare", is_flag=True, help="No node yet: places, databases and lines for day one.")
@click.option("--again", is_flag=True, help="Throw an earlier run in the folder away.")
@dir_option
@lang_option
def up(  # noqa: PLR0913 - each is an option of the command
    *,
    folder: Folder,
    language: str,
    again: bool,
    cities: int,
    postgres: int,
    stores: tuple[str, ...],
    processes: tuple[str, ...],
    links: str | None,
    residents: int,
    seed: int,
    hours: float,
    log_level: str,
    metrics: bool,
    bare: bool,
) -> None:
    """Bring cities up: rules in force, partners of each other, with residents who consented.

    They go on in the background, until `down`, and for so many hours at most. With --bare you make
    the nodes yourself: it prints the `hutong init` of each, and `start` starts it.
    """
    try:
        wish = Wish(
            cities,
            _stores(cities, postgres, stores),
            _counts(processes, "--processes"),
            links or "",
            residents,
            seed,
            hours,
            log_level,
            metrics,
            bare,
        )
        wish.places()
        with Stopping():
            _bring_up(folder, wish, language, again=again)
    except WishError as error:
        raise click.UsageError(str(error)) from error
    found = ask(folder, "status")
    _show(found, language)
    if bare:
        _show_places(found, language)


def _show_places(found: Answer, language: str) -> None:
    """What to type where a node is to be: whole lines, that can be copied."""
    click.echo(_say(language, "bare"))
    for each in found["cities"]:
        if each["process"]:
            continue
        peer, local = (f"{each['host']}:{each[name]}" for name in ("peer_port", "local_port"))
        words = f"--city {each['pinyin']} --peer-address {peer} --local-address {local}"
        click.echo(f"  hutong init {words} {each['folder']}")
        if each["store"]:
            click.echo(f'    {_say(language, "bare_store")} store = "{each["store"]}"')


def _bring_up(folder: Folder, wish: Wish, language: str, *, again: bool) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_console()) as progress:
        shown = dict[str, TaskID]()

        def told(said: Answer) -> None:
            for stage, done, total in stages(said):
                if stage not in shown:
                    shown[stage] = progress.add_task(_say(language, f"stage_{stage}"))
                progress.update(shown[stage], completed=done, total=total)

        bring_up(folder, wish, told, again=again)


@click.command()
@dir_option
@lang_option
@json_option
def status(*, folder: Folder, language: str, as_json: bool) -> None:
    """Show each process, the lines, and the faults that are open."""
    found = ask(folder, "status")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _show(found, language)


def _show(found: Answer, language: str) -> None:
    headings = ("city", "code", "process", "pid", "state", "local", "peer", "memory", "files")
    table = Table(*(_say(language, f"head_{each}") for each in headings))
    for each in found["cities"]:
        table.add_row(
            each["pinyin"],
            each["code"],
            str(each["process"]),
            str(each["pid"] or ""),
            _say(language, f"state_{each['state']}"),
            f"{each['host']}:{each['local_port']}",
            f"{each['host']}:{each['peer_port']}",
            f"{each['rss_bytes'] / _MEBI:.0f} MiB",
            str(each["open_files"]),
        )
    console = _console()
    console.print(table)
    console.print(_say(language, "links", name=found["links"]), highlight=False)
    metrics = ", ".join(
        f"{each['host']}:{each['metrics_port']} ({each['pinyin']}/{each['process']})"
        for each in found["cities"]
        if "metrics_port" in each
    )
    if metrics:
        console.print(_say(language, "metrics", where=metrics), highlight=False, soft_wrap=True)
    for each in found["faults"]:
        console.print(_say(language, "open", **_told(each, language)), highlight=False)


def _told(each: Mapping[str, Any], language: str) -> dict[str, object]:
    kind = KINDS[each["kind"]]
    where = each["city"] + (f" - {each['other']}" if each["other"] else "")
    name = kind.en if language == "en" else kind.zh
    return {"fault": each["fault"], "kind": each["kind"], "name": name, "where": where}


@click.command()
@click.argument("kind", required=False)
@click.option("--city", default="", help="Which city; for a line, one end of it.")
@click.option("--other", default="", help='The other end of a line; "*" for every other city.')
@click.option("--process", default=0, help="Which process of the city, from 0.")
@click.option("--for", "lasts", default=0.0, metavar="SECONDS", help="Until `mend` without it.")
@click.option("--set", "numbers", multiple=True, metavar="NAME=NUMBER", help="What it takes.")
@dir_option
@lang_option
@json_option
def fault(  # noqa: PLR0913 - each is an option of the command
    *,
    kind: str | None,
    city: str,
    other: str,
    process: int,
    lasts: float,
    numbers: tuple[str, ...],
    folder: Folder,
    language: str,
    as_json: bool,
) -> None:
    """Break something; without a KIND, show what there is to break.

    \b
      scripts/harness fault kill --city hangzhou --set down_ms=500
      scripts/harness fault slow --city hangzhou --other "*" --set delay_ms=300 --for 20
    """  # noqa: D301 - click's own mark: these lines stay as they are
    if kind is None:
        _show_kinds(language, as_json=as_json)
        return
    found: dict[str, Any] = dict(_numbers(numbers, "--set"))
    # A clock jumps by a number that is called so too.
    own = kind in KINDS and "seconds" in KINDS[kind].numbers
    found |= {"kind": kind, "city": city, "process": process, "lasts" if own else "seconds": lasts}
    if other:
        found["other"] = other
    try:
        made = parse_fault(found, _processes(folder))
    except FaultError as error:
        raise click.UsageError(str(error)) from error
    number = begin(folder, made)
    if as_json:
        click.echo(json.dumps({"fault": number, **asdict(made)}, ensure_ascii=False))
    else:
        words = _told({"fault": number, **asdict(made)}, language)
        _console().print(_say(language, "begun", **words), highlight=False)


def begin(folder: Folder, made: Fault) -> str:
    """Make a fault; its number. Raises KeeperError."""
    return str(ask(folder, "fault", seconds=_MEND_SECONDS, fault=asdict(made))["fault"])


def _processes(folder: Folder) -> dict[str, int]:
    found = dict[str, int]()
    for each in ask(folder, "status")["cities"]:
        found[each["pinyin"]] = found.get(each["pinyin"], 0) + 1
    return found


def _show_kinds(language: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"faults": [asdict(each) for each in KINDS.values()]}))
        return
    table = Table(*(_say(language, f"head_{each}") for each in ("kind", "what", "where", "takes")))
    for each in KINDS.values():
        takes = ", ".join(f"{name}={usual:g}" for name, (_, _, usual) in each.numbers.items())
        where = _say(language, "of_line" if each.on_link else "of_city")
        table.add_row(each.name, each.en if language == "en" else each.zh, where, takes)
    _console().print(table)


@click.command()
@click.argument("numbers", nargs=-1, metavar="[FAULT]...")
@dir_option
@lang_option
@json_option
@click.pass_context
def mend(
    ctx: click.Context, *, numbers: tuple[str, ...], folder: Folder, language: str, as_json: bool
) -> None:
    """Mend faults that are open; all of them, where none is named.

    It waits until what they took hold of serves again, and says how long that took; it ends with 1
    where something does not.
    """
    wanted = numbers or [each["fault"] for each in ask(folder, "status")["faults"]]
    found = {
        number: ask(folder, "mend", seconds=_MEND_SECONDS, fault=number)["recovered_after"]
        for number in wanted
    }
    code = 1 if None in found.values() else 0
    if as_json:
        click.echo(json.dumps({"mended": found}))
        ctx.exit(code)
    console = _console()
    for number, seconds in found.items():
        text = "mended" if seconds is not None else "mended_not_serving"
        console.print(_say(language, text, fault=number, seconds=seconds or 0), highlight=False)
    if not found:
        console.print(_say(language, "nothing_to_mend"))
    ctx.exit(code)


def _city_command(name: str, do: str, text: str, what: str) -> click.Command:
    @click.option("--city", required=True, help="Which city, with all its processes.")
    @dir_option
    @lang_option
    def command(*, city: str, folder: Folder, language: str) -> None:
        ask(folder, do, seconds=_MEND_SECONDS, city=city)
        _console().print(_say(language, text, city=city), highlight=False)

    return click.command(name, help=what)(command)


start = _city_command(
    "start",
    "start_city",
    "started",
    "Start a city that was stopped, as `systemctl start hutong` on its machine.\n\n"
    "It waits until the city serves; one that does not is stopped again, and its log is shown.",
)
stop = _city_command(
    "stop",
    "stop_city",
    "stopped",
    "Stop a city, as `systemctl stop hutong` on its machine; the others go on.\n\n"
    "Its folder is yours until `start`. A PostgreSQL server that it has goes on.",
)


@click.command()
@dir_option
@lang_option
def down(*, folder: Folder, language: str) -> None:
    """End everything that runs; what it left in the folder stays, for `check` and `report`."""
    ended = take_down(folder)
    _console().print(_say(language, "down" if ended else "not_up"))


COMMANDS: tuple[click.Command, ...] = (up, status, start, stop, fault, mend, down)
