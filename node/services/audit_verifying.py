"""Verifies a period of a city's log from what an auditor was given: no node, no store, no network.

That an entry was left out, added, changed or moved contradicts the checkpoint that ends the period,
which the newest one contains, which the city signed and partners cosigned. That the period itself
was cut shorter than it says contradicts the instants of its first and last entry; and what those
say, which is the city's word, contradicts the instants at which partners saw the log. To a minute:
so far may clocks differ.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from federation.checkpoint import (
    check_cosignature,
    note_lines,
    open_checkpoint,
    origin_of,
    unverified_checkpoint,
)
from federation.errors import UNKNOWN_KEY, HutongError
from federation.identifiers import CityCode
from federation.limits import CLOCK_SKEW
from federation.log_entry import entry_leaf
from federation.merkle_log import Frontier, check_consistency, leaf_hash
from node.audited import AuditedEntry, Period, instant_of_micros, micros
from node.logbook import LogKind
from node.services.log_verifying import Keys, Tell
from node.services.log_walking import Problem

_ORIGIN: Final = origin_of(CityCode(""))
_KINDS: Final = frozenset(kind.value for kind in LogKind)
_SKEW: Final = micros(instant_of_micros(0) + CLOCK_SKEW)
_TOLD: Final = 4096


@dataclass(frozen=True, slots=True)
class Witness:
    """A city that cosigned a checkpoint, and when it says that it did."""

    what: str
    city: CityCode
    at: datetime


@dataclass(frozen=True, slots=True)
class Audited:
    """What was verified of a period, and what does not fit.

    `kinds` counts the entries of the period itself. `backdated` are entries that say an instant
    well before that of an earlier one. `latecomer` is the number of the last entry that says one
    well before the period; -1 without any. `unchecked` are signatures by keys that are not known
    here, or no longer. `roots` are those that the tree had at the sizes that were asked for.
    """

    period: Period
    entries: int
    kinds: Mapping[str, int]
    backdated: int
    latecomer: int
    witnesses: tuple[Witness, ...]
    unchecked: int
    roots: Mapping[int, bytes]
    problems: tuple[Problem, ...]


def verify_period(
    period: Period,
    entries: Iterable[AuditedEntry],
    keys: Keys,
    *,
    witnesses: int,
    tell: Tell,
    sizes: Collection[int] = (),
) -> Audited:
    """Verify a period and its entries, one by one.

    1. The city signed its checkpoints, and at least so many partners cosigned the newest.
    2. From the edge before the first entry the tree grows to the checkpoint after the last one.
    3. That checkpoint is a beginning of the newest.
    4. The first entry is from before the period, and the last one from after it.
    5. No entry is from after an instant at which a partner saw it.
    6. A partner saw by the beginning of the period what is before its entries, and it saw what ends
       them: else one false instant could hide what is beyond it.
    """
    # 1.
    notes = _Notes(period, keys)
    notes.open()
    walk = _Walk(period, sizes)
    # 2.
    walk.run(entries, tell)
    problems = [*notes.problems, *walk.problems]
    # 3.
    if not _contained(period):
        size = unverified_checkpoint(period.newest).size
        problems.append(Problem("not_contained", period.end, {"size": size}))
    # 4.
    problems += _edges(period, walk)
    # 5.
    problems += _ahead(notes.witnesses, walk.latest, period.end)
    found = {each.city for each in notes.witnesses if each.what == "newest"}
    if len(found) < witnesses:
        fields = {"found": len(found), "wanted": witnesses}
        problems.append(Problem("unwitnessed", period.end, fields))
    elif witnesses:
        # 6.
        problems += _unseen(period, notes.witnesses)
    return Audited(
        period=period,
        entries=max(walk.frontier.size - period.first, 0),
        kinds=walk.kinds,
        backdated=walk.backdated,
        latecomer=walk.latecomer,
        witnesses=tuple(notes.witnesses),
        unchecked=notes.unchecked,
        roots=walk.roots,
        problems=tuple(problems),
    )


def joined(audited: Sequence[Audited]) -> list[Problem]:
    """What does not fit between periods of one log, in their order.

    Gaps; two histories; and entries of one period that only the file of the next one has.
    """
    problems = list[Problem]()
    for one, other in pairwise(audited):
        if one.period.city != other.period.city:
            cities = {"city": one.period.city, "other": other.period.city}
            problems.append(Problem("other_city", other.period.first, cities))
        elif other.period.since > one.period.until or other.period.first > one.period.end:
            times = {"until": one.period.until, "since": other.period.since}
            problems.append(Problem("gap", other.period.first, times))
        elif other.latecomer >= one.period.end:
            fields = {"until": one.period.until, "entry": other.latecomer}
            problems.append(Problem("latecomer", other.latecomer, fields))
        differing = [
            size
            for size in sorted(one.roots.keys() & other.roots.keys())
            if one.roots[size] != other.roots[size]
        ]
        if differing:
            problems.append(Problem("two_histories", differing[0], {"size": differing[0]}))
    return problems


class _Notes:
    """The checkpoints of a period, opened one by one."""

    def __init__(self, period: Period, keys: Keys) -> None:
        self._period = period
        self._keys = keys
        self.witnesses = list[Witness]()
        self.unchecked = 0
        self.problems = list[Problem]()

    def open(self) -> None:
        """Tell of what is not signed; an old key may be unknown, that of the newest may not."""
        city, period = self._period.city, self._period
        for what, note in (
            ("before", period.before),
            ("after", period.after),
            ("newest", period.newest),
        ):
            if not note:
                continue
            try:
                open_checkpoint(note, city, self._keys.get(city, ()), None)
            except HutongError as error:
                if what != "newest" and error.reason == UNKNOWN_KEY:
                    self.unchecked += 1
                else:
                    self._bad("checkpoint_bad", what, error)
                    continue
            for line in note_lines(note)[1:]:
                self._cosigned(what, note, CityCode(line.name.removeprefix(_ORIGIN)), line.line)

    def _cosigned(self, what: str, note: bytes, city: CityCode, line: bytes) -> None:
        keys = self._keys.get(city)
        if keys is None or city == self._period.city:
            self.unchecked += 1
            return
        # By a key that its city revoked it witnesses nothing, and is no fault of this log.
        standing = [key for key in keys if key.revoked_at is None]
        try:
            at = check_cosignature(note, line, city, standing)
        except HutongError as error:
            if error.reason == UNKNOWN_KEY:
                self.unchecked += 1
            else:
                self._bad("cosignature_bad", what, error, city=city)
        else:
            self.witnesses.append(Witness(what, city, at))

    def _bad(self, name: str, what: str, error: HutongError, **more: object) -> None:
        fields = {"what": what, "why": error.reason.name} | more
        self.problems.append(Problem(name, self._period.end, fields))


class _Walk:
    """From the edge before the first entry to the end of the file."""

    def __init__(self, period: Period, sizes: Collection[int]) -> None:
        self._since, self._until = micros(period.since), micros(period.until)
        self._period = period
        self._sizes = frozenset(sizes)
        self.problems = list[Problem]()
        self.roots: dict[int, bytes] = {}
        self.kinds: Counter[str] = Counter()
        self.backdated = 0
        self.latecomer = -1
        self.first: int | None = None
        self.last = self.latest = -1
        self.frontier = Frontier()

    def run(self, entries: Iterable[AuditedEntry], tell: Tell) -> None:
        """Grow the tree by each entry, and hold it against both checkpoints."""
        period, first, end = self._period, self._period.first, self._period.end
        try:
            self.frontier = Frontier(first, period.edge)
        except HutongError:
            self.problems.append(Problem("edge_changed", first))
            return
        before = _root(period.before) if period.before else self.frontier.root()
        if self.frontier.root() != before:
            self.problems.append(Problem("edge_changed", first))
        self._mark()
        root = b""
        for entry in entries:
            if self.frontier.size == end:
                # Nobody signed for what follows.
                self.problems.append(Problem("beyond", end, {"size": end}))
                break
            self._take(entry)
            if self.frontier.size == end:
                root = self.frontier.root()
            if not self.frontier.size % _TOLD:
                tell(self.frontier.size - first)
        if self.frontier.size < end:
            fields = {"size": self.frontier.size, "known": end}
            self.problems.append(Problem("truncated", self.frontier.size, fields))
        elif root != _root(period.after):
            self.problems.append(Problem("rewritten", first, {"first": first, "last": end - 1}))

    def _take(self, entry: AuditedEntry) -> None:
        self.frontier.append(leaf_hash(entry_leaf(entry.kind, entry.at_micros, entry.commitment)))
        self.frontier.tiles.clear()
        at = entry.at_micros
        if at < self._since - _SKEW:
            self.latecomer = self.frontier.size - 1
        self.first = at if self.first is None else self.first
        self.last = at
        self.backdated += at < self.latest - _SKEW
        self.latest = max(self.latest, at)
        if self._since <= at < self._until:
            self.kinds[entry.kind if entry.kind in _KINDS else "other"] += 1
        self._mark()

    def _mark(self) -> None:
        if self.frontier.size in self._sizes:
            self.roots[self.frontier.size] = self.frontier.root()


def _contained(period: Period) -> bool:
    after, newest = (unverified_checkpoint(note) for note in (period.after, period.newest))
    try:
        check_consistency(after.size, newest.size, period.consistency, after.root, newest.root)
    except HutongError:
        return False
    return True


def _edges(period: Period, walk: _Walk) -> list[Problem]:
    found = list[Problem]()
    if period.since >= period.until:
        fields = {"since": period.since, "until": period.until}
        found.append(Problem("no_period", period.first, fields))
    if walk.first is not None and period.first and walk.first >= micros(period.since):
        fields = {"since": period.since, "at": instant_of_micros(walk.first)}
        found.append(Problem("begins_late", period.first, fields))
    if walk.last < micros(period.until):
        at = instant_of_micros(walk.last) if walk.last >= 0 else period.since
        found.append(Problem("ends_early", period.end, {"until": period.until, "at": at}))
    return found


def _unseen(period: Period, witnesses: Sequence[Witness]) -> list[Problem]:
    """The edges for which there is the city's word alone."""
    seen_by = micros(period.since) + _SKEW
    begins = any(each.what == "before" and micros(each.at) <= seen_by for each in witnesses)
    ends = any(each.what == "after" for each in witnesses)
    found = list[Problem]()
    if period.first and not begins:
        found.append(Problem("begin_unseen", period.first, {"since": period.since}))
    if not ends:
        found.append(Problem("end_unseen", period.end, {"until": period.until}))
    return found


def _ahead(witnesses: Sequence[Witness], latest: int, end: int) -> list[Problem]:
    """A partner that saw the end of the period cannot have seen what had not happened."""
    seen = (each for each in witnesses if each.what != "before")
    return [
        Problem("ahead", end, {"city": w.city, "at": w.at, "latest": instant_of_micros(latest)})
        for w in seen
        if latest > micros(w.at) + _SKEW
    ]


def _root(note: bytes) -> bytes:
    return unverified_checkpoint(note).root
