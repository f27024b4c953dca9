"""How far each target was searched, in all runs together.

What was done is in two files: the record, which the repository keeps, and beside the corpora what
is not in it yet. They add up, and `State.record` moves the one into the other. Both are read anew
and written under a lock, so that one may be recorded while another process searches.
"""

import fcntl
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from scripts.fuzzing.sources import ROOT

FILE: Final = "state.json"
RECORD: Final = ROOT / "tests" / "fuzz" / "counts.json"
"""What the repository keeps of it."""

ASKED: Final = 10_000_000
"""Inputs that each parser is to have had."""

# A search is long enough to be judged once so many samples of its memory were taken, and it grew
# where the last quarter has so much more than the second: by then all that is loaded and cached is.
_SAMPLES: Final = 64
_GROWTH_MIB: Final = 48.0
_GROWTH_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True)
class Progress:
    """What was done of one target; memory in MiB, of the largest process.

    `source` is what its parser said when it was searched last (`sources.read_by`), and `since` how
    many of the inputs it has had since then. How it grew is of that source alone.
    """

    inputs: int = 0
    since: int = 0
    seconds: float = 0.0
    peak_mib: float = 0.0
    grew_mib: float = 0.0
    source: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def turn(
        cls, inputs: int, seconds: float, samples: list[float], source: Mapping[str, str]
    ) -> "Progress":
        """What one process did."""
        peak = max(samples, default=0.0)
        return cls(inputs, inputs, round(seconds, 1), peak, growth(samples), dict(source))

    def plus(self, later: "Progress") -> "Progress":
        """With what was done after it."""
        if not later.inputs:
            return self
        same = later.source == self.source
        return Progress(
            self.inputs + later.inputs,
            later.since + (self.since if same else 0),
            round(self.seconds + later.seconds, 1),
            max(self.peak_mib, later.peak_mib),
            max(self.grew_mib if same else 0.0, later.grew_mib),
            later.source,
        )

    @property
    def rate(self) -> float:
        """Inputs a second."""
        return self.inputs / self.seconds if self.seconds else 0.0

    def left(self, runs: int) -> float:
        """Seconds until it has had so many inputs; 0 where none says how fast it is."""
        return max(runs - self.inputs, 0) / self.rate if self.rate else 0.0


def growth(samples: list[float]) -> float:
    """By how many MiB the memory of a process grew while it should have been level; 0 for none."""
    if len(samples) < _SAMPLES:
        return 0.0
    quarter = len(samples) // 4
    before, after = median(samples[quarter : 2 * quarter]), median(samples[-quarter:])
    grew = after - before
    return round(grew, 1) if grew > max(_GROWTH_MIB, before * _GROWTH_SHARE) else 0.0


class State:
    """What was done: what is recorded, and what is not yet."""

    def __init__(self, folder: Path, record: Path = RECORD) -> None:
        """Of the folder of the corpora."""
        self._file, self._kept = folder / FILE, record
        self._new = _read(self._file)
        self._recorded = _read(record)

    def of(self, target: str) -> Progress:
        """What was done of a target."""
        return self._recorded.get(target, Progress()).plus(self._new.get(target, Progress()))

    def add(self, target: str, turn: Progress) -> Progress:
        """Take down what a process did, for good."""
        with self._alone():
            self._new[target] = self._new.get(target, Progress()).plus(turn)
            _write(self._file, self._new)
        return self.of(target)

    def record(self, targets: Iterable[str]) -> None:
        """Move all into the record, which then has these targets and no other."""
        with self._alone():
            self._recorded = {name: self.of(name) for name in targets}
            self._new = {}
            # A process that dies in between loses some counts, and counts none twice.
            _write(self._file, self._new)
            _write(self._kept, self._recorded)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """With what is in the files now, and nobody else at them."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._new, self._recorded = _read(self._file), _read(self._kept)
            yield


def _read(file: Path) -> dict[str, Progress]:
    if not file.exists():
        return {}
    said: dict[str, dict[str, Any]] = json.loads(file.read_text("utf-8"))["targets"]
    return {name: Progress(**each) for name, each in said.items()}


def _write(file: Path, done: Mapping[str, Progress]) -> None:
    """A line for each target, so that a change shows which one it is of."""
    lines = [f'    "{name}": {json.dumps(asdict(each))}' for name, each in sorted(done.items())]
    part = file.with_suffix(".part")
    part.write_text('{\n  "targets": {\n' + ",\n".join(lines) + "\n  }\n}\n", "utf-8")
    part.replace(file)
