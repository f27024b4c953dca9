"""All that a run left behind, read once, for the report and the verdict."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scripts.benches.figures import Figure
from scripts.harnessing import records
from scripts.harnessing.layout import Folder, Plan
from scripts.harnessing.loading import figures
from scripts.harnessing.loading.figures import Figures
from scripts.harnessing.records import Act, Checked, Happening, Load, Peak, Sample
from scripts.harnessing.reporting.columns import Calls, columns


class ReportError(Exception):
    """A report that cannot be written; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A fault, from its beginning to its end."""

    fault: str
    kind: str
    where: Mapping[str, Any]
    began: float
    ended: float | None
    """None for one that nobody mended."""
    recovered_after: float | None
    said: str = ""

    @property
    def ends(self) -> float:
        """When all was well again, as far as is known."""
        return self.began if self.ended is None else self.ended


@dataclass(frozen=True, slots=True)
class Run:
    """A run."""

    plan: Plan
    loads: tuple[Load, ...]
    calls: Calls
    outages: tuple[Outage, ...]
    samples: tuple[Sample, ...]
    checked: Checked | None
    safeties: tuple[Figure, ...] = ()
    invalid: tuple[tuple[str, str], ...] = ()
    """Why the figures of the load do not count, in Chinese and in English."""
    figures: Figures | None = None
    """Of the load; None without one."""
    peak: Peak | None = None
    """The rate that is sustained; None where it was not looked for."""

    @property
    def load(self) -> Load | None:
        """The one that figures are of: the longest that is no step of a search for the peak."""
        loads = [each for each in self.loads if each.purpose != "peak"] or self.loads
        return max(loads, key=lambda each: each.ended - each.began, default=None)

    def named(self, code: str) -> str:
        """A city's pinyin, for what only knows its code."""
        return next((each.pinyin for each in self.plan.places if each.code == code), code)


def gather(folder: Folder) -> Run:
    """What is in a run's folder; raises ReportError where nothing was brought up."""
    try:
        plan = folder.read_plan()
    except FileNotFoundError as error:
        raise ReportError(
            f"there is no run in {folder.root}: bring cities up with `scripts/harness up`,"
            " or say --dir"
        ) from error
    except (ValueError, TypeError) as error:
        raise ReportError(f"{folder.plan} is no plan of a run: {error}") from error
    try:
        return _counted(folder, _read(folder, plan))
    except (ValueError, TypeError, KeyError) as error:
        raise ReportError(
            f"a file of {folder.root} is not as the harness writes it ({error!r}): move it away,"
            " and report again"
        ) from error


def _read(folder: Folder, plan: Plan) -> Run:
    return Run(
        plan,
        tuple(records.read(folder.loads, Load)),
        columns(records.read_all(folder.histories, Act)),
        outages(records.read(folder.faults, Happening)),
        tuple(records.read(folder.samples, Sample)),
        _checked(folder),
        _safeties(folder),
        peak=_peak(folder),
    )


def _counted(folder: Folder, run: Run) -> Run:
    """The run with the figures of its load: the acts are read again, so as to hold none of them."""
    if run.load is None:
        return run
    acts = records.read_all(folder.histories, Act)
    invalid = figures.validity(run.load, records.read_all(folder.histories, Act))
    return replace(
        run,
        figures=figures.of(acts, run.load),
        invalid=tuple((reason.zh, str(reason)) for reason in invalid),
    )


def outages(happenings: Iterable[Happening]) -> tuple[Outage, ...]:
    """Each fault with its end."""
    open_ones, found = dict[str, Happening](), list[Outage]()
    for each in happenings:
        if each.began:
            open_ones[each.fault] = each
        elif each.fault in open_ones:
            found.append(_outage(open_ones.pop(each.fault), each))
    found += (_outage(each, None) for each in open_ones.values())
    return tuple(sorted(found, key=lambda each: each.began))


def _outage(began: Happening, end: Happening | None) -> Outage:
    said = "; ".join(each.said for each in (began, end) if each is not None and each.said)
    return Outage(
        began.fault,
        began.kind,
        began.where,
        began.at,
        None if end is None else end.at,
        None if end is None else end.recovered_after,
        said,
    )


def _checked(folder: Folder) -> Checked | None:
    if not folder.findings.exists():
        return None
    return records.checked_from_json(folder.findings.read_text("utf-8"))


def _peak(folder: Folder) -> Peak | None:
    if not folder.peak.exists():
        return None
    return Peak(**json.loads(folder.peak.read_text("utf-8")))


def _safeties(folder: Folder) -> tuple[Figure, ...]:
    file = folder.root / "safeties.json"
    if not file.exists():
        return ()
    return tuple(Figure(**each) for each in json.loads(file.read_text("utf-8")))
