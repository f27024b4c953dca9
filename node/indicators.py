"""The indicator catalogue: what a department may record of a resident, and what it comes to.

A record names an indicator and a day, nothing else counts: points, retention and whether it may be
shown to other cities are the catalogue's, at the version in force. So a new version re-scores
everybody, and can be tried before.
"""

import calendar
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

PROMISES: Final = "promises"
"""The source of the records that residents' promises become; no department has this id."""


class Direction(enum.Enum):
    """Whether a record adds points or deducts them."""

    ADDS = "adds"
    DEDUCTS = "deducts"


class Dimension(enum.Enum):
    """The five dimensions of the source article."""

    HONOUR = "honour"
    """荣誉信息."""
    SOCIAL = "social"
    """社会公德."""
    PROFESSIONAL = "professional"
    """职业道德."""
    FAMILY = "family"
    """家庭美德."""
    LAW = "law"
    """法律法规."""


class DisclosureClass(enum.Enum):
    """Who may see a record, from public (A) to most restricted (D)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Severity(enum.Enum):
    """How serious a deducting indicator is, for repair (信用修复管理办法)."""

    MINOR = "minor"
    ORDINARY = "ordinary"
    SERIOUS = "serious"


class AreaKind(enum.Enum):
    """What kind of part of the city an area is."""

    DISTRICT = "district"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class Department:
    """A department that sends records; its clients' certificates bear its id."""

    department_id: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Area:
    """A district, a county, or a development zone."""

    area_id: str
    kind: AreaKind
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Category:
    """A group of indicators of one dimension."""

    category_id: str
    name_zh: str
    name_en: str
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing that may be recorded.

    `departments` may report it and correct each other's records of it. `points_milli` is a size, in
    thousandths of a point; `direction` is its sign. `attestable`: it counts in what other cities
    are told, besides counting here. `severity` and `repair_after_months` are None, and 0, for one
    that adds; a repair may be applied for so many months after the day of the record.
    """

    indicator_id: str
    category_id: str
    name_zh: str
    name_en: str
    departments: tuple[str, ...]
    direction: Direction
    points_milli: int
    legal_basis: str
    disclosure_class: DisclosureClass
    retention_months: int
    attestable: bool
    commendation: str | None
    severity: Severity | None
    repair_after_months: int

    @property
    def effect_milli(self) -> int:
        """What one record of it does to the sum, in thousandths of a point."""
        return self.points_milli if self.direction is Direction.ADDS else -self.points_milli

    def counts_until(self, occurred_on: date, ends_on: date | None) -> date:
        """The first day on which a record of that day does not count any more."""
        kept_until = months_after(occurred_on, self.retention_months)
        return kept_until if ends_on is None else min(ends_on, kept_until)


@dataclass(frozen=True, slots=True)
class ScoringRules:
    """What the city decided beside its indicators.

    A record that is disputed counts meanwhile only if `disputed_count`. An objection is answered
    within `objection_days`, an application for repair within `repair_days`, an appeal within
    `appeal_days`; a record whose objection is overdue does not count until it is answered.
    `promise_kept` and `promise_broken` are the indicators of promises, None where they leave no
    record.
    """

    disputed_count: bool
    objection_days: int
    repair_days: int
    appeal_days: int
    promise_kept: str | None
    promise_broken: str | None


@dataclass(frozen=True, slots=True)
class IndicatorCatalogue:
    """One version of the catalogue, and the file that it came from.

    Each mapping is by id, in the order of the file.
    """

    version: int
    departments: Mapping[str, Department]
    areas: Mapping[str, Area]
    categories: Mapping[str, Category]
    indicators: Mapping[str, Indicator]
    rules: ScoringRules
    source: str
    illustrative: bool
    content: str = field(repr=False)


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the last day of a month that has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
