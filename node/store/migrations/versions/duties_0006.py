"""Which process of a city does its timed work."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

kind = "expand"
says_zh = "由哪个进程执行本市的定时工作。"


def upgrade() -> None:
    """Make the table, with the one row of a duty that nobody has."""
    duties = op.create_table(
        "duties",
        sa.Column("row_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_duties")),
        sa.CheckConstraint("row_id = 1", name=op.f("ck_duties_one_row")),
    )
    op.bulk_insert(duties, [{"row_id": 1, "holder": "", "beat": 0}])
