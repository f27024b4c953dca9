"""The view of a run while it goes on: its cities, the current step, faults, and the last figures.

It looks at what the keeper says and at what clients have written by then, in a thread of its own; a
look that fails shows nothing new and ends nothing.
"""

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from scripts.harnessing.keeper_client import Answer, KeeperError, ask
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading.outcomes import went_well
from scripts.harnessing.records import Act
from scripts.harnessing.telling import Said, say

LAST_SECONDS: Final = 10
_LOOK_SECONDS: Final = 1.0
_ASK_SECONDS: Final = 5.0
_READ_BYTES: Final = 8 * 1024 * 1024
_COLOURS: Final = {"serving": "green", "starting": "yellow", "paused": "magenta", "down": "red"}


@dataclass(slots=True)
class Tail:
    """The last acts of every file of histories, read as they are written."""

    folder: Path
    total: int = 0
    last: deque[tuple[float, float, bool]] = field(default_factory=deque)
    """When each ended, how long its caller waited, and whether it went well."""
    _read: dict[Path, int] = field(default_factory=dict)

    def look(self, now: float) -> None:
        """Read on; forget what ended before the last seconds."""
        for path in sorted(self.folder.glob("*.jsonl")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                found = file.read(_READ_BYTES)
            # A line that is being written is read the next time.
            whole = found[: found.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            for line in whole.splitlines():
                self._take(Act(**json.loads(line)))
        while self.last and self.last[0][0] < now - LAST_SECONDS:
            self.last.popleft()

    def _take(self, act: Act) -> None:
        self.total += 1
        self.last.append((act.ended, act.ended - act.due, went_well(act)))

    def figures(self) -> Said:
        """Rate, errors and p99 of the last seconds."""
        waits = [waited for _, waited, _ in self.last]
        return say(
            "figures",
            seconds=LAST_SECONDS,
            rate=len(waits) / LAST_SECONDS,
            errors=sum(not well for _, _, well in self.last),
            p99=float(np.quantile(waits, 0.99)) * 1000 if waits else 0.0,
            total=self.total,
        )


class View:
    """Shows a run for as long as it lasts; `tell` says a line that stays."""

    def __init__(self, console: Console, folder: Folder, language: str) -> None:
        """Show the run in this folder."""
        self._console, self._folder, self._language = console, folder, language
        self._tail = Tail(folder.histories)
        self._status: Answer = {}
        # Made by who looks: who shows is another thread, and must not read what is being changed.
        self._figures: Said | None = None
        self._step, self._ends = Text(""), 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._live = Live(
            console=console, get_renderable=self._shown, transient=True, refresh_per_second=4
        )

    def __enter__(self) -> Self:
        """Begin to look, and to show it where this is a terminal."""
        self._thread.start()
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Show nothing any more."""
        self._over.set()
        self._live.stop()
        self._thread.join()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the terminal to a command that shows its own progress."""
        self._live.stop()
        try:
            yield
        finally:
            if self._console.is_terminal and not self._over.is_set():
                self._live.start()

    def tell(self, said: Said, style: str = "") -> None:
        """Say a line that stays."""
        self._console.print(Text(said.of(self._language), style), soft_wrap=True)

    def step(self, said: Said) -> None:
        """Say what is done now."""
        self._step = Text(said.of(self._language), "bold cyan")
        self._console.print(self._step, soft_wrap=True)

    def until(self, seconds: float) -> None:
        """Show how much is left of so many seconds from now."""
        self._ends = time.monotonic() + seconds

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            # What cannot be read now is read at the next look.
            with contextlib.suppress(KeeperError, OSError, ValueError, TypeError):
                self._tail.look(time.time())
                self._figures = self._tail.figures() if self._tail.total else None
                self._status = ask(self._folder, "status", seconds=_ASK_SECONDS)

    def _t(self, text: str, **words: Any) -> str:  # noqa: ANN401 - whatever is shown
        return say(text, **words).of(self._language)

    def _shown(self) -> RenderableType:
        parts: list[RenderableType] = [Spinner("dots", self._step)]
        if self._ends > time.monotonic():
            minutes, seconds = divmod(int(self._ends - time.monotonic()), 60)
            parts.append(self._t("left", left=f"{minutes}:{seconds:02}"))
        if self._status:
            parts += [self._cities(), self._faults()]
        if self._figures:
            parts.append(self._figures.of(self._language))
        return Group(*parts)

    def _cities(self) -> Table:
        table = Table(*(self._t(each) for each in ("cities", "state", "memory", "files")))
        for each in self._status.get("cities", ()):
            state = str(each["state"])
            table.add_row(
                f"{each['pinyin']}/{each['process']}",
                Text(self._t(state), _COLOURS.get(state, "")),
                f"{each['rss_bytes'] / 1_000_000:.0f} MB",
                str(each["open_files"]),
            )
        return table

    def _faults(self) -> str:
        found = ", ".join(
            " ".join(filter(None, (each["kind"], each["city"], each.get("other", ""))))
            for each in self._status.get("faults", ())
        )
        return self._t("faults", what=found or self._t("none"))
