"""What the page of a report is filled with."""

import json
from typing import Any, Final

from scripts.benches import safeties_plot
from scripts.harnessing.loading.concessions import CONCESSIONS
from scripts.harnessing.records import Deed, Ruling
from scripts.harnessing.reporting import bars, plots, series, tables
from scripts.harnessing.reporting.gathering import Outage, Run
from scripts.harnessing.reporting.points import Point, Reason
from scripts.harnessing.reporting.series import Axis, Line, Process
from scripts.harnessing.reporting.texts import Words
from scripts.harnessing.reporting.verdict import (
    FILES_FEW,
    LONG_ENOUGH_MINUTES,
    RECOVERY_SECONDS,
    Verdict,
    grown,
    growths,
    violations,
)

EVIDENCE_MOST: Final = 20
"""Violations of one invariant that are shown; of the others their number."""
_TEXT_MOST: Final = 600
LIMIT: Final = f"{RECOVERY_SECONDS:g}"
_SHIPPED: Final = 5
_MARKED: Final = {"held": "✓", "broken": "✗", "unseen": "?"}


def fields(run: Run, found: Verdict, lang: str, now: float) -> dict[str, Any]:
    """What the template is filled with."""
    words, axis = Words(lang), series.axis(run)
    its = series.processes(run)
    memory, files = growths(run, its)
    bad = [*grown(memory, 0.0), *grown(files, FILES_FEW)]
    began = tables.utc(axis.begins) if axis.begins else run.plan.began
    return {
        "words": words,
        "html_language": words.either("zh-CN", "en"),
        "subtitle": words.say(
            "subtitle",
            cities=len(run.plan.places),
            began=began,
            minutes=f"{axis.seconds / 60:.1f}",
        ),
        "made": f"{tables.utc(now)} UTC",
        "verdict": _headline(found),
        "points": [_point(point, words) for point in found.points],
        "cities": tables.cities(run, words),
        "settings": tables.settings(run, words),
        "loads": tables.loads(run, words),
        "axis_note": words.say("axis_note", began=began, step=axis.step),
        "plots": _over_time(run, axis, its, words),
        "figures": tables.figures(run, words),
        "peak": _peak(run, words),
        "sustained": tables.sustained(run, words),
        "figures_note": words.say("figures_note", seconds=_window(run)),
        "invalid": [words.either(*each) for each in run.invalid],
        "distributions": _distributions(run, words),
        "outcomes": tables.outcomes(run, words),
        "faults": tables.faults(run, axis, words),
        "invariants": _invariants(run, words),
        "checked_at": _checked_at(run, words),
        "counts": tables.counts(run, words),
        "too_short": _too_short(words),
        "growth": tables.growth(memory, files, bad, words),
        "safeties": _safeties(run, words),
        "concessions": _concessions(run, words),
    }


def _too_short(words: Words) -> str:
    """What is said where no life of a process was long enough."""
    return words.say("too_short", minutes=LONG_ENOUGH_MINUTES)


def _headline(found: Verdict) -> str:
    return "good" if found.good else "broken" if found.broken else "unseen"


def _point(point: Point, words: Words) -> dict[str, Any]:
    return {
        "state": point.state.value,
        "mark": _MARKED[point.state.value],
        "word": words[f"{point.state.value}_word"],
        "title": words.say(f"point_{point.name}", limit=LIMIT),
        "reasons": [said(reason, words) for reason in point.reasons],
    }


def said(reason: Reason, words: Words) -> str:
    """Why a promise is broken or not seen."""
    return words.say(reason.text, **reason.words)


def _window(run: Run) -> str:
    return f"{run.load.steady_until - run.load.steady_from:,.0f}" if run.load else "0"


def _peak(run: Run, words: Words) -> str:
    """The rate that is sustained, where it was looked for."""
    if run.peak is None:
        return ""
    found, seconds = run.peak, f"{run.peak.seconds:g}"
    said = words.say("peak", rate=f"{found.rate:,.1f}", tried=found.tried, seconds=seconds)
    if run.figures is None or not run.figures.rate:
        return said
    each = run.figures.calls_a_second / run.figures.rate
    calls = words.say("peak_calls", each=f"{each:.2f}", calls=f"{found.rate * each:,.0f}")
    return f"{said} {calls}"


def _over_time(run: Run, axis: Axis, its: list[Process], words: Words) -> list[dict[str, Any]]:
    bands = [_band(each, axis, words) for each in run.outages]
    found = []
    if bands:
        names = {band.kind: words.kind(band.kind) for band in bands}
        told = [_band(each, axis, words, told=True) for each in run.outages]
        picture = plots.lanes(axis, told, names, name="faults")
        found.append({"title": words["plot_faults"], "picture": picture, "nothing": ""})
    calls = run.calls
    due = Line(words["due"], series.per_second(axis, calls.due))
    answered = Line(words["answered"], series.per_second(axis, calls.ended[calls.well]))
    for name, lines, logarithmic in (
        ("rate", [due, answered] if len(calls) else [], False),
        ("errors", series.errors(axis, calls), False),
        ("waits", series.waits(axis, calls) if len(calls) else [], True),
        ("memory", [each.line(axis, each.rss_bytes / 1e6) for each in its], False),
        ("files", [each.line(axis, each.open_files) for each in its], False),
        ("cpu", [each.line(axis, each.cpu_share) for each in its], False),
        ("log", _logs(axis, its), False),
    ):
        nothing = words["no_errors" if name == "errors" and len(calls) else "no_data"]
        picture = plots.over_time(axis, lines, bands, name=name, logarithmic=logarithmic)
        found.append({"title": words[f"plot_{name}"], "picture": picture, "nothing": nothing})
    return found


def _logs(axis: Axis, its: list[Process]) -> list[Line]:
    """The log of each city, which all its processes write."""
    firsts = {each.city: each for each in reversed(its)}
    return [
        Line(each.city, each.line(axis, each.log_size).values)
        for each in its
        if firsts[each.city] is each
    ]


def _band(outage: Outage, axis: Axis, words: Words, *, told: bool = False) -> plots.Band:
    """A fault on the axis; `told` for its number with the seconds until all was well."""
    name = outage.fault
    recovered = outage.recovered_after
    if told and recovered is not None:
        name += f": {words.say('recovered_in', seconds=f'{recovered:.1f}')}"
    begins = outage.began - axis.begins
    ends = axis.seconds if outage.ended is None else outage.ended - axis.begins
    title = f"{outage.fault}: {words.kind(outage.kind)}, {tables.place(outage)}"
    return plots.Band(name, outage.kind, begins, ends, title)


def _distributions(run: Run, words: Words) -> list[dict[str, Any]]:
    """The histogram, and the percentiles, by deed."""
    calls, load = run.calls, run.load
    if load is None or not len(calls):
        return []
    window = calls.within(load.steady_from, load.steady_until) & calls.counted
    waited = calls.waited_ms
    its = [
        (words.deed(deed.value), waited[window & calls.where(calls.deed, deed.value)])
        for deed in Deed
    ]
    some = [(name, values) for name, values in its if len(values)]
    return [
        {
            "title": words[draw.__name__],
            "picture": draw(some, name=draw.__name__),
            "nothing": words["no_data"],
        }
        for draw in (bars.histogram, bars.percentiles)
    ]


def _invariants(run: Run, words: Words) -> list[dict[str, Any]]:
    return [
        _invariant(run, ruling, words) for ruling in (run.checked.rulings if run.checked else ())
    ]


def _invariant(run: Run, ruling: Ruling, words: Words) -> dict[str, Any]:
    shown = ruling.violations[:EVIDENCE_MOST]
    more = violations(ruling) - len(shown)
    state = "broken" if ruling.violations else "held" if ruling.looked_at else "unseen"
    return {
        "rule": words.rule(ruling.rule),
        "name": ruling.invariant,
        "title": words.either(ruling.title_zh, ruling.title_en),
        "looked_at": f"{ruling.looked_at:,}" if ruling.looked_at else words["nothing_seen"],
        "count": f"{violations(ruling):,}",
        "state": state,
        "mark": _MARKED[state],
        "violations": [
            {
                "city": run.named(each.city),
                "problem": words.either(each.problem_zh, each.problem_en),
                "evidence": _cut(json.dumps(each.evidence, ensure_ascii=False, default=str)),
            }
            for each in shown
        ],
        "more": words.say("more", count=f"{more:,}") if more else "",
    }


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_MOST else text[:_TEXT_MOST] + " ..."


def _checked_at(run: Run, words: Words) -> str:
    if run.checked is None:
        return words["not_checked"]
    return words.say("checked_at", at=tables.utc(run.checked.at))


def _safeties(run: Run, words: Words) -> dict[str, Any] | None:
    """What each safety costs, where it was measured beside the run."""
    if not run.safeties:
        return None
    try:
        costs = safeties_plot.costs(run.safeties)
    except KeyError:
        return None
    levels = safeties_plot.LEVELS
    parts = [(words.either(x.zh, x.en), cost) for x, cost in zip(levels, costs, strict=True)]
    bars_of = [words.either(level.short_zh, level.name) for level in levels]
    found = {figure.name: figure for figure in run.safeties}
    rows = [
        tables.Row(
            (
                words.either(level.zh, level.en),
                f"{found[level.name].value:,.0f}",
                f"{found[level.name].ratio or 1.0:.3f}",
            )
        )
        for level in levels
    ]
    heads = tuple(words[name] for name in ("level", "per_second", "ratio"))
    return {
        "picture": bars.stacked(bars_of, parts, name="safeties"),
        "table": tables.Table(heads, tuple(rows), range(1, 3)),
    }


def _concessions(run: Run, words: Words) -> list[str]:
    """What is not as cities would have it: of the harness, and of the loads."""
    names = ["one_machine", "precedence", "loopback", "residents", "keys", "kept", "samples"]
    if run.plan.links in {"proxies", "none"}:
        names.insert(3, run.plan.links)
    if len(run.plan.places) > _SHIPPED:
        names.append("made_cities")
    if run.plan.log_level == "warning":
        names.append("quiet_nodes")
    if not run.plan.metrics:
        names.append("no_metrics")
    found = [words[f"concession_{name}"] for name in names]
    told = dict.fromkeys(each for load in run.loads for each in load.concessions)
    return [*found, *(words.either(CONCESSIONS.get(each, each), each) for each in told)]
