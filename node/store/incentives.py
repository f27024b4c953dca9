"""Checks, reservations, and what of uses over all cities a host keeps."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from node.incentives import Catalogue
from node.model import Page, PageRequest
from node.redemptions import (
    PendingRelease,
    PendingUse,
    Reservation,
    ReservationState,
    StoredCheck,
)
from node.store.connection import Row, Session, Upserts
from node.store.forms import incentives_from_json
from node.store.incentive_tables import CHECKS, RESERVATIONS, USE_QUESTIONS, USE_RELEASES
from node.store.paging import page
from node.store.tables import CATALOGUES
from node.store.values import (
    from_names,
    to_instant,
    to_instant_or_none,
    to_micros,
    to_micros_or_none,
    to_names,
)

_B: Final = sa.bindparam
_LAST: Final = "~"
_HELD: Final = ReservationState.HELD.value
_ADD_CHECK: Final = sa.insert(CHECKS)
_CHECK: Final = sa.select(CHECKS).where(CHECKS.c.check_id == _B("which"))
_CATALOGUE: Final = sa.select(CATALOGUES).where(CATALOGUES.c.version == _B("which"))
_ADD: Final = sa.insert(RESERVATIONS)
_GET: Final = sa.select(RESERVATIONS).where(RESERVATIONS.c.reservation_id == _B("which"))
_BY_DECISION: Final = sa.select(RESERVATIONS).where(RESERVATIONS.c.decision_id == _B("which"))
_CLOSE: Final = (
    sa.update(RESERVATIONS)
    .where(RESERVATIONS.c.reservation_id == _B("which"), RESERVATIONS.c.state == _B("old_state"))
    .values(
        state=_B("new_state"),
        closed_at=_B("at"),
        redemption_id=_B("redemption"),
        lease_until=_B("counted"),
    )
)
_ENDED: Final = (
    sa.select(RESERVATIONS)
    .where(RESERVATIONS.c.state == _HELD, RESERVATIONS.c.expires_at <= _B("now"))
    .order_by(RESERVATIONS.c.expires_at)
    .limit(_B("most", type_=sa.Integer))
)
_ENDED_OF_ONE: Final = _ENDED.where(RESERVATIONS.c.incentive_id == _B("incentive"))
_PAGE: Final = (
    sa.select(RESERVATIONS)
    .where(RESERVATIONS.c.venue == _B("at_venue"), RESERVATIONS.c.reservation_id < _B("before"))
    .order_by(RESERVATIONS.c.reservation_id.desc())
    .limit(_B("most", type_=sa.Integer))
)
_ASK: Final = sa.insert(USE_QUESTIONS)
_QUESTION: Final = sa.select(USE_QUESTIONS).where(USE_QUESTIONS.c.key == _B("key"))
_UNANSWERED: Final = (
    sa.select(USE_QUESTIONS)
    .where(USE_QUESTIONS.c.asked_at < _B("before"))
    .order_by(USE_QUESTIONS.c.asked_at)
    .limit(_B("most", type_=sa.Integer))
)
_TO: Final = sa.select(USE_QUESTIONS).where(USE_QUESTIONS.c.home == _B("of_home"))
_FORGET: Final = sa.delete(USE_QUESTIONS).where(USE_QUESTIONS.c.lease_id == _B("which"))
_OWED: Final = sa.select(USE_RELEASES.c.home).distinct().order_by(USE_RELEASES.c.home)
_RELEASES: Final = (
    sa.select(USE_RELEASES)
    .where(USE_RELEASES.c.home == _B("of_home"))
    .order_by(USE_RELEASES.c.since)
    .limit(_B("most", type_=sa.Integer))
)
_RELEASED: Final = sa.delete(USE_RELEASES).where(USE_RELEASES.c.lease_id == _B("which"))


class CheckRepository:
    """What was decided, in one transaction."""

    def __init__(self, session: Session) -> None:
        """Over one session."""
        self._session = session

    def add(self, check: StoredCheck) -> None:
        """Keep a check; written at the commit."""
        self._session.append(
            _ADD_CHECK,
            {
                "check_id": check.check_id,
                "recognition_id": check.recognition_id,
                "facts": check.facts,
                "key_id": check.key_id,
                "signature": check.signature,
                "payload_digest": check.payload_digest,
                "expires_at": to_micros(check.expires_at),
            },
        )

    def get(self, check_id: str) -> StoredCheck | None:
        """The check of that id."""
        self._session.flush()
        row = self._session.one(_CHECK, which=check_id)
        if row is None:
            return None
        return StoredCheck(row[0], row[1], row[2], row[3], row[4], row[5], to_instant(row[6]))

    def catalogue(self, version: int) -> Catalogue | None:
        """The catalogue of that version, in force or not."""
        row = self._session.one(_CATALOGUE, which=version)
        return None if row is None else Catalogue(row[0], incentives_from_json(row[1]), row[2])


class ReservationRepository:
    """Places that are held, and were, in one transaction."""

    def __init__(self, session: Session) -> None:
        """Over one session."""
        self._session = session

    def add(self, reservation: Reservation) -> None:
        """Keep a new one; that a decision has one at most is the database's to hold."""
        self._session.write(
            _ADD,
            reservation_id=reservation.reservation_id,
            decision_id=reservation.decision_id,
            incentive_id=reservation.incentive_id,
            venue=reservation.venue,
            recognition_id=reservation.recognition_id,
            scopes=from_names(reservation.scopes),
            state=reservation.state.value,
            reserved_at=to_micros(reservation.reserved_at),
            expires_at=to_micros(reservation.expires_at),
            closed_at=to_micros_or_none(reservation.closed_at),
            redemption_id=reservation.redemption_id,
            home=reservation.home,
            lease_id=reservation.lease_id,
            lease_until=to_micros_or_none(reservation.lease_until),
        )

    def get(self, reservation_id: str) -> Reservation | None:
        """The reservation of that id."""
        row = self._session.one(_GET, which=reservation_id)
        return None if row is None else _reservation(row)

    def by_decision(self, decision_id: str) -> Reservation | None:
        """The reservation of a decision."""
        row = self._session.one(_BY_DECISION, which=decision_id)
        return None if row is None else _reservation(row)

    def close(self, before: Reservation, after: Reservation) -> bool:
        """Change its state, redemption and lease, if its state is still that of `before`."""
        changed = self._session.write(
            _CLOSE,
            which=before.reservation_id,
            old_state=before.state.value,
            new_state=after.state.value,
            at=to_micros_or_none(after.closed_at),
            redemption=after.redemption_id,
            counted=to_micros_or_none(after.lease_until),
        )
        return bool(changed)

    def ended(self, now: datetime, most: int, incentive_id: str = "") -> tuple[Reservation, ...]:
        """Held ones whose time is over, at most so many; of one incentive, or of all for ""."""
        if incentive_id:
            rows = self._session.all(
                _ENDED_OF_ONE, now=to_micros(now), most=most, incentive=incentive_id
            )
        else:
            rows = self._session.all(_ENDED, now=to_micros(now), most=most)
        return tuple(map(_reservation, rows))

    def page(self, venue: str, request: PageRequest) -> Page[Reservation]:
        """Those of a venue, the newest first."""
        rows = self._session.all(
            _PAGE, at_venue=venue, before=request.token or _LAST, most=request.size + 1
        )
        return page(tuple(map(_reservation, rows)), request, lambda each: each.reservation_id)


class UseQuestionRepository:
    """As host: leases that are asked for, and given back, in one transaction."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """Over one session."""
        self._session = session
        self._upserts = upserts

    def ask(self, question: PendingUse) -> None:
        """Keep a question before it is sent."""
        self._session.write(
            _ASK,
            key=question.key,
            lease_id=question.lease_id,
            home=question.home,
            envelope=question.envelope,
            asked_at=to_micros(question.asked_at),
        )

    def get(self, key: bytes) -> PendingUse | None:
        """The question of a request."""
        row = self._session.one(_QUESTION, key=key)
        return None if row is None else _question(row)

    def unanswered(self, before: datetime, most: int) -> tuple[PendingUse, ...]:
        """Questions that were asked before then and are still kept, the oldest first."""
        rows = self._session.all(_UNANSWERED, before=to_micros(before), most=most)
        return tuple(map(_question, rows))

    def to(self, home: CityCode) -> tuple[PendingUse, ...]:
        """The questions to a home city that are still kept."""
        return tuple(map(_question, self._session.all(_TO, of_home=home)))

    def forget(self, lease_id: str) -> bool:
        """Let the question for that lease go; False where it is not there any more."""
        return bool(self._session.write(_FORGET, which=lease_id))

    def give_back(self, release: PendingRelease) -> None:
        """Keep that a lease is given back, until the home city knows; once is enough."""
        self._session.write(
            self._upserts.use_release,
            lease_id=release.lease_id,
            home=release.home,
            since=to_micros(release.since),
        )

    def owed(self) -> tuple[CityCode, ...]:
        """The home cities to which leases are to be given back."""
        return tuple(CityCode(row[0]) for row in self._session.all(_OWED))

    def releases(self, home: CityCode, most: int) -> tuple[PendingRelease, ...]:
        """Leases to be given back to a home city, the oldest first."""
        rows = self._session.all(_RELEASES, of_home=home, most=most)
        return tuple(PendingRelease(r[0], CityCode(r[1]), to_instant(r[2])) for r in rows)

    def released(self, lease_id: str) -> None:
        """The home city knows."""
        self._session.write(_RELEASED, which=lease_id)


def _question(row: Row) -> PendingUse:
    return PendingUse(row[0], row[1], CityCode(row[2]), row[3], to_instant(row[4]))


def _reservation(row: Row) -> Reservation:
    return Reservation(
        reservation_id=row[0],
        decision_id=row[1],
        incentive_id=row[2],
        venue=row[3],
        recognition_id=row[4],
        scopes=to_names(row[5]),
        state=ReservationState(row[6]),
        reserved_at=to_instant(row[7]),
        expires_at=to_instant(row[8]),
        closed_at=to_instant_or_none(row[9]),
        redemption_id=row[10],
        home=row[11],
        lease_id=row[12],
        lease_until=to_instant_or_none(row[13]),
    )
