"""A page of the manual, typed word for word: its commands, and the answers that it promises.

A block of `sh` is typed at the terminal that its first line names (`# Hangzhou`), or at the only
one. Each line of the block of `text` below it must come in the answer, in that order. There `...`
stands for anything, and a word in capitals for what is put in the place of that word from then on.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.scenarios.stage import ROOT

OPERATING: Final = "docs/operating/"
_PART: Final = re.compile(
    r"^```(sh|text)\n(.*?)^```$|^<!-- here: (.*?) -->$", re.MULTILINE | re.DOTALL
)
_WHO: Final = re.compile(r"# ([A-Z]\w+)\n")
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


def steps_of(page: str, heading: str = "") -> list[Step]:
    """What is done on a page, or in one of its sections, in its order."""
    text = (ROOT / page).read_text("utf-8")
    first, last = _section(text, heading)
    found = list[Step]()
    for part in _PART.finditer(text, first, last):
        kind, body, happens = part.groups()
        line = text.count("\n", 0, part.start()) + 1
        if happens:
            found.append(Step(line, happens=happens))
        elif kind == "sh":
            named = _WHO.match(body)
            who = named[1] if named else ""
            found.append(Step(line, who, body[named.end() :] if named else body))
        else:
            before = found.pop()
            if before.promised or not before.commands:
                raise ValueError(f"{page}:{line}: an answer to nothing")
            promised = tuple(filter(None, body.splitlines()))
            found.append(Step(before.line, before.who, before.commands, promised))
    return found


def _section(text: str, heading: str) -> tuple[int, int]:
    """From where to where the section of that heading goes; without one all of the text."""
    if not heading:
        return 0, len(text)
    [first] = [m.end() for m in re.finditer(rf"(?m)^## {re.escape(heading)}", text)]
    after = text.find("\n## ", first)
    return first, len(text) if after < 0 else after


def blocks(page: str, heading: str = "") -> list[str]:
    """The commands of a page of docs/operating, block for block; or of one of its sections."""
    found = [step.commands for step in steps_of(OPERATING + page, heading)]
    assert found, heading
    return found


def words_of(page: str) -> frozenset[str]:
    """The words in capitals that stand for something: promised in an answer, and typed later."""
    steps = steps_of(page)
    typed = {word for step in steps for word in _WORD.findall(step.commands)}
    said = [word for step in steps for each in step.promised for word in _WORD.findall(each)]
    return frozenset(w for w in said if w in typed or said.count(w) > 1)


@dataclass
class Terminal:
    """Somebody's terminal: what was exported stays, and so does what was left running."""

    folder: Path
    name: str = "terminal"
    places: Mapping[str, str] = field(default_factory=dict)
    """What is here in the place of what a page says: addresses, folders."""
    environment: Mapping[str, str] = field(default_factory=dict)
    machine: str = ""
    """What the machine has besides, as a function of the shell: `systemctl`."""
    groups: list[int] = field(default_factory=list)

    def type(self, commands: str) -> tuple[int, str]:
        """Type commands; in what they end, and all that they said."""
        kept = self.folder / f".{self.name}"
        restored = f'[ ! -e "{kept}" ] || . "{kept}"'
        typed = self.local(commands)
        script = f'set -euo pipefail\n{self.machine}\n{restored}\n{typed}\nexport -p >"{kept}"\n'
        answer = self.folder / f".{self.name}-answer"
        with answer.open("wb") as out:
            shell = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # What it leaves in the background is found by this.
                start_new_session=True,
            )
            self.groups.append(shell.pid)
            code = shell.wait(_SECONDS)
        # Of what is over nothing is remembered: its number may be another's by the end.
        self.groups = list(filter(_runs, self.groups))
        return code, answer.read_text("utf-8")

    def follow(self, block: str, *, code: int = 0, **words: str) -> str:
        """Type a block with words in the place of those in capitals; it ends with that code."""
        for name, word in words.items():
            block = re.sub(rf"\b{name}\b", word, block)
        ended, said = self.type(block)
        assert ended == code, f"{block}\nended in {ended}:\n{said}"
        return said

    def local(self, text: str) -> str:
        """A text of a page with what is here in its place; the longer names first."""
        names = sorted(self.places, key=len, reverse=True)
        if not names:
            return text
        return re.sub("|".join(map(re.escape, names)), lambda m: self.places[m[0]], text)

    def _environment(self) -> dict[str, str]:
        clean = {name: v for name, v in os.environ.items() if not name.startswith("HUTONG_")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**clean, "PATH": path, "LANG": "C.UTF-8", **self.environment}

    def stop(self) -> None:
        """End what it left running."""
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
        give_up = time.monotonic() + _SECONDS
        while any(map(_runs, self.groups)):
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
def sat_at(*terminals: Terminal) -> Iterator[dict[str, Terminal]]:
    """The terminals by their names; nothing that they started is left running."""
    try:
        yield {each.name: each for each in terminals}
    finally:
        with contextlib.ExitStack() as stack:
            for each in terminals:
                stack.callback(each.stop)


@dataclass
class Typist:
    """Types a page; `acts` are what happens meanwhile."""

    terminals: Mapping[str, Terminal]
    acts: dict[str, Callable[[], None]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def type(self, page: str, heading: str = "") -> None:
        """Type a page, or one of its sections, as far as somebody sits at the terminals.

        Fails at the first answer that is not as promised.
        """
        known = words_of(page)
        for step in steps_of(page, heading):
            if step.who and step.who not in self.terminals:
                continue
            where = f"{page}:{step.line}"
            if step.happens:
                self.acts[step.happens]()
                continue
            terminal, commands = self.terminals[step.who], self._filled(step.commands)
            code, answer = terminal.type(commands)
            fails = any(each.startswith("Error") for each in step.promised)
            assert (code != 0) is fails, f"{where}: {commands}\nended in {code}:\n{answer}"
            promised = tuple(map(terminal.local, step.promised))
            self._hold(where, promised, known, answer)

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
        said = " ".join(self._filled(promised).split())
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
