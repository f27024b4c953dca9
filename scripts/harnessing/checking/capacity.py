"""A capacity of N is never used N + 1 times, and each counter says what is used.

Counted once more from the places that are held and confirmed: by the scopes that each names, which
the counters must equal, and by incentive, day and venue whatever it names. A limit that a later
catalogue lowered binds nobody before: the highest that ever was is what counts.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from node.incentives import Capacity
from node.model import DAY_SCOPE, RESIDENT_SCOPES
from node.redemptions import ReservationState
from node.services.capacities import TOTAL_SCOPE
from node.store.values import to_instant, to_names
from scripts.harnessing.checking.evidence import CityEvidence, Evidence
from scripts.harnessing.checking.ruling import Invariant, Tally

_TAKEN: Final = """
SELECT incentive_id, venue, scopes, reserved_at FROM reservations WHERE state IN (?, ?)
"""
_COUNTERS: Final = "SELECT incentive_id, scope, used FROM counters"
_HELD: Final = ReservationState.HELD.value
_CONFIRMED: Final = ReservationState.CONFIRMED.value

Scoped = tuple[str, str]


def _no_capacity_is_exceeded(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        named, counted = _taken(city)
        kept = {(incentive, scope): used for incentive, scope, used in city.rows(_COUNTERS)}
        for place in sorted(named.keys() | kept.keys()):
            tally.see()
            _compare(tally, city, place, named[place], kept.get(place))
        for place, uses in sorted(counted.items()):
            limit = _limit(city, *place)
            if limit is None:
                continue
            tally.see()
            if uses > limit:
                _exceeded(tally, city, place, uses, limit)


def _taken(city: CityEvidence) -> tuple[Counter[Scoped], Counter[Scoped]]:
    """The places that are taken: by the scopes they name, and by what the limits are for."""
    named, counted = Counter[Scoped](), Counter[Scoped]()
    for incentive, venue, scopes, reserved_at in city.rows(_TAKEN, _HELD, _CONFIRMED):
        named.update((incentive, scope) for scope in to_names(scopes))
        day = to_instant(reserved_at).astimezone(city.zone).date()
        # Where all versions limit it alike each use took a place, whatever its row names.
        for scope, of in (
            (TOTAL_SCOPE, lambda c: c.total),
            (f"{DAY_SCOPE}{day}", lambda c: c.per_day),
            (f"{DAY_SCOPE}{day}:{venue}", lambda c: c.per_venue_per_day),
        ):
            if None not in set(_limits(city, incentive, of)):
                counted[incentive, scope] += 1
    return named, counted


def _compare(tally: Tally, city: CityEvidence, place: Scoped, uses: int, kept: int | None) -> None:
    incentive, scope = place
    if kept is None and (city.clock.forgets or _is_over(city, scope)):
        return
    if uses != (kept or 0):
        tally.broken(
            city.place.pinyin,
            f"{incentive} 的计数（{scope}）为 {kept or 0}，实际占用 {uses}。",
            f"The counter of {incentive} ({scope}) says {kept or 0}, and {uses} are taken.",
            incentive_id=incentive,
            scope=scope,
            counted=kept,
            taken=uses,
        )
    limit = _limit(city, incentive, scope)
    if limit is not None and max(uses, kept or 0) > limit:
        _exceeded(tally, city, place, max(uses, kept or 0), limit)


def _exceeded(tally: Tally, city: CityEvidence, place: Scoped, uses: int, limit: int) -> None:
    incentive, scope = place
    tally.broken(
        city.place.pinyin,
        f"{incentive}（{scope}）限 {limit} 次，已用 {uses} 次。",
        f"{incentive} ({scope}) may be used {limit} times, and was {uses} times.",
        incentive_id=incentive,
        scope=scope,
        limit=limit,
        taken=uses,
    )


def _limit(city: CityEvidence, incentive: str, scope: str) -> int | None:
    """The highest limit that there ever was; None where there never was one."""
    limits = [limit for limit in _limits(city, incentive, _of(scope)) if limit is not None]
    return max(limits, default=None)


def _limits(
    city: CityEvidence, incentive: str, of: Callable[[Capacity], int | None]
) -> Iterator[int | None]:
    for catalogue in city.catalogues.values():
        for each in catalogue.incentives:
            if each.incentive_id == incentive:
                yield of(each.capacity)


def _of(scope: str) -> Callable[[Capacity], int | None]:
    """Which limit of a capacity a scope is of."""
    if scope == TOTAL_SCOPE:
        return lambda capacity: capacity.total
    if scope.startswith(RESIDENT_SCOPES):
        per = scope.removeprefix(RESIDENT_SCOPES).partition(":")[0]
        return lambda capacity: (
            capacity.per_resident.uses
            if capacity.per_resident and capacity.per_resident.per.value == per
            else None
        )
    if scope.removeprefix(DAY_SCOPE).count(":"):
        return lambda capacity: capacity.per_venue_per_day
    return lambda capacity: capacity.per_day


def _is_over(city: CityEvidence, scope: str) -> bool:
    """Whether the day of a scope is past, so that its counter may be gone."""
    if scope == TOTAL_SCOPE:
        return False
    first = scope.split(":")[1]
    today = to_instant(city.alive_at).astimezone(city.zone).date()
    return date.fromisoformat(first) < today


INVARIANTS: Final = (
    Invariant(
        "capacity",
        "capacity",
        "名额不会超用",
        "No capacity is exceeded",
        _no_capacity_is_exceeded,
    ),
)
