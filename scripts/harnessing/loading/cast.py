"""Who takes part in a load: residents, venues and departments, as the folder of a run has them."""

import bisect
import itertools
import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Self

from node import data
from scripts import towns
from scripts.harnessing import records
from scripts.harnessing.layout import Folder, Plan
from scripts.harnessing.records import Deed, Enrolled

# How often a venue is visited, in relation to the others; the weights are ours.
_VENUES: Final[Mapping[str, float]] = {
    "library": 30,
    "transit-desk": 25,
    "hospital-desk": 15,
    "scenic-spot": 12,
    "approval-window": 10,
    "rental-shop": 5,
    "primary-care": 3,
}
_DEPARTMENT: Final = "credit-office"
_INDICATORS: Final = 8


class NobodyError(Exception):
    """There is nobody to make a load with; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What of a city's rules its clients know."""

    venues: tuple[str, ...]
    weights: tuple[float, ...]
    """Cumulative."""
    banded: frozenset[str]
    """Incentives that ask for a standing."""
    counted: frozenset[str]
    """Incentives that are counted over the whole federation."""
    department: str
    indicators: tuple[str, ...]
    """What that department may send, and adds little."""

    @classmethod
    def of(cls, city: data.City) -> Self:
        """Of a city, by the files that it was started with."""
        offered = _toml(city, "incentives.toml")["incentives"]
        venues = tuple(sorted({v for each in offered for v in each.get("venues", ())}))
        weights = tuple(itertools.accumulate(_VENUES.get(venue, 1.0) for venue in venues))
        banded = (each for each in offered if each.keys() & {"minimum_band", "condition"})
        found = [
            each
            for each in _toml(city, "indicators.toml")["indicators"]
            if each["direction"] == "adds" and _DEPARTMENT in each["departments"]
        ]
        found.sort(key=lambda each: each["points"])
        return cls(
            venues,
            weights,
            frozenset(each["id"] for each in banded),
            frozenset(each["id"] for each in offered if "across_cities" in each),
            _DEPARTMENT,
            tuple(each["id"] for each in found[:_INDICATORS]),
        )


def _toml(city: data.City, name: str) -> dict[str, Any]:
    return tomllib.loads(towns.rules(city, name).decode())


@dataclass(frozen=True)
class Cast:
    """The cities of a run with their residents; one share of them, where several make a load.

    Two shares have no resident in common: what one process knows of a resident's consents and
    passes no other one changes.
    """

    plan: Plan
    residents: Mapping[str, Enrolled]
    """By id."""
    rules: Mapping[str, Rules]
    """By the city's code."""

    @classmethod
    def read(cls, folder: Folder, share: tuple[int, int] = (0, 1)) -> Self:
        """As the folder has them.

        Raises:
            FileNotFoundError: where nothing was brought up.
            NobodyError: where no city has a resident whom another one would recognise.

        """
        plan = folder.read_plan()
        place, shares = share
        mine = _share(records.read(folder.residents, Enrolled), place, shares)
        rules = {each.code: Rules.of(each.about) for each in plan.places}
        cast = cls(plan, {each.resident_id: each for each in mine}, rules)
        if not cast.homes:
            raise NobodyError(
                f"{folder.residents}: no resident with an exportable standing for generator "
                f"{place + 1} of {shares}; bring cities up with more --residents"
            )
        return cast

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The cities."""
        return tuple(each.code for each in self.plan.places)

    @cached_property
    def homes(self) -> tuple[str, ...]:
        """The cities with residents whom others would recognise."""
        return tuple(code for code in self.codes if self._by_standing[code, "exportable"])

    @cached_property
    def _by_standing(self) -> defaultdict[tuple[str, str], list[str]]:
        found = defaultdict[tuple[str, str], list[str]](list)
        for each in self.residents.values():
            found[self.plan[each.city].code, each.standing].append(each.resident_id)
        return found

    def exportable(self, city: str) -> Sequence[str]:
        """The residents of a home city whom others would recognise; at least one."""
        return self._by_standing[city, "exportable"]

    def below(self, city: str) -> Sequence[str]:
        """The residents of a home whom nobody would recognise; the others where it has none."""
        return self._by_standing[city, "below"] or self.exportable(city)

    def hosts(self, resident: str) -> Sequence[str]:
        """The other cities of the run that a resident had consented to as it began."""
        enrolled = self.residents[resident]
        home = self.plan[enrolled.city].code
        return [code for code in self.codes if code != home and code in enrolled.consents]

    def venue(self, city: str, chance: float) -> str:
        """A venue of a city, by how often each is visited; `chance` is from 0 to 1."""
        rules = self.rules[city]
        return rules.venues[bisect.bisect(rules.weights, chance * rules.weights[-1])]

    def scenarios(self, home: str, host: str) -> tuple[str, ...]:
        """What a consent of a resident of one city to the other may name."""
        return _scenarios(self.plan[home].about, self.plan[host].about)


def _share(found: Iterable[Enrolled], place: int, shares: int) -> Iterator[Enrolled]:
    """One share of the residents: of each city, and of each standing in it."""
    turns = Counter[tuple[str, str]]()
    for each in found:
        group = each.city, each.standing
        if turns[group] % shares == place:
            yield each
        turns[group] += 1


@cache
def _scenarios(home: data.City, host: data.City) -> tuple[str, ...]:
    if home == host:
        return tuple(sorted(data.scenario_names()))
    return tuple(tomllib.loads(towns.agreement(home, host))["scenarios"])


def consents(folder: Folder, cast: Cast) -> dict[str, dict[str, str]]:
    """The consents that live, by resident and host: as a run began, and what loads did since."""
    found = {each.resident_id: dict(each.consents) for each in cast.residents.values()}
    for said, given in _changes(folder.histories):
        of = found.get(str(said["resident_id"]))
        if of is None:
            continue
        if given:
            of[str(said["host"])] = str(said["consent_id"])
        else:
            for host in [h for h, consent in of.items() if consent == said["consent_id"]]:
                del of[host]
    return found


def _changes(histories: Path) -> Iterator[tuple[dict[str, Any], bool]]:
    """What was said of consents that were given (True) or withdrawn, in order.

    A history may have a million lines: only those that can matter are parsed.
    """
    found = [
        (act["ended"], act["said"], act["deed"] == Deed.CONSENT)
        for path in sorted(histories.glob("*.jsonl"))
        for line in _lines(path)
        if (act := json.loads(line))["outcome"] == "OK" and not act["repeated"]
    ]
    found.sort(key=lambda each: float(each[0]))
    return ((said, given) for _, said, given in found)


def _lines(path: Path) -> Iterable[str]:
    wanted = tuple(f'{{"deed":"{deed}"' for deed in (Deed.CONSENT, Deed.WITHDRAW))
    with path.open(encoding="utf-8") as file:
        yield from (line for line in file if line.startswith(wanted) and line.endswith("\n"))
