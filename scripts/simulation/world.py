"""A world of simulated cities: one seed, one time, one network, and a trace of all that happens."""

import asyncio
import contextlib
import hashlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, TypeVar

import structlog

from federation.identifiers import CityCode
from node import data
from scripts import towns
from scripts.simulation.city import SimCity
from scripts.simulation.loop import LIFE, run
from scripts.simulation.network import CALM, Network, Weather

T = TypeVar("T")

START: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
_KEPT_LINES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Options:
    """How a world is; `pace` is how many times as long each timer of a city waits.

    Clocks differ from the true time by up to `skew`, and drift by up to `drift` seconds a second.
    """

    weather: Weather = CALM
    skew: timedelta = timedelta(0)
    drift: float = 0.0
    pace: float = 1.0


class SimWorld:
    """So many cities, or these; enter it to start them all."""

    def __init__(
        self, seed: int, cities: int | Sequence[data.City], options: Options = Options()
    ) -> None:
        """Call it inside of `loop.run`; `simulate` does."""
        self.seed = seed
        self.options = options
        self.pace = options.pace
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        """The newest lines of the trace."""
        self.faults: list[str] = []
        """What no run may have: an error that nobody foresaw, in the words of the log."""
        self._digest = hashlib.sha256()
        self._streams: dict[str, random.Random] = {}
        self._loop = asyncio.get_running_loop()
        self._spawned: dict[asyncio.Task[Any], None] = {}
        self.network = Network(self.random("network"), options.weather)
        chance, skew = self.random("clocks"), options.skew.total_seconds()
        self.cities: dict[CityCode, SimCity] = {}
        for town in towns.towns(cities) if isinstance(cities, int) else cities:
            ahead = timedelta(seconds=chance.uniform(-skew, skew))
            drift = chance.uniform(-options.drift, options.drift)
            self.cities[town.code] = SimCity(town, self, ahead=ahead, drift=drift)
        self._stack = contextlib.ExitStack()

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return self._loop.time()

    @property
    def now(self) -> datetime:
        """The true time, which no city knows."""
        return START + timedelta(seconds=self._loop.time())

    def city(self, code: str) -> SimCity:
        """The city of that code; raises KeyError."""
        return self.cities[CityCode(code)]

    def random(self, name: str) -> random.Random:
        """The stream of chance of that name: what one draws changes nothing for another."""
        if name not in self._streams:
            self._streams[name] = random.Random(f"{self.seed}\0{name}")  # noqa: S311 - it must repeat
        return self._streams[name]

    def trace(self, what: str, **words: object) -> None:
        """Keep that something happened now; words are texts and numbers, never a set."""
        said = " ".join(f"{key}={value}" for key, value in words.items())
        line = f"{self._loop.time():.6f} {what} {said}"
        self._digest.update(line.encode() + b"\n")
        self.lines.append(line)

    @property
    def digest(self) -> str:
        """Of the whole trace until now, hexadecimal: two runs that differ anywhere differ in it."""
        return self._digest.hexdigest()

    async def sleep(self, seconds: float) -> None:
        """Let time go by."""
        await asyncio.sleep(seconds)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin something that is no part of a city; where it fails, that is a fault."""
        task = self._loop.create_task(work)
        self._spawned[task] = None
        task.add_done_callback(self._ended)
        return task

    async def __aenter__(self) -> Self:
        """Start every city, one after the other."""
        self._stack.callback(structlog.configure, **structlog.get_config())
        structlog.configure(
            processors=[self._hear],
            wrapper_class=structlog.make_filtering_bound_logger(30),
            cache_logger_on_first_use=False,
        )
        self._loop.set_exception_handler(self._unforeseen)
        for city in self.cities.values():
            await city.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything, as it is."""
        for task in tuple(self._spawned):
            task.cancel()
        for city in self.cities.values():
            city.crash()
        await asyncio.sleep(0)
        for city in self.cities.values():
            city.disk.close()
        self._stack.close()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._spawned.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fault(f"{task.get_name()}: {error!r}")

    def _hear(self, _logger: object, level: str, event: Any) -> Any:  # noqa: ANN401 - structlog's own
        """A line of a log, from warnings up."""
        life, error = LIFE.get(), event.pop("exc_info", None)
        words = {k: v for k, v in sorted(event.items()) if isinstance(v, str | int | bool)}
        of = life.name if life is not None else "nobody"
        kind = type(error).__name__ if isinstance(error, BaseException) else ""
        self.trace(level, of=of, error=kind, **words)
        if level in {"error", "critical", "exception"}:
            self._fault(f"{of}: {words} {error!r}")
        raise structlog.DropEvent

    def _unforeseen(self, _loop: object, context: dict[str, Any]) -> None:
        self._fault(f"{context.get('message')}: {context.get('exception')!r}")

    def _fault(self, text: str) -> None:
        self.faults.append(f"{self._loop.time():.6f} {text}")


def simulate(
    main: Callable[[SimWorld], Awaitable[T]],
    seed: int,
    cities: int | Sequence[data.City],
    options: Options = Options(),
) -> T:
    """What `main` gives in a new world of that seed, all of whose cities serve.

    Raises:
        RealWorldError, StuckError: as `loop.run`.

    """

    async def go() -> T:
        async with SimWorld(seed, cities, options) as world:
            return await main(world)

    return run(go, seed)
