"""Departments' records by an indicator catalogue, and what becomes of them.

Records of the versions before had points of their own and no indicator, so no catalogue can score
them: they are dropped, and departments load theirs again. Nothing of what residents, partners and
operators decided is touched.
"""

import secrets
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

kind = "contract"
serves_from = "0003"
says_zh = "按指标目录记录的部门记录及其处理；旧记录不再保留，由部门重新加载。"

_KINDS: Final[dict[str, Any]] = {"t": sa.Text, "n": sa.BigInteger, "b": sa.LargeBinary}


def upgrade() -> None:
    """Add the tables; every resident gets a number as a person, nobody the number 0 (rule 4)."""
    op.drop_table("records")
    _table("persons", "person:n document_digest:b", "person", unique="document_digest")
    _table(
        "records",
        "source:t record_number:t revision:n person:n indicator_id:t area:t evidence:t "
        "occurred_on:t ends_on:t? state:t disputed:n overdue:n received_at:n received_from:t",
        "source record_number",
        indexes=("person", "indicator_id occurred_on"),
    )
    _table(
        "record_moves",
        "source:t record_number:t move_id:t person:n at:n actor:t move:t reason:t before:t",
        "source record_number move_id",
        indexes=("person",),
        rowid=False,
    )
    _table(
        "quarantine",
        "row_id:t department:t source:t record_number:t row:t person:n? reason:t fields:t "
        "received_at:n load_id:t line:n",
        "row_id",
        indexes=("person", "received_at", "department received_at", "source record_number"),
    )
    _table(
        "record_loads",
        "department:t load_id:t file_name:t taken:n accepted:n unchanged:n quarantined:n "
        "begun_at:n finished_at:n?",
        "department load_id",
        indexes=("begun_at",),
    )
    _cases()
    _table("indicator_catalogues", "version:n catalogue:t content:t", "version")
    _residents()
    op.add_column("answers", sa.Column("subject", sa.Text(), nullable=False, server_default=""))
    op.create_index(op.f("ix_answers_subject"), "answers", ["subject"])
    for column in ("retained_at", "removals", "scrubbed"):
        op.add_column("node_state", _zero(column))


def _cases() -> None:
    _table(
        "cases",
        "case_id:t kind:t resident_id:t person:n source:t record_number:t revision:n "
        "indicator_id:t statement:t evidence:t promise:t state:t opened_at:n due_at:n overdue:n "
        "officer:t",
        "case_id",
        indexes=("person", "resident_id case_id", "source record_number", "state due_at"),
    )
    _table(
        "case_steps",
        "case_id:t step_id:t at:n actor:t move:t state:t reason:t",
        "case_id step_id",
        rowid=False,
    )
    _table(
        "notices",
        "resident_id:t notice_id:t at:n kind:t fields:t",
        "resident_id notice_id",
        indexes=("at",),
        rowid=False,
    )
    _table(
        "record_reads",
        "person:n read_id:t at:n reader:t purpose:t source:t record_number:t indicator_id:t "
        "disclosure_class:t",
        "person read_id",
        indexes=("at",),
        rowid=False,
    )
    _table(
        "promises",
        "promise_id:t resident_id:t incentive_id:t venue:t text:t language:t made_at:n due_on:t "
        "state:t redemption_id:t closed_at:n? note:t",
        "promise_id",
        indexes=("resident_id promise_id",),
    )


def _residents() -> None:
    """Sums of the old records are gone with them: version 0 counted them, so all count anew."""
    for column in ("person", "shared_milli", "counted_by"):
        op.add_column("residents", _zero(column))
    connection = op.get_bind()
    found = connection.execute(
        sa.text("SELECT resident_id, document_digest FROM residents WHERE resident_id <> ''")
    ).all()
    for resident_id, digest in found:
        person = secrets.randbits(63)
        connection.execute(
            sa.text("INSERT INTO persons (person, document_digest) VALUES (:person, :digest)"),
            {"person": person, "digest": digest},
        )
        connection.execute(
            sa.text(
                "UPDATE residents SET person = :person, points_milli = 0, commendations = '', "
                "recount_on = NULL WHERE resident_id = :which"
            ),
            {"person": person, "which": resident_id},
        )
    op.create_index(op.f("ix_residents_person"), "residents", ["person"], unique=True)
    op.create_index(op.f("ix_residents_recount_on"), "residents", ["recount_on"])
    op.create_index(op.f("ix_residents_counted_by"), "residents", ["counted_by"])


def _zero(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False, server_default="0")


def _table(
    name: str,
    columns: str,
    key: str,
    *,
    unique: str = "",
    indexes: tuple[str, ...] = (),
    rowid: bool = True,
) -> None:
    """A table of columns as NAME:KIND, with a question mark where it may be null."""
    made: list[Any] = []
    for column in columns.split():
        named, _, kind = column.partition(":")
        may_be_null = kind.endswith("?")
        made.append(sa.Column(named, _KINDS[kind[0]](), nullable=may_be_null, autoincrement=False))
    made.append(sa.PrimaryKeyConstraint(*key.split(), name=op.f(f"pk_{name}")))
    if unique:
        made.append(sa.UniqueConstraint(unique, name=op.f(f"uq_{name}_{unique}")))
    options = {} if rowid else {"sqlite_with_rowid": False}
    op.create_table(name, *made, **options)
    for index in indexes:
        named = "_".join(index.split())
        op.create_index(op.f(f"ix_{name}_{named}"), name, index.split())
