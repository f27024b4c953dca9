"""What a person's records come to: each counts by its indicator, from its day until its end.

Everything follows from the records, the catalogue in force and the day: a sum that was kept and one
that is made anew are the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from node.indicators import Indicator, IndicatorCatalogue, ScoringRules
from node.model import Resident
from node.records import Record, RecordState


@dataclass(frozen=True, slots=True)
class Tally:
    """The sum of the records that count on a day, in thousandths of a point.

    `shared_milli` is of those alone that other cities may be told of. `changes_on` is the next day
    on which a record begins or stops to count, None where there is none.
    """

    points_milli: int
    shared_milli: int
    commendations: tuple[str, ...]
    changes_on: date | None


@dataclass(frozen=True, slots=True)
class Span:
    """The days on which a record counts: from `begins` until the day before `ends`."""

    record: Record
    indicator: Indicator
    begins: date
    ends: date

    def holds(self, day: date) -> bool:
        """Whether the record counts on that day."""
        return self.begins <= day < self.ends


def spans(records: Iterable[Record], catalogue: IndicatorCatalogue | None) -> Iterator[Span]:
    """When each record counts; none for one that cannot.

    One whose indicator the catalogue does not have counts nothing.
    """
    if catalogue is None:
        return
    for record in records:
        indicator = catalogue.indicators.get(record.indicator_id)
        if indicator is None or not may_count(record, catalogue.rules):
            continue
        ends = indicator.counts_until(record.occurred_on, record.ends_on)
        if record.occurred_on < ends:
            yield Span(record, indicator, record.occurred_on, ends)


def sum_on(day: date, of: Iterable[Span]) -> Tally:
    """What these come to on that day."""
    points, shared, commendations, changes = 0, 0, set[str](), list[date]()
    for span in of:
        changes.extend(change for change in (span.begins, span.ends) if change > day)
        if not span.holds(day):
            continue
        points += span.indicator.effect_milli
        shared += span.indicator.effect_milli if span.indicator.attestable else 0
        if span.indicator.commendation:
            commendations.add(span.indicator.commendation)
    return Tally(points, shared, tuple(sorted(commendations)), min(changes, default=None))


def tally(records: Iterable[Record], catalogue: IndicatorCatalogue | None, today: date) -> Tally:
    """What the records of one person come to on that day."""
    return sum_on(today, spans(records, catalogue))


def may_count(record: Record, rules: ScoringRules) -> bool:
    """Whether a record counts on its days: it stands, and no dispute keeps it from counting."""
    if record.state is not RecordState.STANDING or record.overdue:
        return False
    return rules.disputed_count or not record.disputed


def recounted(
    resident: Resident,
    records: Iterable[Record],
    catalogue: IndicatorCatalogue | None,
    today: date,
) -> Resident:
    """The resident, with what the records come to."""
    found = tally(records, catalogue, today)
    return replace(
        resident,
        points_milli=found.points_milli,
        shared_milli=found.shared_milli,
        commendations=found.commendations,
        recount_on=found.changes_on,
        counted_by=catalogue.version if catalogue else 0,
    )
