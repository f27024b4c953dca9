"""A page of the manual, typed word for word: its commands, and the answers that it promises.

A block of `sh` is typed at the terminal that its first line names, and each line of the block of
`text` below it must come in the answer, in that order. There `...` stands for anything, and a word
in capitals for what is put in the place of that word from then on.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scripts.cities import free_ports
from tests.scenarios.stage import ROOT

_PART: Final = re.compile(
    r"^```(sh|text)\n(.*?)^```$|^<!-- here: (.*?) -->$", re.MULTILINE | re.DOTALL
)
_WORD: Final = re.compile(r"\b[A-Z]{4,}\b")
_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Step:
    """One block of commands with what it promises, or something that happens meanwhile."""

    line: int
    who: str = ""
    commands: str = ""
    promised: tuple[str, ...] = ()
    happens: str = ""


def steps_of(page: str) -> list[Step]:
    """What is done on a page, in its order."""
    text = (ROOT / page).read_text("utf-8")
    found = list[Step]()
    for part in _PART.finditer(text):
        kind, body, happens = part.groups()
        line = text.count("\n", 0, part.start()) + 1
        if happens:
            found.append(Step(line, happens=happens))
        elif kind == "sh":
            who, _, commands = body.partition("\n")
            found.append(Step(line, who.removeprefix("# "), commands))
        else:
            before = found.pop()
            if before.promised or not before.commands:
                raise ValueError(f"{page}:{line}: an answer to nothing")
            promised = tuple(filter(None, body.splitlines()))
            found.append(Step(before.line, before.who, before.commands, promised))
    return found


def words_of(page: str) -> frozenset[str]:
    """The words in capitals that stand for something: promised in an answer, and typed later."""
    steps = steps_of(page)
    typed = {word for step in steps for word in _WORD.findall(step.commands)}
    said = [word for step in steps for each in step.promised for word in _WORD.findall(each)]
    return frozenset(w for w in said if w in typed or said.count(w) > 1)


@dataclass
class Terminals:
    """The officers' terminals in one folder, that looks like a checkout."""

    folder: Path
    ports: dict[str, str]
    sessions: list[tuple[str, int]] = field(default_factory=list)

    def type(self, who: str, commands: str) -> tuple[int, str]:
        """Type commands; in what they end, and all that they said."""
        kept = self.folder / f".{who}"
        script = f'set -eu\n[ ! -e "{kept}" ] || . "{kept}"\n{commands}\nexport -p >"{kept}"\n'
        answer = self.folder / ".answer"
        clean = {name: v for name, v in os.environ.items() if not name.startswith("HUTONG_")}
        with answer.open("wb") as out:
            shell = subprocess.Popen(
                ["bash", "-c", self.local(script)],
                cwd=self.folder,
                env=clean,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # What it leaves in the background is found by this.
                start_new_session=True,
            )
            self.sessions.append((who, shell.pid))
            code = shell.wait(_SECONDS)
        # Of what is over nothing is remembered: its number may be another's by the end.
        self.sessions = [each for each in self.sessions if _runs(each[1])]
        return code, answer.read_text("utf-8")

    def local(self, text: str) -> str:
        """A text of a page with the ports of these cities."""
        return re.sub(r":(\d{4})\b", lambda m: f":{self.ports.get(m[1], m[1])}", text)

    def stop(self, who: str = "") -> None:
        """End what one of them left running, or all."""
        groups = [group for name, group in self.sessions if who in ("", name)]
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
        give_up = time.monotonic() + _SECONDS
        while any(map(_runs, groups)):
            if time.monotonic() > give_up:
                raise TimeoutError("what was started at a terminal does not end")
            time.sleep(0.05)


def _runs(group: int) -> bool:
    """Whether some process of a group runs; one that has ended and waits to be asked does not."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its = path.read_text("utf-8", "replace").rpartition(")")[2].split()[:3]
            if int(its) == group and state not in "ZX":
                return True
    return False


@contextlib.contextmanager
def terminals(folder: Path) -> Iterator[Terminals]:
    """Terminals whose cities have ports of their own; nothing is left running."""
    (folder / "node").symlink_to(ROOT / "node")
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    ports = dict[str, str]()
    for first in (7443, 8443):
        base = _three_free()
        ports |= {str(first + i): str(base + i) for i in range(3)}
    made = Terminals(folder, ports)
    try:
        yield made
    finally:
        made.stop()


def _three_free() -> int:
    """The first of three ports in a row that nobody has: the third is the onboarding port's."""
    while True:
        [base] = free_ports(1)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for port in range(base, base + 3):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return base


@dataclass
class Typist:
    """Types a page; `acts` are what happens meanwhile."""

    terminals: Terminals
    acts: dict[str, Callable[[], None]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def type(self, page: str) -> None:
        """Type all of a page; fails at the first answer that is not as promised."""
        known = words_of(page)
        for step in steps_of(page):
            where = f"{page}:{step.line}"
            if step.happens:
                self.acts[step.happens]()
                continue
            commands = self._filled(step.commands)
            code, answer = self.terminals.type(step.who, commands)
            fails = any(each.startswith("Error") for each in step.promised)
            assert (code != 0) is fails, f"{where}: {commands}\nended in {code}:\n{answer}"
            self._hold(where, step.promised, known, answer)

    def _filled(self, text: str) -> str:
        return _WORD.sub(lambda m: self.words.get(m[0], m[0]), text)

    def _hold(
        self, where: str, promised: tuple[str, ...], known: frozenset[str], answer: str
    ) -> None:
        lines = iter([" ".join(line.split()) for line in answer.splitlines()])
        for each in promised:
            pattern = self._pattern(each, known)
            found = next(filter(None, map(pattern.fullmatch, lines)), None)
            assert found, f"{where}: promised {each!r} ({pattern.pattern}), and it said:\n{answer}"
            self.words |= found.groupdict()

    def _pattern(self, promised: str, known: frozenset[str]) -> re.Pattern[str]:
        said = " ".join(self.terminals.local(self._filled(promised)).split())
        pattern, bound = "", set[str]()
        for piece in re.split(r"(\.\.\.|\b[A-Z]{4,}\b)", said):
            if piece == "...":
                pattern += ".*"
            elif piece in known and piece not in bound:
                pattern += rf"(?P<{piece}>\S+?)"
                bound.add(piece)
            else:
                pattern += re.escape(piece)
        return re.compile(pattern)
