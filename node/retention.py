"""What is removed for good, kind by kind, and when its time has ended. Values only."""

import enum
from dataclasses import dataclass
from datetime import date, datetime

Place = tuple[object, ...]
"""Where a row is, in the order in which its kind is walked; it ends with the row's key."""


class Kept(enum.Enum):
    """A kind of rows that are kept for so long and no longer."""

    RECORDS = "records"
    WITHDRAWN_RECORDS = "withdrawn_records"
    """Emptied first; their numbers go with the longest retention."""
    REPAIRED_RECORDS = "repaired_records"
    QUARANTINE = "quarantine"
    RECORD_LOADS = "record_loads"
    CASES = "cases"
    NOTICES = "notices"
    RECORD_READS = "record_reads"
    PROMISES = "promises"
    CONSENTS = "consents"
    USES = "uses"
    ENDED_RECOGNITIONS = "ended_recognitions"
    UNUSED_RECOGNITIONS = "unused_recognitions"
    REDEMPTIONS = "redemptions"
    RESERVATIONS = "reservations"
    NAMED_RESERVATIONS = "named_reservations"
    """Only whose they were."""
    DAY_COUNTERS = "day_counters"
    RESIDENT_DAY_COUNTERS = "resident_day_counters"
    RESIDENT_WEEK_COUNTERS = "resident_week_counters"
    RESIDENT_MONTH_COUNTERS = "resident_month_counters"
    RESIDENT_YEAR_COUNTERS = "resident_year_counters"
    RESIDENT_EVER_COUNTERS = "resident_ever_counters"
    """Of whom nothing is recognised any more."""
    PERSONS = "persons"
    """Of whom nothing is kept any more."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The rows of a kind whose time ended before an instant; `day` is its day in the city.

    Of records only those of one indicator, from before `day`.
    """

    kind: Kept
    before: datetime
    day: date
    indicator: str = ""


@dataclass(frozen=True, slots=True)
class Portion:
    """Some rows that ended, and where the walk goes on; None at its end."""

    places: tuple[Place, ...]
    after: Place | None
