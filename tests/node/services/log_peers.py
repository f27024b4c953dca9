"""The logs of the other cities of a world."""

import abc
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from federation.identifiers import CityCode
from node.ports import Cosigned
from node.registry import Partner
from node.services.witnessing import Witnessing

if TYPE_CHECKING:
    from tests.node.services.world import World

T = TypeVar("T")


class MemoryAnchor:
    """What is kept outside of a store, in the memory of a test."""

    def __init__(self) -> None:
        self.note = b""

    def read(self) -> bytes:
        return self.note

    def write(self, note: bytes) -> None:
        self.note = note


class DirectLogs(abc.ABC):
    """Needs `_call` of `DirectPeers`; all of them are calls by the name "cosign"."""

    _here: CityCode
    _world: "World"

    @abc.abstractmethod
    async def _call(
        self, partner: Partner, act: Callable[[], Awaitable[T]], name: str = ""
    ) -> T: ...

    async def add_checkpoint(
        self, partner: Partner, old_size: int, proof: tuple[bytes, ...], checkpoint: bytes
    ) -> Cosigned:
        there = self._witnessing(partner)
        act = lambda: there.add_checkpoint(self._here, old_size, proof, checkpoint)  # noqa: E731 - called once
        return await self._call(partner, act, "cosign")

    async def checkpoint(self, partner: Partner, of: CityCode | None = None) -> bytes:
        there = self._witnessing(partner)
        return await self._call(partner, lambda: there.newest_note(of), "cosign")

    async def consistency_proof(
        self, partner: Partner, first: int, second: int
    ) -> tuple[bytes, ...]:
        there = self._witnessing(partner)
        return await self._call(partner, lambda: there.consistency(first, second), "cosign")

    async def inclusion_proof(
        self, partner: Partner, index: int, size: int
    ) -> tuple[bytes, tuple[bytes, ...]]:
        there = self._witnessing(partner)
        return await self._call(partner, lambda: there.inclusion(index, size), "cosign")

    async def leaf_hashes(self, partner: Partner, first: int, count: int) -> tuple[bytes, ...]:
        there = self._witnessing(partner)
        return await self._call(partner, lambda: there.leaf_hashes(first, count), "cosign")

    def _witnessing(self, partner: Partner) -> Witnessing:
        return self._world[partner.city].cases.witnessing
