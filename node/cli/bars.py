"""Progress bars, for people only: hidden from programs, and where nobody looks."""

import sys

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from node.cli.session import Session


def bars(session: Session, *columns: ProgressColumn) -> Progress:
    """Bars on standard error that are gone at the end; with these columns, or the usual ones."""
    return Progress(
        *columns,
        console=Console(file=sys.stderr),
        transient=True,
        disable=session.machine or not sys.stderr.isatty(),
    )


def counting(session: Session, *more: ProgressColumn) -> Progress:
    """Bars that say how many of how many are done, with these columns before the time left."""
    return bars(
        session,
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *more,
        TimeRemainingColumn(),
    )
