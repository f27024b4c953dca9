"""What a load came to, in figures: pure, from acts and the load that they belong to.

Latencies are milliseconds from when a call was due to its end, so that waiting counts. A call that
nobody answered within its deadline counts with what it waited; one that could not be connected, or
was not sent, has no latency and is an error.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from scripts.harnessing.loading.buckets import EDGES_MS
from scripts.harnessing.loading.outcomes import NOT_SENT, told, was_answered, went_well
from scripts.harnessing.loading.schedule import due_in_window
from scripts.harnessing.records import Act, Load

LATE_MS: Final = 100.0
"""A generator that sends later than this after a call was due measures itself."""
LATE_MOST: Final = 0.001
STARTED_LEAST: Final = 0.95
WINDOW_LEAST: Final = 10.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Latencies in milliseconds; None where nothing was answered."""

    count: int
    p50: float | None = None
    p99: float | None = None
    p999: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class OfDeed:
    """One kind of call."""

    deed: str
    outcomes: dict[str, int]
    latency: Quantiles


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many calls took how long: `counts[i]` lie from `edges_ms[i]` to `edges_ms[i + 1]`.

    The edges grow by the same factor each; from the first bucket with a call to the last one.
    """

    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """A load in its steady window."""

    seconds: float
    journeys_due: int
    """By the schedule, whatever the generators came to."""
    journeys_started: int
    """Whose first call was sent."""
    journeys_well: int
    """Whose every call went well."""
    rate: float
    """Journeys that went well, in a second."""
    calls: int
    calls_a_second: float
    """Calls that were answered, in a second."""
    repeated: int
    outcomes: dict[str, int]
    latency: Quantiles
    deeds: tuple[OfDeed, ...]
    histogram: Histogram

    def to_json(self) -> dict[str, Any]:
        """As machines read it."""
        return asdict(self)


class Reason(str):
    """Why a run's figures do not count: a text in English, with the same in Chinese as `zh`."""

    __slots__ = ("zh",)

    zh: str

    def __new__(cls, en: str, zh: str) -> Self:
        """Both texts."""
        made = super().__new__(cls, en)
        made.zh = zh
        return made


def _within(instant: float, load: Load) -> bool:
    """Whether it lies in the steady window of a load."""
    return load.steady_from <= instant < load.steady_until


class _Journeys:
    """Which journeys began in the window, and whether every call of each went well.

    Acts come as they ended, so that the first one of a journey is what it began with.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._well = dict[str, bool]()
        self._others = set[str]()
        self.not_sent = 0

    def add(self, act: Act) -> None:
        known = self._well.get(act.journey)
        if known is not None:
            self._well[act.journey] = known and went_well(act)
        elif act.journey not in self._others:
            if not _within(act.due, self._load):
                self._others.add(act.journey)
                return
            self._well[act.journey] = went_well(act)
            self.not_sent += act.outcome == NOT_SENT

    @property
    def started(self) -> int:
        return len(self._well) - self.not_sent

    @property
    def well(self) -> int:
        return sum(self._well.values())


def of(acts: Iterable[Act], load: Load) -> Figures:
    """The figures of a load, from all acts of its folder or of itself; they are read once."""
    outcomes = defaultdict[str, Counter[str]](Counter)
    took = defaultdict[str, list[float]](list)
    journeys, repeated = _Journeys(load), 0
    for act in acts:
        journeys.add(act)
        if not _within(act.due, load):
            continue
        outcomes[act.deed][told(act)] += 1
        if was_answered(act):
            took[act.deed].append((act.ended - act.due) * 1000)
        repeated += act.repeated
    seconds = max(load.steady_until - load.steady_from, 0.0)
    whole = np.array([ms for each in took.values() for ms in each])
    return Figures(
        seconds=seconds,
        journeys_due=due_in_window(load),
        journeys_started=journeys.started,
        journeys_well=journeys.well,
        rate=journeys.well / seconds if seconds else 0.0,
        calls=sum(each.total() for each in outcomes.values()),
        calls_a_second=len(whole) / seconds if seconds else 0.0,
        repeated=repeated,
        outcomes=dict(sum(outcomes.values(), Counter[str]())),
        latency=quantiles(whole),
        deeds=tuple(
            OfDeed(str(deed), dict(outcomes[deed]), quantiles(np.array(took[deed])))
            for deed in sorted(outcomes)
        ),
        histogram=histogram(whole),
    )


def quantiles(ms: Floats) -> Quantiles:
    """Of latencies in milliseconds, each one that occurred (no value between two)."""
    if not len(ms):
        return Quantiles(0)
    p50, p99, p999 = np.quantile(ms, [0.5, 0.99, 0.999], method="inverted_cdf")
    return Quantiles(len(ms), float(p50), float(p99), float(p999), float(ms.max()))


def histogram(ms: Floats) -> Histogram:
    """Of latencies in milliseconds, in buckets that grow by the same factor."""
    if not len(ms):
        return Histogram((), ())
    counts, _ = np.histogram(np.clip(ms, EDGES_MS[0], EDGES_MS[-1]), EDGES_MS)
    [used] = np.nonzero(counts)
    first, last = int(used[0]), int(used[-1])
    return Histogram(
        tuple(EDGES_MS[first : last + 2]), tuple(int(n) for n in counts[first : last + 1])
    )


def validity(load: Load, acts: Iterable[Act]) -> list[Reason]:
    """Why the figures of a load do not count; empty where they do. The acts are read once."""
    sent, journeys = _Sent(load), _Journeys(load)
    for act in acts:
        journeys.add(act)
        sent.add(act)
    return [
        *_of_ends(load),
        *_of_window(load),
        *_of_schedule(due_in_window(load), journeys.started),
        *sent.reasons(),
    ]


def lateness(acts: Iterable[Act], load: Load) -> list[Reason]:
    """Whether the generators measured themselves: that alone of `validity`."""
    sent = _Sent(load)
    for act in acts:
        sent.add(act)
    return list(sent.of_generator())


def _of_ends(load: Load) -> Iterator[Reason]:
    if load.failed:
        yield Reason(
            "A generator did not come to its end; load.log says why.",
            "有负载发生器未能正常结束；原因见 load.log。",
        )


def _of_window(load: Load) -> Iterator[Reason]:
    seconds = load.steady_until - load.steady_from
    if seconds < WINDOW_LEAST:
        yield Reason(
            f"The steady window is {max(seconds, 0):.1f} s; it must be {WINDOW_LEAST:g} s at "
            "least: load for longer.",
            f"稳定时段只有 {max(seconds, 0):.1f} 秒，至少应为 {WINDOW_LEAST:g} 秒；"
            "请延长负载时间。",
        )


def _of_schedule(due: int, started: int) -> Iterator[Reason]:
    if not due:
        yield Reason("No journey was due in the steady window.", "稳定时段内没有到期的流程。")
    elif started < STARTED_LEAST * due:
        share = 100 * started / due
        yield Reason(
            f"Of {due:,} journeys that were due, {started:,} were started ({share:.1f} %); "
            f"{100 * STARTED_LEAST:g} % must be: load less, or with more --processes.",
            f"到期流程 {due:,} 个，已开始 {started:,} 个（{share:.1f} %），应不少于 "
            f"{100 * STARTED_LEAST:g} %；请降低负载，或增加 --processes。",
        )


class _Sent:
    """The calls of the window: how many were sent, how many of them late, how many went well."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._sent, self._late, self._well = 0, 0, 0

    def add(self, act: Act) -> None:
        if _within(act.due, self._load) and act.outcome != NOT_SENT:
            self._sent += 1
            self._well += went_well(act)
            self._late += (act.sent - act.due) * 1000 > LATE_MS

    def reasons(self) -> Iterator[Reason]:
        yield from self.of_generator()
        if self._sent and not self._well:
            yield Reason("No call went well.", "没有一次调用成功。")

    def of_generator(self) -> Iterator[Reason]:
        sent, late = self._sent, self._late
        if late > LATE_MOST * sent:
            share = 100 * late / sent
            yield Reason(
                f"The generators sent {late:,} of {sent:,} calls ({share:.2f} %) more than "
                f"{LATE_MS:g} ms late: they measured themselves; load with more --processes.",
                f"{sent:,} 次调用中有 {late:,} 次（{share:.2f} %）由负载发生器延迟 {LATE_MS:g} "
                "毫秒以上发出，测得的是发生器自身；请增加 --processes。",
            )
