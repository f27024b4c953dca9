"""The rate that is sustained: found by loads of rising rates, then by halving what is between.

A rate is sustained where nearly every journey goes well, nearly every call ends within a second,
and no more calls wait for their answer at the end than at the beginning.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from scripts.harnessing.layout import Folder
from scripts.harnessing.loading import figures
from scripts.harnessing.loading.figures import Figures, Reason
from scripts.harnessing.loading.mixes import MIX
from scripts.harnessing.loading.offers import Offer, Target
from scripts.harnessing.loading.outcomes import NOT_SENT
from scripts.harnessing.loading.running import Offered, Progress
from scripts.harnessing.records import Act, Load

WELL_LEAST: Final = 0.99
P99_MS: Final = 1000.0
_GROWS: Final = 1.5
_SLACK_SECONDS: Final = 0.1
_SLACK_CALLS: Final = 2.0
_RISES: Final = 1.5
_NEAR: Final = 1.08
_LEAST: Final = 0.5


@dataclass(frozen=True, slots=True)
class Step:
    """One load of the search, and why its rate is not sustained; empty where it is."""

    rate: float
    figures: Figures
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """How the peak is looked for."""

    seconds: float = 10.0
    """How long each load lasts."""
    start: float = 20.0
    most: float = 5000.0
    seed: int = 1
    generators: int = 1
    mix: Mapping[str, float] = field(default_factory=lambda: dict(MIX))


def peak(
    folder: Folder,
    search: Search | None = None,
    *,
    stepped: Callable[[Step], None] = lambda _: None,
    told: Callable[[float, Progress], None] = lambda *_: None,
    targets: Sequence[Target] | None = None,
) -> float:
    """The highest rate that is sustained, in journeys a second, to some per cent.

    `stepped` is told of each step when it has ended, `told` of the progress of the one that runs.
    0 where not even one journey every two seconds is sustained. Raises as `Offered` does.
    """
    wanted = search or Search()

    def sustained(rate: float) -> bool:
        step = _step(folder, wanted, rate, told, targets)
        stepped(step)
        return not step.reasons

    return highest(sustained, wanted.start, wanted.most)


def highest(sustained: Callable[[float], bool], start: float, most: float) -> float:
    """The highest rate that is sustained: upwards from `start`, or down; then between the two."""
    good, bad, rate = 0.0, 0.0, start
    while not good or not bad:
        if sustained(rate):
            good = rate
            if rate >= most:
                return good
            rate = min(rate * _RISES, most)
        else:
            bad = rate
            rate /= _RISES
            if rate < _LEAST:
                return good
    while bad / good > _NEAR:
        middle = (good * bad) ** 0.5
        if sustained(middle):
            good = middle
        else:
            bad = middle
    return good


def _step(
    folder: Folder,
    search: Search,
    rate: float,
    told: Callable[[float, Progress], None],
    targets: Sequence[Target] | None,
) -> Step:
    offer = Offer(
        rate=rate,
        seconds=search.seconds,
        mix=search.mix,
        seed=search.seed,
        generators=search.generators,
        purpose="peak",
    )
    with Offered(folder, offer, targets) as offered:
        for progress in offered.follow():
            told(rate, progress)
        load = offered.wait()
        acts = tuple(offered.acts())
    found = figures.of(acts, load)
    return Step(rate, found, tuple(why_not(found, acts, load)))


def why_not(found: Figures, acts: Sequence[Act], load: Load) -> list[Reason]:
    """Why a rate is not sustained, by what became of its load; empty where it is.

    Where the generators were late besides, that is told: it may be theirs, not the cities'.
    """
    reasons = [*_not_well(found), *_slow(found), *_growing(*backlog(acts, load), load.rate)]
    return [*reasons, *figures.lateness(acts, load)] if reasons else []


def _not_well(found: Figures) -> Iterator[Reason]:
    if found.journeys_well < WELL_LEAST * found.journeys_due or not found.journeys_due:
        share = 100 * found.journeys_well / max(found.journeys_due, 1)
        yield Reason(
            f"{share:.1f} % of the journeys went well, and {100 * WELL_LEAST:g} % must",
            f"成功的流程占 {share:.1f} %，应不少于 {100 * WELL_LEAST:g} %",
        )


def _slow(found: Figures) -> Iterator[Reason]:
    p99 = found.latency.p99
    if p99 is None:
        yield Reason("no call was answered", "没有一次调用得到答复")
    elif p99 >= P99_MS:
        yield Reason(
            f"p99 is {p99:,.0f} ms, and must be below {P99_MS:,.0f}",
            f"p99 为 {p99:,.0f} 毫秒，应低于 {P99_MS:,.0f}",
        )


def _growing(before: float, after: float, rate: float) -> Iterator[Reason]:
    if after > _GROWS * before + max(_SLACK_SECONDS * rate, _SLACK_CALLS):
        yield Reason(
            f"more and more calls wait: {before:.0f}, then {after:.0f}",
            f"等待中的调用不断增加：由 {before:.0f} 次到 {after:.0f} 次",
        )


def backlog(acts: Iterable[Act], load: Load) -> tuple[float, float]:
    """How many calls wait for their answer, in the mean of the first and of the last third."""
    spans = [(act.due, act.ended) for act in acts if act.outcome != NOT_SENT]
    if not spans:
        return 0.0, 0.0
    due, ended = np.array(spans).T
    third = (load.steady_until - load.steady_from) / 3
    return (
        _waiting(due, ended, load.steady_from, third),
        _waiting(due, ended, load.steady_until - third, third),
    )


def _waiting(due: figures.Floats, ended: figures.Floats, since: float, seconds: float) -> float:
    """By Little's law: the time that calls wait inside the span, in relation to its length."""
    inside = np.minimum(ended, since + seconds) - np.maximum(due, since)
    return float(inside.clip(min=0).sum() / seconds) if seconds > 0 else 0.0
