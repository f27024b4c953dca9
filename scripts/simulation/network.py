"""The network between simulated cities: seeded delays, losses, repetitions, cuts; and its counts.

What may happen to a call:
- It never arrives, or its answer does not: the caller waits until its deadline.
- It arrives twice, the second time whenever that may be; the second answer is nobody's.
- It overtakes another: each way takes its own time, so there is no order between calls.
- The line is cut, in one direction or both: as if it never arrived.
- The other city is down, or goes down on the way: the caller hears that there is no connection.

Within one stream messages keep their order, as on a line; where one is lost, nothing comes after
it. Whoever gives a call up ends it on the other side, too.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from federation.identifiers import CityCode


@dataclass(frozen=True, slots=True)
class Weather:
    """How the network is: seconds of one way, and chances of one call, 0 to 1."""

    shortest: float = 0.002
    longest: float = 0.03
    lost: float = 0.0
    answer_lost: float = 0.0
    twice: float = 0.0
    straggles: float = 0.0
    """One way that takes up to a hundred times as long."""


CALM: Final = Weather()
ROUGH: Final = Weather(lost=0.02, answer_lost=0.02, twice=0.02, straggles=0.02)
_STRAGGLING: Final = 100.0


@dataclass(slots=True)
class Traffic:
    """What went from one city to another by one method, and back."""

    calls: int = 0
    """Calls and messages of streams that were sent."""
    answers: int = 0
    """Answers that came back, errors included."""
    bytes_there: int = 0
    bytes_back: int = 0
    failed: int = 0
    """Calls that ended without any answer of the other city."""


@dataclass(slots=True)
class Queue:
    """The calls of a city that are under way: now, at most, and in all as call-seconds."""

    now: int = 0
    most: int = 0
    seconds: float = 0.0
    since: float = 0.0

    def change(self, by: int, at: float) -> None:
        """One more, or one less."""
        self.seconds += self.now * (at - self.since)
        self.since = at
        self.now += by
        self.most = max(self.most, self.now)

    def mean(self, at: float) -> float:
        """How many on the average, from the beginning of the run."""
        return (self.seconds + self.now * (at - self.since)) / at if at else 0.0


@dataclass(slots=True)
class Network:
    """Between all cities of a world; change `weather` and the rest while it runs."""

    chance: random.Random
    weather: Weather = CALM
    traffic: dict[tuple[CityCode, CityCode, str], Traffic] = field(
        default_factory=lambda: defaultdict(Traffic)
    )
    serving: dict[CityCode, Queue] = field(default_factory=lambda: defaultdict(Queue))
    """Calls that a city answers."""
    asking: dict[CityCode, Queue] = field(default_factory=lambda: defaultdict(Queue))
    """Calls that a city waits for."""
    _cut: Counter[tuple[CityCode, CityCode]] = field(default_factory=Counter)
    _slow: dict[CityCode, float] = field(default_factory=dict)

    def cut(
        self, some: Iterable[CityCode], others: Iterable[CityCode], *, both_ways: bool = True
    ) -> None:
        """Nothing gets from `some` to `others`, nor back unless it is cut one way only."""
        pairs = [(one, other) for one in some for other in others if one != other]
        self._cut.update(pairs)
        if both_ways:
            self._cut.update((other, one) for one, other in pairs)

    def isolate(self, city: CityCode, others: Iterable[CityCode]) -> None:
        """Cut one city off from others, both ways."""
        self.cut((city,), others)

    def mend(self, some: Iterable[CityCode] | None = None) -> None:
        """Mend every cut, or every one at these cities."""
        ends = None if some is None else set(some)
        for pair in list(self._cut):
            if ends is None or ends & set(pair):
                del self._cut[pair]

    def slow(self, city: CityCode, factor: float) -> None:
        """Each way to and from that city takes so many times as long; 1 is as ever."""
        self._slow[city] = factor

    def is_cut(self, sender: CityCode, receiver: CityCode) -> bool:
        """Whether nothing gets from one to the other now."""
        return (sender, receiver) in self._cut

    def way(self, sender: CityCode, receiver: CityCode) -> float:
        """Seconds that a message takes now."""
        weather = self.weather
        seconds = self.chance.uniform(weather.shortest, weather.longest)
        if self.happens(weather.straggles):
            seconds *= self.chance.uniform(1, _STRAGGLING)
        return seconds * self._slow.get(sender, 1.0) * self._slow.get(receiver, 1.0)

    def happens(self, likely: float) -> bool:
        """Whether something of that likelihood happens now; nothing is drawn where it cannot."""
        return likely > 0 and self.chance.random() < likely

    async def travel(self, sender: CityCode, receiver: CityCode, *, lost: float = 0.0) -> None:
        """The time of one message on its way; for ever where it does not arrive."""
        gone = self.is_cut(sender, receiver) or self.happens(lost)
        await asyncio.sleep(self.way(sender, receiver))
        if gone or self.is_cut(sender, receiver):
            await asyncio.get_running_loop().create_future()
