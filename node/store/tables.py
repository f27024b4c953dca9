"""The tables of a node.

Instants are whole microseconds since 1970 in UTC, days ISO text, sets of names joined by commas.
There is no column for a name, for a document number, or for anything bad about a visitor.
"""

from typing import Final

import sqlalchemy as sa

from node.store.columns import raw, text, whole

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


RESIDENTS: Final = sa.Table(
    "residents",
    METADATA,
    text("resident_id", key=True),
    sa.Column("document_digest", sa.LargeBinary, nullable=False, unique=True),
    raw("secret"),
    whole("enrolled_at"),
    whole("points_milli"),
    text("commendations"),
    sa.Column("recount_on", sa.Text, index=True),
    whole("person"),
    whole("shared_milli"),
    sa.Column("counted_by", sa.BigInteger, nullable=False, index=True),
    sa.Index(None, "person", unique=True),
)

CONSENTS: Final = sa.Table(
    "consents",
    METADATA,
    text("consent_id", key=True),
    text("resident_id"),
    text("host"),
    text("scenarios"),
    whole("disclosure"),
    whole("given_at"),
    whole("expires_at"),
    sa.Column("withdrawn_at", sa.BigInteger),
    raw("pseudonym"),
    whole("counting"),
    raw("use_commitment"),
    sa.Index(None, "resident_id", "consent_id"),
    sa.Index(None, "host", "pseudonym"),
)

CODES: Final = sa.Table(
    "codes",
    METADATA,
    raw("code_digest", key=True),
    sa.Column("consent_id", sa.Text, nullable=False, index=True),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("used_at", sa.BigInteger),
)

USES: Final = sa.Table(
    "uses",
    METADATA,
    text("use_id"),
    text("resident_id"),
    text("host"),
    whole("used_at"),
    whole("outcome"),
    text("scenarios"),
    sa.Column("disclosure", sa.BigInteger),
    text("refusal"),
    sa.PrimaryKeyConstraint("resident_id", "use_id"),
    sqlite_with_rowid=False,
)

ANSWERS: Final = sa.Table(
    "answers",
    METADATA,
    text("caller", key=True),
    text("request_id", key=True),
    raw("body_digest"),
    raw("response"),
    sa.Column("answered_at", sa.BigInteger, nullable=False, index=True),
    # Whom the answer is about, for erasure; "" where it is about nobody.
    sa.Column("subject", sa.Text, nullable=False, index=True),
)

QUESTIONS: Final = sa.Table(
    "questions",
    METADATA,
    raw("key", key=True),
    text("home"),
    raw("envelope"),
    sa.Column("asked_at", sa.BigInteger, nullable=False, index=True),
)

RECOGNITIONS: Final = sa.Table(
    "recognitions",
    METADATA,
    text("recognition_id", key=True),
    sa.Column("pass_digest", sa.LargeBinary, nullable=False, unique=True),
    text("home"),
    raw("pseudonym"),
    text("band_id"),
    text("commendations"),
    text("scenarios"),
    text("agreement_id"),
    whole("agreement_version"),
    text("attestation_id"),
    # A random 64-bit number: text, for SQL's integers have a sign.
    text("status_index"),
    whole("checked_at"),
    whole("expires_at"),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("local_milli", sa.BigInteger),
    whole("counting"),
    raw("use_commitment"),
    sa.UniqueConstraint("home", "pseudonym"),
    # Many may end at one instant, as with an agreement: the walk over them goes on amid them.
    sa.Index(None, "home", "expires_at", "recognition_id"),
    sa.Index(None, "home", "status_index"),
)

DECISIONS: Final = sa.Table(
    "decisions",
    METADATA,
    text("decision_id", key=True),
    text("venue"),
    text("incentive_id"),
    whole("catalogue_version"),
    text("recognition_id"),
    whole("decided_at"),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    text("check_id"),
    sa.Column("offline_until", sa.BigInteger),
)

REDEMPTIONS: Final = sa.Table(
    "redemptions",
    METADATA,
    text("redemption_id", key=True),
    sa.Column("decision_id", sa.Text, nullable=False, unique=True),
    text("incentive_id"),
    text("venue"),
    whole("redeemed_at"),
)

COUNTERS: Final = sa.Table(
    "counters",
    METADATA,
    text("incentive_id", key=True),
    text("scope", key=True),
    whole("used"),
)

OWN_SCALES: Final = sa.Table(
    "own_scales",
    METADATA,
    text("scale_id", key=True),
    whole("version", key=True),
    text("scale"),
    raw("envelope"),
    text("content"),
)

# Two cities' flags are 0 or 1; `sequence` is of this city's own statement.
PARTNERS: Final = sa.Table(
    "partners",
    METADATA,
    text("city", key=True),
    text("state_reason"),
    raw("envelope"),
    whole("added_at"),
    *(whole(f"{flag}_{side}") for side in ("here", "there") for flag in FLAGS),
    whole("sequence"),
    whole("there_sequence"),
    whole("told"),
    text("exchanged_by"),
    raw("words"),
)

# Every step of a partner, and of its invitations: who, when, why.
PARTNER_MOVES: Final = sa.Table(
    "partner_moves",
    METADATA,
    text("city"),
    text("move_id"),
    whole("at"),
    text("actor"),
    text("move"),
    text("state"),
    text("why"),
    text("legal_basis"),
    text("privacy_assessment"),
    sa.PrimaryKeyConstraint("city", "move_id"),
)

# When this city last reached a partner, and what was wrong since; written at each contact.
CONTACTS: Final = sa.Table(
    "contacts",
    METADATA,
    text("city", key=True),
    sa.Column("reached_at", sa.BigInteger),
    whole("tried_at"),
    whole("failures"),
    text("problem"),
    sa.Column("clock_offset", sa.BigInteger),
    whole("acknowledged"),
)

INVITATIONS: Final = sa.Table(
    "invitations",
    METADATA,
    text("city", key=True),
    text("request_id"),
    raw("code"),
    raw("seed"),
    text("invited_by"),
    whole("invited_at"),
    whole("expires_at"),
    raw("bundle"),
    raw("certificate"),
    whole("begins"),
    whole("tries"),
    raw("finish_digest"),
    raw("answer"),
    text("ended"),
)

# A way into another city that was begun: the same code and address go on with the same seed.
JOININGS: Final = sa.Table(
    "joinings",
    METADATA,
    raw("key", key=True),
    raw("seed"),
    raw("bundle"),
    raw("certificate"),
    raw("hello"),
    sa.Column("begun_at", sa.BigInteger, nullable=False, index=True),
)

PARTNER_SCALES: Final = sa.Table(
    "partner_scales",
    METADATA,
    text("city", key=True),
    text("scale_id", key=True),
    whole("version", key=True),
    raw("envelope"),
)

AGREEMENTS: Final = sa.Table(
    "agreements",
    METADATA,
    text("agreement_id", key=True),
    whole("version", key=True),
    text("state"),
    text("state_reason"),
    raw("envelope"),
    whole("suspended_here"),
    whole("suspended_there"),
    sa.Column("ends_here", sa.BigInteger),
    sa.Column("ends_there", sa.BigInteger),
)

CATALOGUES: Final = sa.Table(
    "catalogues",
    METADATA,
    whole("version", key=True),
    text("incentives"),
    text("content"),
)

INDICATOR_CATALOGUES: Final = sa.Table(
    "indicator_catalogues",
    METADATA,
    whole("version", key=True),
    text("catalogue"),
    text("content"),
)

# One row: the process that does what is timed, and how often it said so.
DUTIES: Final = sa.Table(
    "duties",
    METADATA,
    whole("row_id", key=True),
    text("holder"),
    whole("beat"),
    sa.CheckConstraint("row_id = 1", name="one_row"),
)

# Each process that serves, which version it is, and how often it said that it lives.
PROCESSES: Final = sa.Table(
    "processes",
    METADATA,
    text("process_id", key=True),
    text("place"),
    text("version"),
    whole("beat"),
)

# One row: the version of all that operators decided, the instant of the last probe, that of the
# last retention, how often something was removed for good, against how often its traces were, and
# the oldest version of the code that may serve with these tables.
NODE_STATE: Final = sa.Table(
    "node_state",
    METADATA,
    whole("row_id", key=True),
    whole("registry_version"),
    whole("probed_at"),
    whole("retained_at"),
    whole("removals"),
    whole("scrubbed"),
    text("serves_from"),
    sa.CheckConstraint("row_id = 1", name="one_row"),
)
