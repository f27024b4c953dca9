"""The tables of departments' records, and of what becomes of them.

A person is a random number that stands for a keyed digest of a document: nothing leads back from
it but the row of `persons`. The resident, or the person, is in the key or an index of every table
that is about one, so that all of it is found for erasure.
"""

from typing import Final

import sqlalchemy as sa

from node.store.tables import METADATA


def _text(name: str, *, key: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, primary_key=key, nullable=False)


def _whole(name: str, *, key: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=False, autoincrement=False)


PERSONS: Final = sa.Table(
    "persons",
    METADATA,
    _whole("person", key=True),
    sa.Column("document_digest", sa.LargeBinary, nullable=False, unique=True),
)

RECORDS: Final = sa.Table(
    "records",
    METADATA,
    _text("source", key=True),
    _text("record_number", key=True),
    _whole("revision"),
    sa.Column("person", sa.BigInteger, nullable=False, index=True),
    _text("indicator_id"),
    _text("area"),
    _text("evidence"),
    _text("occurred_on"),
    sa.Column("ends_on", sa.Text),
    _text("state"),
    _whole("disputed"),
    _whole("overdue"),
    _whole("received_at"),
    _text("received_from"),
    sa.Index(None, "indicator_id", "occurred_on"),
)

RECORD_MOVES: Final = sa.Table(
    "record_moves",
    METADATA,
    _text("source"),
    _text("record_number"),
    _text("move_id"),
    sa.Column("person", sa.BigInteger, nullable=False, index=True),
    _whole("at"),
    _text("actor"),
    _text("move"),
    _text("reason"),
    _text("before"),
    sa.PrimaryKeyConstraint("source", "record_number", "move_id"),
    sqlite_with_rowid=False,
)

# Rows that were not taken, without the document number; `row` and `fields` are JSON.
QUARANTINE: Final = sa.Table(
    "quarantine",
    METADATA,
    _text("row_id", key=True),
    _text("department"),
    _text("source"),
    _text("record_number"),
    _text("row"),
    sa.Column("person", sa.BigInteger, index=True),
    _text("reason"),
    _text("fields"),
    sa.Column("received_at", sa.BigInteger, nullable=False, index=True),
    _text("load_id"),
    _whole("line"),
    sa.Index(None, "department", "received_at"),
    sa.Index(None, "source", "record_number"),
)

RECORD_LOADS: Final = sa.Table(
    "record_loads",
    METADATA,
    _text("department", key=True),
    _text("load_id", key=True),
    _text("file_name"),
    _whole("taken"),
    _whole("accepted"),
    _whole("unchanged"),
    _whole("quarantined"),
    sa.Column("begun_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("finished_at", sa.BigInteger),
)

CASES: Final = sa.Table(
    "cases",
    METADATA,
    _text("case_id", key=True),
    _text("kind"),
    _text("resident_id"),
    sa.Column("person", sa.BigInteger, nullable=False, index=True),
    _text("source"),
    _text("record_number"),
    _whole("revision"),
    _text("indicator_id"),
    _text("statement"),
    _text("evidence"),
    _text("promise"),
    _text("state"),
    _whole("opened_at"),
    _whole("due_at"),
    _whole("overdue"),
    _text("officer"),
    sa.Index(None, "resident_id", "case_id"),
    sa.Index(None, "source", "record_number"),
    sa.Index(None, "state", "due_at"),
)

CASE_STEPS: Final = sa.Table(
    "case_steps",
    METADATA,
    _text("case_id"),
    _text("step_id"),
    _whole("at"),
    _text("actor"),
    _text("move"),
    _text("state"),
    _text("reason"),
    sa.PrimaryKeyConstraint("case_id", "step_id"),
    sqlite_with_rowid=False,
)

NOTICES: Final = sa.Table(
    "notices",
    METADATA,
    _text("resident_id"),
    _text("notice_id"),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    _text("kind"),
    _text("fields"),
    sa.PrimaryKeyConstraint("resident_id", "notice_id"),
    sqlite_with_rowid=False,
)

RECORD_READS: Final = sa.Table(
    "record_reads",
    METADATA,
    _whole("person"),
    _text("read_id"),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    _text("reader"),
    _text("purpose"),
    _text("source"),
    _text("record_number"),
    _text("indicator_id"),
    _text("disclosure_class"),
    sa.PrimaryKeyConstraint("person", "read_id"),
    sqlite_with_rowid=False,
)

PROMISES: Final = sa.Table(
    "promises",
    METADATA,
    _text("promise_id", key=True),
    _text("resident_id"),
    _text("incentive_id"),
    _text("venue"),
    _text("text"),
    _text("language"),
    _whole("made_at"),
    _text("due_on"),
    _text("state"),
    _text("redemption_id"),
    sa.Column("closed_at", sa.BigInteger),
    _text("note"),
    sa.Index(None, "resident_id", "promise_id"),
)
