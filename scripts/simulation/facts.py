"""What one city's store holds at one instant, as rows: the invariants are pure over these.

Read straight from the tables, not by the services that are on trial.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import sqlalchemy as sa

from federation.identifiers import CityCode
from federation.log_entry import commitment
from node.registry import Registry
from node.services.standing import standing_of
from node.store.connection import Session
from node.store.incentive_tables import RESERVATIONS, USE_LEASES, USE_QUESTIONS, USE_RELEASES
from node.store.record_tables import CASES, RECORDS
from node.store.tables import (
    ANSWERS,
    CODES,
    CONSENTS,
    COUNTERS,
    DECISIONS,
    PARTNER_MOVES,
    RECOGNITIONS,
    REDEMPTIONS,
    RESIDENTS,
)
from node.store.transaction import StoreTransaction
from node.store.trust_tables import (
    ATTESTATIONS,
    FORKS,
    LOG_ENTRIES,
    LOG_SALTS,
    PARTNER_STATUS_LISTS,
    STATUS_FEEDS,
)
from node.store.values import to_instant, to_instant_or_none, to_names
from scripts.simulation.city import SimCity
from scripts.simulation.rows import (
    Attestation,
    Consent,
    Decision,
    Lease,
    Move,
    Recognition,
    Redemption,
    Reservation,
    Resident,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """One city: its clock, its registry, and its rows by their keys."""

    city: CityCode
    now: datetime
    registry: Registry
    residents: Mapping[str, Resident]
    consents: Mapping[str, Consent]
    codes: frozenset[bytes]
    attestations: Mapping[str, Attestation]
    recognitions: Mapping[str, Recognition]
    decisions: Mapping[str, Decision]
    redemptions: Mapping[str, Redemption]
    reservations: Mapping[str, Reservation]
    counters: Mapping[tuple[str, str], int]
    leases: Mapping[str, Lease]
    releases: frozenset[str]
    """Uses that are to be given back."""
    questions: frozenset[str]
    """Uses that were asked for, and of which nothing is known yet."""
    records: frozenset[tuple[str, str]]
    cases: frozenset[str]
    answers: Mapping[tuple[str, str], bytes]
    moves: tuple[Move, ...]
    feeds: Mapping[CityCode, tuple[int, int]]
    forks: tuple[CityCode, ...]
    heard: Mapping[tuple[CityCode, int], bytes]
    """The bits of each status list that is known, by home city and number."""
    bands: Mapping[str, str | None]
    """The band of each resident that would be said to another city now; None for nothing."""
    unlogged: tuple[str, ...]
    """Attestations whose entry of the log does not commit to them."""


def look(city: SimCity, use_case: Callable[[StoreTransaction], T]) -> T:
    """What is on a city's disk now, whether or not the city is up; it takes no time."""
    with city.disk.engine.connect() as connection, connection.begin():
        return use_case(city.store._make.begin(connection))


def facts_of(city: SimCity) -> Facts:
    """What a city's store holds now."""
    return look(city, lambda tx: _facts(city, tx))


def _facts(city: SimCity, tx: StoreTransaction) -> Facts:
    session = tx.session
    attestations = _attestations(session)
    moves = session.all(_MOVES)
    return Facts(
        city=city.code,
        now=city.clock.now(),
        registry=tx.registry,
        residents={r[0]: Resident(bytes(r[1]), r[2]) for r in session.all(_RESIDENTS) if r[0]},
        consents=_consents(session),
        codes=frozenset(bytes(row[0]) for row in session.all(_CODES)),
        attestations=attestations,
        recognitions=_recognitions(session),
        decisions={
            row[0]: Decision(row[1], row[2], row[3], to_instant(row[4]))
            for row in session.all(_DECISIONS)
        },
        redemptions={
            row[0]: Redemption(row[1], row[2], to_instant(row[3]))
            for row in session.all(_REDEMPTIONS)
        },
        reservations=_reservations(session),
        counters={(row[0], row[1]): row[2] for row in session.all(_COUNTERS)},
        leases={
            row[0]: Lease(
                row[1],
                CityCode(row[2]),
                bytes(row[3]),
                to_instant(row[4]),
                to_instant_or_none(row[5]),
            )
            for row in session.all(_LEASES)
        },
        releases=frozenset(row[0] for row in session.all(_RELEASES)),
        questions=frozenset(row[0] for row in session.all(_QUESTIONS)),
        records=frozenset((row[0], row[1]) for row in session.all(_RECORDS)),
        cases=frozenset(row[0] for row in session.all(_CASES)),
        answers={(row[0], row[1]): bytes(row[2]) for row in session.all(_ANSWERS)},
        moves=tuple(Move(CityCode(r[0]), to_instant(r[1]), r[2], r[3]) for r in moves),
        # What this city knows of its own residents nobody has to tell it.
        feeds={
            CityCode(row[0]): (row[1], row[2]) for row in session.all(_FEEDS) if row[0] != city.code
        },
        forks=tuple(CityCode(row[0]) for row in session.all(_FORKS)),
        heard={(CityCode(r[0]), r[1]): bytes(r[2]) for r in session.all(_HEARD)},
        bands=_bands(city, tx),
        unlogged=tuple(_unlogged(session, attestations)),
    )


_RESIDENTS: Final = sa.select(RESIDENTS.c.resident_id, RESIDENTS.c.secret, RESIDENTS.c.person)
_C: Final = CONSENTS.c
_CONSENTS: Final = sa.select(
    _C.consent_id,
    _C.resident_id,
    _C.host,
    _C.scenarios,
    _C.disclosure,
    _C.given_at,
    _C.expires_at,
    _C.withdrawn_at,
    _C.pseudonym,
)
_CODES: Final = sa.select(CODES.c.code_digest)
_A: Final = ATTESTATIONS.c
_ATTESTATIONS: Final = sa.select(
    _A.attestation_id,
    _A.resident_id,
    _A.consent_id,
    _A.host,
    _A.pseudonym,
    _A.issued_at,
    _A.expires_at,
    _A.claim,
    _A.statement,
    _A.log_sequence,
    _A.batch_id,
    _A.ended_at,
)
_R: Final = RECOGNITIONS.c
_RECOGNITIONS: Final = sa.select(
    _R.recognition_id,
    _R.home,
    _R.pseudonym,
    _R.attestation_id,
    _R.status_index,
    _R.expires_at,
    _R.ended_at,
    _R.band_id,
)
_D: Final = DECISIONS.c
_DECISIONS: Final = sa.select(
    _D.decision_id, _D.incentive_id, _D.venue, _D.recognition_id, _D.decided_at
)
_REDEMPTIONS: Final = sa.select(
    REDEMPTIONS.c.redemption_id,
    REDEMPTIONS.c.decision_id,
    REDEMPTIONS.c.incentive_id,
    REDEMPTIONS.c.redeemed_at,
)
_V: Final = RESERVATIONS.c
_RESERVATIONS: Final = sa.select(
    _V.reservation_id,
    _V.decision_id,
    _V.incentive_id,
    _V.recognition_id,
    _V.scopes,
    _V.state,
    _V.expires_at,
    _V.redemption_id,
    _V.lease_id,
    _V.lease_until,
)
_COUNTERS: Final = sa.select(COUNTERS.c.incentive_id, COUNTERS.c.scope, COUNTERS.c.used)
_L: Final = USE_LEASES.c
_LEASES: Final = sa.select(_L.lease_id, _L.resident_id, _L.host, _L.label, _L.until, _L.released_at)
_RELEASES: Final = sa.select(USE_RELEASES.c.lease_id)
_QUESTIONS: Final = sa.select(USE_QUESTIONS.c.lease_id)
_RECORDS: Final = sa.select(RECORDS.c.source, RECORDS.c.record_number)
_CASES: Final = sa.select(CASES.c.case_id)
_ANSWERS: Final = sa.select(ANSWERS.c.caller, ANSWERS.c.request_id, ANSWERS.c.response)
_MOVES: Final = sa.select(
    PARTNER_MOVES.c.city, PARTNER_MOVES.c.at, PARTNER_MOVES.c.actor, PARTNER_MOVES.c.move
).order_by(PARTNER_MOVES.c.at, PARTNER_MOVES.c.move_id)
_FEEDS: Final = sa.select(STATUS_FEEDS.c.host, STATUS_FEEDS.c.sequence, STATUS_FEEDS.c.acknowledged)
_FORKS: Final = sa.select(FORKS.c.city).order_by(FORKS.c.city)
_HEARD: Final = sa.select(
    PARTNER_STATUS_LISTS.c.home, PARTNER_STATUS_LISTS.c.list_number, PARTNER_STATUS_LISTS.c.bits
)
_COMMITMENTS: Final = sa.select(
    LOG_SALTS.c.subject, LOG_SALTS.c.sequence, LOG_SALTS.c.salt, LOG_ENTRIES.c.commitment
).join(LOG_ENTRIES, LOG_ENTRIES.c.sequence == LOG_SALTS.c.sequence)


def _consents(session: Session) -> dict[str, Consent]:
    return {
        row[0]: Consent(
            resident_id=row[1],
            host=CityCode(row[2]),
            scenarios=to_names(row[3]),
            disclosure=row[4],
            given_at=to_instant(row[5]),
            expires_at=to_instant(row[6]),
            withdrawn_at=to_instant_or_none(row[7]),
            pseudonym=bytes(row[8]),
        )
        for row in session.all(_CONSENTS)
        # That of nobody is there for whoever is not found (rule 4).
        if row[1]
    }


def _attestations(session: Session) -> dict[str, Attestation]:
    return {
        row[0]: Attestation(
            resident_id=row[1],
            consent_id=row[2],
            host=CityCode(row[3]),
            pseudonym=bytes(row[4]),
            issued_at=to_instant(row[5]),
            expires_at=to_instant(row[6]),
            claim=row[7],
            statement=bytes(row[8]),
            log_sequence=row[9],
            batch_id=row[10],
            ended_at=to_instant_or_none(row[11]),
        )
        for row in session.all(_ATTESTATIONS)
    }


def _recognitions(session: Session) -> dict[str, Recognition]:
    return {
        row[0]: Recognition(
            home=CityCode(row[1]),
            pseudonym=bytes(row[2]),
            attestation_id=row[3],
            status_index=int(row[4]),
            expires_at=to_instant(row[5]),
            ended_at=to_instant_or_none(row[6]),
            band_id=row[7],
        )
        for row in session.all(_RECOGNITIONS)
    }


def _reservations(session: Session) -> dict[str, Reservation]:
    return {
        row[0]: Reservation(
            decision_id=row[1],
            incentive_id=row[2],
            recognition_id=row[3],
            scopes=to_names(row[4]),
            state=row[5],
            expires_at=to_instant(row[6]),
            redemption_id=row[7],
            lease_id=row[8],
            lease_until=to_instant_or_none(row[9]),
        )
        for row in session.all(_RESERVATIONS)
    }


def _bands(city: SimCity, tx: StoreTransaction) -> dict[str, str | None]:
    own = tx.registry.own_scale()
    if own is None:
        return {}
    scale, today, found = own.scale, city.here.day(city.clock.now()), dict[str, str | None]()
    for row in tx.session.all(_RESIDENTS):
        resident = tx.residents.get(row[0])
        if resident is not None:
            band = standing_of(tx, resident, scale, today).band_id
            shown = scale.rank(band) >= scale.rank(scale.exportable_from)
            found[row[0]] = band if shown else None
    return found


def _unlogged(session: Session, attestations: Mapping[str, Attestation]) -> list[str]:
    """Those of single attestations: of a batch the log has the batch."""
    kept = {
        (subject, sequence): (bytes(salt), bytes(committed))
        for subject, sequence, salt, committed in session.all(_COMMITMENTS)
    }
    found = list[str]()
    for attestation_id, given in attestations.items():
        if given.batch_id:
            continue
        salt, committed = kept.get((given.resident_id, given.log_sequence), (b"", b""))
        if not salt or commitment(salt, given.payload) != committed:
            found.append(attestation_id)
    return found
