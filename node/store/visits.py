"""The host's side: questions, recognitions, decisions, redemptions and their capacities."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from federation.messages import UseCounting
from node.model import Counter, Decision, PendingQuestion, Redemption, StoredRecognition
from node.store.connection import Row, Session, Upserts
from node.store.lists import named, places, portions
from node.store.tables import COUNTERS, DECISIONS, QUESTIONS, RECOGNITIONS, REDEMPTIONS
from node.store.values import (
    from_names,
    to_instant,
    to_instant_or_none,
    to_micros,
    to_micros_or_none,
    to_names,
)

_B: Final = sa.bindparam
_QUESTION: Final = sa.select(QUESTIONS).where(QUESTIONS.c.key == _B("key"))
_FORGET: Final = sa.delete(QUESTIONS).where(QUESTIONS.c.key == _B("key"))
_BY_PASS: Final = sa.select(RECOGNITIONS).where(RECOGNITIONS.c.pass_digest == _B("digest"))
_BY_PSEUDONYM: Final = sa.select(RECOGNITIONS).where(
    RECOGNITIONS.c.home == _B("home"), RECOGNITIONS.c.pseudonym == _B("pseudonym")
)
_RECOGNITION: Final = sa.select(RECOGNITIONS).where(RECOGNITIONS.c.recognition_id == _B("which"))
_END: Final = (
    sa.update(RECOGNITIONS)
    .where(RECOGNITIONS.c.recognition_id == _B("which"), RECOGNITIONS.c.ended_at.is_(None))
    .values(ended_at=_B("at"))
)
_DECIDE: Final = sa.insert(DECISIONS)
_DECISION: Final = sa.select(DECISIONS).where(DECISIONS.c.decision_id == _B("which"))
_ADD_REDEMPTION: Final = sa.insert(REDEMPTIONS)
_BY_DECISION: Final = sa.select(REDEMPTIONS).where(REDEMPTIONS.c.decision_id == _B("which"))
_USED: Final = sa.select(COUNTERS.c.used).where(
    COUNTERS.c.incentive_id == _B("which"), COUNTERS.c.scope == _B("in_scope")
)
_COUNT: Final = (
    sa.update(COUNTERS)
    .where(
        COUNTERS.c.incentive_id == _B("which"),
        COUNTERS.c.scope == _B("in_scope"),
        COUNTERS.c.used < _B("most"),
    )
    .values(used=COUNTERS.c.used + 1)
)
_GIVE_BACK: Final = (
    sa.update(COUNTERS)
    .where(
        COUNTERS.c.incentive_id == _B("which"),
        COUNTERS.c.scope == _B("in_scope"),
        COUNTERS.c.used > 0,
    )
    .values(used=COUNTERS.c.used - 1)
)


class RecognitionRepository:
    """Questions on the way, and recognised visitors."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """In one transaction."""
        self._session = session
        self._upserts = upserts

    def ask(self, question: PendingQuestion) -> None:
        """Keep a question; it replaces an older one of the same key."""
        self._session.write(
            self._upserts.question,
            key=question.key,
            home=question.home,
            envelope=question.envelope,
            asked_at=to_micros(question.asked_at),
        )

    def question(self, key: bytes) -> PendingQuestion | None:
        """The question kept for a request of a venue."""
        row = self._session.one(_QUESTION, key=key)
        if row is None:
            return None
        return PendingQuestion(row[0], CityCode(row[1]), row[2], to_instant(row[3]))

    def forget_question(self, key: bytes) -> None:
        """Let a question go that has its answer."""
        self._session.write(_FORGET, key=key)

    def put(self, recognition: StoredRecognition) -> None:
        """Keep a recognition; it replaces the one of its id."""
        self._session.write(
            self._upserts.recognition,
            recognition_id=recognition.recognition_id,
            pass_digest=recognition.pass_digest,
            home=recognition.home,
            pseudonym=recognition.pseudonym,
            band_id=recognition.band_id,
            commendations=from_names(recognition.commendations),
            scenarios=from_names(recognition.scenarios),
            agreement_id=recognition.agreement_id,
            agreement_version=recognition.agreement_version,
            attestation_id=recognition.attestation_id,
            status_index=str(recognition.status_index),
            checked_at=to_micros(recognition.checked_at),
            expires_at=to_micros(recognition.expires_at),
            ended_at=to_micros_or_none(recognition.ended_at),
            local_milli=recognition.local_milli,
            counting=recognition.counting.value,
            use_commitment=recognition.use_commitment,
        )

    def by_pass(self, pass_digest: bytes) -> StoredRecognition | None:
        """The visitor of a pass."""
        return _recognition(self._session.one(_BY_PASS, digest=pass_digest))

    def by_pseudonym(self, home: CityCode, pseudonym: bytes) -> StoredRecognition | None:
        """The visitor that a home city calls so."""
        return _recognition(self._session.one(_BY_PSEUDONYM, home=home, pseudonym=pseudonym))

    def get(self, recognition_id: str) -> StoredRecognition | None:
        """The recognition of that id."""
        return _recognition(self._session.one(_RECOGNITION, which=recognition_id))

    def end(self, recognition_id: str, at: datetime) -> None:
        """Mark a recognition as no longer standing."""
        self._session.write(_END, which=recognition_id, at=to_micros(at))

    def end_at(self, home: CityCode, indices: Iterable[int], at: datetime) -> int:
        """Mark those as no longer standing whose attestations have these indices; how many."""
        return sum(
            self._session.write(_end_at(len(some)), of_home=home, at=to_micros(at), **named(some))
            for some in portions(map(str, indices))
        )


@lru_cache
def _end_at(count: int) -> sa.Update:
    return (
        sa.update(RECOGNITIONS)
        .where(
            RECOGNITIONS.c.home == _B("of_home"),
            RECOGNITIONS.c.status_index.in_(places(count)),
            RECOGNITIONS.c.ended_at.is_(None),
        )
        .values(ended_at=_B("at"))
    )


class RedemptionRepository:
    """Decisions, and their uses against capacities."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """In one transaction."""
        self._session = session
        self._upserts = upserts

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Keep decisions that opened an incentive; written at the commit."""
        for decision in decisions:
            self._session.append(
                _DECIDE,
                {
                    "decision_id": decision.decision_id,
                    "venue": decision.venue,
                    "incentive_id": decision.incentive_id,
                    "catalogue_version": decision.catalogue_version,
                    "recognition_id": decision.recognition_id,
                    "decided_at": to_micros(decision.decided_at),
                    "expires_at": to_micros(decision.expires_at),
                    "check_id": decision.check_id,
                    "offline_until": to_micros_or_none(decision.offline_until),
                },
            )

    def decision(self, decision_id: str) -> Decision | None:
        """The decision of that id."""
        self._session.flush_to(_DECIDE)
        row = self._session.one(_DECISION, which=decision_id)
        if row is None:
            return None
        return Decision(
            decision_id=row[0],
            venue=row[1],
            incentive_id=row[2],
            catalogue_version=row[3],
            recognition_id=row[4],
            decided_at=to_instant(row[5]),
            expires_at=to_instant(row[6]),
            check_id=row[7],
            offline_until=to_instant_or_none(row[8]),
        )

    def by_decision(self, decision_id: str) -> Redemption | None:
        """The redemption of a decision."""
        row = self._session.one(_BY_DECISION, which=decision_id)
        return (
            None if row is None else Redemption(row[0], row[1], row[2], row[3], to_instant(row[4]))
        )

    def used(self, incentive_id: str, scope: str) -> int:
        """How many are taken from a capacity."""
        row = self._session.one(_USED, which=incentive_id, in_scope=scope)
        return int(row[0]) if row else 0

    def count(self, counter: Counter) -> bool:
        """Take one from a capacity; the database compares and adds in one statement."""
        if self._count(counter):
            return True
        self._session.write(
            self._upserts.counter,
            incentive_id=counter.incentive_id,
            scope=counter.scope,
            used=0,
        )
        return self._count(counter)

    def _count(self, counter: Counter) -> bool:
        taken = self._session.write(
            _COUNT, which=counter.incentive_id, in_scope=counter.scope, most=counter.limit
        )
        return bool(taken)

    def give_back(self, incentive_id: str, scope: str) -> None:
        """Give one back to a capacity; nothing where none was taken."""
        self._session.write(_GIVE_BACK, which=incentive_id, in_scope=scope)

    def add(self, redemption: Redemption) -> None:
        """Keep a redemption; the decision's uniqueness is the database's to hold."""
        self._session.write(
            _ADD_REDEMPTION,
            redemption_id=redemption.redemption_id,
            decision_id=redemption.decision_id,
            incentive_id=redemption.incentive_id,
            venue=redemption.venue,
            redeemed_at=to_micros(redemption.redeemed_at),
        )


def _recognition(row: Row | None) -> StoredRecognition | None:
    return None if row is None else recognition_of(row)


def recognition_of(row: Row) -> StoredRecognition:
    """The recognition in a row of their table."""
    return StoredRecognition(
        recognition_id=row[0],
        pass_digest=row[1],
        home=CityCode(row[2]),
        pseudonym=row[3],
        band_id=row[4],
        commendations=to_names(row[5]),
        scenarios=to_names(row[6]),
        agreement_id=row[7],
        agreement_version=row[8],
        attestation_id=row[9],
        status_index=int(row[10]),
        checked_at=to_instant(row[11]),
        expires_at=to_instant(row[12]),
        ended_at=to_instant_or_none(row[13]),
        local_milli=row[14],
        counting=UseCounting(row[15]),
        use_commitment=row[16],
    )
