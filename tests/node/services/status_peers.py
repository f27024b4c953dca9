"""Status lists, brought to or fetched from the other cities of a world."""

import abc
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from federation.envelope import Envelope
from federation.identifiers import CityCode
from node.registry import Partner

if TYPE_CHECKING:
    from tests.node.services.world import World

T = TypeVar("T")


class DirectStatuses(abc.ABC):
    """Needs `_call` of `DirectPeers`; the calls are named "push" and "lists"."""

    _here: CityCode
    _world: "World"

    @abc.abstractmethod
    async def _call(
        self, partner: Partner, act: Callable[[], Awaitable[T]], name: str = ""
    ) -> T: ...

    async def push_status_lists(self, partner: Partner, lists: tuple[Envelope, ...]) -> None:
        hearing = self._world[partner.city].cases.hearing
        await self._call(partner, lambda: hearing.receive(self._here, lists), "push")

    async def status_lists(self, partner: Partner) -> tuple[Envelope, ...]:
        desk = self._world[partner.city].cases.status_desk
        signed = await self._call(partner, lambda: desk.give(self._here), "lists")
        return signed.lists
