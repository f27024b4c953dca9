"""Five cities on this machine, and residents who travel between them; `scripts/demo` runs this."""

import argparse
import locale
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from rich.console import Console

from scripts.cities import Cities, stop_left_up
from scripts.demo_story import Story

# Cities that `--keep` leaves up lie here, so that `--stop` finds them.
_KEPT: Final = Path(__file__).resolve().parent.parent / "var" / "demo"
_WIDTH: Final = 150


def main() -> int:
    """Run the demo; the exit code."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    language = _language(arguments.lang)
    stopped = stop_left_up(_KEPT)
    if arguments.stop:
        zh = f"已停止 {stopped} 个城市。"
        console.print(zh if language == "zh" else f"Stopped {stopped} cities.")
        return 0
    # A closed terminal and a `kill` stop the cities too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    began = time.monotonic()
    try:
        if arguments.keep:
            _keep(console, language)
        else:
            _show(console, language)
    except KeyboardInterrupt:
        return 130
    if not arguments.keep:
        seconds = time.monotonic() - began
        en = f"\nDone in {seconds:.0f} s; nothing is left running."
        zh = f"\n完成，用时 {seconds:.0f} 秒；没有遗留任何进程。"
        console.print(zh if language == "zh" else en, highlight=False)
    return 0


def _show(console: Console, language: str) -> None:
    directory = tempfile.TemporaryDirectory(prefix="hutong-demo-")
    with directory as path, Cities(Path(path)) as cities:
        _tell(cities, console, language)


def _keep(console: Console, language: str) -> None:
    shutil.rmtree(_KEPT, ignore_errors=True)
    _KEPT.mkdir(parents=True)
    with Cities(_KEPT) as cities:
        _tell(cities, console, language).next_steps()
        cities.leave_up()


def _tell(cities: Cities, console: Console, language: str) -> Story:
    # Nodes that are to be thrown away lie apart from those that may stay up.
    with tempfile.TemporaryDirectory(prefix="hutong-demo-forged-") as scratch:
        story = Story(cities, console, language, Path(scratch))
        story.set_up()
        story.run()
    return story


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--keep", action="store_true", help="leave the cities running")
    which.add_argument("--stop", action="store_true", help="stop the cities that --keep left")
    parser.add_argument("--lang", choices=("zh", "en"), default=None)
    return parser.parse_args()


def _language(chosen: str | None) -> str:
    if chosen:
        return chosen
    found = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
    return "zh" if found.startswith("zh") else "en"


if __name__ == "__main__":
    sys.exit(main())
