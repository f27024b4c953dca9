"""Latencies in buckets whose width grows with them: forty in each power of ten of a millisecond.

As HdrHistogram has them: the error is the same share everywhere (3 %, where the middle is taken),
and histograms of several processes are added up by bucket.
"""

import math
from collections.abc import Mapping
from typing import Final

PER_DECADE: Final = 40
_LEAST_MS: Final = 0.01
_DECADES: Final = 8
COUNT: Final = PER_DECADE * _DECADES

EDGES_MS: Final = tuple(_LEAST_MS * 10 ** (k / PER_DECADE) for k in range(COUNT + 1))
"""Where each bucket begins, and where the last one ends: from 0.01 ms to 1000 s."""


def bucket(ms: float) -> int:
    """The bucket of a latency; what lies beyond the ends is in the first or the last."""
    if ms <= _LEAST_MS:
        return 0
    return min(int(math.log10(ms / _LEAST_MS) * PER_DECADE), COUNT - 1)


def quantile_ms(found: Mapping[int, int], share: float) -> float | None:
    """The latency that this share of calls stays within, to some per cent; None without any."""
    total = sum(found.values())
    if not total:
        return None
    wanted = max(1, math.ceil(share * total))
    for place in sorted(found):
        wanted -= found[place]
        if wanted <= 0:
            break
    return math.sqrt(EDGES_MS[place] * EDGES_MS[place + 1])
