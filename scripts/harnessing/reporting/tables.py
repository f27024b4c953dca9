"""The tables of a report: what each says, in words of one language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from scripts.harnessing.records import Deed, Load
from scripts.harnessing.reporting.columns import Calls, Mask
from scripts.harnessing.reporting.gathering import Outage, Run
from scripts.harnessing.reporting.series import QUANTILES, Axis, quantile_name
from scripts.harnessing.reporting.texts import Words
from scripts.harnessing.reporting.verdict import RECOVERY_SECONDS, Growth

_MARGIN: Final = 1.0
"""A call that was due so many seconds before a fault may still be hurt by it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row, and whether it tells of something bad."""

    cells: tuple[str, ...]
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the columns of `numbers` are numbers."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    numbers: range


def utc(at: float) -> str:
    """An instant, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def cities(run: Run, words: Words) -> Table:
    """Which cities took part, and with what."""
    heads = tuple(words[name] for name in ("city", "code", "store", "processes"))
    rows = []
    for place in run.plan.places:
        name = words.either(place.about.name_zh, place.about.name_en)
        rows.append(Row((name, place.code, place.store, str(place.processes))))
    return Table(heads, tuple(rows), range(3, 4))


def settings(run: Run, words: Words) -> list[tuple[str, str]]:
    """What else the run was made of: a name and a value each."""
    plan = run.plan
    known = {"proxies", "namespaces", "none"}
    links = words[f"links_{plan.links}"] if plan.links in known else plan.links
    why = plan.why.get(words.lang, "")
    return [
        (
            words["links"],
            words.say("links_why", links=links, why=why.rstrip(".。")) if why else links,
        ),
        (words["residents"], f"{plan.residents:,}"),
        (words["seed"], str(plan.seed)),
        *((words.version(name), value) for name, value in plan.versions.items()),
    ]


def loads(run: Run, words: Words) -> Table:
    """Which loads were offered; the one that figures are of is named."""
    names = ("load_began", "load_rate", "load_lasted", "load_window", "seed", "load_mix")
    rows = []
    for load in run.loads:
        window = load.steady_until - load.steady_from
        began = utc(load.began) + (f" ← {words['main_load']}" if load is run.load else "")
        rows.append(
            Row(
                (
                    began,
                    f"{load.rate:,.1f}",
                    words.say("seconds_unit", n=f"{load.ended - load.began:,.0f}"),
                    words.say("seconds_unit", n=f"{window:,.0f}"),
                    str(load.seed),
                    _mix(load, words),
                )
            )
        )
    return Table(tuple(words[name] for name in names), tuple(rows), range(1, 5))


def _mix(load: Load, words: Words) -> str:
    whole = sum(load.mix.values()) or 1.0
    return ", ".join(
        f"{words.journey(name)} {100 * weight / whole:.0f} %"
        for name, weight in load.mix.items()
        if weight
    )


def sustained(run: Run, words: Words) -> str:
    """How many journeys the cities sustained."""
    found = run.figures
    if found is None:
        return ""
    return words.say(
        "sustained",
        rate=f"{found.rate:,.1f}",
        due=f"{found.journeys_due:,}",
        started=f"{found.journeys_started:,}",
        well=f"{found.journeys_well:,}",
        calls=f"{found.calls_a_second:,.1f}",
    )


def figures(run: Run, words: Words) -> Table:
    """How long callers waited, by deed, in the steady window."""
    names = ("deed", "calls", "rate", "failed")
    quantiles = tuple(quantile_name(quantile) for quantile in QUANTILES)
    heads = (*(words[name] for name in names), *quantiles, words["longest"])
    if run.load is None:
        return Table(heads, (), range(0))
    begins, ends = run.load.steady_from, run.load.steady_until
    window = run.calls.within(begins, ends)
    rows = []
    for deed in Deed:
        its = window & run.calls.where(run.calls.deed, deed.value)
        if its.any():
            rows.append(_figures(words.deed(deed.value), run.calls, its, ends - begins))
    if rows:
        rows.append(_figures(words["all_deeds"], run.calls, window, ends - begins))
    return Table(heads, tuple(rows), range(1, len(heads)))


def _figures(name: str, calls: Calls, its: Mask, seconds: float) -> Row:
    waited = np.sort(calls.waited_ms[its & calls.counted])
    failed = int((its & ~calls.well).sum())
    ranks = [max(0, int(np.ceil(q * len(waited))) - 1) for q in QUANTILES]
    found = [f"{waited[rank]:,.1f}" if len(waited) else "" for rank in (*ranks, -1)]
    count = int(its.sum())
    return Row((name, f"{count:,}", f"{count / max(seconds, 1e-9):,.1f}", f"{failed:,}", *found))


def outcomes(run: Run, words: Words) -> Table:
    """How calls ended, over the whole run."""
    heads = tuple(words[name] for name in ("outcome", "calls", "share"))
    everything = np.ones(len(run.calls), np.bool_)
    rows = tuple(
        Row((name, f"{count:,}", f"{100 * count / len(run.calls):.3f} %"))
        for name, count in run.calls.counts(run.calls.outcome, everything).most_common()
    )
    return Table(heads, rows, range(1, len(heads)))


def place(outage: Outage) -> str:
    """Which city a fault is of, or which line, with its numbers."""
    city, other = (str(outage.where.get(key, "")) for key in ("city", "other"))
    process = outage.where.get("process", 0)
    numbers = outage.where.get("numbers") or {}
    said = ", ".join(f"{name} {value:g}" for name, value in numbers.items())
    where = f"{city} – {other}" if other else f"{city}/{process}" if process else city
    return f"{where} ({said})" if said else where


def faults(run: Run, axis: Axis, words: Words) -> Table:
    """What was broken, what it did, and how soon all was well."""
    names = ("fault", "at", "kind", "city", "lasted", "recovered", "effect", "others_effect")
    rows = []
    for each in run.outages:
        slow = each.recovered_after is None or each.recovered_after >= RECOVERY_SECONDS
        ended = each.ended is not None
        recovered = words["not_seen"]
        if each.recovered_after is not None:
            recovered = words.say("seconds_unit", n=f"{each.recovered_after:.1f}")
        lasted = words["open_fault"]
        if ended:
            lasted = words.say("seconds_unit", n=f"{each.ends - each.began:.1f}")
        own, others = _hurt(run, each, axis)
        rows.append(
            Row(
                (
                    each.fault,
                    clock(each.began - axis.begins),
                    words.kind(each.kind) + (f": {each.said}" if each.said else ""),
                    place(each),
                    lasted,
                    recovered,
                    own,
                    others,
                ),
                bad=not ended or slow,
            )
        )
    return Table(tuple(words[name] for name in names), tuple(rows), range(4, 8))


def clock(seconds: float) -> str:
    """Minutes and seconds since the beginning of the axis."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _hurt(run: Run, outage: Outage, axis: Axis) -> tuple[str, str]:
    """Calls that failed while a fault lasted, of all: where its cities took part, and elsewhere."""
    calls = run.calls
    ends = axis.begins + axis.seconds if outage.ended is None else outage.ended
    its = calls.within(outage.began - _MARGIN, ends)
    names = {str(outage.where.get(key, "")) for key in ("city", "other")}
    codes = {p.code for p in run.plan.places if p.pinyin in names or p.code in names}
    involved = np.zeros(len(calls), np.bool_)
    for code in codes:
        involved |= calls.where(calls.city, code) | calls.where(calls.other, code)
    own, others = (
        f"{int((some & ~calls.well).sum()):,} / {int(some.sum()):,}"
        for some in (its & involved, its & ~involved)
    )
    return own, others


def counts(run: Run, words: Words) -> Table:
    """What clients were told is done, and what was found of it."""
    heads = tuple(words[name] for name in ("what", "told", "kept", "logged"))
    rows = [
        Row(
            (
                words[f"counted_{each.what}"],
                f"{each.told:,}",
                f"{each.kept:,}",
                words["untraced"] if each.logged is None else f"{each.logged:,}",
            ),
            bad=not each.whole,
        )
        for each in (run.checked.counts if run.checked else ())
    ]
    told = run.calls.acknowledged
    rows += [
        Row((words.say("requests", deed=words.deed(name)), f"{count:,}", "", ""))
        for name, count in told.items()
    ]
    rows.append(Row((words["acknowledged"], f"{sum(told.values()):,}", "", "")))
    return Table(heads, tuple(rows), range(1, len(heads)))


def growth(
    memory: Sequence[Growth], files: Sequence[Growth], grown: Iterable[Growth], words: Words
) -> Table:
    """What processes used after their warm-up and in the end."""
    names = ("process", "what", "minutes", "warm", "end", "change")
    bad = list(grown)
    rows = []
    for name, unit, format_, its in (
        ("memory", 1e6, ",.1f", memory),
        ("files", 1.0, ",.0f", files),
    ):
        for each in its:
            warm, end = (format(value / unit, format_) for value in (each.warm, each.end))
            minutes, share = f"{each.seconds / 60:.1f}", f"{each.share * 100:+.1f} %"
            cells = (each.process, words[name], minutes, warm, end, share)
            rows.append(Row(cells, bad=each in bad))
    return Table(tuple(words[name] for name in names), tuple(rows), range(2, 6))
