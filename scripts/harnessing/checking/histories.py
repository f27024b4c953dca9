"""What clients did, in a table: a run has hundreds of thousands of acts, and many are looked up."""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from scripts.harnessing import records
from scripts.harnessing.records import Act

VERDICT: Final = "RECOGNITION_OUTCOME_"
_AT_ONCE: Final = 5000

_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE acts (
    act INTEGER PRIMARY KEY, deed TEXT, city TEXT, other TEXT, request_id TEXT,
    sent REAL, ended REAL, outcome TEXT, repeated INTEGER, answer TEXT,
    verdict TEXT, resident_id TEXT, consent_id TEXT, decision_id TEXT,
    redemption_id TEXT, reservation_id TEXT
);
CREATE TABLE decided (act INTEGER, decision_id TEXT, incentive_id TEXT, eligible INTEGER);
CREATE TABLE sent (act INTEGER, source TEXT, record_number TEXT, taken_back INTEGER);
"""
_INDEXES: Final = """
CREATE INDEX acts_request ON acts (city, deed, request_id);
CREATE INDEX acts_deed ON acts (city, outcome, deed);
CREATE INDEX acts_sent ON acts (sent);
CREATE INDEX decided_act ON decided (act);
CREATE INDEX sent_act ON sent (act);
"""
_ADD: Final = "INSERT INTO acts VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_DECIDE: Final = "INSERT INTO decided VALUES (?,?,?,?)"
_SEND: Final = "INSERT INTO sent VALUES (?,?,?,?)"
_NAMED: Final = (
    "resident_id",
    "consent_id",
    "decision_id",
    "redemption_id",
    "reservation_id",
)


Row = tuple[object, ...]


def load(folder: Path, target: Path) -> int:
    """Put the acts of every history below `folder` into a new file; how many."""
    count = 0
    with sqlite3.connect(target) as table:
        table.executescript(_SCHEMA)
        rows = {_ADD: list[Row](), _DECIDE: list[Row](), _SEND: list[Row]()}
        for act in records.read_all(folder, Act):
            count += 1
            rows[_ADD].append(_row(count, act))
            rows[_DECIDE] += _decided(count, act)
            rows[_SEND] += _sent(count, act)
            if len(rows[_ADD]) >= _AT_ONCE:
                _write(table, rows)
        _write(table, rows)
        table.executescript(_INDEXES)
    table.close()
    return count


def _write(table: sqlite3.Connection, rows: Mapping[str, list[Row]]) -> None:
    for statement, some in rows.items():
        table.executemany(statement, some)
        some.clear()


def _row(number: int, act: Act) -> Row:
    said = act.said
    return (
        number,
        str(act.deed),
        act.city,
        act.other,
        act.request_id,
        act.sent,
        act.ended,
        act.outcome,
        int(act.repeated),
        act.answer,
        str(said.get("outcome", "")).removeprefix(VERDICT),
        *(said.get(name) for name in _NAMED),
    )


def _decided(number: int, act: Act) -> Iterator[Row]:
    for each in act.said.get("decisions", ()):
        yield (
            number,
            each.get("decision_id", ""),
            each.get("incentive_id", ""),
            int(bool(each.get("eligible"))),
        )


def _sent(number: int, act: Act) -> Iterator[Row]:
    """The records of a load that the city took whole; of others nobody was told which it took."""
    said, numbers = act.said, act.said.get("numbers", ())
    if int(said.get("accepted", 0)) + int(said.get("unchanged", 0)) < len(numbers):
        return
    for each in numbers:
        yield number, said.get("source", ""), each, int(bool(said.get("taken_back")))
