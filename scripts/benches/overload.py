"""At twice what two cities can do, on this machine: how much of it is still done, and after it.

Visitors of the home city are checked at a venue of the host by fresh codes, the whole path through
both nodes. First as many as can be, 64 at a time: that is the peak. Then twice as many a second
come, whatever becomes of them; and then half as many as the peak.
"""

import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
import uvloop

from scripts.benches.figures import Figure, promised
from scripts.benches.open_loop import GOOD, Told, at_once, at_rate, good_rate, percentile
from scripts.benches.rig import IN_FLIGHT, open_channel
from scripts.benches.visits import Visits, venue, visits

# All of it comes by one client and one partner: what each of them may take is measured elsewhere.
_ENVIRONMENT: Final = {
    "HUTONG_LOG_LEVEL": "warning",
    "HUTONG_CLIENT_RATE": "0",
    "HUTONG_PARTNER_RATE": "0",
}
_TIMES: Final = 2.0
_PEAK_SECONDS: Final = 4.0
_OVER_SECONDS: Final = 10.0
_AFTER_SECONDS: Final = 6.0
_SETTLES_SECONDS: Final = 3.0
_WAIT_SECONDS: Final = 5.0
_WINDOW_SECONDS: Final = 0.5
_LEAST_GOOD: Final = 0.9
_LEAST_TURNED_AWAY: Final = 0.95
_LONGEST_BACK: Final = 5.0
# More than such a machine checks in that time; where it is not, the peak is that of a shorter one.
_PEAK_CODES: Final = 5000
_WARM: Final = 400
_SPARE: Final = 1.2


@dataclass(frozen=True, slots=True)
class _Round:
    """One overload."""

    good: float
    """Good answers a second, to those of the peak."""
    turned_away: float
    """Of those that had no good answer: the part that was told when to come again."""
    refused_seconds: float
    """The median time of those."""
    back_seconds: float
    """After the end of the overload, until everybody has a good answer again."""


def run(rounds: int) -> list[Figure]:
    """What is done at twice the peak, to what is done at it."""
    with (
        tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
        visits(Path(directory), environment=_ENVIRONMENT) as made,
    ):
        found = uvloop.run(_measure(made, rounds))
    return [
        promised(
            f"overload good answers at {_TIMES:g} times the peak, to those at it",
            [each.good for each in found],
            "",
            least=_LEAST_GOOD,
        ),
        promised(
            "overload others that were turned away with a hint",
            [each.turned_away for each in found],
            "",
            least=_LEAST_TURNED_AWAY,
        ),
        promised(
            "overload time of those that were turned away, median",
            [each.refused_seconds for each in found],
            "s",
            most=1.0,
        ),
        promised(
            "overload back to normal after its end",
            [each.back_seconds for each in found],
            "s",
            most=_LONGEST_BACK,
        ),
    ]


async def _measure(made: Visits, rounds: int) -> list[_Round]:
    async with open_channel(venue(made)) as channel:
        warm = iter(await made.by_code(_WARM))
        await at_once(channel, warm, IN_FLIGHT, _PEAK_SECONDS, _WAIT_SECONDS)
        return [await _round(made, channel) for _ in range(rounds)]


async def _round(made: Visits, channel: grpc.aio.Channel) -> _Round:
    requests = iter(await made.by_code(_PEAK_CODES))
    peak = await _peak(channel, requests)
    rate = _TIMES * peak
    many = rate * _OVER_SECONDS + peak / 2 * _AFTER_SECONDS
    requests = iter(await made.by_code(round(many * _SPARE)))
    began = time.perf_counter()
    over = await at_rate(channel, requests, rate, _OVER_SECONDS, _WAIT_SECONDS)
    ended = began + _OVER_SECONDS
    # The last of the overload are waited for before others come: their wait counts as well.
    after = await at_rate(channel, requests, peak / 2, _AFTER_SECONDS, _WAIT_SECONDS)
    good = good_rate(over, began + _SETTLES_SECONDS, ended)
    settled = [each for each in over if each.at >= began + _SETTLES_SECONDS]
    others = [each for each in settled if each.outcome != GOOD]
    hinted = [each.took for each in others if each.hinted]
    print(f"  peak {peak:.0f}/s, at {rate:.0f}/s: {dict(Counter(e.outcome for e in settled))}")
    return _Round(
        good / peak,
        len(hinted) / len(others) if others else 1.0,
        percentile(hinted, 0.5) if hinted else 0.0,
        _back(after, ended),
    )


async def _peak(channel: grpc.aio.Channel, requests: Iterator[bytes]) -> float:
    began = time.perf_counter()
    told = await at_once(channel, requests, IN_FLIGHT, _PEAK_SECONDS, _WAIT_SECONDS)
    last = max(each.at for each in told)
    return good_rate(told, began + (last - began) / 4, last)


def _back(after: Sequence[Told], ended: float) -> float:
    """Seconds until the first while in which everybody who came had a good answer."""
    first = min(each.at for each in after)
    for start in itertools.takewhile(
        lambda at: at < first + _AFTER_SECONDS - _WINDOW_SECONDS,
        itertools.count(first, _WINDOW_SECONDS / 2),
    ):
        came = [each for each in after if start <= each.at < start + _WINDOW_SECONDS]
        if came and all(each.outcome == GOOD for each in came):
            return start - ended
    return first + _AFTER_SECONDS - ended
