"""How far each target was searched, in all runs together: a file beside the corpora."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

FILE: Final = "state.json"

# A search is long enough to be judged once so many samples of its memory were taken, and it grew
# where the last quarter has so much more than the second: by then all that is loaded and cached is.
_SAMPLES: Final = 64
_GROWTH_MIB: Final = 48.0
_GROWTH_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True)
class Progress:
    """What was done of one target, in all runs together; memory in MiB, of the largest process."""

    inputs: int = 0
    seconds: float = 0.0
    peak_mib: float = 0.0
    grew_mib: float = 0.0

    def after(self, inputs: int, seconds: float, samples: list[float]) -> "Progress":
        """With one more process that did so much."""
        return Progress(
            self.inputs + inputs,
            round(self.seconds + seconds, 1),
            max(self.peak_mib, *samples, 0.0),
            growth(samples),
        )

    @property
    def rate(self) -> float:
        """Inputs a second."""
        return self.inputs / self.seconds if self.seconds else 0.0


def growth(samples: list[float]) -> float:
    """By how many MiB the memory of a process grew while it should have been level; 0 for none."""
    if len(samples) < _SAMPLES:
        return 0.0
    quarter = len(samples) // 4
    before, after = median(samples[quarter : 2 * quarter]), median(samples[-quarter:])
    grew = after - before
    return round(grew, 1) if grew > max(_GROWTH_MIB, before * _GROWTH_SHARE) else 0.0


class State:
    """The file of what was done."""

    def __init__(self, folder: Path) -> None:
        """In the folder of the corpora; what is in it is read."""
        self._file = folder / FILE
        self._done = dict[str, Progress]()
        if self._file.exists():
            said = json.loads(self._file.read_text("utf-8"))
            self._done = {name: Progress(**each) for name, each in said["targets"].items()}

    def of(self, target: str) -> Progress:
        """What was done of a target."""
        return self._done.get(target, Progress())

    def add(self, target: str, inputs: int, seconds: float, samples: list[float]) -> Progress:
        """Take down what a process did, for good."""
        found = self._done[target] = self.of(target).after(inputs, seconds, samples)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        whole = {"targets": {name: asdict(each) for name, each in sorted(self._done.items())}}
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(whole, indent=2) + "\n", "utf-8")
        part.replace(self._file)
        return found
