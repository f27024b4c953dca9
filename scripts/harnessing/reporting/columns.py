"""What clients did, in columns: half a million acts fit in memory, and are looked at by numpy."""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scripts.harnessing.loading.outcomes import NOT_SENT, OK, told, was_answered, went_well
from scripts.harnessing.records import Act, Deed

CHANGING: Final = frozenset(
    {
        Deed.CONSENT,
        Deed.WITHDRAW,
        Deed.CODE,
        Deed.CHECK,
        Deed.REDEEM,
        Deed.RESERVE,
        Deed.CONFIRM,
        Deed.RELEASE,
        Deed.RECORDS,
    }
)
"""What a client does that a node keeps something of."""

Floats = NDArray[np.float64]
Places = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calls:
    """One row for each act; `deed`, `city`, `other` and `outcome` are places in `names`."""

    due: Floats
    """Seconds since 1970."""
    ended: Floats
    deed: Places
    city: Places
    other: Places
    outcome: Places
    """What it came to, as the load tells it (`outcomes.told`)."""
    well: Mask
    """Which went well: an answer by the rules."""
    counted: Mask
    """Of which the waiting counts: an answer came, or the caller waited to the end."""
    sent: Floats
    """Seconds since 1970."""
    names: tuple[str, ...]
    acknowledged: dict[str, int]
    """By deed: requests of it that changed something and were answered OK, each counted once."""

    def __len__(self) -> int:
        """How many acts."""
        return len(self.due)

    @property
    def waited_ms(self) -> Floats:
        """What each caller waited, from when the call was due, in milliseconds."""
        return (self.ended - self.due) * 1000

    @property
    def started(self) -> Mask:
        """Which were sent at all."""
        return ~self.where(self.outcome, NOT_SENT)

    def where(self, column: Places, name: str) -> Mask:
        """Which rows have that name in that column."""
        found = self.names.index(name) if name in self.names else -1
        return np.equal(column, found)

    def within(self, begins: float, ends: float) -> Mask:
        """Which were due from one instant to another."""
        return (self.due >= begins) & (self.due < ends)

    def counts(self, column: Places, rows: Mask) -> Counter[str]:
        """How many of these rows have each name in that column."""
        counts = np.bincount(column[rows], minlength=len(self.names))
        found = {name: int(n) for name, n in zip(self.names, counts, strict=True) if n}
        return Counter(found)


def columns(acts: Iterable[Act]) -> Calls:
    """The acts, read once."""
    places = dict[str, int]()
    times, words, marks = array("d"), array("i"), array("b")
    acknowledged: dict[str, set[str]] = {}
    for act in acts:
        times.extend((act.due, act.sent, act.ended))
        named = (act.deed.value, act.city, act.other, told(act))
        words.extend(places.setdefault(name, len(places)) for name in named)
        marks.extend((went_well(act), was_answered(act)))
        if act.outcome == OK and act.deed in CHANGING:
            acknowledged.setdefault(act.deed.value, set()).add(act.request_id)
    due, sent, ended = np.frombuffer(times, np.float64).reshape(-1, 3).T
    deed, city, other, outcome = np.frombuffer(words, np.int32).reshape(-1, 4).T
    well, counted = np.frombuffer(marks, np.bool_).reshape(-1, 2).T
    return Calls(
        due=due,
        sent=sent,
        ended=ended,
        deed=deed,
        city=city,
        other=other,
        outcome=outcome,
        well=well,
        counted=counted,
        names=tuple(places),
        acknowledged={name: len(ids) for name, ids in sorted(acknowledged.items())},
    )
