"""The tables of departments' records, and of what becomes of them.

A person is a random number that stands for a keyed digest of a document: nothing leads back from
it but the row of `persons`. The resident, or the person, is in the key or an index of every table
that is about one, so that all of it is found for erasure.
"""

from typing import Final

import sqlalchemy as sa

from node.store.columns import text, whole
from node.store.tables import METADATA

PERSONS: Final = sa.Table(
    "persons",
    METADATA,
    whole("person", key=True),
    sa.Column("document_digest", sa.LargeBinary, nullable=False, unique=True),
)

RECORDS: Final = sa.Table(
    "records",
    METADATA,
    text("source", key=True),
    text("record_number", key=True),
    whole("revision"),
    sa.Column("person", sa.BigInteger, nullable=False, index=True),
    text("indicator_id"),
    text("area"),
    text("evidence"),
    text("occurred_on"),
    sa.Column("ends_on", sa.Text),
    text("state"),
    whole("disputed"),
    whole("overdue"),
    whole("received_at"),
    text("received_from"),
    sa.Index(None, "indicator_id", "occurred_on"),
)

RECORD_MOVES: Final = sa.Table(
    "record_moves",
    METADATA,
    text("source"),
    text("record_number"),
    text("move_id"),
    sa.Column("person", sa.BigInteger, nullable=False, index=True),
    whole("at"),
    text("actor"),
    text("move"),
    text("reason"),
    text("before"),
    sa.PrimaryKeyConstraint("source", "record_number", "move_id"),
    sqlite_with_rowid=False,
)

# Rows that were not taken, without the document number; `row` and `fields` are JSON.
QUARANTINE: Final = sa.Table(
    "quarantine",
    METADATA,
    text("row_id", key=True),
    text("department"),
    text("source"),
    text("record_number"),
    text("row"),
    sa.Column("person", sa.BigInteger, index=True),
    text("reason"),
    text("fields"),
    sa.Column("received_at", sa.BigInteger, nullable=False, index=True),
    text("load_id"),
    whole("line"),
    sa.Index(None, "department", "received_at"),
    sa.Index(None, "source", "record_number"),
)

RECORD_LOADS: Final = sa.Table(
    "record_loads",
    METADATA,
    text("department", key=True),
    text("load_id", key=True),
    text("file_name"),
    whole("taken"),
    whole("accepted"),
    whole("unchanged"),
    whole("quarantined"),
    sa.Column("begun_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("finished_at", sa.BigInteger),
)

CASES: Final = sa.Table(
    "cases",
    METADATA,
    text("case_id", key=True),
    text("kind"),
    text("resident_id"),
    sa.Column("person", sa.BigInteger, nullable=False, index=True),
    text("source"),
    text("record_number"),
    whole("revision"),
    text("indicator_id"),
    text("statement"),
    text("evidence"),
    text("promise"),
    text("state"),
    whole("opened_at"),
    whole("due_at"),
    whole("overdue"),
    text("officer"),
    sa.Index(None, "resident_id", "case_id"),
    sa.Index(None, "source", "record_number"),
    sa.Index(None, "state", "due_at"),
)

CASE_STEPS: Final = sa.Table(
    "case_steps",
    METADATA,
    text("case_id"),
    text("step_id"),
    whole("at"),
    text("actor"),
    text("move"),
    text("state"),
    text("reason"),
    sa.PrimaryKeyConstraint("case_id", "step_id"),
    sqlite_with_rowid=False,
)

NOTICES: Final = sa.Table(
    "notices",
    METADATA,
    text("resident_id"),
    text("notice_id"),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    text("kind"),
    text("fields"),
    sa.PrimaryKeyConstraint("resident_id", "notice_id"),
    sqlite_with_rowid=False,
)

RECORD_READS: Final = sa.Table(
    "record_reads",
    METADATA,
    whole("person"),
    text("read_id"),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    text("reader"),
    text("purpose"),
    text("source"),
    text("record_number"),
    text("indicator_id"),
    text("disclosure_class"),
    sa.PrimaryKeyConstraint("person", "read_id"),
    sqlite_with_rowid=False,
)

PROMISES: Final = sa.Table(
    "promises",
    METADATA,
    text("promise_id", key=True),
    text("resident_id"),
    text("incentive_id"),
    text("venue"),
    text("text"),
    text("language"),
    whole("made_at"),
    text("due_on"),
    text("state"),
    text("redemption_id"),
    sa.Column("closed_at", sa.BigInteger),
    text("note"),
    sa.Index(None, "resident_id", "promise_id"),
)
