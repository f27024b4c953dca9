"""What a catalogue would change for whom, before it is in force.

Pure. Told are only entries that differ: for newcomers, and for each band that one can be recognised
at, of this city's own residents and of the visitors from each partner city, who would gain an
incentive and who would lose it. It is looked at every day on which a validity begins or ends, from
today on, and where a condition reads the clock, at every hour and weekday. Whoever gains at one
time and loses at another is told as both.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from federation.bands import Band
from federation.scale import Scale
from node.facts import Facts
from node.incentives import Catalogue, Incentive, Residence
from node.registry import Registry
from node.services.deciding import decide
from node.services.here import Here

_CLOCK: Final = re.compile(r"\b(?:hour|weekday|day)\b")
_QUOTED: Final = re.compile(r"[\"']([a-z0-9._-]+)[\"']")
_HOURS: Final = range(24)
_WEEKDAYS: Final = range(1, 8)
_NOON: Final = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """Those who would gain or lose one incentive.

    `home` is "" for newcomers, who have no bands. `commended` says that these are those of them who
    hold a commendation that it names; otherwise they hold none.
    """

    incentive_id: str
    gains: bool
    home: str
    bands: tuple[str, ...]
    commended: bool


@dataclass(frozen=True, slots=True)
class CatalogueDiff:
    """What differs from the catalogue in force, which is version 0 where there is none."""

    version: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """Where people can be recognised from, and what is agreed about them; None: all there is."""

    city: str
    residence: Residence
    agreement_id: str = ""
    scenarios: frozenset[str] | None = None
    commendations: frozenset[str] | None = None


_Pair = tuple[Incentive | None, Incentive | None]
"""An incentive as it is, and as it would be."""


def homes_of(here: Here, registry: Registry) -> tuple[Home, ...]:
    """This city, and each partner with which an agreement is signed."""
    found = [Home(here.city, Residence.OWN)]
    for city in sorted(registry.partners):
        stored = registry.signed_agreement(city)
        if stored is not None:
            terms = stored.agreement
            shared = frozenset(terms.scenarios), frozenset(terms.commendations)
            found.append(Home(city, Residence.VISITOR, terms.agreement_id, *shared))
    return tuple(found)


def compare(
    old: Catalogue | None, new: Catalogue, scale: Scale, homes: Sequence[Home], now: Facts
) -> CatalogueDiff:
    """What would change; `now` is a newcomer's facts at this moment."""
    before = {i.incentive_id: i for i in old.incentives} if old else {}
    after = {i.incentive_id: i for i in new.incentives}
    names = sorted(before.keys() | after.keys())
    pairs = {name: (before.get(name), after.get(name)) for name in names}
    pairs = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return CatalogueDiff(
        version=old.version if old else 0,
        added=tuple(name for name, (was, _) in pairs.items() if was is None),
        removed=tuple(name for name, (_, will) in pairs.items() if will is None),
        changed=tuple(name for name, pair in pairs.items() if None not in pair),
        differences=tuple(
            difference
            for name, pair in pairs.items()
            for difference in _differences(name, pair, scale, homes, now)
        ),
    )


def _differences(
    name: str, pair: _Pair, scale: Scale, homes: Sequence[Home], now: Facts
) -> Iterator[Difference]:
    times = tuple(_times(pair, now))
    for gains in _changes(pair, scale, times):
        yield Difference(name, gains, "", (), commended=False)
    exportable = scale.bands[scale.rank(scale.exportable_from) :]
    for home in homes:
        held = _held(pair, home)
        for commendations in ((), held) if held else ((),):
            found: dict[bool, list[str]] = {True: [], False: []}
            for band in exportable:
                known = tuple(_recognised(pair, home, band.band_id, commendations, times))
                people = (*known, *(_at_top(band, each) for each in known))
                for gains in _changes(pair, scale, people):
                    found[gains].append(band.band_id)
            for gains, bands in found.items():
                if bands:
                    commended = bool(commendations)
                    yield Difference(name, gains, home.city, tuple(bands), commended)


def _changes(pair: _Pair, scale: Scale, people: Sequence[Facts]) -> tuple[bool, ...]:
    """True where some of them gain, False where some lose."""
    was, will = (
        [each is not None and decide(who, each, scale).eligible for who in people] for each in pair
    )
    found = set(zip(was, will, strict=True))
    return (True,) * ((False, True) in found) + (False,) * ((True, False) in found)


def _recognised(
    pair: _Pair, home: Home, band_id: str, held: tuple[str, ...], times: Sequence[Facts]
) -> Iterator[Facts]:
    """Somebody recognised at the low end of a band, who lets uses be counted, and who does not."""
    offered = {each.scenario for each in pair if each}
    agreed = offered if home.scenarios is None else offered & home.scenarios
    counted = any(each and each.across_cities for each in pair)
    for at, counting in itertools.product(times, (False, True) if counted else (False,)):
        yield replace(
            at,
            band_id=band_id,
            commendations=held,
            scenarios=tuple(sorted(agreed)),
            home=home.city,
            agreement_id=home.agreement_id,
            residence=home.residence,
            counting=counting,
        )


def _at_top(band: Band, facts: Facts) -> Facts:
    """The same person at the upper end of the band; at the low end where it has none."""
    return replace(facts, local_milli=band.upper.score_milli if band.upper else None)


def _held(pair: _Pair, home: Home) -> tuple[str, ...]:
    """The commendations that may matter and can be shown here."""
    named, reads = set[str](), False
    for each in (each for each in pair if each):
        named |= set(each.commendations)
        if "commendations" in each.condition:
            named |= set(_QUOTED.findall(each.condition))
            reads = True
    if home.commendations is None:
        return tuple(sorted(named | ({"commendation"} if reads else set())))
    return tuple(sorted(named & home.commendations | (home.commendations if reads else set())))


def _times(pair: _Pair, now: Facts) -> Iterator[Facts]:
    """A newcomer's facts on each day that matters, from today on."""
    found = [each for each in pair if each]
    turns = {day for each in found for day in (each.valid_from, each.valid_until)}
    clock = any(_CLOCK.search(each.condition) for each in found)
    for day in sorted({now.day} | {turn for turn in turns if turn > now.day}):
        then = replace(now, day=day, weekday=day.isoweekday(), hour=_NOON)
        yield then
        if clock:
            week = itertools.product(_WEEKDAYS, _HOURS)
            yield from (replace(then, weekday=weekday, hour=hour) for weekday, hour in week)
