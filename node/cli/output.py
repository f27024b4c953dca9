"""What a command says: for people (texts and tables) or for programs (one JSON document).

Nothing that came from a file or from another city can steer the terminal: what cannot be
printed is shown by its number.
"""

import json
import sys
from collections.abc import Sequence
from typing import IO, Final, NoReturn

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from node.logs import is_journal

# Columns where nobody says how wide a page is: wide enough that ids stay whole.
_WIDTH: Final = 120
_ESCAPED_WIDE: Final = 0x10000


class _Page(Console):
    """A console that leaves a broken pipe to its caller."""

    def on_broken_pipe(self) -> NoReturn:
        """The reader has gone: so say, and nothing else."""
        raise BrokenPipeError


def clean(value: str) -> str:
    """The text without anything that a terminal would act on, or that would reorder it."""
    return "".join(c if c.isprintable() else _escaped(c) for c in value)


def _is_half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < _ESCAPED_WIDE else f"\\U{number:08x}"


def _print(table: Table) -> None:
    """Print a table; into a file or a pipe without the blanks that only fill its frame."""
    console = _console(sys.stdout)
    if sys.stdout.isatty():
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    lines = (line.rstrip() for line in captured.get().splitlines())
    sys.stdout.write("".join(f"{line}\n" for line in lines if line))


def _console(file: IO[str]) -> Console:
    terminal = file.isatty()
    return _Page(
        file=file,
        width=None if terminal else _WIDTH,
        no_color=not terminal,
        force_terminal=terminal,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


class Output:
    """Where a command says what it did."""

    def __init__(self, *, machine: bool) -> None:
        """JSON where `machine`, else texts and tables."""
        self.machine = machine

    def document(self, document: object) -> bool:
        """Print the JSON document if that is wanted; whether it was."""
        if self.machine:
            ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
            shown = json.dumps(document, ensure_ascii=ascii_only, indent=2)
            if any(map(_is_half, shown)):
                # Half a character, which JSON can spell and no encoding can write.
                shown = json.dumps(document, indent=2)
            sys.stdout.write(shown + "\n")
        return self.machine

    def line(self, text: str, *, style: str = "") -> None:
        """Print one line, however long."""
        _console(sys.stdout).print(Text(clean(text), style=style), soft_wrap=True)

    def lines(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Print names and values below each other."""
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in pairs:
            table.add_row(clean(name), clean(value))
        _print(table)

    def table(
        self, headings: Sequence[str], rows: Sequence[Sequence[str]], *, whole: Sequence[int] = ()
    ) -> None:
        """Print rows below headings; the columns `whole` are never broken where there is room."""
        table = Table(
            box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold"
        )
        for place, heading in enumerate(headings):
            table.add_column(clean(heading), overflow="fold", no_wrap=place in whole)
        for row in rows:
            table.add_row(*(Text(clean(cell)) for cell in row))
        _print(table)

    def raw(self, text: str) -> None:
        """Print a text of our own as it is, line for line."""
        sys.stdout.write(text)

    def note(self, text: str) -> None:
        """Say something beside the result, for people only."""
        if not self.machine:
            _console(sys.stderr).print(Text(clean(text)), soft_wrap=True)


def error_line(text: str) -> None:
    """Say on standard error what went wrong; to systemd's journal as an error, to be found."""
    if is_journal(sys.stderr):
        sys.stderr.write(f"<3>{clean(text)}\n")
        return
    _console(sys.stderr).print(Text(clean(text), style="bold red"), soft_wrap=True)
