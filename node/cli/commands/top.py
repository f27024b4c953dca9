"""A live view of a city on a terminal."""

import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from node import bootstrap
from node.cli import exits
from node.cli.errors import METRICS_OFF, HutongError
from node.cli.session import Session, pass_session
from node.cli.shape import command, option
from node.cli.top.drawing import frame
from node.cli.top.figures import Figures, figures
from node.cli.top.keyboard import Keyboard
from node.cli.top.window import Window
from node.cli.values import address_of, named

# How long a process may take to answer, and how many are asked at once.
_PATIENCE: Final = 2.0
_AT_ONCE: Final = 8
_WIDTH: Final = 120
_HEIGHT: Final = 1000


@command("top")
@option("--metrics", multiple=True, type=address_of, metavar="HOST:PORT", text="top_metrics")
@option("--every", type=click.FloatRange(0.2, 60), default=1.0, metavar="SECONDS", text="top_every")
@option("--once", is_flag=True, text="top_once")
@pass_session
def top(session: Session, *, metrics: tuple[str, ...], every: float, once: bool) -> int:
    """Show what the processes of a city measure, again and again."""
    city = _City(_addresses(session, metrics), _code(session))
    if once or (not session.machine and not sys.stdout.isatty()):
        return _once(session, city, every)
    # Ctrl-C is the way to end it, and so is SIGTERM.
    try:
        with Keyboard() as keyboard:
            if session.machine:
                _print_all(city, keyboard, every)
            else:
                _show(session, city, keyboard, every)
    except KeyboardInterrupt:
        pass
    return exits.DONE


class _City:
    """The processes of a city, as they are read again and again."""

    def __init__(self, addresses: Sequence[str], code: str) -> None:
        """Nothing was read yet."""
        self._windows = [Window(address) for address in addresses]
        self._code = code

    def look(self) -> Figures:
        """Read all of them at once; who does not answer holds up no other."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(_read, self._windows))
        return figures(self._windows, self._code, datetime.now(UTC))


def _read(window: Window) -> None:
    try:
        samples = bootstrap.scrape(window.address, _PATIENCE)
    except HutongError as error:
        window.lose(error.fields["problem"])
    else:
        window.add(time.monotonic(), samples)


def _addresses(session: Session, given: Sequence[str]) -> tuple[str, ...]:
    """Where metrics are read; raises METRICS_OFF where neither option nor settings say it."""
    if given:
        return tuple(dict.fromkeys(given))
    listen = session.settings.metrics_listen
    if not listen:
        raise HutongError(METRICS_OFF, path=str(session.settings_path))
    return (session.dialled(listen),)


def _code(session: Session) -> str:
    """The city, where there are settings of it here: its metrics say it, too."""
    return session.settings.city if session.settings_path.exists() else ""


def _once(session: Session, city: _City, every: float) -> int:
    """One frame, with rates: of two looks."""
    city.look()
    time.sleep(every)
    found = city.look()
    if not session.out.document(_document(found)):
        console = Console(width=_width(), no_color=not sys.stdout.isatty(), highlight=False)
        for line in _frame(session, found, console.width, _HEIGHT):
            console.print(line, soft_wrap=True)
    silent = all(process.problem for process in found.processes)
    return exits.UNREACHABLE if silent else exits.DONE


def _print_all(city: _City, keyboard: Keyboard, every: float) -> None:
    """A line of JSON for each look, until it is ended."""
    while True:
        sys.stdout.write(json.dumps(_document(city.look())) + "\n")
        sys.stdout.flush()
        if keyboard.enough(every):
            return


def _show(session: Session, city: _City, keyboard: Keyboard, every: float) -> None:
    console = Console(highlight=False, markup=False, emoji=False, legacy_windows=False)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            found = city.look()
            width, height = console.size
            live.update(Group(*_frame(session, found, width, height)), refresh=True)
            if keyboard.enough(every):
                return


def _frame(session: Session, found: Figures, width: int, height: int) -> list[Text]:
    title = named(session, found.city) if found.city else ""
    return frame(found, session.say, width, height, title=title)


def _width() -> int | None:
    return None if sys.stdout.isatty() else _WIDTH


def _document(found: Figures) -> dict[str, Any]:
    document = dataclasses.asdict(found)
    document["at"] = found.at.isoformat()
    # JSON has no pairs for keys.
    document["methods"] = [
        {"port": port, "method": method, **dataclasses.asdict(calls)}
        for (port, method), calls in found.methods.items()
    ]
    return document
