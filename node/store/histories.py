"""What residents and visitors see again: every event that concerned them, the newest first.

The events of a resident are those that other tables tell of: each kind is read from its own table,
and what is read is merged. Each is there once.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from federation.limits import PRESENTATION_CODE_LIFETIME
from federation.messages import Disclosure
from node.history import Event, HistoryKind, Place, Visit
from node.model import UseOutcome
from node.store.attestations import OF_RESIDENT
from node.store.connection import Row, Session, Upserts
from node.store.incentive_tables import USE_LEASES
from node.store.tables import CODES, CONSENTS, USES
from node.store.trust_tables import ATTESTATIONS, VISITS
from node.store.values import from_names, to_instant, to_micros, to_names, to_span

_B: Final = sa.bindparam
# Above every UUID, in the order of any language.
_LAST: Final = "z"
# Above every instant.
_EVER: Final = Place(1 << 60, 0, "")
_LIFETIME: Final = to_span(PRESENTATION_CODE_LIFETIME)


@dataclass(frozen=True, slots=True)
class _Source:
    """One kind of events: the statement that reads them, the newest first before a place.

    Its columns are the instant, the id of what it is about, and as `Event` has them the subject,
    the city, the scenarios, the disclosure, the refusal and the kind of a use.
    """

    kind: HistoryKind
    statement: sa.Select[Any]
    raw: bool = False


def _source(
    kind: HistoryKind,
    instant: "sa.ColumnElement[int]",
    about: "sa.Column[Any]",
    subject: "sa.Column[str]",
    of: sa.Table,
    *conditions: sa.ColumnElement[bool],
) -> _Source:
    known = of in {CONSENTS, USES}
    statement = sa.select(
        instant,
        about,
        subject,
        of.c.host,
        of.c.scenarios if known else sa.literal(""),
        of.c.disclosure if known else sa.null(),
        of.c.refusal if of is USES else sa.literal(""),
        of.c.use_class if of is USE_LEASES else sa.literal(""),
    )
    if about.table is CODES:
        statement = statement.join_from(CODES, CONSENTS, CODES.c.consent_id == subject)
    whose = OF_RESIDENT if of is ATTESTATIONS else of.c.resident_id == _B("whose")
    upto = sa.or_(instant < _B("at"), sa.and_(instant == _B("at"), about < _B("about")))
    return _Source(
        kind,
        statement.where(whose, upto, *conditions)
        .order_by(instant.desc(), about.desc())
        .limit(_B("most")),
        raw=about.table is CODES,
    )


_MADE: Final = CODES.c.expires_at - _LIFETIME
_CONSENT: Final = (CONSENTS.c.consent_id, CONSENTS.c.consent_id, CONSENTS)
_CODE: Final = (CODES.c.code_digest, CONSENTS.c.consent_id, CONSENTS)
_USE: Final = (USES.c.use_id, USES.c.use_id, USES)
_ATTESTATION: Final = (ATTESTATIONS.c.attestation_id, ATTESTATIONS.c.attestation_id, ATTESTATIONS)
_LEASE: Final = (USE_LEASES.c.lease_id, USE_LEASES.c.lease_id, USE_LEASES)
_USE_ENDED: Final = sa.case(
    (USE_LEASES.c.released_at < USE_LEASES.c.until, USE_LEASES.c.released_at),
    else_=USE_LEASES.c.until,
)
# What had not ended by now is told of later.
_UNTIL_NOW: Final = frozenset({HistoryKind.CONSENT_ENDED, HistoryKind.USE_ENDED})
_SOURCES: Final = (
    _source(HistoryKind.CONSENT_GIVEN, CONSENTS.c.given_at, *_CONSENT),
    _source(HistoryKind.CONSENT_WITHDRAWN, CONSENTS.c.withdrawn_at, *_CONSENT),
    _source(
        HistoryKind.CONSENT_ENDED,
        CONSENTS.c.expires_at,
        *_CONSENT,
        CONSENTS.c.expires_at <= _B("now"),
        sa.or_(CONSENTS.c.withdrawn_at.is_(None), CONSENTS.c.withdrawn_at >= CONSENTS.c.expires_at),
    ),
    _source(HistoryKind.CODE_MADE, _MADE, *_CODE),
    _source(HistoryKind.CODE_USED, CODES.c.used_at, *_CODE),
    _source(
        HistoryKind.ATTESTED,
        USES.c.used_at,
        *_USE,
        USES.c.outcome == UseOutcome.ATTESTED.value,
    ),
    _source(
        HistoryKind.RENEWED,
        ATTESTATIONS.c.issued_at,
        *_ATTESTATION,
        ATTESTATIONS.c.batch_id != "",
    ),
    _source(HistoryKind.REFUSED, USES.c.used_at, *_USE, USES.c.outcome == UseOutcome.REFUSED.value),
    _source(HistoryKind.ATTESTATION_WITHDRAWN, ATTESTATIONS.c.ended_at, *_ATTESTATION),
    _source(HistoryKind.USE_COUNTED, USE_LEASES.c.granted_at, *_LEASE),
    _source(HistoryKind.USE_ENDED, _USE_ENDED, *_LEASE, _B("now") >= _USE_ENDED),
)

_VISITS: Final = (
    sa.select(VISITS)
    .where(VISITS.c.recognition_id == _B("whose"), VISITS.c.visit_id < _B("before"))
    .order_by(VISITS.c.visit_id.desc())
    .limit(_B("most"))
)


class HistoryRepository:
    """What happened to residents of this city as home, in one transaction."""

    def __init__(self, session: Session) -> None:
        """Over one session."""
        self._session = session

    def events(
        self, resident_id: str, now: datetime, most: int, *, before: Place | None = None
    ) -> tuple[Event, ...]:
        """At most so many events of a resident until `now`, the newest first, before a place."""
        self._session.flush()
        found = list[Event]()
        for source in _SOURCES:
            found.extend(self._of(source, resident_id, now, most, before or _EVER))
        found.sort(key=lambda event: event.place, reverse=True)
        return tuple(islice(found, most))

    def _of(
        self, source: _Source, resident_id: str, now: datetime, most: int, before: Place
    ) -> list[Event]:
        number = source.kind.value
        # Of the instant itself: all where the kind comes before, none where it comes after.
        at = before.micros + (number < before.kind)
        about = before.about if number == before.kind else ""
        values: dict[str, object] = {"at": at, "whose": resident_id, "most": most}
        values["about"] = bytes.fromhex(about) if source.raw else about
        if source.kind in _UNTIL_NOW:
            values["now"] = to_micros(now)
        rows = self._session.all(source.statement, **values)
        return [_event(source, row) for row in rows]


class VisitRepository:
    """What happened to visitors of this city as host, in one transaction."""

    def __init__(self, session: Session, upserts: Upserts) -> None:
        """Over one session."""
        self._session = session
        self._upserts = upserts

    def add(self, visit: Visit) -> None:
        """Keep an event; written at the commit. One that is there already stays."""
        self._session.append(
            self._upserts.visit,
            {
                "recognition_id": visit.recognition_id,
                "visit_id": visit.visit_id,
                "at": to_micros(visit.at),
                "kind": visit.kind.value,
                "subject": visit.subject,
                "venue": visit.venue,
                "opened": from_names(visit.opened),
                "closed": from_names(visit.closed),
            },
        )

    def newest(self, recognition_id: str, most: int, *, before: str = "") -> tuple[Visit, ...]:
        """At most so many events of a recognised visitor, the newest first, before that id."""
        self._session.flush()
        rows = self._session.all(_VISITS, whose=recognition_id, before=before or _LAST, most=most)
        return tuple(map(_visit, rows))


def _event(source: _Source, row: Row) -> Event:
    return Event(
        place=Place(row[0], source.kind.value, row[1].hex() if source.raw else row[1]),
        at=to_instant(row[0]),
        kind=source.kind,
        subject=row[2],
        city=CityCode(row[3]),
        scenarios=to_names(row[4]),
        disclosure=None if row[5] is None else Disclosure(row[5]),
        refusal=row[6],
        use_class=row[7],
    )


def _visit(row: Row) -> Visit:
    return Visit(
        recognition_id=row[0],
        visit_id=row[1],
        at=to_instant(row[2]),
        kind=HistoryKind(row[3]),
        subject=row[4],
        venue=row[5],
        opened=to_names(row[6]),
        closed=to_names(row[7]),
    )
