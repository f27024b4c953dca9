"""What is planted in a copy of a run, and which invariants must find it.

Each plant says which invariant it is for. `besides` are those that cannot but find it, too: a
redemption that is gone is also one place too few. The plants are in `check_plants_said` (rules 1 to
6) and `check_plants_kept` (the others).
"""

from collections.abc import Callable
from dataclasses import dataclass

from node.keys import FileKeys, KeyFolder
from tests.harness.check_stage import Copy

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR

Plant = Callable[[Copy], None]


@dataclass(frozen=True)
class Planted:
    """One violation."""

    invariant: str
    name: str
    plant: Plant
    besides: frozenset[str] = frozenset()


PLANTS: list[Planted] = []


def breaks(invariant: str, *besides: str) -> Callable[[Plant], Plant]:
    """Whoever plants this must be found by that invariant."""

    def add(plant: Plant) -> Plant:
        name = plant.__name__.replace("_", "-")
        PLANTS.append(Planted(invariant, name, plant, frozenset(besides)))
        return plant

    return add


def keys_of(copy: Copy, pinyin: str) -> FileKeys:
    return FileKeys(KeyFolder(copy.folder.city(pinyin)))


def first(copy: Copy, pinyin: str, sql: str, *values: object) -> tuple[object, ...]:
    with copy.store(pinyin) as store:
        found: tuple[object, ...] = store.execute(sql, values).fetchone()
    assert found
    return found
