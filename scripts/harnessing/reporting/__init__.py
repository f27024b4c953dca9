"""The report of a run: one page of HTML, without a script and without anything from elsewhere.

What comes from a run is text, and can be nothing else.
"""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import jinja2

from scripts.harnessing.layout import Folder
from scripts.harnessing.reporting.gathering import ReportError, gather
from scripts.harnessing.reporting.page import fields
from scripts.harnessing.reporting.verdict import Verdict, judge

__all__ = ["ReportError", "Told", "tell", "write"]

_FOLDER: Final = Path(__file__).parent


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """A report that was written, and what the run came to."""

    path: Path
    verdict: Verdict


def write(folder: Folder, lang: str = "en", out: Path | None = None) -> Path:
    """Write the report of a run, in "zh" or "en", and say where; `report.html` in its folder.

    Raises:
        ReportError: where nothing was brought up there, or the file cannot be written.

    """
    return tell(folder, lang, out).path


def tell(folder: Folder, lang: str = "en", out: Path | None = None) -> Told:
    """As `write`, with the verdict."""
    run, path = gather(folder), out or folder.report
    found = judge(run)
    page = _environment().get_template("report.html").render(fields(run, found, lang, time.time()))
    try:
        path.write_text(page, "utf-8")
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {error.strerror}; say --out FILE") from error
    return Told(path, found)
