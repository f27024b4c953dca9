"""Retention: what must not be kept any longer goes, in small portions so that nobody waits.

Here is the list of what is kept how long, but for what goes within a week because nobody can ask
for it any more (`node.store.sweeping`). The figures and their reasons are in `node.record_limits`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import structlog

from node import record_limits as kept
from node.incentives import Period
from node.indicators import IndicatorCatalogue, months_after
from node.logbook import LogKind
from node.ports import Transaction, UnitOfWork
from node.retention import Ended, Kept, Place
from node.services.here import Here

RULES: Final[Mapping[Kept, timedelta]] = {
    Kept.WITHDRAWN_RECORDS: kept.WITHDRAWN_KEPT,
    Kept.REPAIRED_RECORDS: kept.REPAIRED_KEPT,
    Kept.QUARANTINE: kept.QUARANTINE_KEPT,
    Kept.RECORD_LOADS: kept.LOADS_KEPT,
    Kept.CASES: kept.CASES_KEPT,
    Kept.NOTICES: kept.NOTICES_KEPT,
    Kept.RECORD_READS: kept.READS_KEPT,
    Kept.PROMISES: kept.PROMISES_KEPT,
    Kept.CONSENTS: kept.CONSENTS_KEPT,
    Kept.USES: kept.USES_KEPT,
    Kept.ENDED_RECOGNITIONS: kept.RECOGNITIONS_ENDED_KEPT,
    Kept.UNUSED_RECOGNITIONS: kept.RECOGNITIONS_UNUSED_KEPT,
    Kept.REDEMPTIONS: kept.REDEMPTIONS_KEPT,
    Kept.NAMED_RESERVATIONS: kept.RESERVATIONS_NAMED,
    Kept.RESERVATIONS: kept.REDEMPTIONS_KEPT,
}
"""Records go by their indicators, counters by days, persons with the last thing about them."""

_PERIODS: Final[Mapping[Kept, Period]] = {
    Kept.DAY_COUNTERS: Period.DAY,
    Kept.RESIDENT_DAY_COUNTERS: Period.DAY,
    Kept.RESIDENT_WEEK_COUNTERS: Period.WEEK,
    Kept.RESIDENT_MONTH_COUNTERS: Period.MONTH,
    Kept.RESIDENT_YEAR_COUNTERS: Period.YEAR,
}
"""Counters go when their period is over."""

_TABLES: Final = ("record_moves", "case_steps", "log_salts")
"""What goes with rows of a kind, and is counted by itself."""

_TIMER: Final = "the clock"
_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows of a kind were removed, whose time ended before an instant."""

    kind: str
    count: int
    before: datetime


class Retaining:
    """Removes what must not be kept any longer."""

    def __init__(self, here: Here, uow: UnitOfWork) -> None:
        """For the city of `here`; `tick` is called every minute or so."""
        self._here = here
        self._uow = uow
        self._unfinished = False

    async def run(self, actor: str, *, dry_run: bool = False) -> tuple[Removed, ...]:
        """Remove it, or only count it; each kind, also those of which there was nothing.

        What is still due when the catalogue changes meanwhile is left for the next run.
        """
        now = self._here.now()
        found = Counter[str]()
        before = dict[str, datetime]()
        for what in await self._ended(now):
            before[what.kind.value] = what.before
            found.update(await self._walk(what, dry_run=dry_run))
        names = [kind.value for kind in Kept] + list(_TABLES)
        removed = tuple(Removed(name, found[name], before.get(name, now)) for name in names)
        if not dry_run:
            await self._uow.run(lambda tx: self._done(tx, actor, removed, now))
            await self._uow.scrub()
        return removed

    async def tick(self) -> None:
        """Run where the city's night has come since the last run, in one process of several."""
        now = self._here.now()
        due = self._due(now)
        if await self._uow.read(lambda tx: tx.removal.last_run()) < due:
            claimed = await self._uow.run(lambda tx: tx.removal.claim_run(due, now))
            self._unfinished |= claimed
        if self._unfinished:
            removed = await self.run(_TIMER)
            self._unfinished = False
            _LOG.info("retention", **{each.kind: each.count for each in removed if each.count})

    async def _ended(self, now: datetime) -> list[Ended]:
        today = self._here.day(now)
        ended = [Ended(kind, now - span, today) for kind, span in RULES.items()]
        last = today - timedelta(days=kept.COUNTERS_KEPT_DAYS - 1)
        for kind, period in _PERIODS.items():
            first = period.first_day(last)
            ended.append(Ended(kind, self._midnight(first), first))
        ended.append(Ended(Kept.RESIDENT_EVER_COUNTERS, now, today))
        catalogue = self._uow.registry.indicators
        named = await self._uow.read(lambda tx: tx.removal.indicators())
        records = [
            Ended(Kept.RECORDS, self._midnight(day), day, indicator)
            for indicator, day in _records(catalogue, named, today)
        ]
        # Persons come last: of whom nothing is left then.
        return [*records, *ended, Ended(Kept.PERSONS, now, today)]

    async def _walk(self, what: Ended, *, dry_run: bool) -> Counter[str]:
        found, after = Counter[str](), None
        while True:
            portion = await self._uow.read(lambda tx, a=after: tx.removal.ended(what, a))  # type: ignore[misc]
            for start in range(0, len(portion.places), kept.RETENTION_ROWS):
                some = portion.places[start : start + kept.RETENTION_ROWS]
                found.update(await self._portion(what, some, dry_run=dry_run))
            after = portion.after
            if after is None:
                return found

    async def _portion(
        self, what: Ended, places: tuple[Place, ...], *, dry_run: bool
    ) -> Mapping[str, int]:
        if dry_run:
            return await self._uow.read(lambda tx: tx.removal.count(what, places))

        def remove(tx: Transaction) -> Mapping[str, int]:
            if what.kind is Kept.RECORDS:
                # The catalogue may be another by now.
                today = self._here.day(self._here.now())
                days = dict(_records(tx.registry.indicators, [what.indicator], today))
                if days.get(what.indicator, date.min) < what.day:
                    return {}
            return tx.removal.remove(what, places)

        return await self._uow.run(remove)

    def _done(
        self, tx: Transaction, actor: str, removed: tuple[Removed, ...], now: datetime
    ) -> None:
        tx.removal.claim_run(now, now)
        said = " ".join(f"{each.kind}={each.count}" for each in removed)
        self._here.trace(tx, LogKind.ADMINISTRATIVE, f"retention {actor} {said}".encode(), now)

    def _due(self, now: datetime) -> datetime:
        """The last time that it was night in the city."""
        today = self._here.day(now)
        night = self._at(today, kept.RETENTION_HOUR)
        return night if night <= now else self._at(today - timedelta(days=1), kept.RETENTION_HOUR)

    def _midnight(self, day: date) -> datetime:
        return self._at(day, 0)

    def _at(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, time(hour), self._here.zone).astimezone(UTC)


def first_kept(today: date, months: int) -> date:
    """The first day of which a record is kept on `today`: one from before has had its months.

    It is the first day whose `months_after` lies after `today`.
    """
    month = months_after(today.replace(day=1), -months)
    following = months_after(month, 1)
    day = month
    while day < following and months_after(day, months) <= today:
        day += timedelta(days=1)
    return day


def _records(
    catalogue: IndicatorCatalogue | None, named: Iterable[str], today: date
) -> Iterator[tuple[str, date]]:
    """Each indicator that records name, and the first day of which they are kept.

    Without a catalogue nothing is known, and nothing goes.
    """
    if catalogue is None:
        return
    found = catalogue.indicators
    longest = max((each.retention_months for each in found.values()), default=0)
    retired = max(longest, kept.RETIRED_INDICATOR_MONTHS)
    for indicator in named:
        months = found[indicator].retention_months if indicator in found else retired
        yield indicator, first_kept(today, months)
