"""A catalogue of incentives as an operator writes it."""

from datetime import date
from typing import Annotated

from pydantic import Field

from federation.identifiers import CityCode
from federation.scale import Scale
from node import limits
from node.files.reading import Lines, Name, Names, Strict, Text, read_toml
from node.incentives import Capacity, Catalogue, Incentive, Period, PerResident

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


class _Capacity(Strict):
    total: Count | None = None
    per_day: Count | None = None
    per_resident_per_day: Count | None = None


class _Incentive(Strict):
    id: Name
    scenario: Name
    benefit: Names
    minimum_band: Name | None = None
    commendations: tuple[Name, ...] = ()
    venues: tuple[Name, ...] = ()
    capacity: _Capacity = _Capacity()
    valid_from: date
    valid_until: date
    legal_basis: Text
    source: Text
    illustrative: bool


class _File(Strict):
    city: str
    incentives: list[_Incentive]


def parse_incentives(
    file_name: str, content: bytes, *, city: CityCode, scale: Scale, version: int
) -> Catalogue:
    """The catalogue in a TOML file; bands are those of `scale`; raises FILE_INVALID."""
    file, lines = read_toml(file_name, content, _File)
    if file.city != city:
        raise lines.mistake(("city",), f"this is the node of {city}; load the file of that city")
    if not 0 < len(file.incentives) <= limits.INCENTIVES:
        raise lines.mistake(("incentives",), f"give 1 to {limits.INCENTIVES} incentives")
    seen = set[str]()
    for place, found in enumerate(file.incentives):
        _check(found, place, scale, seen, lines)
        seen.add(found.id)
    return Catalogue(
        version=version,
        incentives=tuple(sorted(map(_incentive, file.incentives), key=lambda i: i.incentive_id)),
        content=content.decode("utf-8"),
    )


def _check(found: _Incentive, place: int, scale: Scale, seen: set[str], lines: Lines) -> None:
    loc = ("incentives", place)
    if found.id in seen:
        raise lines.mistake((*loc, "id"), f"{found.id} occurs twice; give each its own id")
    if found.minimum_band is not None and scale.rank(found.minimum_band) < 0:
        known = ", ".join(band.band_id for band in scale.bands)
        raise lines.mistake(
            (*loc, "minimum_band"), f"the scale has no band {found.minimum_band}; it has {known}"
        )
    if found.valid_from >= found.valid_until:
        raise lines.mistake((*loc, "valid_until"), "it is not after valid_from")


def _incentive(found: _Incentive) -> Incentive:
    return Incentive(
        incentive_id=found.id,
        scenario=found.scenario,
        benefit_zh=found.benefit.zh,
        benefit_en=found.benefit.en,
        minimum_band=found.minimum_band,
        commendations=tuple(sorted(set(found.commendations))),
        venues=tuple(sorted(set(found.venues))),
        capacity=Capacity(
            total=found.capacity.total,
            per_day=found.capacity.per_day,
            per_resident=PerResident(found.capacity.per_resident_per_day, Period.DAY)
            if found.capacity.per_resident_per_day
            else None,
        ),
        valid_from=found.valid_from,
        valid_until=found.valid_until,
        legal_basis=found.legal_basis,
        source=found.source,
        illustrative=found.illustrative,
    )
