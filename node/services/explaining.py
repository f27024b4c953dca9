"""Explains a standing to its resident: every record in it, and what time alone will change.

It is made from the records, not from kept sums: what is listed adds up to what is shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from federation.bands import Band
from federation.scale import Scale, Standing
from node.indicators import Department, Direction, Indicator, IndicatorCatalogue, months_after
from node.model import Resident
from node.record_limits import STANDING_CHANGES
from node.records import Record
from node.services.scoring import Span, Tally, spans, sum_on


@dataclass(frozen=True, slots=True)
class ExplainedRecord:
    """A standing record, and what it does to the sum.

    `indicator`, `until` and `repairable_from` are None where the catalogue does not have its
    indicator any more, the last for one that adds, too. `department` is None where that is no
    department of the catalogue.
    """

    record: Record
    indicator: Indicator | None
    department: Department | None
    until: date | None
    counts: bool
    repairable_from: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a standing on a day, if nothing else happens."""

    on: date
    standing: Standing
    begins: tuple[Indicator, ...]
    ends: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class StandingReport:
    """A resident's own standing, and everything that makes it.

    `standing` is of all records, `shared` of those that other cities may be told of. `records` are
    those that count, are disputed or will count, and those whose indicator is gone, the newest
    first. `next_band` begins `points_to_next_milli` above the sum, which may lie outside the scale.
    """

    scale: Scale
    points_milli: int
    standing: Standing
    shared: Standing
    records: tuple[ExplainedRecord, ...]
    next_band: Band | None
    points_to_next_milli: int | None
    changes: tuple[Change, ...]
    disputed_count: bool
    catalogue_version: int
    as_of: datetime
    as_of_day: date


def explain(
    records: Sequence[Record],
    catalogue: IndicatorCatalogue | None,
    scale: Scale,
    now: datetime,
    today: date,
) -> StandingReport:
    """The standing of a resident with these standing records, on a scale and a day."""
    counting = tuple(spans(records, catalogue))
    found = sum_on(today, counting)
    standing = _standing(scale, found)
    following = _next_band(scale, standing)
    return StandingReport(
        scale=scale,
        points_milli=found.points_milli,
        standing=standing,
        shared=scale.standing(found.shared_milli, frozenset(found.commendations)),
        records=tuple(_explained(records, catalogue, counting, today)),
        next_band=following,
        points_to_next_milli=_points_to(following, scale, found),
        changes=tuple(_changes(scale, counting, today)),
        disputed_count=bool(catalogue and catalogue.rules.disputed_count),
        catalogue_version=catalogue.version if catalogue else 0,
        as_of=now,
        as_of_day=today,
    )


def own_standing(scale: Scale, resident: Resident) -> Standing:
    """The standing that the resident sees, by the kept sums."""
    return scale.standing(resident.points_milli, frozenset(resident.commendations))


def _standing(scale: Scale, found: Tally) -> Standing:
    return scale.standing(found.points_milli, frozenset(found.commendations))


def _explained(
    records: Iterable[Record],
    catalogue: IndicatorCatalogue | None,
    counting: Iterable[Span],
    today: date,
) -> Iterable[ExplainedRecord]:
    now = {span.record.key for span in counting if span.holds(today)}
    for record in records:
        indicator = catalogue.indicators.get(record.indicator_id) if catalogue else None
        until = indicator.counts_until(record.occurred_on, record.ends_on) if indicator else None
        if until is not None and until <= today and not record.disputed:
            continue
        yield ExplainedRecord(
            record=record,
            indicator=indicator,
            department=catalogue.departments.get(record.key.source) if catalogue else None,
            until=until,
            counts=record.key in now,
            repairable_from=_repairable_from(record, indicator),
        )


def _repairable_from(record: Record, indicator: Indicator | None) -> date | None:
    if indicator is None or indicator.direction is not Direction.DEDUCTS:
        return None
    return months_after(record.occurred_on, indicator.repair_after_months)


def _changes(scale: Scale, counting: Sequence[Span], today: date) -> Iterable[Change]:
    days = {day for span in counting for day in (span.begins, span.ends) if day > today}
    for day in sorted(days)[:STANDING_CHANGES]:
        yield Change(
            on=day,
            standing=_standing(scale, sum_on(day, counting)),
            begins=tuple(span.indicator for span in counting if span.begins == day),
            ends=tuple(span.indicator for span in counting if span.ends == day),
        )


def _next_band(scale: Scale, standing: Standing) -> Band | None:
    rank = scale.rank(standing.band_id) + 1
    return scale.bands[rank] if rank < len(scale.bands) else None


def _points_to(band: Band | None, scale: Scale, found: Tally) -> int | None:
    """How far the sum is from a band; further than the score, where that was clamped."""
    if band is None or band.lower is None or scale.base_milli is None:
        return None
    return band.lower.score_milli - scale.base_milli - found.points_milli
