"""Which processes serve a city, and which versions of them may."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

kind = "expand"
says_zh = "记录有哪些进程在服务本市，以及哪些版本可以服务。"


def upgrade() -> None:
    """Make the table; whoever served with the tables of before may go on."""
    op.add_column(
        "node_state", sa.Column("serves_from", sa.Text(), nullable=False, server_default="0006")
    )
    op.create_table(
        "processes",
        sa.Column("process_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("process_id", name=op.f("pk_processes")),
    )
