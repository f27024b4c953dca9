"""Renewals by the other cities of a world."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from federation.envelope import Envelope
from federation.identifiers import CityCode
from node.ports import RenewalPortion
from node.registry import Partner

if TYPE_CHECKING:
    from tests.node.services.world import World


class DirectRenewals:
    """Needs `_call` of `DirectPeers`."""

    _here: CityCode
    _world: "World"
    _call: Callable[..., Awaitable[Any]]

    async def renew_attestations(
        self, partner: Partner, requests: AsyncIterator[Envelope]
    ) -> AsyncGenerator[RenewalPortion, None]:
        batching = self._world[partner.city].cases.batching
        async for request in requests:

            async def act(request: Envelope = request) -> list[RenewalPortion]:
                return [portion async for portion in batching.renew(request, self._here)]

            portions = await self._call(partner, act, "renew")
            lie = self._world.network.renewal_lie
            for portion in await lie(portions) if lie else portions:
                yield portion
            if "renew" in self._world.network.ends:
                return
