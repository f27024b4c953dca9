"""Reminds residents of consents that are about to end, once each.

Fourteen days before the end, but not before half of its life is over: who has just consented for a
week is not told at once that it ends.
"""

from collections.abc import Iterable
from typing import Final

from node.attested import ConsentReceipt
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
        """Remind of each consent that is due; how many. Each portion is one transaction.

        They are looked for by a reader, past all consents that stand: nobody waits for that.
        """
        total = 0
        while found := await self._uow.read(self._due):
            done = await self._uow.run(lambda tx, f=found: self._remind(tx, f))  # type: ignore[misc]
            if not done:
                # Another process was sooner; what is left is for the next look.
                break
            total += done
        return total

    def _due(self, tx: Transaction) -> tuple[ConsentReceipt, ...]:
        now = self._here.now()
        return tx.consent_receipts.ending(now, now + CONSENT_REMINDER, _AT_ONCE)

    def _remind(self, tx: Transaction, found: Iterable[ConsentReceipt]) -> int:
        now, count = self._here.now(), 0
        for receipt in found:
            consent = tx.consents.get(receipt.consent_id)
            # It may have been withdrawn since it was found, or be gone.
            if consent is None or not consent.stands_at(now):
                continue
            if not tx.consent_receipts.reminded(receipt.consent_id, now):
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
