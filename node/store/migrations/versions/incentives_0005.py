"""Incentives: checks that can be replayed, places that are held, uses counted over all cities."""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

kind = "expand"
says_zh = "可重演的核验、预留的名额、跨城市计数的使用。"

_KINDS: Final[dict[str, Any]] = {"t": sa.Text, "n": sa.BigInteger, "b": sa.LargeBinary}


def upgrade() -> None:
    """Make the tables; consents and recognitions of before count nothing."""
    nothing = "x''" if op.get_context().dialect.name == "sqlite" else "''"
    for table in ("consents", "recognitions"):
        _add(table, "counting", sa.BigInteger(), "0")
        _add(table, "use_commitment", sa.LargeBinary(), nothing)
    op.add_column("recognitions", sa.Column("local_milli", sa.BigInteger()))
    _add("decisions", "check_id", sa.Text(), "''")
    op.add_column("decisions", sa.Column("offline_until", sa.BigInteger()))
    _table(
        "checks",
        "check_id:t recognition_id:t facts:t key_id:t signature:b payload_digest:b expires_at:n",
        "check_id",
        indexes=("recognition_id", "expires_at"),
    )
    _table(
        "reservations",
        "reservation_id:t decision_id:t incentive_id:t venue:t recognition_id:t scopes:t state:n "
        "reserved_at:n expires_at:n closed_at:n? redemption_id:t home:t lease_id:t lease_until:n?",
        "reservation_id",
        unique="decision_id",
        indexes=("recognition_id", "state expires_at", "venue reservation_id"),
    )
    _table(
        "use_questions",
        "key:b lease_id:t home:t envelope:b asked_at:n",
        "key",
        unique="lease_id",
        indexes=("asked_at",),
    )
    _table("use_releases", "lease_id:t home:t since:n", "lease_id", indexes=("since",))
    _table(
        "use_leases",
        "lease_id:t resident_id:t consent_id:t host:t label:b use_class:t granted_at:n until:n "
        "released_at:n?",
        "lease_id",
        indexes=("until", "resident_id label"),
    )
    _table(
        "histograms",
        "city:t scale_id:t version:n statement_id:t envelope:b issued_at:n",
        "city scale_id version",
    )
    _table(
        "privacy_spendings", "spending_id:t at:n purpose:t epsilon_milli:n actor:t", "spending_id"
    )


def _add(table: str, name: str, kind: Any, default: str) -> None:  # noqa: ANN401 - a type of SQL
    op.add_column(table, sa.Column(name, kind, nullable=False, server_default=sa.text(default)))


def _table(
    name: str, columns: str, key: str, *, unique: str = "", indexes: tuple[str, ...] = ()
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
    op.create_table(name, *made)
    for index in indexes:
        named = "_".join(index.split())
        op.create_index(op.f(f"ix_{name}_{named}"), name, index.split())
