"""Every size, count and lifetime of departments' records, with its unit and its reason."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

# Bytes of an indicator catalogue: some 5,000 indicators. It comes in parts, so that no message is
# as large.
INDICATOR_BYTES: Final = 2 * 1024 * 1024

# The longest that any record counts, in months: a working life. What deducts is kept for five years
# (征信业管理条例, art. 16).
RETENTION_MONTHS: Final = 600
NEGATIVE_MONTHS: Final = 60

# From how many months to how many after its day a deducting record may be repaired, by its
# severity (信用修复管理办法, NDRC Order 36: at most 3 months; 3 months to 1 year; 1 to 3 years).
REPAIR_MONTHS: Final[Mapping[str, tuple[int, int]]] = {
    "minor": (0, 3),
    "ordinary": (3, 12),
    "serious": (12, 36),
}

# The longest that an officer may have for an answer, in days: nobody waits for more than a year.
CASE_DAYS: Final = 365

# Characters of the number of the document that a record rests on.
EVIDENCE_CHARACTERS: Final = 200

# Characters of each field of a row that waits in quarantine: enough to see what was meant.
QUARANTINED_CHARACTERS: Final = 200

# How many unknown names of one batch are told the nearest known one: each search reads the whole
# catalogue, some milliseconds.
NEAREST_PER_BATCH: Final = 10

# The first year of a record: nothing older is about a person who lives.
FIRST_YEAR: Final = 1900

# How far ahead the day of a promise may lie: nobody binds himself for longer than a year.
PROMISE_LONGEST: Final = timedelta(days=365)

# Changes that time alone brings to a standing, of which its resident is told: as many as a page
# holds below the records.
STANDING_CHANGES: Final = 12

# Residents that are counted anew in one transaction: some tens of milliseconds, so that others who
# wait to write are not held up; and the rest in between, in which another process gets the lock.
RESCORE_ROWS: Final = 250
RESCORE_REST: Final = timedelta(milliseconds=5)

# How often the node looks whether residents are to be counted anew, where neither a new catalogue
# nor a new day says so.
RESCORE_EVERY: Final = timedelta(minutes=1)

# Names that one sentence of advice holds: more would not be read.
ADVICE_NAMES: Final = 3
