"""Everything that is about one resident, or leads to one, removed; what is left are commitments.

Every table whose rows name a resident, a person, a consent, a recognition of this city's own or
what hangs on these is named here; a test holds this against the tables that there are.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from node.model import RESIDENT_SCOPES, PendingQuestion, Resident
from node.redemptions import ReservationState
from node.store.connection import Session
from node.store.incentive_tables import CHECKS, RESERVATIONS, USE_LEASES, USE_QUESTIONS
from node.store.lists import named, places, portions
from node.store.record_tables import (
    CASE_STEPS,
    CASES,
    NOTICES,
    PERSONS,
    PROMISES,
    QUARANTINE,
    RECORD_MOVES,
    RECORD_READS,
    RECORDS,
)
from node.store.tables import (
    ANSWERS,
    CODES,
    CONSENTS,
    COUNTERS,
    DECISIONS,
    QUESTIONS,
    RECOGNITIONS,
    REDEMPTIONS,
    RESIDENTS,
    USES,
)
from node.store.trust_tables import ATTESTATIONS, CONSENT_RECEIPTS, LOG_SALTS, VISITS
from node.store.values import from_names, to_instant, to_names

_B: Final = sa.bindparam
_WHOM: Final[sa.BindParameter[Any]] = _B("whom")

_QUESTIONS: Final = sa.select(QUESTIONS).where(QUESTIONS.c.home == _B("home"))
_CONSENTS: Final = sa.select(CONSENTS.c.consent_id, CONSENTS.c.pseudonym).where(
    CONSENTS.c.resident_id == _WHOM
)
_RECOGNITIONS: Final = sa.select(RECOGNITIONS.c.recognition_id).where(
    RECOGNITIONS.c.home == _B("home"), RECOGNITIONS.c.pseudonym == _B("pseudonym")
)
_CASES: Final = sa.select(CASES.c.case_id).where(CASES.c.person == _WHOM)
_PROMISED: Final = (
    sa.select(REDEMPTIONS.c.decision_id)
    .join(PROMISES, PROMISES.c.redemption_id == REDEMPTIONS.c.redemption_id)
    .where(PROMISES.c.resident_id == _WHOM)
)
_COUNTERS: Final = sa.delete(COUNTERS).where(
    COUNTERS.c.scope >= RESIDENT_SCOPES, COUNTERS.c.scope.like(_B("pattern"))
)
# Places that are held come back when the reservation ends: only whose it was is forgotten.
_HELD: Final = sa.select(RESERVATIONS.c.reservation_id, RESERVATIONS.c.scopes).where(
    RESERVATIONS.c.recognition_id == _WHOM, RESERVATIONS.c.state == ReservationState.HELD.value
)
_UNNAMED: Final = (
    sa.update(RESERVATIONS)
    .where(RESERVATIONS.c.reservation_id == _B("which"))
    .values(recognition_id="", scopes=_B("kept"))
)

# Of a record that was another person's before, the steps of that time are in the same history: all
# of it goes with the record. Where it is another's now, only what was this person's goes.
_TOUCHED: Final = tuple(
    sa.select(table.c.source, table.c.record_number).where(table.c.person == _WHOM).distinct()
    for table in (RECORDS, RECORD_MOVES)
)
_RECORD: Final = sa.delete(RECORDS).where(
    RECORDS.c.source == _B("of_source"),
    RECORDS.c.record_number == _B("of_number"),
    RECORDS.c.person == _WHOM,
)
_HISTORY: Final = sa.and_(
    RECORD_MOVES.c.source == _B("of_source"), RECORD_MOVES.c.record_number == _B("of_number")
)
_MOVES: Final = sa.delete(RECORD_MOVES).where(_HISTORY)
_OWN_MOVES: Final = sa.delete(RECORD_MOVES).where(_HISTORY, RECORD_MOVES.c.person == _WHOM)
_BEFORE: Final = sa.update(RECORD_MOVES).where(_HISTORY).values(before="")

_BY_RESIDENT: Final = (
    CONSENTS.c.resident_id,
    USES.c.resident_id,
    USE_LEASES.c.resident_id,
    CASES.c.resident_id,
    NOTICES.c.resident_id,
    PROMISES.c.resident_id,
    CONSENT_RECEIPTS.c.resident_id,
    ANSWERS.c.subject,
    LOG_SALTS.c.subject,
    RESIDENTS.c.resident_id,
)
_BY_PERSON: Final = (CASES.c.person, RECORD_READS.c.person, QUARANTINE.c.person, PERSONS.c.person)


def questions(session: Session, home: CityCode) -> tuple[PendingQuestion, ...]:
    """The questions to a home city that are kept."""
    rows = session.all(_QUESTIONS, home=home)
    return tuple(PendingQuestion(row[0], home, row[2], to_instant(row[3])) for row in rows)


def erase(
    session: Session, resident: Resident, home: CityCode, pseudonym: bytes, keys: Iterable[bytes]
) -> int:
    """Remove a resident of `home`, whom it knows by `pseudonym` as a host; how many rows.

    1. What leads on is looked up first: consents, recognitions, cases, redemptions of promises.
    2. What hangs on those goes, and the questions of `keys`.
    3. Records go with their history.
    4. What names the resident or the person goes.
    """
    # 1.
    whom, person, asked = resident.resident_id, resident.person, tuple(keys)
    given = session.all(_CONSENTS, whom=whom)
    consents, known_as = [row[0] for row in given], [row[1] for row in given]
    visits = _ids(session.all(_RECOGNITIONS, home=home, pseudonym=pseudonym))
    cases = _ids(session.all(_CASES, whom=person))
    decisions = [
        row[0]
        for some in portions(visits)
        for row in session.all(_decisions(len(some)), **named(some))
    ]
    redeemed = _ids(session.all(_PROMISED, whom=whom))
    # 2.
    for visit in visits:
        _let_go(session, visit)
    removed = sum(
        _delete(session, column, values)
        for column, values in (
            (QUESTIONS.c.key, asked),
            (USE_QUESTIONS.c.key, asked),
            (CODES.c.consent_id, consents),
            (ATTESTATIONS.c.pseudonym, known_as),
            (CASE_STEPS.c.case_id, cases),
            (RESERVATIONS.c.recognition_id, visits),
            (RESERVATIONS.c.decision_id, redeemed),
            (REDEMPTIONS.c.decision_id, redeemed),
            (REDEMPTIONS.c.decision_id, decisions),
            (DECISIONS.c.decision_id, decisions),
            (CHECKS.c.recognition_id, visits),
            (RECOGNITIONS.c.recognition_id, visits),
            (ANSWERS.c.subject, visits),
            (VISITS.c.recognition_id, visits),
            (LOG_SALTS.c.subject, visits),
        )
    )
    for visit in visits:
        removed += session.write(_COUNTERS, pattern=f"{RESIDENT_SCOPES}%:{visit}")
    # 3.
    for touched in _TOUCHED:
        for source, number in session.all(touched, whom=person):
            removed += _record(session, source, number, person)
    # 4.
    removed += sum(_delete(session, column, [whom]) for column in _BY_RESIDENT)
    return removed + sum(_delete(session, column, [person]) for column in _BY_PERSON)


def _let_go(session: Session, visit: str) -> None:
    for reservation_id, scopes in session.all(_HELD, whom=visit):
        others = tuple(s for s in to_names(scopes) if not s.startswith(RESIDENT_SCOPES))
        session.write(_UNNAMED, which=reservation_id, kept=from_names(others))


def _record(session: Session, source: str, number: str, person: int) -> int:
    key: dict[str, object] = {"of_source": source, "of_number": number}
    gone = session.write(_RECORD, whom=person, **key)
    if gone:
        return gone + session.write(_MOVES, **key)
    gone = session.write(_OWN_MOVES, whom=person, **key)
    session.write(_BEFORE, **key)
    return gone


def _ids(rows: Sequence[Sequence[Any]]) -> list[Any]:
    return [row[0] for row in rows]


def _delete(session: Session, column: "sa.Column[Any]", values: Sequence[Any]) -> int:
    return sum(
        session.write(_deletion(column, len(some)), **named(some)) for some in portions(values)
    )


@lru_cache
def _deletion(column: "sa.Column[Any]", count: int) -> sa.Delete:
    return sa.delete(column.table).where(column.in_(places(count)))


@lru_cache
def _decisions(count: int) -> sa.Select[Any]:
    return sa.select(DECISIONS.c.decision_id).where(DECISIONS.c.recognition_id.in_(places(count)))
