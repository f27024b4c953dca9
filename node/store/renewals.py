"""The host's side of renewal: which recognitions are due, and requests that are on their way."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from node.attested import Due, PendingRenewal
from node.model import StoredRecognition
from node.store.connection import Session
from node.store.lists import named, places, portions
from node.store.tables import RECOGNITIONS
from node.store.trust_tables import RENEWALS
from node.store.values import from_names, to_instant, to_micros
from node.store.visits import recognition_of

# Pseudonyms of one look-up: a longer statement is no faster.
_AT_ONCE: Final = 64
_BY_ID: Final = 1024

_B: Final = sa.bindparam
_R: Final = RECOGNITIONS.c
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
    _R.home == _B("of_home"),
    _R.expires_at <= _B("upto"),
    _R.expires_at > _B("now"),
    _R.ended_at.is_(None),
    _R.checked_at < _B("checked_before"),
)
_COUNT: Final = sa.select(sa.func.count()).select_from(RECOGNITIONS).where(_DUE)
_SOME: Final = (
    sa.select(RECOGNITIONS)
    .where(
        _DUE,
        # Said twice, for the index: from that instant on, and amid those that end at it.
        _R.expires_at >= _B("after_end"),
        sa.or_(_R.expires_at > _B("after_end"), _R.recognition_id > _B("after_id")),
    )
    .order_by(_R.expires_at, _R.recognition_id)
    .limit(_B("most"))
)
_KNOWN_AS: Final = sa.select(RECOGNITIONS).where(
    _R.home == _B("of_home"),
    _R.pseudonym.in_([_B(f"known_{i}") for i in range(_AT_ONCE)]),
)
_AS_BEFORE: Final = sa.and_(
    _R.recognition_id == _B("which"),
    _R.ended_at.is_(None),
    _R.attestation_id == _B("before"),
)
_END: Final = sa.update(RECOGNITIONS).where(_AS_BEFORE).values(ended_at=_B("at"))
_RENEW: Final = (
    sa.update(RECOGNITIONS)
    .where(_AS_BEFORE)
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
        counting=_B("counts"),
        use_commitment=_B("committed"),
        local_milli=_B("local"),
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

    def forget(self, home: CityCode, request_id: str) -> bool:
        """Let a request go; False where somebody had done so before."""
        return bool(self._session.write(_FORGET, of_home=home, which=request_id))

    def count(self, due: Due) -> int:
        """How many recognitions are due."""
        row = self._session.one(_COUNT, **_which(due))
        return int(row[0]) if row else 0

    def due(
        self, due: Due, most: int, after: StoredRecognition | None = None
    ) -> tuple[StoredRecognition, ...]:
        """At most so many of them, those that end first first, beyond that one."""
        rows = self._session.all(
            _SOME,
            **_which(due),
            after_end=to_micros(after.expires_at) if after else 0,
            after_id=after.recognition_id if after else "",
            most=most,
        )
        return tuple(recognition_of(row) for row in rows)

    def known_as(
        self, home: CityCode, pseudonyms: Sequence[bytes]
    ) -> dict[bytes, StoredRecognition]:
        """The recognitions that a home city calls so, those that ended too."""
        found = dict[bytes, StoredRecognition]()
        for start in range(0, len(pseudonyms), _AT_ONCE):
            some = list(pseudonyms[start : start + _AT_ONCE])
            # The last few are asked for again and again, to fill the statement up.
            filled = [*some, *(some[-1:] * (_AT_ONCE - len(some)))]
            named = {f"known_{i}": pseudonym for i, pseudonym in enumerate(filled)}
            for row in self._session.all(_KNOWN_AS, of_home=home, **named):
                recognition = recognition_of(row)
                found[recognition.pseudonym] = recognition
        return found

    def unchanged(self, known: Sequence[StoredRecognition]) -> list[StoredRecognition]:
        """Those that have not ended, and were not asked for anew, since they were read."""
        still = {
            (which, by)
            for some in portions((each.recognition_id for each in known), _BY_ID)
            for which, by in self._session.all(_unended(len(some)), **named(some))
        }
        return [each for each in known if (each.recognition_id, each.attestation_id) in still]

    def renew(self, renewed: Sequence[tuple[StoredRecognition, StoredRecognition]]) -> int:
        """Replace recognitions by newer ones, (before, after); how many.

        One that ended, or was asked for anew, in the meantime is not touched.
        """
        return self._session.write_each(
            _RENEW,
            [
                {
                    "which": before.recognition_id,
                    "before": before.attestation_id,
                    "band": after.band_id,
                    "named": from_names(after.commendations),
                    "for_": from_names(after.scenarios),
                    "now_by": after.attestation_id,
                    "place": str(after.status_index),
                    "at": to_micros(after.checked_at),
                    "until": to_micros(after.expires_at),
                    "under": after.agreement_id,
                    "under_version": after.agreement_version,
                    "counts": after.counting.value,
                    "committed": after.use_commitment,
                    "local": after.local_milli,
                }
                for before, after in renewed
            ],
        )

    def end(self, refused: Sequence[StoredRecognition], at: datetime) -> int:
        """Mark them as no longer standing; how many. As for `renew`."""
        return self._session.write_each(
            _END,
            [
                {"which": each.recognition_id, "before": each.attestation_id, "at": to_micros(at)}
                for each in refused
            ],
        )


@lru_cache
def _unended(count: int) -> sa.Select[Any]:
    return sa.select(_R.recognition_id, _R.attestation_id).where(
        _R.recognition_id.in_(places(count)), _R.ended_at.is_(None)
    )


def _which(due: Due) -> Mapping[str, object]:
    return {
        "of_home": due.home,
        "now": to_micros(due.now),
        "upto": to_micros(due.upto),
        "checked_before": to_micros(due.checked_before),
    }
