"""One time axis for all plots: what was due, answered, waited and used in each part of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from scripts.harnessing.records import Sample
from scripts.harnessing.reporting.columns import Calls, Floats, Places
from scripts.harnessing.reporting.gathering import Run

QUANTILES: Final = (0.5, 0.99, 0.999)
_MARGIN: Final = 5.0
_POINTS: Final = 1800
"""A second is a point of a plot in half an hour; longer runs have coarser ones."""
_REASONS: Final = 7
OTHERS: Final = "..."


@dataclass(frozen=True, slots=True)
class Axis:
    """From when, in steps of so many whole seconds, and how many of them."""

    begins: float
    step: int
    count: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return float(self.step * self.count)

    def places(self, instants: Floats) -> Places:
        """In which step each instant lies; one outside lies in none, and is -1."""
        found = np.floor((instants - self.begins) / self.step).astype(np.int32)
        return np.where((found >= 0) & (found < self.count), found, -1).astype(np.int32)

    @property
    def middles(self) -> Floats:
        """The middle of each step, in seconds since the beginning."""
        return (np.arange(self.count, dtype=np.float64) + 0.5) * self.step


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plot; where it has no value it is interrupted (NaN)."""

    name: str
    values: Floats


def axis(run: Run) -> Axis:
    """The time in which something happened: of the loads and faults, else of the samples."""
    instants = [at for load in run.loads for at in (load.began, load.ended)]
    instants += [at for each in run.outages for at in (each.began, each.ends)]
    if not instants:
        instants = [sample.at for sample in run.samples]
    if not instants:
        return Axis(0.0, 1, 1)
    begins, ends = min(instants) - _MARGIN, max(instants) + _MARGIN
    step = int(np.ceil((ends - begins) / _POINTS))
    return Axis(float(np.floor(begins)), step, int(np.ceil((ends - begins) / step)) + 1)


def per_second(at: Axis, instants: Floats) -> Floats:
    """How many of these instants there are in a second."""
    places = at.places(instants)
    return np.bincount(places[places >= 0], minlength=at.count) / at.step


def errors(at: Axis, calls: Calls) -> list[Line]:
    """Calls that were not answered well, in a second, by reason; the rare ones together."""
    failed = ~calls.well
    named = [name for name, _ in calls.counts(calls.outcome, failed).most_common()]

    def rate(name: str) -> Floats:
        return per_second(at, calls.due[failed & calls.where(calls.outcome, name)])

    lines = [Line(name, rate(name)) for name in named[:_REASONS]]
    if named[_REASONS:]:
        lines.append(Line(OTHERS, np.sum([rate(name) for name in named[_REASONS:]], axis=0)))
    return lines


def waits(at: Axis, calls: Calls) -> list[Line]:
    """p50, p99 and p999 of what those waited who were due in each step, in milliseconds.

    Whoever waited in vain until the deadline has waited, too.
    """
    waited = calls.waited_ms[calls.counted]
    places = at.places(calls.due[calls.counted])
    waited, places = waited[places >= 0], places[places >= 0]
    order = np.lexsort((waited, places))
    waited = waited[order]
    counts = np.bincount(places, minlength=at.count)
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    lines = []
    for quantile in QUANTILES:
        values = np.full(at.count, np.nan)
        some = counts > 0
        rank = np.ceil(quantile * counts[some]).astype(np.int64) - 1
        values[some] = waited[first[some] + np.maximum(rank, 0)]
        lines.append(Line(quantile_name(quantile), values))
    return lines


def quantile_name(quantile: float) -> str:
    """p50, p99, p999."""
    return "p" + f"{quantile:.3f}".removeprefix("0.").rstrip("0").ljust(2, "0")


@dataclass(frozen=True, slots=True)
class Process:
    """What one process of a city used: columns of its samples, in order."""

    name: str
    city: str
    at: Floats
    pid: Places
    rss_bytes: Floats
    open_files: Floats
    cpu_seconds: Floats
    log_size: Floats

    def line(self, axis: Axis, values: Floats) -> Line:
        """A column on the axis: the most of each step."""
        places = axis.places(self.at)
        some = (places >= 0) & ~np.isnan(values)
        found = np.full(axis.count, -np.inf)
        np.maximum.at(found, places[some], values[some])
        return Line(self.name, np.where(np.isinf(found), np.nan, found))

    @property
    def cpu_share(self) -> Floats:
        """Cores used since the sample before; NaN where the process had been started anew."""
        shares = np.full(len(self.at), np.nan)
        same = (np.diff(self.pid) == 0) & (np.diff(self.at) > 0)
        shares[1:][same] = np.diff(self.cpu_seconds)[same] / np.diff(self.at)[same]
        return shares

    @property
    def lives(self) -> list[slice]:
        """The samples of each process id, one after the other."""
        cuts = np.flatnonzero(np.diff(self.pid)) + 1
        bounds = [0, *map(int, cuts), len(self.at)]
        return [slice(low, high) for low, high in pairwise(bounds) if high > low]


def processes(run: Run, samples: Iterable[Sample] | None = None) -> list[Process]:
    """Each process of each city, in the order of the plan."""
    grouped = defaultdict[tuple[str, int], list[Sample]](list)
    for sample in run.samples if samples is None else samples:
        grouped[run.named(sample.city), sample.process].append(sample)
    order = {place.pinyin: number for number, place in enumerate(run.plan.places)}
    several = {place.pinyin for place in run.plan.places if place.processes > 1}
    found = []
    for (city, number), its in sorted(
        grouped.items(), key=lambda each: (order.get(each[0][0], len(order)), each[0])
    ):
        its.sort(key=lambda sample: sample.at)
        rows = np.array(
            [(s.at, s.pid, s.rss_bytes, s.open_files, s.cpu_seconds, s.log_size) for s in its],
            np.float64,
        )
        at, pid, rss, files, cpu, log = rows.T
        name = f"{city}/{number}" if city in several else city
        found.append(Process(name, city, at, pid.astype(np.int32), rss, files, cpu, log))
    return found
