"""An indicator catalogue for tests: any whole number of points can be reached."""

from dataclasses import replace

from node.indicators import (
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
from node.records import RecordRow

OFFICE, OTHER, THIRD = "office", "other-office", "third-office"
COMMENDATIONS = ("blood-donor", "honesty-model", "volunteer-star", "road-angel")
_POWERS = tuple(2**i for i in range(10))


def indicator(indicator_id: str, points: int, **fields: object) -> Indicator:
    """An indicator of `office`, class A, attestable, kept for five years; deducting below 0."""
    made = Indicator(
        indicator_id=indicator_id,
        category_id="general",
        name_zh=f"指标 {indicator_id}",
        name_en=f"indicator {indicator_id}",
        departments=(OFFICE, OTHER),
        direction=Direction.DEDUCTS if points < 0 else Direction.ADDS,
        points_milli=abs(points) * 1000,
        legal_basis="a test",
        disclosure_class=DisclosureClass.A,
        retention_months=60,
        attestable=True,
        commendation=None,
        severity=Severity.MINOR if points < 0 else None,
        repair_after_months=0,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def _indicators() -> list[Indicator]:
    found = [indicator(f"add-{points}", points) for points in _POWERS]
    found += [indicator(f"ded-{points}", -points) for points in _POWERS]
    found += [indicator(f"honour.{name}", 0, commendation=name) for name in COMMENDATIONS]
    found += [
        indicator(f"class-{each.value.lower()}", -5, disclosure_class=each)
        for each in DisclosureClass
    ]
    found += [
        indicator("minor", -10),
        indicator("ordinary", -20, severity=Severity.ORDINARY, repair_after_months=3),
        indicator("serious", -40, severity=Severity.SERIOUS, repair_after_months=12),
        indicator("local-add", 10, attestable=False),
        indicator("local-ded", -10, attestable=False),
        indicator("short", -10, retention_months=1),
        indicator("others-only", -10, departments=(OTHER,)),
        indicator("office-only", -10, departments=(OFFICE,)),
        indicator("promise.kept", 2, attestable=False),
        indicator("promise.broken", -10, attestable=False),
    ]
    return found


def made_catalogue(version: int = 1, **rules: object) -> IndicatorCatalogue:
    """The catalogue that towns of the simulated world have; `rules` change those."""
    names = (OFFICE, OTHER, THIRD)
    given = ScoringRules(
        disputed_count=False,
        objection_days=20,
        repair_days=20,
        appeal_days=30,
        promise_kept="promise.kept",
        promise_broken="promise.broken",
    )
    return IndicatorCatalogue(
        version=version,
        departments={
            name: Department(name, f"部门 {name}", f"department {name}") for name in names
        },
        areas={
            "central": Area("central", AreaKind.DISTRICT, "中心区", "Central District"),
            "port": Area("port", AreaKind.ZONE, "港区", "Port Zone"),
        },
        categories={"general": Category("general", "一般", "general", Dimension.SOCIAL)},
        indicators={each.indicator_id: each for each in _indicators()},
        rules=replace(given, **rules),  # type: ignore[arg-type]
        source="a test",
        illustrative=True,
        content="",
    )


def changed(catalogue: IndicatorCatalogue, *indicators: Indicator) -> IndicatorCatalogue:
    """The next version, with these indicators instead of, or beside, those that it has."""
    named = {each.indicator_id: each for each in indicators}
    return replace(
        catalogue, version=catalogue.version + 1, indicators={**catalogue.indicators, **named}
    )


def row(number: str, record_number: str = "r-1", **fields: object) -> RecordRow:
    """A good row of `office` about the holder of a document: 32 points."""
    made = RecordRow(
        record_number=record_number,
        indicator="add-32",
        document_number=number,
        occurred_on="2026-01-15",
        evidence="文书 2026-1",
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def rows_of(
    number: str, points: int, prefix: str, occurred_on: str, ends_on: str = ""
) -> list[RecordRow]:
    """Rows that add up to so many points."""
    sign = "ded" if points < 0 else "add"
    whole, rest = divmod(abs(points), 512)
    parts = [512] * whole + [power for power in _POWERS if rest & power]
    return [
        row(
            number,
            f"{prefix}-{place}",
            indicator=f"{sign}-{part}",
            occurred_on=occurred_on,
            ends_on=ends_on,
        )
        for place, part in enumerate(parts)
    ]
