"""Reminds residents of consents that are about to end, once each.

Fourteen days before the end, but not before half of its life is over: who has just consented for a
week is not told at once that it ends.
"""

from typing import Final

from node.limits import CONSENT_REMINDER
from node.ports import Transaction, UnitOfWork
from node.records import NoticeKind
from node.services.here import Here
from node.services.noticing import notify

_AT_ONCE: Final = 200


class Reminding:
    """Looks for consents that end soon."""

    def __init__(self, here: Here, uow: UnitOfWork) -> None:
        """For the residents of `here`; `tick` is called every few minutes."""
        self._here = here
        self._uow = uow

    async def tick(self) -> int:
        """Remind of each consent that is due; how many. Each portion is one transaction."""
        total = 0
        while found := await self._uow.run(self._portion):
            total += found
        return total

    def _portion(self, tx: Transaction) -> int:
        now, count = self._here.now(), 0
        for receipt in tx.consent_receipts.ending(now, now + CONSENT_REMINDER, _AT_ONCE):
            consent = tx.consents.get(receipt.consent_id)
            if consent is None or not tx.consent_receipts.reminded(receipt.consent_id, now):
                continue
            count += 1
            notify(
                tx,
                self._here,
                consent.resident_id,
                NoticeKind.CONSENT_ENDING,
                now,
                city=consent.host,
                consent=consent.consent_id,
                ends_at=consent.expires_at.isoformat(),
            )
        return count
