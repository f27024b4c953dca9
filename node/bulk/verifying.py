"""The whole city from nothing against the sums that are kept."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from node import bulk_limits
from node.bulk.expression import Question
from node.bulk.snapshot import Snapshot
from node.records import Record, RecordKey, RecordState
from node.services.scoring import tally

# What counts of a record is its indicator, its days and its marks; the rest is not copied.
_NO_KEY: Final = RecordKey("", "")
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Difference:
    """A resident of whom something else is kept than the records come to, and what of it."""

    resident_id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """The whole city from nothing against what is kept.

    `waiting` have kept sums that nobody uses any more, since their day or another catalogue has
    come: of them `checked` were counted by the rule that answers for them meanwhile. The
    `differences` are the first ones; `different` is how many there are.
    """

    compared: int
    waiting: int
    checked: int
    different: int
    differences: tuple[Difference, ...]


def verify(snapshot: Snapshot, question: Question, table: str) -> Verification:
    """Compare the table of standings with the kept sums that count today."""
    fresh = (
        f"counted_by = {question.version} AND (recount_on IS NULL "
        f"OR recount_on > DATE '{question.today.isoformat()}')"
    )
    compared, waiting = snapshot.one(
        f"SELECT count(*) FILTER (WHERE {fresh}), count(*) FILTER (WHERE NOT ({fresh})) "
        "FROM residents"
    )
    wrong = _wrong(question, table, fresh)
    different = int(snapshot.one(f"SELECT count(*) FROM ({wrong})")[0])
    first = snapshot.rows(f"{wrong} ORDER BY resident_id LIMIT {bulk_limits.DIFFERENCES}")
    found = [_difference(row) for row in first]
    checked, more = _check_waiting(snapshot, question, table, fresh, int(waiting))
    return Verification(
        compared=int(compared),
        waiting=int(waiting),
        checked=checked,
        different=different + len(more),
        differences=tuple((found + more)[: bulk_limits.DIFFERENCES]),
    )


_FIELDS: Final = ("points_milli", "shared_milli", "commendations", "recount_on")


def _wrong(question: Question, table: str, fresh: str) -> str:
    named = question.commendations.joined
    return (
        "SELECT resident_id, points_milli <> points, shared_milli <> shared, "
        f"commendations <> {named}, recount_on IS DISTINCT FROM changes "
        f"FROM residents JOIN {table} USING (who) WHERE {fresh} AND (points_milli <> points "
        f"OR shared_milli <> shared OR commendations <> {named} "
        "OR recount_on IS DISTINCT FROM changes)"
    )


def _difference(row: tuple[object, ...]) -> Difference:
    fields = zip(_FIELDS, row[1:], strict=True)
    return Difference(str(row[0]), tuple(name for name, differs in fields if differs))


def _check_waiting(
    snapshot: Snapshot, question: Question, table: str, fresh: str, waiting: int
) -> tuple[int, list[Difference]]:
    """Count some of those who wait one by one, spread evenly, as `standing.current` does."""
    step = max(1, waiting // bulk_limits.VERIFY_STALE)
    chosen = (
        "SELECT who FROM (SELECT who, row_number() OVER (ORDER BY who) AS place FROM residents "
        f"WHERE NOT ({fresh})) WHERE place % {step} = 0 LIMIT {bulk_limits.VERIFY_STALE}"
    )
    records = _records(snapshot, chosen)
    rows = snapshot.rows(
        f"SELECT resident_id, who, points, shared, {question.commendations.joined}, changes "
        f"FROM residents JOIN {table} USING (who) WHERE who IN ({chosen}) ORDER BY resident_id"
    )
    differences = list[Difference]()
    for resident_id, who, *bulk in rows:
        one = tally(records.get(who, ()), question.catalogue, question.today)
        single = (one.points_milli, one.shared_milli, ",".join(one.commendations), one.changes_on)
        unequal = [a != b for a, b in zip(bulk, single, strict=True)]
        if any(unequal):
            differences.append(_difference((resident_id, *unequal)))
    return len(rows), differences


def _records(snapshot: Snapshot, chosen: str) -> dict[int, list[Record]]:
    found = defaultdict[int, list[Record]](list)
    rows = snapshot.rows(
        "SELECT who, indicator_id, occurred_on, ends_on, disputed, overdue "
        f"FROM records JOIN codes USING (indicator) WHERE who IN ({chosen})"
    )
    for who, *row in rows:
        found[who].append(_record(*row))
    return found


def _record(
    indicator_id: str, occurred_on: date, ends_on: date | None, disputed: int, overdue: int
) -> Record:
    return Record(
        key=_NO_KEY,
        revision=0,
        person=0,
        indicator_id=indicator_id,
        area="",
        evidence="",
        occurred_on=occurred_on,
        ends_on=ends_on,
        state=RecordState.STANDING,
        disputed=bool(disputed),
        overdue=bool(overdue),
        received_at=_NO_TIME,
        received_from="",
    )
