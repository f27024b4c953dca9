"""Whether a run was good: each promise of it held, broken, or not seen. Pure over its records.

What was not looked at is not held: a run without a check, or too short to tell whether memory is
flat, is not good, and is told as not seen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from scripts.harnessing.fault_kinds import KINDS
from scripts.harnessing.layout import Folder
from scripts.harnessing.records import Ruling
from scripts.harnessing.reporting import judging_figures
from scripts.harnessing.reporting.columns import Floats
from scripts.harnessing.reporting.gathering import Outage, Run, gather
from scripts.harnessing.reporting.points import Point, Reason, State
from scripts.harnessing.reporting.series import Process, processes

RECOVERY_SECONDS: Final = 5.0
FLAT: Final = 0.1
"""How much a process may grow after its warm-up, as a share."""
FILES_FEW: Final = 3
"""So many file descriptors more are no growth: a connection of somebody who calls just then."""
WARM_SECONDS: Final = 60.0
"""What a process takes to fill its caches and pools, from when it started."""
JUDGED_SECONDS: Final = 180.0
"""A life of a process that is shorter than this, after its warm-up, tells nothing of growth."""
LONG_ENOUGH_MINUTES: Final = f"{(WARM_SECONDS + JUDGED_SECONDS) / 60:g}"
_WINDOW: Final = 0.2
"""The first and the last share of a life that are held against each other, by their medians."""
LOST: Final = frozenset({"nothing-lost", "both-logs"})
"""The invariants by which an acknowledged act is lost."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What a process used after its warm-up and at the end of one of its lives."""

    process: str
    began: float
    """When the first of both windows begins."""
    seconds: float
    """Between the beginning of the first and the end of the last."""
    warm: float
    end: float

    @property
    def share(self) -> float:
        """How much it grew; negative where it shrank."""
        return self.end / self.warm - 1 if self.warm else 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run came to."""

    points: tuple[Point, ...]

    @property
    def good(self) -> bool:
        """Whether each promise was seen to be held."""
        return all(point.state is State.HELD for point in self.points)

    @property
    def broken(self) -> bool:
        """Whether one was seen to be broken."""
        return any(point.state is State.BROKEN for point in self.points)

    def __getitem__(self, name: str) -> Point:
        """The promise of that name; raises KeyError."""
        found = next((point for point in self.points if point.name == name), None)
        if found is None:
            raise KeyError(name)
        return found


def verdict(folder: Folder) -> Verdict:
    """What the run in a folder came to; raises ReportError where there is none."""
    return judge(gather(folder))


def judge(run: Run) -> Verdict:
    """What a run came to."""
    its = processes(run)
    memory, files = growths(run, its)
    return Verdict(
        (
            _invariants(run),
            _lost(run),
            judging_figures.point(run),
            _recovery(run),
            _flat("memory", memory, 0.0, its),
            _flat("files", files, FILES_FEW, its),
        )
    )


def _unchecked(run: Run) -> Reason | None:
    """Why what was checked says nothing of this run."""
    if run.checked is None:
        return Reason("not_checked")
    if run.load is not None and run.checked.at < max(load.ended for load in run.loads):
        return Reason("checked_before")
    if not any(ruling.looked_at for ruling in run.checked.rulings):
        return Reason("checked_nothing")
    return None


def _invariants(run: Run) -> Point:
    rulings = run.checked.rulings if run.checked else ()
    broken = [ruling for ruling in rulings if ruling.violations]
    if broken:
        return Point("invariants", State.BROKEN, tuple(map(_violated, broken)))
    why = _unchecked(run)
    if why is not None:
        return Point("invariants", State.UNSEEN, (why,))
    return Point("invariants", State.HELD)


def _violated(ruling: Ruling) -> Reason:
    words = {"rule": ruling.rule, "zh": ruling.title_zh, "en": ruling.title_en}
    return Reason("violated", words | {"count": f"{violations(ruling):,}"})


def violations(ruling: Ruling) -> int:
    """How many there are; of very many the check tells some, and last how many more."""
    more = ruling.violations[-1].evidence if ruling.violations else {}
    untold = int(more["more"]) - 1 if more.keys() == {"more"} else 0
    return len(ruling.violations) + untold


def _lost(run: Run) -> Point:
    rulings = [r for r in (run.checked.rulings if run.checked else ()) if r.invariant in LOST]
    lost = sum(map(violations, rulings))
    if lost:
        return Point("lost", State.BROKEN, (Reason("acts_lost", {"count": f"{lost:,}"}),))
    why = _unchecked(run)
    if why is None and not any(ruling.looked_at for ruling in rulings):
        why = Reason("no_acts")
    if why is not None:
        return Point("lost", State.UNSEEN, (why,))
    return Point("lost", State.HELD)


def _recovery(run: Run) -> Point:
    broken = [reason for each in run.outages for reason in _unrecovered(each)]
    if broken:
        return Point("recovery", State.BROKEN, tuple(broken))
    if not run.outages:
        return Point("recovery", State.UNSEEN, (Reason("no_faults"),))
    return Point("recovery", State.HELD)


def _unrecovered(outage: Outage) -> Iterator[Reason]:
    kind = KINDS.get(outage.kind)
    words = {
        "fault": outage.fault,
        "kind": outage.kind,
        "city": str(outage.where.get("city", "")),
        "zh": kind.zh if kind else outage.kind,
        "limit": f"{RECOVERY_SECONDS:g}",
    }
    if outage.ended is None:
        yield Reason("not_mended", words)
    elif outage.recovered_after is None:
        yield Reason("not_recovered", words)
    elif outage.recovered_after >= RECOVERY_SECONDS:
        yield Reason("slow_recovery", words | {"seconds": f"{outage.recovered_after:.1f}"})


def growths(run: Run, its: Iterable[Process]) -> tuple[list[Growth], list[Growth]]:
    """Memory in bytes, and open files, of each life of a process that is long enough to judge.

    A life counts from its warm-up until the last load ended; so much of it as was without a load
    before the first one does not.
    """
    memory, files = list[Growth](), list[Growth]()
    if run.load is None:
        return memory, files
    begins, ends = run.load.steady_from, run.load.ended
    for process in its:
        for life in process.lives:
            at = process.at[life]
            warm = max(begins, at[0] + WARM_SECONDS)
            seen = (at >= warm) & (at <= ends)
            if not seen.any() or np.ptp(at[seen]) < JUDGED_SECONDS:
                continue
            for found, column in ((memory, process.rss_bytes), (files, process.open_files)):
                found.append(_growth(process.name, at[seen], column[life][seen]))
    return memory, files


def _growth(process: str, at: Floats, values: Floats) -> Growth:
    window = np.ptp(at) * _WINDOW
    warm = float(np.median(values[at <= at[0] + window]))
    end = float(np.median(values[at >= at[-1] - window]))
    return Growth(process, float(at[0]), float(np.ptp(at)), warm, end)


def grown(growths: list[Growth], few: float) -> list[Growth]:
    """Those that grew by more than a tenth, and by more than `few`."""
    return [each for each in growths if each.end - each.warm > max(few, each.warm * FLAT)]


def _flat(name: str, growths: list[Growth], few: float, its: Iterable[Process]) -> Point:
    bad = grown(growths, few)
    if bad:
        return Point(
            name,
            State.BROKEN,
            tuple(
                Reason("grown", {"process": each.process, "percent": f"{each.share * 100:+.0f}"})
                for each in bad
            ),
        )
    if not growths:
        return Point(name, State.UNSEEN, (Reason("too_short", {"minutes": LONG_ENOUGH_MINUTES}),))
    # Of one that was started anew again and again nothing is known, whatever the others did.
    judged = {each.process for each in growths}
    missed = ", ".join(each.name for each in its if each.name not in judged)
    if missed:
        words = {"minutes": LONG_ENOUGH_MINUTES, "processes": missed}
        return Point(name, State.UNSEEN, (Reason("some_too_short", words),))
    return Point(name, State.HELD)
