"""What is due when: drawn from a seed, before anything is called, and whatever is answered.

Arrivals are a Poisson process. They hang on the seed, the rate and the share alone, so that how
many were due in a window can be counted again from a `records.Load`.
"""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scripts.harnessing.loading.cast import Cast
from scripts.harnessing.records import Load


@dataclass(frozen=True, slots=True)
class Due:
    """One journey, and when it is due: seconds after the load began."""

    number: int
    after: float
    kind: str
    home: str
    """The code of the resident's city."""
    resident: str
    host: str
    """The code of the city that is visited; the home itself for what happens at home."""
    venue: str
    seed: int
    """Of what this journey draws for itself later."""


def arrivals(rate: float, seconds: float, seed: int, share: tuple[int, int]) -> Iterator[float]:
    """The instants of one share of a Poisson process: place and number of the shares."""
    place, shares = share
    chance = random.Random(f"arrivals/{seed}/{place}/{shares}")  # noqa: S311 - a load, no secret
    at = 0.0
    while (at := at + chance.expovariate(rate / shares)) < seconds:
        yield at


def due_in_window(load: Load) -> int:
    """How many journeys were due in the steady window of a load."""
    since, until = load.steady_from - load.began, load.steady_until - load.began
    return sum(
        since <= at
        for place in range(load.generators)
        for at in arrivals(load.rate, until, load.seed, (place, load.generators))
    )


def planned(
    cast: Cast,
    mix: Mapping[str, float],
    *,
    rate: float,
    seconds: float,
    seed: int,
    share: tuple[int, int] = (0, 1),
) -> Iterator[Due]:
    """The journeys of one share, in order; the same for the same seed and cast."""
    chance = random.Random(f"journeys/{seed}/{share[0]}/{share[1]}")  # noqa: S311 - a load
    kinds = [name for name, weight in mix.items() if weight > 0]
    weights = list(itertools.accumulate(mix[name] for name in kinds))
    for number, after in enumerate(arrivals(rate, seconds, seed, share)):
        [kind] = chance.choices(kinds, cum_weights=weights)
        yield _drawn(cast, chance, kind, number, after)


def _drawn(cast: Cast, chance: random.Random, kind: str, number: int, after: float) -> Due:
    home = chance.choice(cast.homes)
    # Who is refused for the standing is drawn from all; what must succeed from those who can.
    low = kind == "refused" and chance.random() < 1 / 3
    resident = _one(chance, cast.below(home) if low else cast.exportable(home))
    known = cast.hosts(resident)
    host = chance.choice(known or [c for c in cast.codes if c != home])
    if kind in {"at-home", "standing", "records"}:
        host = home
    venue = cast.venue(host, chance.random())
    return Due(number, after, kind, home, resident, host, venue, chance.getrandbits(63))


def _one(chance: random.Random, found: Sequence[str]) -> str:
    return found[chance.randrange(len(found))]
