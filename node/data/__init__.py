"""Real input that comes with the node: five cities' scales, incentives, agreements, residents.

Each figure has its `source`, and what nobody published is marked `illustrative`.
"""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from federation.bands import Band
from federation.errors import HutongError
from federation.identifiers import CityCode, city_code
from node.errors import UNKNOWN
from node.files import parse_scale

_FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class City:
    """A city by its GB/T 2260 code, its names, and its name in pinyin."""

    code: CityCode
    name_zh: str
    name_en: str
    pinyin: str


@dataclass(frozen=True, slots=True)
class FictionalResident:
    """A resident made by `scripts/generate_residents`; the label says of what standing."""

    label: str
    document_kind: str
    document_number: str


@cache
def cities() -> tuple[City, ...]:
    """The five cities."""
    found = tomllib.loads(path("cities.toml").read_text("utf-8"))["cities"]
    return tuple(
        City(city_code(c["code"]), c["name"]["zh"], c["name"]["en"], c["pinyin"]) for c in found
    )


def city(text: str) -> City:
    """The city of that code, pinyin or name; raises UNKNOWN."""
    wanted = text.strip().lower()
    for found in cities():
        if wanted in {found.code, found.pinyin, found.name_zh, found.name_en.lower()}:
            return found
    known = ", ".join(c.pinyin for c in cities())
    raise HutongError(
        UNKNOWN, what="city", name=text, remedy=f"give one of {known}, or a six-digit code"
    )


@cache
def scenario_names() -> Mapping[str, tuple[str, str]]:
    """What scenarios are called in Chinese and English, by id."""
    found = tomllib.loads(path("scenarios.toml").read_text("utf-8"))["scenarios"]
    return {each["id"]: (each["name"]["zh"], each["name"]["en"]) for each in found}


@cache
def consent_text(version: int) -> Mapping[str, Any]:
    """What residents are told when they consent, by that version of the text."""
    return tomllib.loads(path(f"consent_texts/v{version}.toml").read_text("utf-8"))


def path(relative: str) -> Path:
    """A file of the shipped data."""
    return _FOLDER / relative


def agreement(one: str, other: str) -> Path:
    """The shipped agreement of two cities, named in pinyin in either order."""
    low, high = sorted((city(one), city(other)), key=lambda c: c.code)
    return path(f"agreements/{low.pinyin}-{high.pinyin}.toml")


def exportable_from(pinyin: str) -> Band:
    """The lowest band of a shipped scale that other cities may see."""
    found = city(pinyin)
    content = path(f"{pinyin}/scale.toml").read_bytes()
    scale = parse_scale("scale.toml", content, city=found.code, version=1)
    return scale.band(scale.exportable_from)


def residents(pinyin: str) -> tuple[FictionalResident, ...]:
    """The fictional residents of a city."""
    with path(f"residents/{pinyin}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(FictionalResident(**row) for row in csv.DictReader(file))
