"""Holds places of an incentive; for one that is limited over all cities the home city is asked.

The home city counts first and the places are taken after: a host that dies between the two holds a
use that it gives back when it is up again, and that ends by itself. No transaction is open while
the home city is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from federation.envelope import Verified
from federation.errors import HutongError
from federation.incentives import UseRequest
from node import limits
from node.incentives import AcrossCities
from node.model import Caller, StoredRecognition
from node.ports import Transaction, UnitOfWork
from node.redemption_errors import RESERVATION_ENDED
from node.redemptions import Reservation
from node.services.answering import Ask, record, recorded
from node.services.decided import text_of
from node.services.here import Here
from node.services.redeeming import Lease, Prepared, Redeeming


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a venue wants held, and what the resident shows with it ("" for nothing)."""

    decision_id: str
    visitor_pass: str = field(default="", repr=False)
    use_key: str = field(default="", repr=False)
    """The text of the resident's use key."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The use that the home city is to count."""

    visitor: StoredRecognition
    limit: AcrossCities
    use_key: str = field(repr=False)


class Uses(Protocol):
    """Uses that home cities count, this city's own side included."""

    def ask(self, tx: Transaction, ask: Ask, use: Counted, now: datetime) -> Verified[UseRequest]:
        """The question kept for this very request of the venue, or a new one, kept.

        Raises where the key is not the resident's, or nobody may be asked.
        """

    async def lease(self, question: Verified[UseRequest]) -> Lease:
        """What the home city says to it; raises where it refuses or cannot be reached."""

    def settle(self, tx: Transaction, ask: Ask, lease: Lease, about: str) -> bool:
        """Let the question go, for its lease is kept with the reservation of the visitor `about`.

        False where it is not there any more: its lease was given back meanwhile.
        """

    def give_back(self, tx: Transaction, ask: Ask, now: datetime) -> None:
        """Let the question go, and have what it may have got given back; nothing without one."""


class Reserving:
    """Reserves, and ends reservations whose time is over."""

    def __init__(self, here: Here, uow: UnitOfWork, redeeming: Redeeming, uses: Uses) -> None:
        """For the venues of `here`; `tick` is called every second or so."""
        self._here = here
        self._uow = uow
        self._redeeming = redeeming
        self._uses = uses

    async def reserve(
        self, ask: Ask, venue: Caller, wanted: Wanted, encode: Callable[[Reservation], bytes]
    ) -> bytes:
        """The encoded answer.

        1. Give the recorded answer, or hold the places; where the home city counts, too, only look
           whether they could be held, and keep the question to it.
        2. Ask the home city.
        3. Hold the places together with the lease and the answer. Where they cannot be held any
           more, the lease is given back.
        """
        # 1.
        asked = await self._uow.run(lambda tx: self._begin(tx, ask, venue, wanted, encode))
        if isinstance(asked, bytes):
            return asked
        # 2.
        lease = await self._uses.lease(asked)

        # 3.
        def end(tx: Transaction) -> bytes:
            found = recorded(tx, ask)
            if found is not None:
                return found
            prepared = self._redeeming.begin(tx, venue, wanted.decision_id, wanted.visitor_pass)
            return self._keep(tx, ask, prepared, lease, encode)

        try:
            return await self._uow.run(end)
        except HutongError:
            await self._uow.run(lambda tx: self._uses.give_back(tx, ask, self._here.now()))
            raise

    def _begin(
        self,
        tx: Transaction,
        ask: Ask,
        venue: Caller,
        wanted: Wanted,
        encode: Callable[[Reservation], bytes],
    ) -> bytes | Verified[UseRequest]:
        found = recorded(tx, ask)
        if found is not None:
            return found
        prepared = self._redeeming.begin(tx, venue, wanted.decision_id, wanted.visitor_pass)
        use = _counted(prepared, wanted) if isinstance(prepared, Prepared) else None
        if use is not None:
            return self._uses.ask(tx, ask, use, self._here.now())
        return self._keep(tx, ask, prepared, None, encode)

    def _keep(
        self,
        tx: Transaction,
        ask: Ask,
        prepared: Prepared | Reservation,
        lease: Lease | None,
        encode: Callable[[Reservation], bytes],
    ) -> bytes:
        now = self._here.now()
        if isinstance(prepared, Reservation):
            # Another request of this venue holds it already; a use that this one got is not needed.
            self._uses.give_back(tx, ask, now)
            held = prepared
        elif lease is None or self._uses.settle(tx, ask, lease, prepared.decision.recognition_id):
            held = self._redeeming.hold(tx, prepared, lease)
        else:
            raise HutongError(RESERVATION_ENDED, ended_at=text_of(now))
        return record(tx, ask, encode(held), now, held.recognition_id)

    async def tick(self) -> None:
        """End reservations whose time is over."""
        now, most = self._here.now(), limits.RESERVATIONS_ENDED
        if await self._uow.read(lambda tx: tx.reservations.ended(now, 1)):
            while await self._uow.run(lambda tx: self._redeeming.end(tx, most)) == most:
                pass


def _counted(prepared: Prepared, wanted: Wanted) -> Counted | None:
    """The use that the home city is to count; None where it counts nothing."""
    limit = prepared.incentive.across_cities
    if limit is None or prepared.visitor is None:
        return None
    return Counted(prepared.visitor, limit, wanted.use_key)
