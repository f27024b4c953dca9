"""What `scripts/fuzz --list` says: how far each target is, and what of its parser changed since."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from scripts.fuzzing.sources import changed
from scripts.fuzzing.state import ASKED, Progress, State
from scripts.fuzzing.targets import find, kept


def said(name: str, state: State) -> dict[str, Any]:
    """What was done of a target, for a machine."""
    done = state.of(name)
    return {
        "target": name,
        "about": find(name).about,
        "inputs": done.inputs,
        "asked": ASKED,
        "changed_since": changed(done.source),
        "inputs_since_change": inputs_since(done),
        "seconds": done.seconds,
        "inputs_per_second": round(done.rate),
        "peak_mib": done.peak_mib,
        "grew_mib": done.grew_mib,
    }


def table(names: Sequence[str], state: State) -> Iterator[Table | str]:
    """What was done of each target, for a person; what is not done yet is told."""
    rows = Table("target", "what", box=None, pad_edge=False)
    for column in ("inputs so far", "10 million", "MiB", "grew", "kept"):
        rows.add_column(column, no_wrap=True)
    rows.add_column("changed since it was searched")
    for name in names:
        done, found = state.of(name), len(kept(name))
        rows.add_row(
            name,
            find(name).about,
            f"{done.inputs:,}",
            verdict(done),
            f"{done.peak_mib:,.0f}" if done.inputs else "",
            f"{done.grew_mib:,.0f}" if done.grew_mib else "",
            str(found) if found else "",
            ", ".join(changed(done.source)) or _anew(done),
        )
    yield rows
    yield ""
    yield summary([state.of(name) for name in names])


def verdict(done: Progress) -> str:
    """Whether a target has had what is asked of it, or how long it will take."""
    if done.inputs >= ASKED:
        return "yes"
    return f"no, {_hours(done.left(ASKED))} more" if done.inputs else "no, not begun"


def summary(all_done: Sequence[Progress]) -> str:
    """How many have had what is asked, and what is left to do."""
    whole = sum(done.inputs >= ASKED for done in all_done)
    said = f"{whole} of {len(all_done)} have had ten million inputs"
    if whole == len(all_done):
        return f"{said}."
    left = sum(done.left(ASKED) for done in all_done)
    unknown = sum(not done.inputs for done in all_done)
    more = f", besides {unknown} that nobody has begun" if unknown else ""
    return f"{said}; {len(all_done) - whole} have not: {_hours(left)} of one processor{more}."


def inputs_since(done: Progress) -> int:
    """Inputs that a parser has had as it is now."""
    return 0 if changed(done.source) else done.since


def _anew(done: Progress) -> str:
    return f"it was, and had {done.since:,} after" if done.since < done.inputs else ""


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h"
