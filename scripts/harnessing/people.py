"""Residents of a run: fictional people, always the same from one seed, after the shipped ones.

Each has the records of a shipped resident of the city (or of the city that a made one is the image
of), so that the standing is known before anything is loaded. Two thirds are above the line that
other cities recognise. Document numbers are valid and nobody's: the area 999999 is unassigned.
"""

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

from stdnum.iso7064 import mod_11_2

from node import data
from scripts import towns

EXPORTABLE: Final = "exportable"
BELOW: Final = "below"
COLUMNS: Final = ("record_number", "indicator", "document_number", "occurred_on", "evidence")

_EACH: Final = 3
_HOSTS_MOST: Final = 3
_BELOW_CONSENTING: Final = 4
_EXPORTABLE_WORDS: Final = ("exportable", "excellent", "outstanding")
# What counts at home and is no other city's business: the standing abroad is another one.
_AT_HOME: Final = "at-home"
_FIRST_BIRTHDAY: Final = date(1940, 1, 1)
_BIRTHDAYS: Final = 365 * 65

Fact = tuple[str, str]
"""An indicator, and the day of the record."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes part."""

    number: str
    standing: str
    facts: tuple[Fact, ...]
    hosts: tuple[str, ...]
    """The codes of the cities that get a consent."""


def people(town: data.City, others: Sequence[data.City], count: int, seed: int) -> list[Person]:
    """So many residents of a city, with the cities that each consents to."""
    rng = random.Random(f"{seed} {town.code}")  # noqa: S311 - the same people again
    numbers = _numbers(rng)
    found = []
    for place in range(count):
        standing = BELOW if place % _EACH == _EACH - 1 else EXPORTABLE
        templates = _templates(towns.image(town).pinyin)[standing]
        consents = standing == EXPORTABLE or place % _BELOW_CONSENTING == 0
        hosts = rng.sample(others, min(rng.randint(1, _HOSTS_MOST), len(others)))
        codes = tuple(sorted(host.code for host in hosts)) if consents else ()
        facts = templates[place // _EACH % len(templates)]
        found.append(Person(next(numbers), standing, facts, codes))
    return found


def rows(pinyin: str, found: Sequence[Person]) -> Iterator[tuple[str, ...]]:
    """Their records, as a department sends them."""
    for place, person in enumerate(found):
        for part, (indicator, day) in enumerate(person.facts):
            number = f"{place:06d}-{part}"
            yield number, indicator, person.number, day, f"{pinyin}-{day[:4]}-{number}"


def _numbers(rng: random.Random) -> Iterator[str]:
    seen = set[str]()
    while True:
        born = _FIRST_BIRTHDAY + timedelta(days=rng.randrange(_BIRTHDAYS))
        body = f"999999{born:%Y%m%d}{rng.randrange(1000):03d}"
        if body not in seen:
            seen.add(body)
            yield body + mod_11_2.calc_check_digit(body)


@cache
def _templates(pinyin: str) -> dict[str, list[tuple[Fact, ...]]]:
    """The records of each shipped resident, by standing."""
    by_number: dict[str, list[Fact]] = {}
    text = data.path(f"records/{pinyin}.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        fact = row["indicator"], row["occurred_on"]
        by_number.setdefault(row["document_number"], []).append(fact)
    found: dict[str, list[tuple[Fact, ...]]] = {EXPORTABLE: [], BELOW: []}
    for resident in data.residents(pinyin):
        if _AT_HOME not in resident.label:
            good = any(word in resident.label for word in _EXPORTABLE_WORDS)
            facts = tuple(by_number.get(resident.document_number, ()))
            found[EXPORTABLE if good else BELOW].append(facts)
    return found
