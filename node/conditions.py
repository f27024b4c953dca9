"""Conditions of incentives: CEL texts over a closed set of variables, bounded in cost.

There are no macros, so nothing loops; no text or list can be made longer; no regular expressions,
no clock, no objects, no functions of this node. What a condition costs is then bounded by its
length, and the library limits how deep it nests. It can read what `variables` gives, and no more.

A condition is compiled and type-checked before it is in force, and tried on every band, hour and
weekday (`check`). One that errs later all the same opens nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import structlog
from cel_expr_python.cel import Env, Expression, NewEnv, NewEnvConfigFromYaml, Type
from google.protobuf.descriptor_pool import DescriptorPool

from federation.scale import Scale
from node.facts import Facts
from node.incentives import Incentive, Residence
from node.limits import CONDITION_CHARACTERS, INCENTIVES

_LOG = structlog.get_logger()
_MILLI: Final = 1000.0
_NONE: Final = -1.0
_ELSEWHERE: Final = "990000"
"""A code of no city."""

_PLACE: Final = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ")
_FUNCTIONS: Final = (
    *("!_", "-_", "_&&_", "_||_", "_?_:_", "@not_strictly_false"),
    *("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_-_", "_*_", "_/_", "_%_"),
    *("_[_]", "@in", "size", "contains", "startsWith", "endsWith", "double", "int"),
)
_SUMS: Final = ("add_int64", "add_double")
"""`+` adds numbers only: texts and lists would grow."""

_TYPES: Final = {
    "recognised": Type.BOOL,
    "band": Type.STRING,
    "rank": Type.INT,
    "ranks": Type.Map(Type.STRING, Type.INT),
    "local_low": Type.DOUBLE,
    "local_high": Type.DOUBLE,
    "local_score": Type.DOUBLE,
    "home": Type.STRING,
    "residence": Type.STRING,
    "commendations": Type.List(Type.STRING),
    "scenario": Type.STRING,
    "hour": Type.INT,
    "weekday": Type.INT,
    "day": Type.STRING,
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a condition, and where in its text: lines and columns count from 1."""

    line: int
    column: int
    problem: str


def variables(facts: Facts, scenario: str, scale: Scale | None) -> Mapping[str, object]:
    """What a condition may read; docs/incentives.md says what each is."""
    ranks = {band.band_id: place for place, band in enumerate(scale.bands)} if scale else {}
    low, high = _ends(facts.band_id, scale)
    score = low if facts.local_milli is None else facts.local_milli / _MILLI
    return {
        "recognised": facts.recognised,
        "band": facts.band_id,
        "rank": ranks.get(facts.band_id, -1),
        "ranks": ranks,
        "local_low": low,
        "local_high": high,
        "local_score": score,
        "home": facts.home,
        "residence": facts.residence.value,
        "commendations": list(facts.commendations),
        "scenario": scenario,
        "hour": facts.hour,
        "weekday": facts.weekday,
        "day": facts.day.isoformat(),
    }


def opens(incentive: Incentive, facts: Facts, scale: Scale | None) -> bool:
    """Whether its condition holds; False where it has none, and where it errs."""
    if not incentive.condition:
        return False
    found = _result(incentive, facts, scale)
    if isinstance(found, bool):
        return found
    # What it erred on may be somebody's: only the kind of the error is told.
    kind = found.partition(":")[0]
    _LOG.error("condition_erred", incentive=incentive.incentive_id, problem=kind)
    return False


def check(incentive: Incentive, facts: Facts, scale: Scale) -> Mistake | None:
    """What is wrong with the condition of an incentive of that scale, if anything is.

    1. It is short, and makes no objects.
    2. It compiles, all that it names is there, and it comes to true or false.
    3. It errs for nobody and at no time, as far as a grid around `facts` tells.
    """
    text = incentive.condition
    # 1.
    if len(text) > CONDITION_CHARACTERS:
        return Mistake(1, 1, f"it has {len(text)} characters; at most {CONDITION_CHARACTERS}")
    if "{" in text:
        return Mistake(*_place(text, text.index("{")), "it makes an object; compare values only")
    # 2.
    try:
        compiled = _compiled(text)
    except RuntimeError as error:
        return _mistake(str(error))
    if compiled.return_type() != Type.BOOL:
        kind = compiled.return_type().name().lower()
        return Mistake(1, 1, f"it comes to a value of type {kind}; compare it, to true or false")
    # 3.
    for given in _grid(facts, incentive, scale):
        found = _result(incentive, given, scale)
        if not isinstance(found, bool):
            who = f"band {given.band_id}" if given.recognised else "a newcomer"
            when = f"weekday {given.weekday}, hour {given.hour}"
            return Mistake(1, 1, f"it fails for {who}, {when}: {found[:200]}")
    return None


def _result(incentive: Incentive, facts: Facts, scale: Scale | None) -> bool | str:
    """True, false, or how it errs."""
    given = variables(facts, incentive.scenario, scale)
    try:
        value = _compiled(incentive.condition).eval(data=given)
    except RuntimeError as error:
        return str(error)
    found = value.value()
    return found if isinstance(found, bool) else str(found)


@lru_cache(maxsize=1)
def _environment() -> Env:
    quoted = [f'    - name: "{name}"' for name in _FUNCTIONS]
    sums = [f'        - id: "{overload}"' for overload in _SUMS]
    lines = ['name: "incentives"', "stdlib:", "  disable_macros: true", "  include_functions:"]
    config = "\n".join([*lines, *quoted, '    - name: "_+_"', "      overloads:", *sums, ""])
    return NewEnv(DescriptorPool(), config=NewEnvConfigFromYaml(config), variables=dict(_TYPES))


@lru_cache(maxsize=2 * INCENTIVES)
def _compiled(text: str) -> Expression:
    """Compiled once, for the catalogue in force and the one that follows it."""
    return _environment().compile(text)


def _grid(facts: Facts, incentive: Incentive, scale: Scale) -> Iterator[Facts]:
    """A newcomer and each band, own and visiting, plain and commended; each through a week."""
    homes = {Residence.OWN: str(scale.city), Residence.VISITOR: _ELSEWHERE}
    commended = incentive.commendations or ("commendation",)
    people = [facts.as_newcomer()]
    for band in scale.bands:
        person = replace(facts, band_id=band.band_id, scenarios=(incentive.scenario,))
        for residence, home in homes.items():
            known = replace(person, residence=residence, home=home)
            yield replace(known, commendations=commended)
            yield known
        people.append(replace(person, residence=Residence.OWN, home=homes[Residence.OWN]))
    for person in people:
        yield from (replace(person, hour=hour) for hour in range(24))
        yield from (replace(person, weekday=weekday) for weekday in range(1, 8))


def _ends(band_id: str, scale: Scale | None) -> tuple[float, float]:
    """The ends of a band in points; those of the scale where the band has none."""
    if scale is None or scale.minimum_milli is None or scale.maximum_milli is None:
        return _NONE, _NONE
    place = scale.rank(band_id)
    if place < 0:
        return _NONE, _NONE
    lower, upper = scale.bands[place].lower, scale.bands[place].upper
    low = lower.score_milli if lower else scale.minimum_milli
    high = upper.score_milli if upper else scale.maximum_milli
    return low / _MILLI, high / _MILLI


def _place(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def _mistake(told: str) -> Mistake:
    """The first mistake that the library found."""
    places = list(_PLACE.finditer(told))
    if not places:
        return Mistake(1, 1, told.split("\n", maxsplit=1)[0][:200])
    begin = places[0].end()
    problem = told[begin:].split("\n", maxsplit=1)[0].replace(" (in container '')", "")[:200]
    if problem.startswith("undeclared reference"):
        problem += f"; a condition may read {', '.join(sorted(_TYPES))}"
    # Where it nests too deep the library names no place.
    line, column = (max(1, int(found)) for found in places[0].groups())
    return Mistake(line, column, problem)
