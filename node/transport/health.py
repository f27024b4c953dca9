"""grpc.health.v1 that tells the truth: serving only while an answer could be kept and believed."""

from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer


class Health:
    """The health of one port; nothing serves until the first look."""

    def __init__(self, services: tuple[str, ...]) -> None:
        """For these services, and "" for the whole port."""
        self.servicer = HealthServicer()
        self._services = ("", *services)
        self._serving: bool | None = None

    async def say(self, *, serving: bool) -> None:
        """Say whether the node serves."""
        if serving is self._serving:
            return
        self._serving = serving
        status = health_pb2.HealthCheckResponse.ServingStatus
        for service in self._services:
            await self.servicer.set(service, status.SERVING if serving else status.NOT_SERVING)

    async def drain(self) -> None:
        """Say for good that nothing serves any more."""
        await self.servicer.enter_graceful_shutdown()
