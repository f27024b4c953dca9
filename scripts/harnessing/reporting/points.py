"""One promise of a run: held, broken, or not seen, and why."""

import enum
from dataclasses import dataclass, field


class State(enum.StrEnum):
    """What became of a promise."""

    HELD = "held"
    BROKEN = "broken"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Reason:
    """A text of `texts`, and what is filled into it."""

    text: str
    words: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """One promise, and why it is broken or not seen; the texts' names are those of `texts`."""

    name: str
    """ "invariants", "lost", "figures", "recovery", "memory", or "files"."""
    state: State
    reasons: tuple[Reason, ...] = ()
