"""Receipts of consents: the very bytes that residents were shown."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from node.attested import ConsentReceipt
from node.store.connection import Row, Session
from node.store.tables import CONSENTS
from node.store.trust_tables import CONSENT_RECEIPTS
from node.store.values import to_instant_or_none, to_micros, to_micros_or_none

_B: Final = sa.bindparam
_ADD_RECEIPT: Final = sa.insert(CONSENT_RECEIPTS)
_RECEIPT: Final = sa.select(CONSENT_RECEIPTS).where(CONSENT_RECEIPTS.c.consent_id == _B("which"))
_ENDING: Final = (
    sa.select(CONSENT_RECEIPTS)
    .join(CONSENTS, CONSENTS.c.consent_id == CONSENT_RECEIPTS.c.consent_id)
    .where(
        CONSENTS.c.withdrawn_at.is_(None),
        CONSENTS.c.expires_at > _B("now"),
        CONSENTS.c.expires_at <= _B("upto"),
        # Its second half has begun.
        CONSENTS.c.expires_at - _B("now") <= _B("now") - CONSENTS.c.given_at,
        CONSENT_RECEIPTS.c.reminded_at.is_(None),
    )
    .order_by(CONSENTS.c.expires_at)
    .limit(_B("most"))
)
_REMINDED: Final = (
    sa.update(CONSENT_RECEIPTS)
    .where(
        CONSENT_RECEIPTS.c.consent_id == _B("which"),
        CONSENT_RECEIPTS.c.reminded_at.is_(None),
    )
    .values(reminded_at=_B("at"))
)


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
        """Of consents that stand and end by `upto`, at most so many, soonest first.

        Only those whose second half has begun, and whose residents were not reminded.
        """
        rows = self._session.all(_ENDING, now=to_micros(now), upto=to_micros(upto), most=most)
        return tuple(map(_receipt, rows))

    def reminded(self, consent_id: str, at: datetime) -> bool:
        """Mark a resident as reminded of the end of a consent; False where one was before."""
        return bool(self._session.write(_REMINDED, which=consent_id, at=to_micros(at)))


def _receipt(row: Row) -> ConsentReceipt:
    return ConsentReceipt(
        consent_id=row[0],
        resident_id=row[1],
        text_version=row[2],
        content=bytes(row[3]),
        log_sequence=row[4],
        reminded_at=to_instant_or_none(row[5]),
    )
