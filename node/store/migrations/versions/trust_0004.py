"""Trust in time: the log as a Merkle tree, attestations and their status lists, receipts.

The entries of the log keep their order and become leaves. Attestations that were given before have
no place in a list: each host asks anew within the agreement's freshness, as it did until now.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from federation.log_entry import entry_leaf
from federation.merkle_log import Frontier, leaf_hash, merkle_root

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

kind = "contract"
serves_from = "0004"
says_zh = "日志移入默克尔树；证明、状态清单和凭据。"

_KINDS: Final[dict[str, Any]] = {"t": sa.Text, "n": sa.BigInteger, "b": sa.LargeBinary}
_TILE: Final = 256
_PORTION: Final = 256


def upgrade() -> None:
    """Make the tables, and move the log into its tree."""
    op.rename_table("log_entries", "old_entries")
    op.rename_table("log_salts", "old_salts")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("entries", "salts"):
            op.execute(f"ALTER INDEX pk_log_{name} RENAME TO pk_old_{name}")
    # Salts were found by their subject only: without this each entry would read all of them.
    op.create_index("ix_old_salts", "old_salts", ["entry_id"])
    _log()
    _home()
    _host()
    _move_log(op.get_bind())
    op.drop_table("old_entries")
    op.drop_table("old_salts")


def _log() -> None:
    _table("log_entries", "sequence:n at:n kind:t commitment:b leaf_hash:b", "sequence")
    _table("log_salts", "sequence:n subject:t salt:b", "subject sequence", rowid=False)
    _table("log_tiles", "level:n tile:n hash:b", "level tile")
    _table("log_state", "row_id:n size:n peaks:b", "row_id", check="row_id = 1")
    _table("checkpoints", "size:n at:n note:b", "size", indexes=("at",))
    _table("cosignatures", "size:n city:t line:b", "size city")
    _table(
        "partner_checkpoints",
        "city:t size:n at:n note:b cosignature:b",
        "city size",
        indexes=("at",),
    )
    _table("forks", "city:t at:n known:b shown:b proof:b problem:t trust_bundle:b", "city")


def _home() -> None:
    _table(
        "attestations",
        "attestation_id:t resident_id:t consent_id:t host:t pseudonym:b status_index:n issued_at:n "
        "expires_at:n claim:t statement:b log_sequence:n batch_id:t leaf_index:n ended_at:n?",
        "pseudonym attestation_id",
        indexes=("expires_at",),
    )
    _table(
        "attestation_batches",
        "batch_id:t host:t request_id:t body_digest:b envelope:b leaf_hashes:b given:b "
        "issued_at:n log_sequence:n",
        "batch_id",
        unique="host request_id",
        indexes=("issued_at",),
    )
    _table("status_feeds", "host:t sequence:n acknowledged:n list_number:n used:n", "host")
    _table(
        "status_lists",
        "host:t list_number:n secret:b changed:n closes_at:n",
        "host list_number",
        indexes=("closes_at",),
    )
    _table(
        "status_ended",
        "host:t status_index:n expires_at:n",
        "host status_index",
        indexes=("expires_at",),
    )
    _table(
        "consent_receipts",
        "consent_id:t resident_id:t text_version:n content:b log_sequence:n reminded_at:n?",
        "consent_id",
        indexes=("resident_id",),
    )


def _host() -> None:
    _table(
        "partner_status_lists",
        "home:t list_number:n sequence:n issued_at:n expires_at:n bits:b",
        "home list_number",
        indexes=("expires_at",),
    )
    _table(
        "renewals",
        "home:t request_id:t envelope:b asked_at:n",
        "home request_id",
        indexes=("asked_at",),
    )
    _table(
        "visits",
        "recognition_id:t visit_id:t at:n kind:n subject:t venue:t opened:t closed:t",
        "recognition_id visit_id",
        indexes=("at",),
        rowid=False,
    )
    for columns in (("home", "expires_at", "recognition_id"), ("home", "status_index")):
        name = op.f(f"ix_recognitions_{'_'.join(columns)}")
        op.create_index(name, "recognitions", list(columns))
    op.create_index(op.f("ix_codes_consent_id"), "codes", ["consent_id"])


def _move_log(connection: sa.Connection) -> None:
    """Number the entries in the order of their ids, and grow the tree over them."""
    frontier, leaves, after = Frontier(), list[bytes](), ""
    while True:
        rows = connection.execute(
            sa.text(
                "SELECT entry_id, at, kind, commitment FROM old_entries WHERE entry_id > :after "
                "ORDER BY entry_id LIMIT :most"
            ),
            {"after": after, "most": _PORTION},
        ).all()
        if not rows:
            break
        for entry_id, at, kind, committed in rows:
            leaf, after = leaf_hash(entry_leaf(kind, at, bytes(committed))), entry_id
            _entry(connection, frontier.size, (entry_id, at, kind, bytes(committed)), leaf)
            leaves.append(leaf)
            frontier.append(leaf)
    tiles = list(leaves)
    for level in range(1, 8):
        tiles = [
            merkle_root(tiles[i : i + _TILE])
            for i in range(0, len(tiles) - len(tiles) % _TILE, _TILE)
        ]
        for number, tile in enumerate(tiles):
            connection.execute(
                sa.text("INSERT INTO log_tiles (level, tile, hash) VALUES (:level, :tile, :hash)"),
                {"level": level, "tile": number, "hash": tile},
            )
    connection.execute(
        sa.text("INSERT INTO log_state (row_id, size, peaks) VALUES (1, :size, :peaks)"),
        {"size": frontier.size, "peaks": b"".join(frontier.peaks)},
    )


def _entry(
    connection: sa.Connection, sequence: int, entry: tuple[str, int, str, bytes], leaf: bytes
) -> None:
    entry_id, at, kind, committed = entry
    connection.execute(
        sa.text(
            "INSERT INTO log_entries (sequence, at, kind, commitment, leaf_hash) "
            "VALUES (:sequence, :at, :kind, :commitment, :leaf)"
        ),
        {"sequence": sequence, "at": at, "kind": kind, "commitment": committed, "leaf": leaf},
    )
    connection.execute(
        sa.text(
            "INSERT INTO log_salts (subject, sequence, salt) "
            "SELECT subject, :sequence, salt FROM old_salts WHERE entry_id = :entry"
        ),
        {"sequence": sequence, "entry": entry_id},
    )


def _table(
    name: str,
    columns: str,
    key: str,
    *,
    unique: str = "",
    indexes: tuple[str, ...] = (),
    rowid: bool = True,
    check: str = "",
) -> None:
    """A table of columns as NAME:KIND, with a question mark where it may be null."""
    made: list[Any] = []
    for column in columns.split():
        named, _, kind = column.partition(":")
        may_be_null = kind.endswith("?")
        made.append(sa.Column(named, _KINDS[kind[0]](), nullable=may_be_null, autoincrement=False))
    made.append(sa.PrimaryKeyConstraint(*key.split(), name=op.f(f"pk_{name}")))
    if unique:
        named = "_".join(unique.split())
        made.append(sa.UniqueConstraint(*unique.split(), name=op.f(f"uq_{name}_{named}")))
    if check:
        made.append(sa.CheckConstraint(check, name=op.f(f"ck_{name}_one_row")))
    options = {} if rowid else {"sqlite_with_rowid": False}
    op.create_table(name, *made, **options)
    for index in indexes:
        named = "_".join(index.split())
        op.create_index(op.f(f"ix_{name}_{named}"), name, index.split())
