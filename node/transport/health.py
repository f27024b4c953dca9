"""grpc.health.v1 that tells the truth: serving only while an answer could be kept and believed.

Beside that it says what hinders it: the store, the signing key, or the log. And, before anything
ends, whether this city's keys and its partners are in order. Both are for the city's own clients: a
partner learns nothing of other partners, nor of what is wrong here.
"""

from collections.abc import Mapping
from typing import Final

from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer

KEYS: Final = "hutong.keys"
PARTNERS: Final = "hutong.partners"

STORE: Final = "hutong.store"
SIGNING: Final = "hutong.signing"
LOG: Final = "hutong.log"

_STATUS: Final = health_pb2.HealthCheckResponse.ServingStatus


class Health:
    """The health of one port; nothing serves until the first look."""

    def __init__(self, services: tuple[str, ...]) -> None:
        """For these services, and "" for the whole port."""
        self.servicer = HealthServicer()
        self._services = ("", *services)
        self._said: dict[str, bool] = {}
        self._over = False

    async def say(self, *, serving: bool) -> None:
        """Say whether the node serves."""
        for service in self._services:
            await self._set(service, serving=serving)

    async def say_parts(self, parts: Mapping[str, bool]) -> None:
        """Say of each of STORE, SIGNING and LOG whether it hinders nothing."""
        for part, serving in parts.items():
            await self._set(part, serving=serving)

    async def say_in_order(self, *, keys: bool, partners: bool) -> None:
        """Say whether keys and partners are in order; `doctor` gives the reasons."""
        await self._set(KEYS, serving=keys)
        await self._set(PARTNERS, serving=partners)

    async def drain(self) -> None:
        """Say for good that nothing serves any more; of its parts what was said last stands."""
        self._over = True
        for service in self._services:
            await self.servicer.set(service, _STATUS.NOT_SERVING)

    async def _set(self, service: str, *, serving: bool) -> None:
        if self._over or self._said.get(service) is serving:
            return
        self._said[service] = serving
        await self.servicer.set(service, _STATUS.SERVING if serving else _STATUS.NOT_SERVING)
