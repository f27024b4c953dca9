"""Partners by what each city says of the other, invitations, and the life of an agreement."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

kind = "contract"
serves_from = "0002"
says_zh = "伙伴改由双方各自的声明决定；邀请；协议的生命周期。"

_FLAGS = ("approved", "tested", "suspended", "ended")


def upgrade() -> None:
    """Add them; a partner of the first version was approved and tested by its operator alone."""
    _partners()
    _agreements()
    op.create_table(
        "partner_moves",
        _text("city"),
        _text("move_id"),
        _whole("at"),
        *(_text(name) for name in ("actor", "move", "state", "why")),
        _text("legal_basis"),
        _text("privacy_assessment"),
        sa.PrimaryKeyConstraint("city", "move_id", name=op.f("pk_partner_moves")),
    )
    op.create_table(
        "contacts",
        _text("city"),
        sa.Column("reached_at", sa.BigInteger(), nullable=True),
        _whole("tried_at"),
        _whole("failures"),
        _text("problem"),
        sa.Column("clock_offset", sa.BigInteger(), nullable=True),
        _whole("acknowledged"),
        sa.PrimaryKeyConstraint("city", name=op.f("pk_contacts")),
    )
    op.create_table(
        "invitations",
        _text("city"),
        _text("request_id"),
        _bytes("code"),
        _bytes("seed"),
        _text("invited_by"),
        _whole("invited_at"),
        _whole("expires_at"),
        _bytes("bundle"),
        _bytes("certificate"),
        _whole("begins"),
        _whole("tries"),
        _bytes("finish_digest"),
        _bytes("answer"),
        _text("ended"),
        sa.PrimaryKeyConstraint("city", name=op.f("pk_invitations")),
    )
    op.create_table(
        "joinings",
        _bytes("key"),
        _bytes("seed"),
        _bytes("bundle"),
        _bytes("certificate"),
        _bytes("hello"),
        _whole("begun_at"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_joinings")),
    )
    op.create_index(op.f("ix_joinings_begun_at"), "joinings", ["begun_at"])


def _partners() -> None:
    for side in ("here", "there"):
        for flag in _FLAGS:
            op.add_column("partners", _whole(f"{flag}_{side}", default="0"))
    op.add_column("partners", _whole("sequence", default="1"))
    op.add_column("partners", _whole("there_sequence", default="0"))
    op.add_column("partners", _whole("told", default="0"))
    op.add_column("partners", _text("exchanged_by", default="''"))
    nothing = "x''" if op.get_context().dialect.name == "sqlite" else "''"
    op.add_column(
        "partners",
        sa.Column("words", sa.LargeBinary(), nullable=False, server_default=sa.text(nothing)),
    )
    op.execute("UPDATE partners SET approved_here = 1, tested_here = 1")
    op.execute("UPDATE partners SET suspended_here = 1 WHERE state = 'suspended'")
    op.drop_column("partners", "state")


def _agreements() -> None:
    op.add_column("agreements", _whole("suspended_here", default="0"))
    op.add_column("agreements", _whole("suspended_there", default="0"))
    for side in ("here", "there"):
        op.add_column("agreements", sa.Column(f"ends_{side}", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE agreements SET state = 'active', suspended_here = 1 WHERE state = 'suspended'"
    )


def _text(name: str, default: str | None = None) -> "sa.Column[str]":
    given = None if default is None else sa.text(default)
    return sa.Column(name, sa.Text(), nullable=False, server_default=given)


def _bytes(name: str) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _whole(name: str, default: str | None = None) -> "sa.Column[int]":
    given = None if default is None else sa.text(default)
    return sa.Column(
        name, sa.BigInteger(), nullable=False, autoincrement=False, server_default=given
    )
