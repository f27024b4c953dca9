"""What is removed within days because nobody can ask for it any more.

What is kept for months and years, and how long, is in `node.services.retaining`.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from node import limits
from node.store.incentive_tables import CHECKS, RESERVATIONS, USE_LEASES, USE_RELEASES
from node.store.residents import DECOY_CODE
from node.store.tables import (
    ANSWERS,
    CODES,
    DECISIONS,
    JOININGS,
    QUESTIONS,
    USES,
)
from node.store.trust_tables import (
    ATTESTATION_BATCHES,
    ATTESTATIONS,
    CHECKPOINTS,
    COSIGNATURES,
    PARTNER_CHECKPOINTS,
    PARTNER_STATUS_LISTS,
    RENEWALS,
    STATUS_ENDED,
    STATUS_LISTS,
    VISITS,
)

_B: Final = sa.bindparam
_DAY: Final = 86_400_000_000
"""Microseconds."""


def sweep_statements() -> Iterator[tuple[sa.Delete, timedelta]]:
    """A statement for each table, and for how long its rows are kept after their time.

    Uses that name a resident stay, for the resident to see; those of nobody go.
    """
    for table, ended, kept in (
        (ANSWERS, ANSWERS.c.answered_at, limits.ANSWERS_KEPT),
        (CODES, CODES.c.expires_at, limits.CODES_KEPT),
        (QUESTIONS, QUESTIONS.c.asked_at, limits.ENDED_KEPT),
        (JOININGS, JOININGS.c.begun_at, limits.JOININGS_KEPT),
        # A resident may ask for a review of what was decided, by the id of either.
        (DECISIONS, DECISIONS.c.expires_at, limits.VISITS_KEPT),
        (CHECKS, CHECKS.c.expires_at, limits.VISITS_KEPT),
        (ATTESTATIONS, ATTESTATIONS.c.expires_at, limits.ATTESTATIONS_KEPT),
        (ATTESTATION_BATCHES, ATTESTATION_BATCHES.c.issued_at, limits.BATCHES_KEPT),
        (STATUS_ENDED, STATUS_ENDED.c.expires_at, limits.STATUSES_KEPT),
        (PARTNER_STATUS_LISTS, PARTNER_STATUS_LISTS.c.expires_at, limits.ENDED_KEPT),
        (RENEWALS, RENEWALS.c.asked_at, limits.ENDED_KEPT),
        (VISITS, VISITS.c.at, limits.VISITS_KEPT),
    ):
        yield _delete(table, ended < _B("before")), kept
    unused = sa.and_(RESERVATIONS.c.redemption_id == "", RESERVATIONS.c.closed_at < _B("before"))
    yield _delete(RESERVATIONS, unused), limits.ENDED_KEPT
    closed = sa.and_(STATUS_LISTS.c.closes_at > 0, STATUS_LISTS.c.closes_at < _B("before"))
    yield _delete(STATUS_LISTS, closed), limits.STATUSES_KEPT
    yield from _checkpoints()
    nobody = sa.and_(USES.c.resident_id == "", USES.c.used_at < _B("before"))
    yield _delete(USES, nobody), limits.ENDED_KEPT
    yield from _counted_uses()


def _counted_uses() -> Iterator[tuple[sa.Delete, timedelta]]:
    """Those of residents from their end; one that was given back before it came, a while longer."""
    of_nobody = USE_LEASES.c.resident_id == ""
    over = USE_LEASES.c.until < _B("before")
    given_back = sa.and_(USE_LEASES.c.released_at < _B("before"), ~of_nobody)
    yield _delete(USE_LEASES, over), limits.LEASES_KEPT
    yield _delete(USE_LEASES, given_back), limits.LEASES_KEPT
    yield _delete(USE_LEASES, sa.and_(of_nobody, over)), limits.ENDED_KEPT
    yield _delete(USE_RELEASES, USE_RELEASES.c.since < _B("before")), limits.RELEASES_KEPT


def _checkpoints() -> Iterator[tuple[sa.Delete, timedelta]]:
    """Of older checkpoints the last of each day stays: an entry of any day is proven by it."""
    for table, owner in ((CHECKPOINTS, None), (PARTNER_CHECKPOINTS, PARTNER_CHECKPOINTS.c.city)):
        later = table.alias("later")
        same = [later.c.size > table.c.size, later.c.at // _DAY == table.c.at // _DAY]
        if owner is not None:
            same.append(later.c.city == owner)
        condition = sa.and_(table.c.at < _B("before"), sa.exists().where(*same))
        yield _delete(table, condition), limits.CHECKPOINTS_KEPT
    orphan = ~sa.exists().where(CHECKPOINTS.c.size == COSIGNATURES.c.size)
    yield _delete(COSIGNATURES, orphan), limits.CHECKPOINTS_KEPT


def _delete(table: sa.Table, condition: sa.ColumnElement[bool]) -> sa.Delete:
    key = list(table.primary_key.columns)
    if table is CODES:
        condition = sa.and_(condition, CODES.c.code_digest != DECOY_CODE)
    found = sa.select(*key).where(condition).limit(limits.SWEEP_ROWS)
    return sa.delete(table).where(sa.tuple_(*key).in_(found))
