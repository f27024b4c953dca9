"""An indicator catalogue as a credit office writes it.

Each entry is checked by itself and against the others, so that what is in force holds together: a
record that names an indicator of it can be sent by somebody, counts for a time, and can be healed.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Protocol, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from federation.identifiers import CityCode
from node.files.reading import Lines, Name, Names, Part, Strict, Text, read_toml, to_milli
from node.indicators import (
    PROMISES,
    Area,
    AreaKind,
    Category,
    Department,
    Dimension,
    Direction,
    DisclosureClass,
    Indicator,
    IndicatorCatalogue,
    ScoringRules,
    Severity,
)
from node.limits import RECORD_POINTS_MILLI
from node.record_limits import (
    CASE_DAYS,
    INDICATOR_BYTES,
    INDICATOR_DEPARTMENTS,
    NEGATIVE_MONTHS,
    REPAIR_MONTHS,
    RETENTION_MONTHS,
)

_MILLI: Final = 1000
_POINTS: Final = RECORD_POINTS_MILLI // _MILLI


def _points(value: Decimal) -> int:
    milli = to_milli(value, _POINTS)
    if milli <= 0:
        raise ValueError(f"give a size, over 0 and at most {_POINTS}; `direction` is the sign")
    return milli


def _number(value: Any) -> Any:  # noqa: ANN401 - whatever the file has
    if isinstance(value, bool | str):
        raise ValueError("write a number, without quotes")  # noqa: TRY004 - pydantic wants this
    return value


Points = Annotated[Decimal, BeforeValidator(_number), AfterValidator(_points)]
Days = Annotated[int, BeforeValidator(_number), Field(ge=1, le=CASE_DAYS)]
Months = Annotated[int, BeforeValidator(_number), Field(ge=0, le=RETENTION_MONTHS)]


class _Rules(Strict):
    disputed_count: bool
    objection_days: Days
    repair_days: Days
    appeal_days: Days
    promise_kept: Name | None = None
    promise_broken: Name | None = None


class _Department(Strict):
    id: Name
    name: Names


class _Area(Strict):
    id: Name
    kind: AreaKind
    name: Names


class _Category(Strict):
    id: Name
    dimension: Dimension
    name: Names


class _Indicator(Strict):
    id: Name
    category: Name
    departments: tuple[Name, ...]
    name: Names
    direction: Direction
    points: Points
    legal_basis: Text
    disclosure_class: Literal["A", "B", "C", "D"] = Field(alias="class")
    retention_months: Months
    attestable: bool
    commendation: Name | None = None
    severity: Severity | None = None
    repair_after_months: Months | None = None


class _File(Strict):
    city: str
    source: Text
    illustrative: bool
    rules: _Rules
    departments: list[_Department]
    areas: list[_Area]
    categories: list[_Category]
    indicators: list[_Indicator]


class _Entry(Protocol):
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=_Entry)


def parse_indicators(
    file_name: str, content: bytes, *, city: CityCode, version: int
) -> IndicatorCatalogue:
    """The catalogue in a TOML file; raises FILE_INVALID, for the first mistake in the file."""
    file, lines = read_toml(file_name, content, _File, INDICATOR_BYTES)
    if file.city != city:
        raise lines.mistake(("city",), f"this is the node of {city}; load the file of that city")
    departments = _by_id("departments", file.departments, lines)
    areas = _by_id("areas", file.areas, lines)
    categories = _by_id("categories", file.categories, lines)
    indicators = _by_id("indicators", file.indicators, lines)
    for place, department in enumerate(file.departments):
        _check_department(department, ("departments", place), lines)
    for place, found in enumerate(file.indicators):
        _Check(found, ("indicators", place), lines).whole(departments, categories)
    _check_rules(file.rules, indicators, lines)
    return IndicatorCatalogue(
        version=version,
        departments={d.id: Department(d.id, d.name.zh, d.name.en) for d in departments.values()},
        areas={a.id: Area(a.id, a.kind, a.name.zh, a.name.en) for a in areas.values()},
        categories={
            c.id: Category(c.id, c.name.zh, c.name.en, c.dimension) for c in categories.values()
        },
        indicators={i.id: _indicator(i) for i in indicators.values()},
        rules=ScoringRules(**file.rules.model_dump()),
        source=file.source,
        illustrative=file.illustrative,
        content=content.decode("utf-8-sig"),
    )


def _by_id(kind: str, entries: Sequence[E], lines: Lines) -> dict[str, E]:
    found = dict[str, E]()
    for place, entry in enumerate(entries):
        if entry.id in found:
            raise lines.mistake(
                (kind, place, "id"), f"{entry.id} occurs twice; give each its own id"
            )
        found[entry.id] = entry
    return found


def _nearest(name: str, known: Iterable[str], *, kind: str) -> str:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    said = f"; the nearest is {nearest[0]}" if nearest else ""
    return f"the file has no {kind} {name}{said}"


def _check_department(found: _Department, loc: tuple[Part, ...], lines: Lines) -> None:
    if "." in found.id:
        raise lines.mistake(
            (*loc, "id"), "an id has no dot: officers' certificates are DEPARTMENT.OFFICER"
        )
    if found.id == PROMISES:
        raise lines.mistake(
            (*loc, "id"), f"{PROMISES} is where residents' promises stand; choose another id"
        )


def _check_rules(rules: _Rules, indicators: Mapping[str, _Indicator], lines: Lines) -> None:
    wanted = (("promise_kept", Direction.ADDS), ("promise_broken", Direction.DEDUCTS))
    for key, direction in wanted:
        name = getattr(rules, key)
        if name is None:
            continue
        found = indicators.get(name)
        if found is None:
            raise lines.mistake(("rules", key), _nearest(name, indicators, kind="indicator"))
        if found.direction is not direction:
            raise lines.mistake(("rules", key), f"{name} is not one that {direction.value}")
        if found.attestable:
            raise lines.mistake(
                ("rules", key),
                f"{name} is attestable, and promises never cross a border; set it to false there",
            )


class _Check:
    """What one indicator must be."""

    def __init__(self, found: _Indicator, loc: tuple[Part, ...], lines: Lines) -> None:
        self._found = found
        self._loc = loc
        self._lines = lines

    def whole(self, departments: Iterable[str], categories: Iterable[str]) -> None:
        """Raise FILE_INVALID where it does not hold together."""
        found = self._found
        if found.category not in categories:
            self._wrong("category", _nearest(found.category, categories, kind="category"))
        if not 0 < len(found.departments) <= INDICATOR_DEPARTMENTS:
            self._wrong("departments", f"name 1 to {INDICATOR_DEPARTMENTS} that may report it")
        for name in found.departments:
            if name not in departments:
                self._wrong("departments", _nearest(name, departments, kind="department"))
            if found.departments.count(name) > 1:
                self._wrong("departments", f"{name} occurs twice; name it once")
        if not found.retention_months:
            self._wrong("retention_months", "give at least 1 month, else no record ever counts")
        if found.disclosure_class == "D" and found.attestable:
            self._wrong("attestable", "what nobody may see (class D) feeds no statement; set false")
        if found.commendation and not found.attestable:
            self._wrong("commendation", "only an attestable indicator carries one")
        if found.direction is Direction.ADDS:
            self._adding()
        else:
            self._deducting()

    def _adding(self) -> None:
        for key in ("severity", "repair_after_months"):
            if getattr(self._found, key) is not None:
                self._wrong(key, "only a deducting indicator has one; take it away")

    def _deducting(self) -> None:
        found = self._found
        if found.commendation:
            self._wrong("commendation", "a deducting indicator carries none; take it away")
        if found.retention_months > NEGATIVE_MONTHS:
            self._wrong(
                "retention_months",
                f"what deducts is kept for at most {NEGATIVE_MONTHS} months "
                "(征信业管理条例, art. 16)",
            )
        if found.severity is None:
            self._wrong("severity", "a deducting indicator needs minor, ordinary or serious")
            return
        low, high = REPAIR_MONTHS[found.severity.value]
        if found.repair_after_months is None or not low <= found.repair_after_months <= high:
            self._wrong(
                "repair_after_months",
                f"one that is {found.severity.value} may be repaired after {low} to {high} months "
                "(信用修复管理办法); give one of them",
            )
            return
        if found.repair_after_months >= found.retention_months:
            self._wrong(
                "repair_after_months",
                "a record of it ends before it may be repaired; give fewer months here, or a "
                "longer retention_months",
            )

    def _wrong(self, key: str, problem: str) -> None:
        raise self._lines.mistake((*self._loc, key), problem)


def _indicator(found: _Indicator) -> Indicator:
    return Indicator(
        indicator_id=found.id,
        category_id=found.category,
        name_zh=found.name.zh,
        name_en=found.name.en,
        departments=found.departments,
        direction=found.direction,
        points_milli=int(found.points),
        legal_basis=found.legal_basis,
        disclosure_class=DisclosureClass(found.disclosure_class),
        retention_months=found.retention_months,
        attestable=found.attestable,
        commendation=found.commendation,
        severity=found.severity,
        repair_after_months=found.repair_after_months or 0,
    )
