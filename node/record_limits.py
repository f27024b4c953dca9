"""Every size, count and lifetime of departments' records, with its unit and its reason."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

# Bytes of an indicator catalogue: some 5,000 indicators. It comes in parts, so that no message is
# as large.
INDICATOR_BYTES: Final = 2 * 1024 * 1024

# Departments that may report one indicator: more than a city has, and few enough for a page.
INDICATOR_DEPARTMENTS: Final = 100

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

# The longest name that is compared so: no name in a catalogue is longer (federation.identifiers).
NEAREST_CHARACTERS: Final = 64

# The first year of a record: nothing older is about a person who lives.
FIRST_YEAR: Final = 1900

# How far ahead the day of a promise may lie: nobody binds himself for longer than a year.
PROMISE_LONGEST: Final = timedelta(days=365)

# Changes that time alone brings to a standing, of which its resident is told: as many as a page
# holds below the records.
STANDING_CHANGES: Final = 12

# Residents that are counted anew in one transaction: about twenty milliseconds, so that others who
# wait to write are not held up; and the rest in between, in which another process gets the lock.
RESCORE_ROWS: Final = 100
RESCORE_REST: Final = timedelta(milliseconds=5)

# How often the node looks whether residents are to be counted anew, where neither a new catalogue
# nor a new day says so.
RESCORE_EVERY: Final = timedelta(minutes=1)

# Names that one sentence of advice holds: more would not be read.
ADVICE_NAMES: Final = 3

# How long after a refusal a repair may be applied for again: time to put right what was missing,
# and no officer is asked the same thing every day.
REPAIR_AGAIN: Final = timedelta(days=30)

# How often the node looks for cases whose answer is overdue, and how many it marks in one
# transaction.
CASES_EVERY: Final = timedelta(minutes=1)
OVERDUE_AT_ONCE: Final = 200

# How long what is about residents is kept after its end. No law gives most of these a figure:
# where none is named it is this project's own reading, for a city to confirm or to change here.

# Months. A record of an indicator that the catalogue dropped is kept as long as the longest that it
# has, and at least as long as negative records may be (征信业管理条例, article 16: five years).
RETIRED_INDICATOR_MONTHS: Final = 60

# What a record said is emptied so long after its department took it back, or an objection did: by
# then nobody argues about it. Its number stays, so that an old file cannot bring it back.
WITHDRAWN_KEPT: Final = timedelta(days=2 * 365)

# The same after a repair: repaired means no longer published, shared or used (信用修复管理办法); a
# month is time for everybody to see that it worked. The case tells its history for longer.
REPAIRED_KEPT: Final = timedelta(days=30)

# Rows in quarantine wait for their department, which has the file: it corrects within a month.
QUARANTINE_KEPT: Final = timedelta(days=30)

# How far a load came is asked while somebody may repeat it, or reports on the quarter.
LOADS_KEPT: Final = timedelta(days=90)

# Cases after their last step, reads of records, ended consents and uses: what was decided and shown
# must be answered for (PIPL, article 56: records of processing, three years).
CASES_KEPT: Final = timedelta(days=3 * 365)
READS_KEPT: Final = timedelta(days=3 * 365)
CONSENTS_KEPT: Final = timedelta(days=3 * 365)
USES_KEPT: Final = timedelta(days=3 * 365)

# Notices were read long ago, promises are kept or broken, redemptions are settled with the venue.
NOTICES_KEPT: Final = timedelta(days=2 * 365)
PROMISES_KEPT: Final = timedelta(days=2 * 365)
REDEMPTIONS_KEPT: Final = timedelta(days=2 * 365)

# How long a reservation says whose it was: as long as visitors see what was decided for them.
RESERVATIONS_NAMED: Final = timedelta(days=90)

# A visitor whose recognition was ended, and one who was not asked about for as long as the longest
# consent lives (federation.limits): a new code makes a new one.
RECOGNITIONS_ENDED_KEPT: Final = timedelta(days=30)
RECOGNITIONS_UNUSED_KEPT: Final = timedelta(days=365)

# Days after which the count of a day's capacity goes: more than any difference of two clocks.
COUNTERS_KEPT_DAYS: Final = 2

# Rows that one transaction removes, so that nobody waits for it, some milliseconds; and rows that
# one look for them walks past.
RETENTION_ROWS: Final = 500
RETENTION_WALK: Final = 20_000

# The hour of the city's day from which the daily run of retention is due, and how often the node
# looks whether it is: at night few wait.
RETENTION_HOUR: Final = 3
RETENTION_LOOKS: Final = timedelta(minutes=1)

# How often the traces of what was removed are looked for in the database's own files; and how many
# milliseconds readers and writers may be waited for, before it is left for the next time.
SCRUB_EVERY: Final = timedelta(seconds=5)
SCRUB_BUSY_MS: Final = 250

# Bytes of the text of a promise that is read from a file: a page, several times over.
PROMISE_BYTES: Final = 16 * 1024
