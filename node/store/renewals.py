"""The host's side of renewal: which recognitions are due, and requests that are on their way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from node.attested import PendingRenewal
from node.model import StoredRecognition
from node.store.connection import Session
from node.store.tables import RECOGNITIONS
from node.store.trust_tables import RENEWALS
from node.store.values import from_names, to_instant, to_micros, to_names
from node.store.visits import recognition_of

_B: Final = sa.bindparam
_ADD: Final = sa.insert(RENEWALS)
_OF_HOME: Final = (
    sa.select(RENEWALS)
    .where(RENEWALS.c.home == _B("of_home"))
    .order_by(RENEWALS.c.asked_at, RENEWALS.c.request_id)
)
_FORGET: Final = sa.delete(RENEWALS).where(
    RENEWALS.c.home == _B("of_home"), RENEWALS.c.request_id == _B("which")
)
_DUE: Final = sa.and_(
    RECOGNITIONS.c.home == _B("of_home"),
    RECOGNITIONS.c.expires_at <= _B("upto"),
    RECOGNITIONS.c.expires_at > _B("now"),
    RECOGNITIONS.c.ended_at.is_(None),
)
_COUNT: Final = sa.select(sa.func.count()).select_from(RECOGNITIONS).where(_DUE)
_SCENARIOS: Final = sa.select(RECOGNITIONS.c.scenarios).where(_DUE).distinct()
_SOME: Final = (
    sa.select(RECOGNITIONS)
    .where(_DUE, RECOGNITIONS.c.scenarios == _B("named"), RECOGNITIONS.c.expires_at >= _B("from_"))
    .order_by(RECOGNITIONS.c.expires_at, RECOGNITIONS.c.recognition_id)
    .limit(_B("most"))
)
_RENEW: Final = (
    sa.update(RECOGNITIONS)
    .where(
        RECOGNITIONS.c.recognition_id == _B("which"),
        RECOGNITIONS.c.ended_at.is_(None),
        RECOGNITIONS.c.attestation_id == _B("before"),
    )
    .values(
        band_id=_B("band"),
        commendations=_B("named"),
        scenarios=_B("for_"),
        attestation_id=_B("now_by"),
        status_index=_B("place"),
        checked_at=_B("at"),
        expires_at=_B("until"),
        agreement_id=_B("under"),
        agreement_version=_B("under_version"),
    )
)


class RenewalRepository:
    """Renewals of this city as host, in one transaction."""

    def __init__(self, session: Session) -> None:
        """Over one session."""
        self._session = session

    def ask(self, renewal: PendingRenewal) -> None:
        """Keep a request before it is sent."""
        self._session.write(
            _ADD,
            home=renewal.home,
            request_id=renewal.request_id,
            envelope=renewal.envelope,
            asked_at=to_micros(renewal.asked_at),
        )

    def pending(self, home: CityCode) -> tuple[PendingRenewal, ...]:
        """The requests to a home city whose answers are not kept yet, the oldest first."""
        return tuple(
            PendingRenewal(CityCode(row[0]), row[1], bytes(row[2]), to_instant(row[3]))
            for row in self._session.all(_OF_HOME, of_home=home)
        )

    def forget(self, home: CityCode, request_id: str) -> None:
        """Let a request go whose answer is kept, or which is too old to be answered."""
        self._session.write(_FORGET, of_home=home, which=request_id)

    def count(self, home: CityCode, now: datetime, upto: datetime) -> int:
        """How many recognitions of a home city stand at `now` and end by `upto`."""
        row = self._session.one(_COUNT, of_home=home, now=to_micros(now), upto=to_micros(upto))
        return int(row[0]) if row else 0

    def scenario_sets(
        self, home: CityCode, now: datetime, upto: datetime
    ) -> tuple[tuple[str, ...], ...]:
        """The sets of scenarios that those are for."""
        rows = self._session.all(_SCENARIOS, of_home=home, now=to_micros(now), upto=to_micros(upto))
        return tuple(sorted(to_names(row[0]) for row in rows))

    def due(
        self,
        home: CityCode,
        scenarios: tuple[str, ...],
        now: datetime,
        *,
        since: datetime,
        upto: datetime,
        most: int,
    ) -> tuple[StoredRecognition, ...]:
        """At most so many of those, for these scenarios, ending from `since` on, in that order."""
        rows = self._session.all(
            _SOME,
            of_home=home,
            named=from_names(scenarios),
            now=to_micros(now),
            from_=to_micros(since),
            upto=to_micros(upto),
            most=most,
        )
        return tuple(recognition_of(row) for row in rows)

    def renew(self, renewed: Sequence[tuple[StoredRecognition, StoredRecognition]]) -> int:
        """Replace recognitions by newer ones, (before, after); how many.

        One that ended, or was asked for anew, in the meantime is not touched.
        """
        return sum(
            self._session.write(
                _RENEW,
                which=before.recognition_id,
                before=before.attestation_id,
                band=after.band_id,
                named=from_names(after.commendations),
                for_=from_names(after.scenarios),
                now_by=after.attestation_id,
                place=str(after.status_index),
                at=to_micros(after.checked_at),
                until=to_micros(after.expires_at),
                under=after.agreement_id,
                under_version=after.agreement_version,
            )
            for before, after in renewed
        )
