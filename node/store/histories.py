"""What residents and visitors see again: decisions for a visitor, receipts of consents."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from node.attested import ConsentReceipt, Visit
from node.model import Page, PageRequest
from node.store.connection import Row, Session
from node.store.paging import page
from node.store.tables import CONSENTS
from node.store.trust_tables import CONSENT_RECEIPTS, VISITS
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
_ADD_VISIT: Final = sa.insert(VISITS)
_VISITS: Final = (
    sa.select(VISITS)
    .where(VISITS.c.recognition_id == _B("whose"), VISITS.c.visit_id < _B("before"))
    .order_by(VISITS.c.visit_id.desc())
    .limit(_B("most"))
)
_ADD_RECEIPT: Final = sa.insert(CONSENT_RECEIPTS)
_RECEIPT: Final = sa.select(CONSENT_RECEIPTS).where(CONSENT_RECEIPTS.c.consent_id == _B("which"))
_ENDING: Final = (
    sa.select(CONSENT_RECEIPTS)
    .join(CONSENTS, CONSENTS.c.consent_id == CONSENT_RECEIPTS.c.consent_id)
    .where(
        CONSENTS.c.withdrawn_at.is_(None),
        CONSENTS.c.expires_at > _B("now"),
        CONSENTS.c.expires_at <= _B("upto"),
        CONSENT_RECEIPTS.c.reminded_at.is_(None),
    )
    .order_by(CONSENTS.c.expires_at)
    .limit(_B("most"))
)
_REMINDED: Final = (
    sa.update(CONSENT_RECEIPTS)
    .where(CONSENT_RECEIPTS.c.consent_id == _B("which"))
    .values(reminded_at=_B("at"))
)


class VisitRepository:
    """What this city, as host, decided for visitors, in one transaction."""

    def __init__(self, session: Session) -> None:
        """Over one session."""
        self._session = session

    def add(self, visit: Visit) -> None:
        """Keep a visit; written at the commit."""
        self._session.append(
            _ADD_VISIT,
            {
                "recognition_id": visit.recognition_id,
                "visit_id": visit.visit_id,
                "at": to_micros(visit.at),
                "venue": visit.venue,
                "opened": from_names(visit.opened),
                "closed": from_names(visit.closed),
            },
        )

    def page(self, recognition_id: str, request: PageRequest) -> Page[Visit]:
        """The visits of a recognised visitor, the newest first."""
        self._session.flush()
        rows = self._session.all(
            _VISITS, whose=recognition_id, before=request.token or _LAST, most=request.size + 1
        )
        return page(tuple(map(_visit, rows)), request, lambda visit: visit.visit_id)


class ConsentReceiptRepository:
    """Receipts of consents, in one transaction."""

    def __init__(self, session: Session) -> None:
        """Over one session."""
        self._session = session

    def add(self, receipt: ConsentReceipt) -> None:
        """Keep a receipt together with its consent."""
        self._session.write(
            _ADD_RECEIPT,
            consent_id=receipt.consent_id,
            resident_id=receipt.resident_id,
            text_version=receipt.text_version,
            content=receipt.content,
            log_sequence=receipt.log_sequence,
            reminded_at=to_micros_or_none(receipt.reminded_at),
        )

    def get(self, consent_id: str) -> ConsentReceipt | None:
        """The receipt of a consent."""
        row = self._session.one(_RECEIPT, which=consent_id)
        return None if row is None else _receipt(row)

    def ending(self, now: datetime, upto: datetime, most: int) -> tuple[ConsentReceipt, ...]:
        """Of consents that stand and end by `upto`, and whose residents were not reminded."""
        rows = self._session.all(_ENDING, now=to_micros(now), upto=to_micros(upto), most=most)
        return tuple(map(_receipt, rows))

    def reminded(self, consent_id: str, at: datetime) -> None:
        """Mark a resident as reminded of the end of a consent."""
        self._session.write(_REMINDED, which=consent_id, at=to_micros(at))


def _visit(row: Row) -> Visit:
    return Visit(
        recognition_id=row[0],
        visit_id=row[1],
        at=to_instant(row[2]),
        venue=row[3],
        opened=to_names(row[4]),
        closed=to_names(row[5]),
    )


def _receipt(row: Row) -> ConsentReceipt:
    return ConsentReceipt(
        consent_id=row[0],
        resident_id=row[1],
        text_version=row[2],
        content=bytes(row[3]),
        log_sequence=row[4],
        reminded_at=to_instant_or_none(row[5]),
    )
