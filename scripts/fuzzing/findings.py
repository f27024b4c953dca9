"""What a search found: the input as a file, and beside it what is wrong and how to see it again."""

import hashlib
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_OURS: Final = tuple(str(_ROOT / part) for part in ("federation", "node", "scripts/fuzzing"))
_SHOWN: Final = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of one target; `where` tells it from the others, and stays the same."""

    target: str
    where: str
    problem: str
    file: Path

    @property
    def command(self) -> str:
        """How to see it again."""
        return f"scripts/fuzz --replay {self.file}"


def where_of(error: BaseException) -> str:
    """What tells a fault from others: the kind of the error, and the line of ours that it left."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_OURS)]
    # Of a recursion the innermost line is chance: the outermost one is not.
    place = ours[min(1, len(ours) - 1)] if isinstance(error, RecursionError) else ours[-1]
    file = Path(place.filename).relative_to(_ROOT).with_suffix("")
    said = f"{type(error).__name__} {file}:{place.lineno}"
    if type(error).__name__ == "BrokenPromiseError":
        asked = [frame for frame in ours if not frame.filename.endswith("oracle.py")]
        return f"{said} {asked[-1].lineno} {error}"
    return said


def keep(folder: Path, target: str, data: bytes, error: BaseException) -> Finding:
    """Write an input that breaks something, unless a shorter one of the same fault is there."""
    where = where_of(error)
    told = "".join(traceback.format_exception(error))
    return write(folder, target, data, where, told)


def write(folder: Path, target: str, data: bytes, where: str, told: str) -> Finding:
    """Write an input with what is told of it, unless a shorter one of the same fault is there."""
    digest = hashlib.sha256(where.encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{target}--{digest}.bin"
    finding = Finding(target, where, told.strip().rpartition("\n")[2][:_SHOWN], file)
    if not file.exists() or file.stat().st_size > len(data):
        file.write_bytes(data)
        shown = f"{data[:_SHOWN]!r}{' ...' if len(data) > _SHOWN else ''}"
        lines = (
            f"target:  {target}",
            f"where:   {where}",
            f"again:   {finding.command}",
            f"keep it: cp {file} tests/fuzz/findings/{target}--WHAT.bin, with its story beside it",
            f"input:   {len(data)} bytes, {shown}",
        )
        text = "\n".join((*lines, "", told))
        file.with_suffix(".txt").write_text(text, "utf-8", "backslashreplace")
    return finding


def all_of(folder: Path) -> list[Finding]:
    """Every finding that lies in a folder."""
    found = list[Finding]()
    for file in sorted(folder.glob("*--*.bin")):
        text = file.with_suffix(".txt")
        told = text.read_text("utf-8") if text.exists() else ""
        said = dict(line.partition(":")[::2] for line in told.splitlines()[:5])
        problem = told.strip().rpartition("\n")[2][:_SHOWN]
        target = file.name.partition("--")[0]
        found.append(Finding(target, said.get("where", "").strip(), problem, file))
    return found
