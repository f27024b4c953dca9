"""The tables of a node.

Instants are whole microseconds since 1970 in UTC, days ISO text, sets of names joined by commas.
There is no column for a name, for a document number, or for anything bad about a visitor.
"""

from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


FLAGS: Final = ("approved", "tested", "suspended", "ended")


def _text(name: str, *, key: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, primary_key=key, nullable=False)


def _bytes(name: str, *, key: bool = False) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary, primary_key=key, nullable=False)


def _whole(name: str, *, key: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=False, autoincrement=False)


RESIDENTS: Final = sa.Table(
    "residents",
    METADATA,
    _text("resident_id", key=True),
    sa.Column("document_digest", sa.LargeBinary, nullable=False, unique=True),
    _bytes("secret"),
    _whole("enrolled_at"),
    _whole("points_milli"),
    _text("commendations"),
    sa.Column("recount_on", sa.Text, index=True),
    _whole("person"),
    _whole("shared_milli"),
    sa.Column("counted_by", sa.BigInteger, nullable=False, index=True),
    sa.Index(None, "person", unique=True),
)

CONSENTS: Final = sa.Table(
    "consents",
    METADATA,
    _text("consent_id", key=True),
    _text("resident_id"),
    _text("host"),
    _text("scenarios"),
    _whole("disclosure"),
    _whole("given_at"),
    _whole("expires_at"),
    sa.Column("withdrawn_at", sa.BigInteger),
    _bytes("pseudonym"),
    sa.Index(None, "resident_id", "consent_id"),
    sa.Index(None, "host", "pseudonym"),
)

CODES: Final = sa.Table(
    "codes",
    METADATA,
    _bytes("code_digest", key=True),
    _text("consent_id"),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("used_at", sa.BigInteger),
)

USES: Final = sa.Table(
    "uses",
    METADATA,
    _text("use_id"),
    _text("resident_id"),
    _text("host"),
    _whole("used_at"),
    _whole("outcome"),
    _text("scenarios"),
    sa.Column("disclosure", sa.BigInteger),
    _text("refusal"),
    sa.PrimaryKeyConstraint("resident_id", "use_id"),
    sqlite_with_rowid=False,
)

# The commitment of an entry is SHA-256(salt || content); without its salt it says nothing.
LOG_ENTRIES: Final = sa.Table(
    "log_entries",
    METADATA,
    _text("entry_id", key=True),
    _whole("at"),
    _text("kind"),
    _bytes("commitment"),
    sqlite_with_rowid=False,
)

LOG_SALTS: Final = sa.Table(
    "log_salts",
    METADATA,
    _text("entry_id"),
    _text("subject"),
    _bytes("salt"),
    sa.PrimaryKeyConstraint("subject", "entry_id"),
    sqlite_with_rowid=False,
)

ANSWERS: Final = sa.Table(
    "answers",
    METADATA,
    _text("caller", key=True),
    _text("request_id", key=True),
    _bytes("body_digest"),
    _bytes("response"),
    sa.Column("answered_at", sa.BigInteger, nullable=False, index=True),
    # Whom the answer is about, for erasure; "" where it is about nobody.
    sa.Column("subject", sa.Text, nullable=False, index=True),
)

QUESTIONS: Final = sa.Table(
    "questions",
    METADATA,
    _bytes("key", key=True),
    _text("home"),
    _bytes("envelope"),
    sa.Column("asked_at", sa.BigInteger, nullable=False, index=True),
)

RECOGNITIONS: Final = sa.Table(
    "recognitions",
    METADATA,
    _text("recognition_id", key=True),
    sa.Column("pass_digest", sa.LargeBinary, nullable=False, unique=True),
    _text("home"),
    _bytes("pseudonym"),
    _text("band_id"),
    _text("commendations"),
    _text("scenarios"),
    _text("agreement_id"),
    _whole("agreement_version"),
    _text("attestation_id"),
    # A random 64-bit number: text, for SQL's integers have a sign.
    _text("status_index"),
    _whole("checked_at"),
    _whole("expires_at"),
    sa.Column("ended_at", sa.BigInteger),
    sa.UniqueConstraint("home", "pseudonym"),
)

DECISIONS: Final = sa.Table(
    "decisions",
    METADATA,
    _text("decision_id", key=True),
    _text("venue"),
    _text("incentive_id"),
    _whole("catalogue_version"),
    _text("recognition_id"),
    _whole("decided_at"),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)

REDEMPTIONS: Final = sa.Table(
    "redemptions",
    METADATA,
    _text("redemption_id", key=True),
    sa.Column("decision_id", sa.Text, nullable=False, unique=True),
    _text("incentive_id"),
    _text("venue"),
    _whole("redeemed_at"),
)

COUNTERS: Final = sa.Table(
    "counters",
    METADATA,
    _text("incentive_id", key=True),
    _text("scope", key=True),
    _whole("used"),
)

OWN_SCALES: Final = sa.Table(
    "own_scales",
    METADATA,
    _text("scale_id", key=True),
    _whole("version", key=True),
    _text("scale"),
    _bytes("envelope"),
    _text("content"),
)

# Two cities' flags are 0 or 1; `sequence` is of this city's own statement.
PARTNERS: Final = sa.Table(
    "partners",
    METADATA,
    _text("city", key=True),
    _text("state_reason"),
    _bytes("envelope"),
    _whole("added_at"),
    *(_whole(f"{flag}_{side}") for side in ("here", "there") for flag in FLAGS),
    _whole("sequence"),
    _whole("there_sequence"),
    _whole("told"),
    _text("exchanged_by"),
    _bytes("words"),
)

# Every step of a partner, and of its invitations: who, when, why.
PARTNER_MOVES: Final = sa.Table(
    "partner_moves",
    METADATA,
    _text("city"),
    _text("move_id"),
    _whole("at"),
    _text("actor"),
    _text("move"),
    _text("state"),
    _text("why"),
    _text("legal_basis"),
    _text("privacy_assessment"),
    sa.PrimaryKeyConstraint("city", "move_id"),
)

# When this city last reached a partner, and what was wrong since; written at each contact.
CONTACTS: Final = sa.Table(
    "contacts",
    METADATA,
    _text("city", key=True),
    sa.Column("reached_at", sa.BigInteger),
    _whole("tried_at"),
    _whole("failures"),
    _text("problem"),
    sa.Column("clock_offset", sa.BigInteger),
    _whole("acknowledged"),
)

INVITATIONS: Final = sa.Table(
    "invitations",
    METADATA,
    _text("city", key=True),
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
)

# A way into another city that was begun: the same code and address go on with the same seed.
JOININGS: Final = sa.Table(
    "joinings",
    METADATA,
    _bytes("key", key=True),
    _bytes("seed"),
    _bytes("bundle"),
    _bytes("certificate"),
    _bytes("hello"),
    sa.Column("begun_at", sa.BigInteger, nullable=False, index=True),
)

PARTNER_SCALES: Final = sa.Table(
    "partner_scales",
    METADATA,
    _text("city", key=True),
    _text("scale_id", key=True),
    _whole("version", key=True),
    _bytes("envelope"),
)

AGREEMENTS: Final = sa.Table(
    "agreements",
    METADATA,
    _text("agreement_id", key=True),
    _whole("version", key=True),
    _text("state"),
    _text("state_reason"),
    _bytes("envelope"),
    _whole("suspended_here"),
    _whole("suspended_there"),
    sa.Column("ends_here", sa.BigInteger),
    sa.Column("ends_there", sa.BigInteger),
)

CATALOGUES: Final = sa.Table(
    "catalogues",
    METADATA,
    _whole("version", key=True),
    _text("incentives"),
    _text("content"),
)

INDICATOR_CATALOGUES: Final = sa.Table(
    "indicator_catalogues",
    METADATA,
    _whole("version", key=True),
    _text("catalogue"),
    _text("content"),
)

# One row: the version of all that operators decided, the instant of the last probe, that of the
# last retention, and how often something was removed for good, against how often its traces were.
NODE_STATE: Final = sa.Table(
    "node_state",
    METADATA,
    _whole("row_id", key=True),
    _whole("registry_version"),
    _whole("probed_at"),
    _whole("retained_at"),
    _whole("removals"),
    _whole("scrubbed"),
    sa.CheckConstraint("row_id = 1", name="one_row"),
)
