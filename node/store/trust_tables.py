"""The tables of trust in time: the log, what was attested and still stands, what was decided.

As in `tables`. What is to outlive a person (the log, the places of ended attestations) names none.
"""

from typing import Final

import sqlalchemy as sa

from node.store.columns import raw, text, whole
from node.store.tables import METADATA

# Entry 0, 1, 2, ... of the log. `leaf_hash` follows from the other columns, and is kept so that one
# that was changed can be named.
LOG_ENTRIES: Final = sa.Table(
    "log_entries",
    METADATA,
    whole("sequence", key=True),
    whole("at"),
    text("kind"),
    raw("commitment"),
    raw("leaf_hash"),
)

LOG_SALTS: Final = sa.Table(
    "log_salts",
    METADATA,
    whole("sequence"),
    text("subject"),
    raw("salt"),
    sa.PrimaryKeyConstraint("subject", "sequence"),
    sqlite_with_rowid=False,
)

# The hash of each complete subtree of 256^level entries, level 1 and up.
LOG_TILES: Final = sa.Table(
    "log_tiles",
    METADATA,
    whole("level", key=True),
    whole("tile", key=True),
    raw("hash"),
)

# One row: how many entries, and the roots of the tree's complete subtrees, joined.
LOG_STATE: Final = sa.Table(
    "log_state",
    METADATA,
    whole("row_id", key=True),
    whole("size"),
    raw("peaks"),
    sa.CheckConstraint("row_id = 1", name="one_row"),
)

CHECKPOINTS: Final = sa.Table(
    "checkpoints",
    METADATA,
    whole("size", key=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    raw("note"),
)

COSIGNATURES: Final = sa.Table(
    "cosignatures",
    METADATA,
    whole("size", key=True),
    text("city", key=True),
    raw("line"),
)

PARTNER_CHECKPOINTS: Final = sa.Table(
    "partner_checkpoints",
    METADATA,
    text("city", key=True),
    whole("size", key=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    raw("note"),
    raw("cosignature"),
)

FORKS: Final = sa.Table(
    "forks",
    METADATA,
    text("city", key=True),
    whole("at"),
    raw("known"),
    raw("shown"),
    raw("proof"),
    text("problem"),
    raw("trust_bundle"),
)

# What this city, as home, attested. The statement of one in a batch is its payload alone. A million
# come in one night, in the order of pseudonyms, as hosts walk through theirs: by that key, what is
# written together lies together. Those of a resident are found by the pseudonyms of the consents.
ATTESTATIONS: Final = sa.Table(
    "attestations",
    METADATA,
    text("attestation_id"),
    text("resident_id"),
    text("consent_id"),
    text("host"),
    raw("pseudonym"),
    whole("status_index"),
    whole("issued_at"),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    text("claim"),
    raw("statement"),
    whole("log_sequence"),
    text("batch_id"),
    whole("leaf_index"),
    sa.Column("ended_at", sa.BigInteger),
    sa.PrimaryKeyConstraint("pseudonym", "attestation_id"),
)

ATTESTATION_BATCHES: Final = sa.Table(
    "attestation_batches",
    METADATA,
    text("batch_id", key=True),
    text("host"),
    text("request_id"),
    raw("body_digest"),
    raw("envelope"),
    raw("leaf_hashes"),
    raw("given"),
    sa.Column("issued_at", sa.BigInteger, nullable=False, index=True),
    whole("log_sequence"),
    sa.UniqueConstraint("host", "request_id"),
)

# What each host is to know, and which list its next attestations have their places in.
STATUS_FEEDS: Final = sa.Table(
    "status_feeds",
    METADATA,
    text("host", key=True),
    whole("sequence"),
    whole("acknowledged"),
    whole("list_number"),
    whole("used"),
)

# `closes_at` is when the last attestation in it ends; 0 while places are given out.
STATUS_LISTS: Final = sa.Table(
    "status_lists",
    METADATA,
    text("host", key=True),
    whole("list_number", key=True),
    raw("secret"),
    whole("changed"),
    sa.Column("closes_at", sa.BigInteger, nullable=False, index=True),
)

# The places that are set. They name nobody, and outlive whom they were about.
STATUS_ENDED: Final = sa.Table(
    "status_ended",
    METADATA,
    text("host", key=True),
    whole("status_index", key=True),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)

# As host: the newest of each status list of each home city.
PARTNER_STATUS_LISTS: Final = sa.Table(
    "partner_status_lists",
    METADATA,
    text("home", key=True),
    whole("list_number", key=True),
    whole("sequence"),
    whole("issued_at"),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    raw("bits"),
)

# As host: renewal requests on their way.
RENEWALS: Final = sa.Table(
    "renewals",
    METADATA,
    text("home", key=True),
    text("request_id", key=True),
    raw("envelope"),
    sa.Column("asked_at", sa.BigInteger, nullable=False, index=True),
)

# As host: what happened to a recognised visitor, for the visitor to see. `kind` is a HistoryKind's.
VISITS: Final = sa.Table(
    "visits",
    METADATA,
    text("recognition_id"),
    text("visit_id"),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    whole("kind"),
    text("subject"),
    text("venue"),
    text("opened"),
    text("closed"),
    sa.PrimaryKeyConstraint("recognition_id", "visit_id"),
    sqlite_with_rowid=False,
)

CONSENT_RECEIPTS: Final = sa.Table(
    "consent_receipts",
    METADATA,
    text("consent_id", key=True),
    sa.Column("resident_id", sa.Text, nullable=False, index=True),
    whole("text_version"),
    raw("content"),
    whole("log_sequence"),
    sa.Column("reminded_at", sa.BigInteger),
)
