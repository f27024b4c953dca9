"""Every size and count of the whole-city re-score, each with its unit and its reason."""

from typing import Final

# What the engine may use of the machine's memory, beside what the process itself needs: the whole
# must stay below 8 GB.
ENGINE_BYTES: Final = 6 * 2**30

# CSV that is loaded at once: large enough that a load is worth its trouble, small beside the disk.
PORTION_BYTES: Final = 64 * 2**20

# Residents who are scored at once: their sums are some 50 MB, so that the size of the city decides
# about time alone, and fewer slices take no more time than one.
SLICE: Final = 500_000

# Rows that the store hands over at a time.
COPY_ROWS: Final = 10_000

# Sums that are kept in one transaction: the node's own writers wait for it, some ten milliseconds.
KEEP_ROWS: Final = 500

# Residents whose kept sums have had their day, and who are checked by the rule that answers for
# them instead; one by one, so that it takes seconds.
VERIFY_STALE: Final = 10_000

# Residents who are named when sums differ; how many there are in all is told too.
DIFFERENCES: Final = 1_000

# Bars of a histogram: a terminal shows no more at once. A scale from 0 to 200 makes 21 by tens.
BARS: Final = 21
