"""What a generator did, written as it happens: a line for each act, and what is told meanwhile."""

from collections import Counter
from pathlib import Path

from scripts.harnessing import records
from scripts.harnessing.loading.buckets import bucket
from scripts.harnessing.loading.outcomes import told, was_answered, went_well
from scripts.harnessing.records import Act


class History:
    """The history of one generator: acts are kept until `flush` writes them, all in one write."""

    def __init__(self, path: Path) -> None:
        """To this file, which may be there already."""
        self._path = path
        self._waiting = list[Act]()
        self.calls = 0
        self.failed = Counter[str]()
        """Acts that did not go well, by what they came to."""
        self._latency = Counter[int]()

    def add(self, act: Act) -> None:
        """Keep an act."""
        self._waiting.append(act)
        self.calls += 1
        if not went_well(act):
            self.failed[told(act)] += 1
        if was_answered(act):
            self._latency[bucket((act.ended - act.due) * 1000)] += 1

    def flush(self) -> dict[int, int]:
        """Write what waits; how often each latency was since the last time, by its bucket."""
        waiting, self._waiting = self._waiting, []
        latency, self._latency = self._latency, Counter()
        records.append(self._path, waiting)
        return dict(latency)
