"""Every size, count and lifetime of departments' records, with its unit and its reason."""

from datetime import timedelta
from typing import Final

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
