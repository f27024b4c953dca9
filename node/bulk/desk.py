"""What an operator asks of the whole city, on the machine of its store, while the node serves.

Each answer begins with one copy of the store, of one instant, in a directory that is gone
afterwards. Only `rescore` writes, and only where nothing happened to a resident meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from node import bulk_limits
from node.bulk.duckdb_engine import DuckdbEngine
from node.bulk.expression import Question
from node.bulk.rehearsing import LATER, NOW, Rehearsal, rehearse
from node.bulk.snapshot import Progress, Snapshot
from node.bulk.verifying import Verification, verify
from node.bulk.workspace import workspace
from node.errors import NOTHING_IN_FORCE, HutongError
from node.files import parse_indicators, parse_scale
from node.ports.bulk import CityCopy, InForce, SumKeeper, Sums
from node.services.here import Here
from node.services.recounting import recount

T = TypeVar("T")

File = tuple[str, bytes]
"""The name of a file, and what is in it."""


class Engine(Protocol):
    """Says where everybody stands."""

    def score(self, snapshot: Snapshot, question: Question, into: str) -> None:
        """Make the table `into`, as `expression.standings` has it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the copy lies: below `parent`, or where temporary files are; removed unless `keep`."""

    parent: Path | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Rescored:
    """What became of a rescore, of the residents of whom something else was kept.

    Of `kept` the sums were kept; `told` are those whose band changed. To those who are `left`
    something happened meanwhile, which counted them; or the node's timer will.
    """

    residents: int
    kept: int
    told: int
    left: int


class Desk:
    """The whole city at once, by one engine."""

    def __init__(
        self,
        here: Here,
        copies: Callable[[], AbstractContextManager[CityCopy]],
        sums: Callable[[], AbstractContextManager[SumKeeper]],
        place: Place,
        engine: Engine | None = None,
    ) -> None:
        """Over the store of the city `here`, which `copies` and `sums` open."""
        self._here = here
        self._copies = copies
        self._sums = sums
        self.directory: Path | None = None
        """Where the last copy lies, or lay."""
        self._place = place
        self._engine = engine or DuckdbEngine()

    def verify(self, progress: Progress) -> Verification:
        """The whole city from nothing against what is kept."""
        with self._copied(self._in_force, progress) as (snapshot, question):
            self._score(snapshot, question, NOW, progress)
            return verify(snapshot, question, NOW)

    def rehearse(
        self, scale: File | None, indicators: File | None, progress: Progress
    ) -> Rehearsal:
        """The city as it is against the city by another scale, or another catalogue, or both.

        Raises:
            HutongError: FILE_INVALID before anything is copied; NOTHING_IN_FORCE without a scale.
        """

        def questions(found: InForce) -> tuple[Question, Question]:
            now = self._in_force(found)
            return now, self._candidate(now, scale, indicators)

        with self._copied(questions, progress) as (snapshot, (now, then)):
            self._score(snapshot, now, NOW, progress)
            self._score(snapshot, then, LATER, progress)
            return rehearse(snapshot, now, then)

    def rescore(self, progress: Progress) -> Rescored:
        """Keep for everybody what the records come to.

        Whose band that changes is counted by the use case that tells the resident so.
        """
        with self._copied(self._in_force, progress) as (snapshot, question):
            self._score(snapshot, question, NOW, progress)
            total = int(snapshot.one(f"SELECT count(*) FROM ({_unequal(question)})")[0])
            done = kept = told = 0
            progress("keeping", 0, total)
            with self._sums() as sums:
                for rows in snapshot.some_rows(_unequal(question), bulk_limits.KEEP_ROWS):
                    changes = [_change(row, question) for row in rows]
                    kept += sums.keep([c.sums for c in changes if not c.to_tell])
                    told += self._tell(sums, [c.person for c in changes if c.to_tell])
                    done += len(rows)
                    progress("keeping", done, total)
        return Rescored(total, kept, told, total - kept - told)

    def _tell(self, sums: SumKeeper, persons: list[int]) -> int:
        now = self._here.now()
        return sums.run(lambda tx: recount(tx, self._here, persons, now)) if persons else 0

    def _in_force(self, found: InForce) -> Question:
        today = self._here.day(self._here.now())
        return Question(found.catalogue, found.scale, today)

    def _candidate(self, now: Question, scale: File | None, indicators: File | None) -> Question:
        if now.scale is None:
            raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load FILE")
        city, version = self._here.city, now.version + 1
        after = now.scale
        if scale is not None:
            after = parse_scale(*scale, city=city, version=after.version + 1)
        catalogue = now.catalogue
        if indicators is not None:
            catalogue = parse_indicators(*indicators, city=city, version=version)
        return Question(catalogue, after, now.today)

    @contextmanager
    def _copied(
        self, look: Callable[[InForce], T], progress: Progress
    ) -> Iterator[tuple[Snapshot, T]]:
        with (
            workspace(self._place.parent, keep=self._place.keep) as directory,
            closing(Snapshot(directory)) as snapshot,
        ):
            self.directory = directory
            with self._copies() as copy:
                found = look(copy.in_force)
                snapshot.load(copy, progress)
            yield snapshot, found

    def _score(self, snapshot: Snapshot, question: Question, into: str, progress: Progress) -> None:
        progress(f"scoring_{into}", 0, 1)
        self._engine.score(snapshot, question, into)
        progress(f"scoring_{into}", 1, 1)


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be kept of one resident; `to_tell` where it changes the band."""

    person: int
    sums: tuple[str, Sums, Sums]
    to_tell: bool


def _unequal(question: Question) -> str:
    """Those of whom other sums are kept than the records come to, or sums of another catalogue."""
    named = question.commendations.joined
    return (
        "SELECT person, resident_id, points_milli, shared_milli, commendations, recount_on, "
        f"counted_by, points, shared, {named}, changes FROM residents JOIN {NOW} USING (who) "
        "WHERE (points_milli, shared_milli, commendations, counted_by) IS DISTINCT FROM "
        f"(points, shared, {named}, CAST({question.version} AS BIGINT)) "
        "OR recount_on IS DISTINCT FROM changes"
    )


def _change(row: tuple[Any, ...], question: Question) -> _Change:
    person, resident_id, points, shared, named, day, version, *new = row
    old = Sums(points, shared, named, day, version)
    now = Sums(new[0], new[1], new[2], new[3], question.version)
    return _Change(person, (resident_id, old, now), _band(question, old) != _band(question, now))


def _band(question: Question, sums: Sums) -> str:
    if question.scale is None:
        return ""
    named = frozenset(sums.commendations.split(",")) if sums.commendations else frozenset[str]()
    return question.scale.standing(sums.points_milli, named).band_id
