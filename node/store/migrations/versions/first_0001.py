"""The tables of the first version."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

kind = "expand"
says_zh = "第一版的全部表。"


def upgrade() -> None:
    """Make every table, the one row of the node's state, and nobody (rule 4)."""
    _agreements()
    _answers()
    _catalogues()
    _codes()
    _consents()
    _counters()
    _decisions()
    _log_entries()
    _log_salts()
    _node_state()
    _own_scales()
    _partner_scales()
    _partners()
    _questions()
    _recognitions()
    _records()
    _redemptions()
    _residents()
    _uses()
    op.execute("INSERT INTO node_state (row_id, registry_version, probed_at) VALUES (1, 0, 0)")
    _nobody()


def _nobody() -> None:
    """The rows that stand in for a person who is not found; the consent ended in 1970 (rule 4)."""
    whole, text, raw = sa.BigInteger, sa.Text, sa.LargeBinary
    rows: dict[str, dict[str, tuple[Any, object]]] = {
        "residents": {
            "resident_id": (text, ""),
            "document_digest": (raw, bytes(32)),
            "secret": (raw, bytes(32)),
            "enrolled_at": (whole, 0),
            "points_milli": (whole, 0),
            "commendations": (text, ""),
        },
        "consents": {
            "consent_id": (text, ""),
            "resident_id": (text, ""),
            "host": (text, "000000"),
            "scenarios": (text, "none"),
            "disclosure": (whole, 1),
            "given_at": (whole, 0),
            "expires_at": (whole, 1),
            "pseudonym": (raw, bytes(32)),
        },
        "codes": {
            "code_digest": (raw, bytes(32)),
            "consent_id": (text, ""),
            "expires_at": (whole, 0),
        },
    }
    for table, values in rows.items():
        columns = [sa.column(name, kind) for name, (kind, _) in values.items()]
        row = {name: value for name, (_, value) in values.items()}
        op.bulk_insert(sa.table(table, *columns), [row])


def _agreements() -> None:
    op.create_table(
        "agreements",
        sa.Column("agreement_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", "version", name=op.f("pk_agreements")),
    )


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "request_id", name=op.f("pk_answers")),
    )
    op.create_index(op.f("ix_answers_answered_at"), "answers", ["answered_at"], unique=False)


def _catalogues() -> None:
    op.create_table(
        "catalogues",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("incentives", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_catalogues")),
    )


def _codes() -> None:
    op.create_table(
        "codes",
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("consent_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk_codes")),
    )
    op.create_index(op.f("ix_codes_expires_at"), "codes", ["expires_at"], unique=False)


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("consent_id", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("scenarios", sa.Text(), nullable=False),
        sa.Column("disclosure", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("given_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("pseudonym", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consents")),
    )
    op.create_index(
        op.f("ix_consents_host_pseudonym"), "consents", ["host", "pseudonym"], unique=False
    )
    op.create_index(
        op.f("ix_consents_resident_id_consent_id"),
        "consents",
        ["resident_id", "consent_id"],
        unique=False,
    )


def _counters() -> None:
    op.create_table(
        "counters",
        sa.Column("incentive_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("incentive_id", "scope", name=op.f("pk_counters")),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("incentive_id", sa.Text(), nullable=False),
        sa.Column("catalogue_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recognition_id", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_expires_at"), "decisions", ["expires_at"], unique=False)


def _log_entries() -> None:
    op.create_table(
        "log_entries",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_log_entries")),
        sqlite_with_rowid=False,
    )


def _log_salts() -> None:
    op.create_table(
        "log_salts",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "entry_id", name=op.f("pk_log_salts")),
        sqlite_with_rowid=False,
    )


def _node_state() -> None:
    op.create_table(
        "node_state",
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("registry_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("probed_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("row_id = 1", name=op.f("ck_node_state_one_row")),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_node_state")),
    )


def _own_scales() -> None:
    op.create_table(
        "own_scales",
        sa.Column("scale_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scale", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scale_id", "version", name=op.f("pk_own_scales")),
    )


def _partner_scales() -> None:
    op.create_table(
        "partner_scales",
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("scale_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("city", "scale_id", "version", name=op.f("pk_partner_scales")),
    )


def _partners() -> None:
    op.create_table(
        "partners",
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("city", name=op.f("pk_partners")),
    )


def _questions() -> None:
    op.create_table(
        "questions",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_questions")),
    )
    op.create_index(op.f("ix_questions_asked_at"), "questions", ["asked_at"], unique=False)


def _recognitions() -> None:
    op.create_table(
        "recognitions",
        sa.Column("recognition_id", sa.Text(), nullable=False),
        sa.Column("pass_digest", sa.LargeBinary(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("pseudonym", sa.LargeBinary(), nullable=False),
        sa.Column("band_id", sa.Text(), nullable=False),
        sa.Column("commendations", sa.Text(), nullable=False),
        sa.Column("scenarios", sa.Text(), nullable=False),
        sa.Column("agreement_id", sa.Text(), nullable=False),
        sa.Column("agreement_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attestation_id", sa.Text(), nullable=False),
        sa.Column("status_index", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("recognition_id", name=op.f("pk_recognitions")),
        sa.UniqueConstraint("home", "pseudonym", name=op.f("uq_recognitions_home_pseudonym")),
        sa.UniqueConstraint("pass_digest", name=op.f("uq_recognitions_pass_digest")),
    )


def _records() -> None:
    op.create_table(
        "records",
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("record_number", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("points_milli", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("occurred_on", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Text(), nullable=True),
        sa.Column("commendation", sa.Text(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("department", "record_number", name=op.f("pk_records")),
    )
    op.create_index(op.f("ix_records_resident_id"), "records", ["resident_id"], unique=False)


def _redemptions() -> None:
    op.create_table(
        "redemptions",
        sa.Column("redemption_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("incentive_id", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("redeemed_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("redemption_id", name=op.f("pk_redemptions")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_redemptions_decision_id")),
    )


def _residents() -> None:
    op.create_table(
        "residents",
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("document_digest", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("points_milli", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("commendations", sa.Text(), nullable=False),
        sa.Column("recount_on", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("resident_id", name=op.f("pk_residents")),
        sa.UniqueConstraint("document_digest", name=op.f("uq_residents_document_digest")),
    )


def _uses() -> None:
    op.create_table(
        "uses",
        sa.Column("use_id", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scenarios", sa.Text(), nullable=False),
        sa.Column("disclosure", sa.BigInteger(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("resident_id", "use_id", name=op.f("pk_uses")),
        sqlite_with_rowid=False,
    )
