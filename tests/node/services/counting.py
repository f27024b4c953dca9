"""Small catalogues, records and scales to count with."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from federation.identifiers import CityCode
from federation.scale import Scale
from node import data
from node.files import parse_scale
from node.indicators import (
    Department,
    Direction,
    DisclosureClass,
    Indicator,
    IndicatorCatalogue,
    ScoringRules,
    Severity,
)
from node.records import Record, RecordKey, RecordState

DAY = date(2026, 3, 1)
RULES = ScoringRules(
    disputed_count=False,
    objection_days=20,
    repair_days=20,
    appeal_days=20,
    promise_kept=None,
    promise_broken=None,
)


def indicator(
    indicator_id: str,
    points: int,
    *,
    months: int = 12,
    attestable: bool = True,
    commendation: str | None = None,
) -> Indicator:
    """One that adds or deducts these points for so many months."""
    return Indicator(
        indicator_id=indicator_id,
        category_id="acts",
        name_zh=f"事项 {indicator_id}",
        name_en=f"act {indicator_id}",
        departments=("office",),
        direction=Direction.ADDS if points >= 0 else Direction.DEDUCTS,
        points_milli=abs(points) * 1000,
        legal_basis="a law",
        disclosure_class=DisclosureClass.B,
        retention_months=months,
        attestable=attestable,
        commendation=commendation,
        severity=None if points >= 0 else Severity.ORDINARY,
        repair_after_months=0 if points >= 0 else 3,
    )


def catalogue(
    *indicators: Indicator, version: int = 1, rules: ScoringRules = RULES
) -> IndicatorCatalogue:
    """A catalogue of these indicators and one department."""
    departments: Mapping[str, Department] = {"office": Department("office", "办公室", "the office")}
    by_id = {each.indicator_id: each for each in indicators}
    return IndicatorCatalogue(version, departments, {}, {}, by_id, rules, "made up", True, "")


def record(
    indicator_id: str, occurred_on: date = DAY, *, number: str = "r-1", person: int = 1
) -> Record:
    """A standing record of that indicator and day."""
    return Record(
        key=RecordKey("office", number),
        revision=1,
        person=person,
        indicator_id=indicator_id,
        area="",
        evidence="document 7",
        occurred_on=occurred_on,
        ends_on=None,
        state=RecordState.STANDING,
        disputed=False,
        overdue=False,
        received_at=datetime(2026, 3, 1, tzinfo=UTC),
        received_from="office",
    )


def records(*indicator_ids: str, day: date = DAY) -> tuple[Record, ...]:
    """A standing record of each indicator, all of one day."""
    return tuple(
        record(each, day, number=f"r-{serial}") for serial, each in enumerate(indicator_ids)
    )


def scale_of(pinyin: str) -> Scale:
    """The shipped scale of a city."""
    city = data.city(pinyin).code
    content = data.path(f"{pinyin}/scale.toml").read_bytes()
    return parse_scale("scale.toml", content, city=CityCode(city), version=1)


def based_on(scale: Scale, base: int) -> Scale:
    """The next version of a scale, which begins elsewhere."""
    return replace(scale, version=scale.version + 1, base_milli=base * 1000)
