"""Uses that cities count for each other, as far as a simulated network lets calls through."""

import abc
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from federation import codec
from federation.envelope import Envelope
from federation.identifiers import CityCode
from node.registry import Partner

if TYPE_CHECKING:
    from tests.node.services.world import World

T = TypeVar("T")


class DirectUses(abc.ABC):
    """Needs `_call` of `DirectPeers`; the calls are named "reserve" and "release"."""

    _here: CityCode
    _world: "World"

    @abc.abstractmethod
    async def _call(
        self, partner: Partner, act: Callable[[], Awaitable[T]], name: str = ""
    ) -> T: ...

    async def reserve_use(self, partner: Partner, request: Envelope) -> Envelope:
        network, desk = self._world.network, self._world[partner.city].cases.counting
        network.heard.append(request)
        answer = await self._call(partner, lambda: desk.grant(request, self._here), "reserve")
        lease = codec.envelope_from_bytes(answer)
        return network.lie(lease) if network.lie else lease

    async def release_use(self, partner: Partner, release: Envelope) -> None:
        desk = self._world[partner.city].cases.counting
        self._world.network.heard.append(release)
        await self._call(partner, lambda: desk.release(release, self._here), "release")
