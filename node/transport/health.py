"""grpc.health.v1 that tells the truth: serving only while an answer could be kept and believed.

Beside that it says, before anything ends, whether this city's keys and its partners are in order.
That is for the city's own clients: a partner learns nothing of other partners.
"""

from typing import Final

from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer

KEYS: Final = "hutong.keys"
PARTNERS: Final = "hutong.partners"


class Health:
    """The health of one port; nothing serves until the first look."""

    def __init__(self, services: tuple[str, ...]) -> None:
        """For these services, and "" for the whole port."""
        self.servicer = HealthServicer()
        self._services = ("", *services)
        self._said: dict[str, bool] = {}

    async def say(self, *, serving: bool) -> None:
        """Say whether the node serves."""
        for service in self._services:
            await self._set(service, serving=serving)

    async def say_in_order(self, *, keys: bool, partners: bool) -> None:
        """Say whether keys and partners are in order; `doctor` gives the reasons."""
        await self._set(KEYS, serving=keys)
        await self._set(PARTNERS, serving=partners)

    async def _set(self, service: str, *, serving: bool) -> None:
        if self._said.get(service) is serving:
            return
        self._said[service] = serving
        status = health_pb2.HealthCheckResponse.ServingStatus
        await self.servicer.set(service, status.SERVING if serving else status.NOT_SERVING)

    async def drain(self) -> None:
        """Say for good that nothing serves any more."""
        await self.servicer.enter_graceful_shutdown()
