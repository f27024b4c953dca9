"""Where the rows of each table belong, in a database of many machines.

A large table is spread by the person that a row is about: the resident at home, the visitor at the
host, by whatever name that table knows them. So one person's act touches one machine, and an
erasure too. What operators decide is small and read by every act: a copy of it is everywhere. The
rest is one row, or one line that grows in order.

CockroachDB and YugabyteDB spread by the primary key and keep every other unique key themselves.
Citus asks that each unique key contain the column that a table is spread by: `EXCEPTIONS` are those
that do not, and why that is so.
"""

import enum
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from node.store import incentive_tables as incentive
from node.store import record_tables as record
from node.store import tables as core
from node.store import trust_tables as trust


class Spread(enum.Enum):
    """How the rows of a table are spread."""

    BY_PERSON = "by person"
    """By the resident, the person, the pseudonym or the recognition that a row is about."""
    BY_ID = "by id"
    """By a random id, under which alone a row is ever looked for."""
    EVERYWHERE = "everywhere"
    """Small, and read by every act: on each machine."""
    ONE_PLACE = "one place"
    """One row, or one line that grows in order."""


@dataclass(frozen=True, slots=True)
class Place:
    """How one table is spread, and by which column."""

    spread: Spread
    column: str = ""


def _person(column: str) -> Place:
    return Place(Spread.BY_PERSON, column)


def _by(column: str) -> Place:
    return Place(Spread.BY_ID, column)


_EVERYWHERE: Final = Place(Spread.EVERYWHERE)
_ONE: Final = Place(Spread.ONE_PLACE)

PLACES: Final[dict[sa.Table, Place]] = {
    # Residents of this city.
    core.RESIDENTS: _person("resident_id"),
    core.CONSENTS: _person("resident_id"),
    core.USES: _person("resident_id"),
    trust.CONSENT_RECEIPTS: _person("resident_id"),
    trust.ATTESTATIONS: _person("pseudonym"),
    trust.LOG_SALTS: _person("subject"),
    incentive.USE_LEASES: _person("resident_id"),
    record.PERSONS: _person("person"),
    record.RECORDS: _person("person"),
    record.RECORD_MOVES: _person("person"),
    record.RECORD_READS: _person("person"),
    record.CASES: _person("resident_id"),
    record.NOTICES: _person("resident_id"),
    record.PROMISES: _person("resident_id"),
    # Visitors, whom this city knows by a recognition alone.
    core.RECOGNITIONS: _person("recognition_id"),
    core.DECISIONS: _person("recognition_id"),
    incentive.CHECKS: _person("recognition_id"),
    incentive.RESERVATIONS: _person("recognition_id"),
    trust.VISITS: _person("recognition_id"),
    # Found by one id, and by nothing else on a hot path.
    core.CODES: _by("code_digest"),
    core.ANSWERS: _by("request_id"),
    core.QUESTIONS: _by("key"),
    core.REDEMPTIONS: _by("redemption_id"),
    record.CASE_STEPS: _by("case_id"),
    record.QUARANTINE: _by("row_id"),
    trust.ATTESTATION_BATCHES: _by("batch_id"),
    trust.RENEWALS: _by("request_id"),
    incentive.USE_QUESTIONS: _by("key"),
    incentive.USE_RELEASES: _by("lease_id"),
    # What operators and partners decided, of which there are some hundreds.
    core.OWN_SCALES: _EVERYWHERE,
    core.PARTNERS: _EVERYWHERE,
    core.PARTNER_MOVES: _EVERYWHERE,
    core.CONTACTS: _EVERYWHERE,
    core.INVITATIONS: _EVERYWHERE,
    core.JOININGS: _EVERYWHERE,
    core.PARTNER_SCALES: _EVERYWHERE,
    core.AGREEMENTS: _EVERYWHERE,
    core.CATALOGUES: _EVERYWHERE,
    core.INDICATOR_CATALOGUES: _EVERYWHERE,
    incentive.HISTOGRAMS: _EVERYWHERE,
    incentive.PRIVACY_SPENDINGS: _EVERYWHERE,
    record.RECORD_LOADS: _EVERYWHERE,
    core.NODE_STATE: _EVERYWHERE,
    trust.STATUS_FEEDS: _EVERYWHERE,
    trust.STATUS_LISTS: _EVERYWHERE,
    trust.PARTNER_STATUS_LISTS: _EVERYWHERE,
    trust.FORKS: _EVERYWHERE,
    # The log is one line, and its entries name nobody.
    trust.LOG_ENTRIES: _ONE,
    trust.LOG_TILES: _ONE,
    trust.LOG_STATE: _ONE,
    trust.CHECKPOINTS: _ONE,
    trust.COSIGNATURES: _ONE,
    trust.PARTNER_CHECKPOINTS: _ONE,
    trust.STATUS_ENDED: _ONE,
    # A capacity is counted in one row, whoever uses it.
    core.COUNTERS: _ONE,
    core.DUTIES: _ONE,
    core.PROCESSES: _ONE,
}

_DRAWN: Final = "this city draws it at random: no two are the same wherever they are kept"
_GIVEN: Final = (
    "it comes from outside, and must be known once in the whole city: an index over all machines"
)

# Unique keys of tables that are spread, which do not contain what they are spread by.
EXCEPTIONS: Final[dict[tuple[str, tuple[str, ...]], str]] = {
    ("consents", ("consent_id",)): _DRAWN,
    ("consent_receipts", ("consent_id",)): _DRAWN,
    ("cases", ("case_id",)): _DRAWN,
    ("promises", ("promise_id",)): _DRAWN,
    ("decisions", ("decision_id",)): _DRAWN,
    ("checks", ("check_id",)): _DRAWN,
    ("reservations", ("reservation_id",)): _DRAWN,
    ("use_leases", ("lease_id",)): "a host city draws it at random, and signs it",
    ("residents", ("document_digest",)): _GIVEN,
    ("residents", ("person",)): "it is drawn at random for the one row of `persons`",
    ("persons", ("document_digest",)): _GIVEN,
    ("records", ("source", "record_number")): _GIVEN,
    ("record_moves", ("source", "record_number", "move_id")): _GIVEN,
    ("recognitions", ("home", "pseudonym")): _GIVEN,
    ("recognitions", ("pass_digest",)): "a digest of 32 random bytes that this city drew",
    ("reservations", ("decision_id",)): "one decision has one visitor, and so one machine",
    ("redemptions", ("decision_id",)): "the counter's row, which both write, lets one of them in",
    ("attestation_batches", ("host", "request_id")): _GIVEN,
    ("use_questions", ("lease_id",)): _DRAWN,
}
