"""The tables of a scenario file: which keys there are, and what may be written for each.

What names a city or a fault is looked up by `scenario_files`, which knows the cities of the file.
"""

import math
import re
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from scripts import towns
from scripts.harnessing.layout import CITIES_LEAST, CITIES_MOST

LONGEST_SECONDS: Final = 86_400.0

_DURATION: Final = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)\s*(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(text: object) -> float:
    """The seconds of a duration as it is written: "500ms", "10s", "2m", "1h".

    Raises:
        ValueError: for anything else, and for more than a day.

    """
    found = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError('write a duration as "500ms", "10s" or "2m"')
    seconds = float(found[1]) * _SECONDS[found[2]]
    if seconds > LONGEST_SECONDS:
        raise ValueError("a duration is a day at most")
    return seconds


def _finite(value: object) -> object:
    """A number that is one: TOML also knows inf and nan."""
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, float) and not math.isfinite(value):
        good = False
    if not good:
        raise ValueError("write a number")
    return value


Duration = Annotated[float, BeforeValidator(seconds_of)]
Number = Annotated[float, BeforeValidator(_finite)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]


class Table(BaseModel):
    """A table of the file: no key but its own, no value but of its kind."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Text(Table):
    """One text in both languages."""

    zh: str = Field(min_length=1, max_length=500)
    en: str = Field(min_length=1, max_length=500)

    def of(self, language: str) -> str:
        """The text in "zh" or "en"."""
        return self.zh if language == "zh" else self.en


class Up(Table):
    """The cities, as `scripts/harness up` makes them."""

    cities: int = Field(3, ge=CITIES_LEAST, le=CITIES_MOST)
    stores: dict[str, Literal["sqlite", "postgresql"]] = {}
    processes: dict[str, Annotated[int, Field(ge=1, le=4)]] = {}
    residents: int = Field(24, ge=6, le=5000)
    links: Literal["", "proxies", "namespaces", "none"] = ""
    seed: int = Field(1, ge=0, le=2**31)

    @property
    def names(self) -> dict[str, int]:
        """The cities in pinyin, with how many processes each has."""
        found = (town.pinyin for town in towns.towns(self.cities))
        return {pinyin: self.processes.get(pinyin, 1) for pinyin in found}


class Offer(Table):
    """A load, in the background."""

    rate: Number = Field(gt=0, le=100_000)
    """Journeys due in a second."""
    seconds: Duration = Field(alias="for")
    mix: dict[str, Annotated[Number, Field(ge=0, le=1000)]] = {}
    seed: int = Field(1, ge=0, le=2**31)
    processes: int = Field(1, ge=1, le=32)
    """That make it."""


class Ways(Table):
    """One city, and the partner that it acts against."""

    city: str
    partner: str
    reason: str = "a scenario of the harness"


class Withdrawals(Table):
    """Residents of a city who withdraw a consent each."""

    city: str
    residents: int = Field(1, ge=1, le=1000)


class Rotation(Table):
    """A city whose signing keys and certificates change."""

    city: str


class Expectation(Table):
    """What must have come about by now, in counts; everything that is named must hold."""

    holds: Literal[True] | None = None
    """No invariant is broken, by the last check."""
    answered: Count | None = None
    """So many calls at least were answered."""
    answered_by: dict[str, Count] = {}
    """So many at least by each of these cities."""
    errors: Count | None = None
    """So many calls at most were not served."""
    errors_only_with: list[str] | None = None
    """Only calls that take one of these cities were not served."""
    errors_only_between: list[str] | None = None
    """Only calls that take two of these cities were not served."""
    repeated: Count | None = None
    """So many calls at least were sent again."""
    faults: Count | None = None
    """Just so many faults began, and all of them have ended."""


class Step(Table):
    """One step: a single thing to do, and when."""

    load: Offer | None = None
    fault: dict[str, Any] | None = None
    mend: Literal[True] | str | None = None
    wait: str | None = None
    suspend: Ways | None = None
    resume: Ways | None = None
    withdraw: Withdrawals | None = None
    rotate: Rotation | None = None
    check: Literal[True] | None = None
    expect: Expectation | None = None
    at: Duration | None = None
    """Not before so long after the load began."""
    lasts: Duration | None = Field(None, alias="for")
    """Of a fault: it is mended by itself after so long."""

    @property
    def deed(self) -> str:
        """Which thing it does; "" where it names none, or several."""
        found = [name for name in DEEDS if getattr(self, name) is not None]
        return found[0] if len(found) == 1 else ""

    @cached_property
    def wait_seconds(self) -> float | None:
        """How long it waits, where that is what it says."""
        return None if self.wait in {None, "load", "settled"} else seconds_of(self.wait)


DEEDS: Final = tuple(name for name in Step.model_fields if name not in {"at", "lasts"})


class File(Table):
    """The whole file."""

    name: Text
    description: Text
    up: Up = Up()
    steps: list[Step] = Field(min_length=1, max_length=1000)
