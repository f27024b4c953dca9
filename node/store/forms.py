"""Scales and catalogues as JSON: what the node's own files became, kept as it was read."""

import json
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from typing import Any, Final

from federation.bands import Band, Bound, ScaleKind
from federation.identifiers import CityCode
from federation.scale import Scale
from node.incentives import (
    SUBJECTS,
    AcrossCities,
    Capacity,
    Catalogue,
    Incentive,
    Period,
    PerResident,
    Residence,
)
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
from node.store.values import to_json

_LISTS: Final = ("commendations", "venues", "homes", "agreements")

# The capacities of an incentive as they were kept at first, and what each is now.
_FIRST_CAPACITIES: Final = {
    "total_capacity": "total",
    "daily_capacity": "per_day",
    "resident_daily_capacity": "per_resident",
}


def scale_to_json(scale: Scale) -> str:
    """The whole scale; it never leaves the city in this form."""
    return to_json(
        {
            "city": scale.city,
            "scale_id": scale.scale_id,
            "version": scale.version,
            "kind": scale.kind.name,
            "name_zh": scale.name_zh,
            "name_en": scale.name_en,
            "minimum_milli": scale.minimum_milli,
            "maximum_milli": scale.maximum_milli,
            "base_milli": scale.base_milli,
            "bands": [_band_to_json(band) for band in scale.bands],
            "exportable_from": scale.exportable_from,
            "listed_by": scale.listed_by,
            "source": scale.source,
            "illustrative": scale.illustrative,
        }
    )


def scale_from_json(text: str) -> Scale:
    """The scale that was kept."""
    found: dict[str, Any] = json.loads(text)
    return Scale(
        **found
        | {
            "city": CityCode(found["city"]),
            "kind": ScaleKind[found["kind"]],
            "bands": tuple(_band_from_json(band) for band in found["bands"]),
            "listed_by": tuple(tuple(names) for names in found["listed_by"]),
        }
    )


def incentives_to_json(catalogue: Catalogue) -> str:
    """The incentives of a catalogue."""
    return json.dumps(
        [asdict(incentive) for incentive in catalogue.incentives],
        ensure_ascii=False,
        separators=(",", ":"),
        default=lambda value: value.isoformat() if isinstance(value, date) else value.value,
    )


def incentives_from_json(text: str) -> tuple[Incentive, ...]:
    """The incentives that were kept, also as the first version of a node kept them."""
    return tuple(_incentive(found) for found in json.loads(text))


def _incentive(found: dict[str, Any]) -> Incentive:
    first = {now: found.pop(then, None) for then, now in _FIRST_CAPACITIES.items()}
    limits = first | {"per_venue_per_day": None} | found.pop("capacity", {})
    across = found.pop("across_cities", None)
    subjects = found.pop("subjects", [residence.value for residence in SUBJECTS])
    lists = {name: tuple(found.pop(name, ())) for name in _LISTS}
    days = {name: date.fromisoformat(found.pop(name)) for name in ("valid_from", "valid_until")}
    return Incentive(
        **found | lists | days,
        subjects=tuple(Residence(each) for each in subjects),
        capacity=Capacity(**limits | {"per_resident": _per_resident(limits["per_resident"])}),
        across_cities=AcrossCities(**across) if across else None,
    )


def _per_resident(found: dict[str, Any] | int | None) -> PerResident | None:
    if isinstance(found, int):
        return PerResident(found, Period.DAY)
    return PerResident(found["uses"], Period(found["per"])) if found else None


def indicators_to_json(catalogue: IndicatorCatalogue) -> str:
    """The whole catalogue but for the file that it came from."""
    columns = asdict(catalogue) | {"content": ""}
    return json.dumps(columns, ensure_ascii=False, default=lambda value: value.value)


@lru_cache(maxsize=4)
def indicators_from_json(text: str, content: str) -> IndicatorCatalogue:
    """The catalogue that was kept; the same object for the same text, for it is large."""
    found = json.loads(text)
    return IndicatorCatalogue(
        version=found["version"],
        departments={key: Department(**each) for key, each in found["departments"].items()},
        areas={
            key: Area(**each | {"kind": AreaKind(each["kind"])})
            for key, each in found["areas"].items()
        },
        categories={
            key: Category(**each | {"dimension": Dimension(each["dimension"])})
            for key, each in found["categories"].items()
        },
        indicators={key: _indicator(each) for key, each in found["indicators"].items()},
        rules=ScoringRules(**found["rules"]),
        source=found["source"],
        illustrative=found["illustrative"],
        content=content,
    )


def _indicator(found: dict[str, Any]) -> Indicator:
    return Indicator(
        **found
        | {
            "departments": tuple(found["departments"]),
            "direction": Direction(found["direction"]),
            "disclosure_class": DisclosureClass(found["disclosure_class"]),
            "severity": Severity(found["severity"]) if found["severity"] else None,
        }
    )


def _band_to_json(band: Band) -> dict[str, object]:
    return {
        "band_id": band.band_id,
        "name_zh": band.name_zh,
        "name_en": band.name_en,
        "lower": _bound_to_json(band.lower),
        "upper": _bound_to_json(band.upper),
    }


def _band_from_json(found: dict[str, Any]) -> Band:
    ends = {end: _bound_from_json(found[end]) for end in ("lower", "upper")}
    return Band(**found | ends)


def _bound_to_json(bound: Bound | None) -> list[object] | None:
    return None if bound is None else [bound.score_milli, bound.inclusive]


def _bound_from_json(found: list[Any] | None) -> Bound | None:
    return None if found is None else Bound(*found)
