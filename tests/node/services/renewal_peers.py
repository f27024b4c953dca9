"""Renewals by the other cities of a world."""

from collections.abc import AsyncIterator

from federation.envelope import Envelope
from federation.errors import HutongError
from node.errors import PEER_REFUSED
from node.ports import RenewalPortion
from node.registry import Partner


class DirectRenewals:
    """Needs `_reach` of `DirectPeers`."""

    async def renew_attestations(
        self, partner: Partner, requests: AsyncIterator[Envelope]
    ) -> AsyncIterator[RenewalPortion]:
        async for _ in requests:
            raise HutongError(
                PEER_REFUSED, city=partner.city, peer_reason="UNIMPLEMENTED", detail=""
            )
            yield
