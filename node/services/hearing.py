"""What this host hears of attestations that stand no more: brought by the home city, or fetched.

What is kept is in force at once: the transaction that keeps a list ends the recognitions whose
places are newly set, so that open decisions that rest on them are used no more. A place that was
set stays so, whatever a later list says: indices are given once.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from federation import codec
from federation.envelope import Envelope, Verified, open_envelope
from federation.errors import STATUS_ROLLED_BACK, TOO_LARGE, HutongError
from federation.identifiers import CityCode
from federation.limits import STATUS_LISTS
from federation.standing import StatusList
from federation.status_list import bits_of, joined, newly_set, status_index
from federation.trust import signing_keys
from node import deadlines, limits
from node.attested import PartnerStatusList
from node.errors import PEER_UNREACHABLE
from node.logbook import LogKind
from node.ports import PeerStatuses, Transaction, UnitOfWork
from node.registry import PartnerState
from node.services.here import Here
from node.services.partners import active_partner
from node.services.swapping import Swapping

_NONE_SET: Final = bits_of(())
_LOG = structlog.get_logger()


class Hearing:
    """Keeps the status lists of home cities."""

    def __init__(
        self, here: Here, uow: UnitOfWork, peers: PeerStatuses, swapping: Swapping
    ) -> None:
        """For the host city of `here`."""
        self._here = here
        self._uow = uow
        self._peers = peers
        self._swapping = swapping
        self._fetching: dict[CityCode, asyncio.Task[None]] = {}

    async def receive(self, home: CityCode, envelopes: Sequence[Envelope]) -> None:
        """Keep lists that a home city brought; it returns once they are in force.

        1. Each is signed by that city, for this one, and has not ended.
        2. None has a lower sequence than is known of that city.
        3. Each is kept with what it ends, in a transaction of its own: a city with many visitors
           does not hold up the others.

        Raises:
            HutongError: STATUS_ROLLED_BACK for the second; what is wrong with an envelope.
        """
        # 1.
        lists = await self._swapping.opened(
            home, lambda: [self._open(home, envelope) for envelope in envelopes]
        )
        # 2. and 3.
        for listed in lists:
            await self._uow.run(lambda tx, listed=listed: self._keep(tx, home, listed))  # type: ignore[misc]

    async def fetch(self, home: CityCode) -> None:
        """Fetch and keep the lists of a home city; who asks meanwhile waits for the same answer.

        Nobody waits for longer than for a call to it, however many lists it sends, and how slowly.

        Raises:
            HutongError: PEER_UNREACHABLE, PEER_REFUSED, NOT_A_PARTNER, or what is wrong with them.
        """
        task = self._fetching.get(home)
        if task is None:
            task = asyncio.create_task(
                self._fetch(home), name=f"status lists of {home}", context=deadlines.detached()
            )
            self._fetching[home] = task
            task.add_done_callback(lambda ended: self._fetched(home, ended))
        try:
            async with asyncio.timeout(deadlines.within(limits.PEER_DEADLINE.total_seconds())):
                # One caller that goes away does not take it from the others.
                await asyncio.shield(task)
        except TimeoutError as error:
            raise self._late(home) from error

    async def catch_up(self) -> None:
        """Fetch the lists of every home city: what ended while this process was down is in force.

        For before anything is decided. A home city that is away or slow holds it up for a moment
        only; what is known of it counts as far as the agreement lets it, and it is heard later.
        """
        homes = [
            city
            for city, partner in self._uow.registry.partners.items()
            if partner.state is PartnerState.ACTIVE
        ]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits.CATCH_UP.total_seconds()):
                await asyncio.gather(*map(self.fetch, homes), return_exceptions=True)

    async def close(self) -> None:
        """Let what runs go."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self, home: CityCode) -> None:
        partner = active_partner(self._uow.registry, home)
        try:
            async with asyncio.timeout(limits.STATUS_FETCH.total_seconds()):
                lists = await self._peers.status_lists(partner)
            await self.receive(home, lists)
        except TimeoutError as error:
            raise self._late(home) from error
        except HutongError as error:
            if error.reason != STATUS_ROLLED_BACK:
                raise
            # Newer ones were brought while these were on their way; or the home city lost some of
            # its store. What is kept decides in both cases.
            _LOG.warning("status_lists_rolled_back", home=home, told=error.text("en"))

    def _fetched(self, home: CityCode, ended: "asyncio.Task[None]") -> None:
        self._fetching.pop(home)
        if not ended.cancelled():
            # Seen, also where all who asked have gone.
            ended.exception()

    def _late(self, home: CityCode) -> HutongError:
        partner = self._uow.registry.partners.get(home)
        address = str(partner.bundle.endpoints[0]) if partner else ""
        problem = "its status lists did not come in time"
        return HutongError(PEER_UNREACHABLE, city=home, address=address, problem=problem)

    def _open(self, home: CityCode, envelope: Envelope) -> Verified[StatusList]:
        return open_envelope(
            envelope,
            codec.STATUS_LIST,
            signed_by=[signing_keys(active_partner(self._uow.registry, home).bundle)],
            audience=self._here.city,
            now=self._here.now(),
        )

    def _keep(self, tx: Transaction, home: CityCode, opened: Verified[StatusList]) -> None:
        # Another process of this city may have suspended it meanwhile.
        active_partner(tx.registry, home)
        said, now = opened.message, self._here.now()
        sequence, count = tx.partner_statuses.heard(home)
        if said.sequence < sequence:
            raise HutongError(
                STATUS_ROLLED_BACK, city=home, actual=str(said.sequence), known=str(sequence)
            )
        before = tx.partner_statuses.get(home, said.list_number)
        if before is None and count >= STATUS_LISTS:
            raise HutongError(
                TOO_LARGE,
                where=f"the status lists of {home}",
                size=str(count + 1),
                limit=str(STATUS_LISTS),
            )
        kept = _merged(before, home, said, now)
        ended = newly_set(before.bits if before else _NONE_SET, kept.bits)
        if kept != before:
            tx.partner_statuses.put([kept])
        indices = (status_index(said.list_number, place) for place in ended)
        tx.recognitions.end_at(home, indices, now)
        if before is None or said.sequence > before.sequence:
            self._here.trace(tx, LogKind.RECEIVED, opened.envelope.payload, now)


def _merged(
    before: PartnerStatusList | None, home: CityCode, said: StatusList, now: datetime
) -> PartnerStatusList:
    """What is kept of a list: it is never from the future, and a place that was set stays set."""
    header = said.header
    issued_at, expires_at = min(header.issued_at, now), header.expires_at
    bits = joined(before.bits, said.bits) if before else said.bits
    if before and before.issued_at >= issued_at and before.issued_at <= now:
        # An older one that comes late makes nothing older.
        issued_at, expires_at = before.issued_at, before.expires_at
    return PartnerStatusList(home, said.list_number, said.sequence, issued_at, expires_at, bits)
