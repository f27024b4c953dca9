"""The last seconds of what one process measured: how fast it grows, and where it stands."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from node.bootstrap import Samples

# Seconds that a rate is taken over: long enough to be steady, short enough to see what happens.
_SECONDS: Final = 10.0
_STARTED: Final = ("process_start_time_seconds", ())

Labels = Mapping[str, str]


@dataclass(slots=True)
class Window:
    """What was read of one process; `problem` where it did not answer the last time."""

    address: str
    problem: str = ""
    _seen: deque[tuple[float, Samples]] = field(default_factory=deque)

    def add(self, at: float, samples: Samples) -> None:
        """What was read at an instant, in seconds that never jump."""
        if self._seen and self.value(*_STARTED) != samples.get(_STARTED):
            # Another process answers there: its counters began anew.
            self._seen.clear()
        self.problem = ""
        self._seen.append((at, samples))
        while at - self._second() >= _SECONDS:
            self._seen.popleft()

    def _second(self) -> float:
        """When the second oldest was read, which is left if the oldest goes."""
        return self._seen[1][0] if len(self._seen) > 1 else self._seen[-1][0]

    def lose(self, problem: str) -> None:
        """It did not answer: nothing is known of it until it does."""
        self.problem = problem
        self._seen.clear()

    @property
    def answers(self) -> bool:
        """Whether it answered the last time."""
        return bool(self._seen)

    @property
    def seconds(self) -> float:
        """How long the window is; 0 where rates are not known yet."""
        return self._seen[-1][0] - self._seen[0][0] if self._seen else 0.0

    def value(self, name: str, labels: tuple[tuple[str, str], ...] = ()) -> float | None:
        """The newest value of one metric; None where it is not measured."""
        return self._seen[-1][1].get((name, labels)) if self._seen else None

    def values(self, name: str) -> Iterator[tuple[Labels, float]]:
        """The newest values of a metric with labels."""
        if self._seen:
            for (found, labels), value in self._seen[-1][1].items():
                if found == name:
                    yield dict(labels), value

    def rates(self, name: str) -> Iterator[tuple[Labels, float]]:
        """How fast each counter of that name grows, in a second; nothing until that is known."""
        if not self.seconds:
            return
        first, last = self._seen[0][1], self._seen[-1][1]
        for key, value in last.items():
            if key[0] == name:
                yield dict(key[1]), max(value - first.get(key, 0.0), 0.0) / self.seconds
