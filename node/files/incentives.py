"""A catalogue of incentives as an operator writes it; docs/incentives.md says what each key is."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Final, Literal

from pydantic import Field
from stdnum import numdb

from federation import limits as protocol_limits
from federation.errors import HutongError
from federation.identifiers import CityCode, city_code, is_uuid
from federation.scale import Scale
from node import conditions, limits
from node.facts import Facts
from node.files.reading import Lines, Name, Names, Part, Strict, Text, read_toml
from node.incentives import (
    HOLD_MINUTES,
    AcrossCities,
    Capacity,
    Catalogue,
    Incentive,
    Period,
    PerResident,
    Residence,
)

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]

_OWN_AND_VISITOR: Final = ("own", "visitor")


class _PerResident(Strict):
    uses: Count
    per: Literal["day", "week", "month", "year", "ever"]


class _Capacity(Strict):
    total: Count | None = None
    per_day: Count | None = None
    per_venue_per_day: Count | None = None
    per_resident: _PerResident | None = None
    per_resident_per_day: Count | None = None


class _AcrossCities(Strict):
    use_class: Annotated[Name, Field(alias="class")]
    most: Annotated[int, Field(ge=1, le=protocol_limits.USES_AT_ONCE)]
    days: Annotated[int, Field(ge=1, le=protocol_limits.USE_LEASE.days)]


class _Incentive(Strict):
    id: Name
    scenario: Name
    benefit: Names
    details: Names | None = None
    minimum_band: Name | None = None
    commendations: tuple[Name, ...] = ()
    condition: Text | None = None
    homes: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()
    subjects: Annotated[tuple[Literal["own", "visitor"], ...], Field(min_length=1)] = (
        _OWN_AND_VISITOR
    )
    venues: tuple[Name, ...] = ()
    capacity: _Capacity = _Capacity()
    across_cities: _AcrossCities | None = None
    hold_minutes: Annotated[int, Field(ge=1, le=limits.HOLD_MINUTES_MOST)] = HOLD_MINUTES
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
    loc: tuple[Part, ...] = ("incentives", place)
    if found.id in seen:
        raise lines.mistake((*loc, "id"), f"{found.id} occurs twice; give each its own id")
    if found.minimum_band is not None and scale.rank(found.minimum_band) < 0:
        known = ", ".join(band.band_id for band in scale.bands)
        raise lines.mistake(
            (*loc, "minimum_band"), f"the scale has no band {found.minimum_band}; it has {known}"
        )
    if found.valid_from >= found.valid_until:
        raise lines.mistake((*loc, "valid_until"), "it is not after valid_from")
    for key, problem in (*_whom(found, scale.city), *_how_often(found)):
        raise lines.mistake((*loc, *key), problem)
    if found.condition is not None:
        _check_condition(found, loc, scale, lines)


_Mistakes = list[tuple[tuple[str, ...], str]]
"""Where, below the incentive, and what is wrong there."""


def _whom(found: _Incentive, city: CityCode) -> _Mistakes:
    """Mistakes about whom it is for."""
    wrong: _Mistakes = []
    everyone = _is_open_to_all(found)
    visitors = "visitor" in found.subjects
    narrowed = {
        "homes": bool(found.homes),
        "agreements": bool(found.agreements),
        "subjects": set(found.subjects) != set(_OWN_AND_VISITOR),
        "across_cities": found.across_cities is not None,
    }
    for key in (key for key, is_set in narrowed.items() if is_set and everyone):
        problem = "it is open to everyone, also to newcomers, and cannot be narrowed; give a"
        wrong.append(((key,), f"{problem} minimum_band, commendations or a condition"))
    for key in (key for key in ("homes", "agreements") if narrowed[key] and not visitors):
        wrong.append(((key,), 'it is about visitors; leave it out, or add "visitor" to subjects'))
    for home in found.homes:
        if home == city:
            problem = 'it is this city; its own residents are "own" in subjects'
            wrong.append((("homes",), problem))
        elif not _is_city(home):
            problem = f"{home[:64]} is no city; give six-digit codes of GB/T 2260, such as 330100"
            wrong.append((("homes",), problem))
    for agreement in found.agreements:
        if not is_uuid(agreement):
            problem = f"{agreement[:64]} is no agreement; `hutong agreement list` shows their ids"
            wrong.append((("agreements",), problem))
    return wrong


def _is_open_to_all(found: _Incentive) -> bool:
    return found.minimum_band is None and not found.commendations and not found.condition


def _how_often(found: _Incentive) -> _Mistakes:
    """Mistakes about capacities that can never be reached, or that contradict each other."""
    capacity, wrong = found.capacity, list[tuple[tuple[str, ...], str]]()
    each = capacity.per_resident
    if each is not None and capacity.per_resident_per_day is not None:
        problem = "give this or per_resident_per_day, not both"
        wrong.append((("capacity", "per_resident"), problem))
    by_day = capacity.per_resident_per_day
    if each is not None and each.per == "day":
        by_day = each.uses
    name = "per_resident_per_day" if each is None else "per_resident"
    if _is_open_to_all(found) and (each is not None or by_day is not None):
        # A newcomer has no count of their own: who is recognised would have less.
        problem = "it is open to everyone, also to newcomers, whom nobody counts one by one; give a"
        wrong.append((("capacity", name), f"{problem} minimum_band, commendations or a condition"))
    order = (
        ("per_day", capacity.per_day, "total", capacity.total),
        ("per_venue_per_day", capacity.per_venue_per_day, "per_day", capacity.per_day),
        ("per_venue_per_day", capacity.per_venue_per_day, "total", capacity.total),
        (name, by_day, "per_day", capacity.per_day),
        (name, each.uses if each else by_day, "total", capacity.total),
    )
    for small, less, large, most in order:
        if less is not None and most is not None and less > most:
            problem = f"{less} is more than {large} = {most}; lower it, or leave it out"
            wrong.append((("capacity", small), problem))
    return wrong


def _is_city(code: str) -> bool:
    """Whether GB/T 2260 knows that code."""
    try:
        return all(about for _, about in numdb.get("cn/loc").info(city_code(code)))
    except HutongError:
        return False


def _check_condition(found: _Incentive, loc: tuple[Part, ...], scale: Scale, lines: Lines) -> None:
    at = datetime.combine(found.valid_from, time(12), UTC)
    facts = Facts(at, at.date(), at.hour, at.isoweekday(), scale.version, 0)
    mistake = conditions.check(_incentive(found), facts, scale)
    if mistake is not None:
        where = f"line {mistake.line}, character {mistake.column} of it"
        raise lines.mistake((*loc, "condition"), f"{where}: {mistake.problem}")


def _incentive(found: _Incentive) -> Incentive:
    across = found.across_cities
    return Incentive(
        incentive_id=found.id,
        scenario=found.scenario,
        benefit_zh=found.benefit.zh,
        benefit_en=found.benefit.en,
        minimum_band=found.minimum_band,
        commendations=tuple(sorted(set(found.commendations))),
        venues=tuple(sorted(set(found.venues))),
        valid_from=found.valid_from,
        valid_until=found.valid_until,
        legal_basis=found.legal_basis,
        source=found.source,
        illustrative=found.illustrative,
        condition=found.condition or "",
        homes=tuple(sorted(set(found.homes))),
        agreements=tuple(sorted(set(found.agreements))),
        subjects=tuple(each for each in Residence if each.value in found.subjects),
        capacity=_capacity(found.capacity),
        across_cities=AcrossCities(across.use_class, across.most, across.days) if across else None,
        hold_minutes=found.hold_minutes,
        details_zh=found.details.zh if found.details else "",
        details_en=found.details.en if found.details else "",
    )


def _capacity(found: _Capacity) -> Capacity:
    each = None
    if found.per_resident is not None:
        each = PerResident(found.per_resident.uses, Period(found.per_resident.per))
    elif found.per_resident_per_day is not None:
        each = PerResident(found.per_resident_per_day, Period.DAY)
    return Capacity(found.total, found.per_day, found.per_venue_per_day, each)
