"""How cost grows with the number of cities: messages, bytes and queues of one city, by method.

Every world is without trouble, and a full mesh unless a degree is given; each city has the same
number of residents, who make the same journeys. The first seconds after the start are left out:
there each city meets all.
"""

import math
import random
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table

from federation.limits import USE_KEY_BYTES
from scripts.simulation.facts import look
from scripts.simulation.history import History
from scripts.simulation.journeys import Life
from scripts.simulation.mesh import mesh
from scripts.simulation.people import Person, fictional_number
from scripts.simulation.world import SimWorld, simulate

Tell = Callable[[str], object]
"""Hears what goes on."""

_HOUR: Final = 3600.0
_WARM_UP: Final = 15.0
_FIRST_SERIAL: Final = 1000
_SEED: Final = 1
QUEUE: Final = "longest queue: "

# A slope of a line of logarithms: below the first it does not grow, and so on.
_FLAT: Final = 0.25
_LINEAR: Final = 1.35


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one city in one hour by one method, on the average: asked and answered."""

    messages: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One world: `seconds` were counted. Queues are of the city that has the longest.

    `real_seconds` and `peak_mib` are what it took to simulate.
    """

    cities: int
    pairs: int
    seconds: float
    journeys: int
    by_method: Mapping[str, Cost]
    longest_asking: int
    longest_serving: int
    longest_commit: int
    log_entries: float
    real_seconds: float
    peak_mib: float

    @property
    def messages(self) -> float:
        """Of all methods."""
        return sum(each.messages for each in self.by_method.values())

    @property
    def bytes(self) -> float:
        """Of all methods."""
        return sum(each.bytes for each in self.by_method.values())


def measure(
    cities: int,
    *,
    seconds: float,
    visits: int,
    degree: int | None = None,
    tell: Tell = lambda _what: None,
) -> Measured:
    """Count one world for so many virtual seconds, in which each city's one resident visits.

    Each is a partner of all, or of `degree` others, as `mesh` has it.
    """
    began = time.perf_counter()

    async def main(world: SimWorld) -> Measured:
        everybody = tuple(world.cities.values())
        tell(f"{cities} cities serve")
        chance = world.random("mesh")
        pairs = await mesh(everybody, world.now, degree=degree, chance=chance)
        tell(f"{pairs} pairs have agreements")
        await world.sleep(_WARM_UP)
        before, entries, since = _counted(world), _entries(world), world.seconds
        _forget_queues(world)
        history = History()
        lives = [
            world.spawn(_visits(life, world, visits, seconds)) for life in _lives(world, history)
        ]
        while world.seconds < since + seconds:
            await world.sleep(min(5.0, since + seconds - world.seconds))
            tell(f"{cities} cities, second {world.seconds - since:.0f} of {seconds:.0f}")
        for life in lives:
            life.cancel()
        hours = (world.seconds - since) / _HOUR
        return Measured(
            cities=cities,
            pairs=pairs,
            seconds=world.seconds - since,
            journeys=sum(1 for _ in history.of("CheckEligibility")),
            by_method=_costs(before, _counted(world), hours * cities),
            longest_asking=max(queue.most for queue in world.network.asking.values()),
            longest_serving=max(queue.most for queue in world.network.serving.values()),
            longest_commit=max(city.store.most_waiting for city in everybody),
            log_entries=(_entries(world) - entries) / cities / hours,
            real_seconds=time.perf_counter() - began,
            peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )

    return simulate(main, _SEED, cities)


def _lives(world: SimWorld, history: History) -> list[Life]:
    made = list[Life]()
    for serial, (code, city) in enumerate(world.cities.items(), start=_FIRST_SERIAL):
        chance = world.random(f"life {code}")
        key = chance.randbytes(USE_KEY_BYTES)
        person = Person(code, code, fictional_number(serial), key)
        made.append(Life(world, history, person, sorted(city.store.registry.partners), chance))
    return made


async def _visits(life: Life, world: SimWorld, visits: int, seconds: float) -> None:
    """Each at its time, spread over the whole."""
    chance: random.Random = world.random("visits")
    await world.sleep(chance.uniform(0, seconds / (visits + 1)))
    await life.begin()
    for _ in range(visits):
        await world.sleep(chance.uniform(0, 2 * seconds / (visits + 2)))
        await life.visit()


def _counted(world: SimWorld) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for (_, _, path), traffic in world.network.traffic.items():
        method = path.rpartition("/")[2]
        messages, size = found[method]
        messages += traffic.calls + traffic.answers
        found[method] = messages, size + traffic.bytes_there + traffic.bytes_back
    return dict(found)


def _costs(
    before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]], hours: float
) -> dict[str, Cost]:
    costs = {}
    for method, (messages, size) in sorted(after.items()):
        was = before.get(method, (0, 0))
        if messages > was[0]:
            costs[method] = Cost((messages - was[0]) / hours, (size - was[1]) / hours)
    return costs


def _entries(world: SimWorld) -> int:
    return sum(look(city, lambda tx: tx.log.size()) for city in world.cities.values())


def _forget_queues(world: SimWorld) -> None:
    for queues in (world.network.asking, world.network.serving):
        for queue in queues.values():
            queue.most = queue.now
    for city in world.cities.values():
        city.store.most_waiting = city.store.waiting


def growth(counts: Iterable[int], measured: Iterable[float]) -> str:
    """How something grows over these counts of cities: none, linear, or more.

    By the slope of its logarithm over that of the number of partners.
    """
    points = [(n - 1, value) for n, value in zip(counts, measured, strict=True) if value > 0]
    if len(points) < 2 or points[0][0] == points[-1][0]:  # noqa: PLR2004 - a line has two ends
        return ""
    (few, small), (many, large) = points[0], points[-1]
    slope = math.log(large / small) / math.log(many / few)
    if slope < _FLAT:
        return "does not grow"
    if slope < _LINEAR:
        return "linear in partners" if slope > 1 / _LINEAR else f"partners^{slope:.1f}"
    return f"partners^{slope:.1f}"


def table(worlds: Sequence[Measured]) -> Table:
    """Messages of one city in one hour, by method, and what else grows."""
    made = Table(title="One city, one virtual hour, by the number of cities", title_justify="left")
    made.add_column("What")
    for world in worlds:
        made.add_column(f"{world.cities} cities", justify="right")
    made.add_column("grows")
    for name, values, digits in rows(worlds):
        counts = [world.cities for world in worlds]
        shown = [f"{value:,.{digits}f}" for value in values]
        made.add_row(name, *shown, growth(counts, values))
    return made


def rows(worlds: Sequence[Measured]) -> list[tuple[str, list[float], int]]:
    """Each row of the table: its name, its values, and how many digits are shown."""
    methods = sorted({method for world in worlds for method in world.by_method})
    nothing = Cost(0, 0)
    found: list[tuple[str, list[float], int]] = [
        ("messages", [world.messages for world in worlds], 0),
        *(
            (f"  {method}", [w.by_method.get(method, nothing).messages for w in worlds], 0)
            for method in methods
        ),
        ("KiB", [world.bytes / 1024 for world in worlds], 0),
        *(
            (f"  {method}", [w.by_method.get(method, nothing).bytes / 1024 for w in worlds], 0)
            for method in methods
        ),
        ("log entries", [world.log_entries for world in worlds], 0),
        (f"{QUEUE}calls asked", [float(world.longest_asking) for world in worlds], 0),
        (f"{QUEUE}calls answered", [float(world.longest_serving) for world in worlds], 0),
        (f"{QUEUE}commits", [float(world.longest_commit) for world in worlds], 0),
    ]
    return found


def to_json(worlds: Sequence[Measured]) -> list[dict[str, Any]]:
    """What was measured, for a file."""
    return [
        {
            "cities": world.cities,
            "pairs": world.pairs,
            "virtual_seconds": world.seconds,
            "journeys": world.journeys,
            "per_city_and_hour": {
                method: {"messages": cost.messages, "bytes": cost.bytes}
                for method, cost in world.by_method.items()
            },
            "log_entries_per_city_and_hour": world.log_entries,
            "longest_queues": {
                "asking": world.longest_asking,
                "serving": world.longest_serving,
                "commits": world.longest_commit,
            },
            "real_seconds": world.real_seconds,
            "peak_mib": world.peak_mib,
        }
        for world in worlds
    ]
