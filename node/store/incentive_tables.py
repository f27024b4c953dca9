"""The tables of incentives: what was decided and why, places that are held, uses over all cities.

As in `tables`. A home city's table of leases has no column for a venue or an incentive.
"""

from typing import Final

import sqlalchemy as sa

from node.store.columns import raw, text, whole
from node.store.tables import METADATA

# What a check rests on, and the signature: the rest follows from the catalogue and the scale.
CHECKS: Final = sa.Table(
    "checks",
    METADATA,
    text("check_id", key=True),
    sa.Column("recognition_id", sa.Text, nullable=False, index=True),
    text("facts"),
    text("key_id"),
    raw("signature"),
    raw("payload_digest"),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)

RESERVATIONS: Final = sa.Table(
    "reservations",
    METADATA,
    text("reservation_id", key=True),
    sa.Column("decision_id", sa.Text, nullable=False, unique=True),
    text("incentive_id"),
    text("venue"),
    sa.Column("recognition_id", sa.Text, nullable=False, index=True),
    # The scopes of the counters that it took one from.
    text("scopes"),
    whole("state"),
    whole("reserved_at"),
    whole("expires_at"),
    sa.Column("closed_at", sa.BigInteger),
    text("redemption_id"),
    text("home"),
    text("lease_id"),
    sa.Column("lease_until", sa.BigInteger),
    sa.Index(None, "state", "expires_at"),
    sa.Index(None, "venue", "reservation_id"),
)

# As host: questions for leases that were signed and kept before they were sent.
USE_QUESTIONS: Final = sa.Table(
    "use_questions",
    METADATA,
    raw("key", key=True),
    sa.Column("lease_id", sa.Text, nullable=False, unique=True),
    text("home"),
    raw("envelope"),
    sa.Column("asked_at", sa.BigInteger, nullable=False, index=True),
)

# As host: leases that are given back, until the home city knows.
USE_RELEASES: Final = sa.Table(
    "use_releases",
    METADATA,
    text("lease_id", key=True),
    text("home"),
    sa.Column("since", sa.BigInteger, nullable=False, index=True),
)

# As home: uses that hosts had counted; one that was given back before it came has no resident.
USE_LEASES: Final = sa.Table(
    "use_leases",
    METADATA,
    text("lease_id", key=True),
    text("resident_id"),
    text("consent_id"),
    text("host"),
    raw("label"),
    text("use_class"),
    whole("granted_at"),
    sa.Column("until", sa.BigInteger, nullable=False, index=True),
    sa.Column("released_at", sa.BigInteger),
    sa.Index(None, "resident_id", "label"),
)

HISTOGRAMS: Final = sa.Table(
    "histograms",
    METADATA,
    text("city", key=True),
    text("scale_id", key=True),
    whole("version", key=True),
    text("statement_id"),
    raw("envelope"),
    whole("issued_at"),
)

PRIVACY_SPENDINGS: Final = sa.Table(
    "privacy_spendings",
    METADATA,
    text("spending_id", key=True),
    whole("at"),
    text("purpose"),
    whole("epsilon_milli"),
    text("actor"),
)
