"""How long calls wait before a port sees them: it knocks at itself.

gRPC takes calls from a queue of its own, one at a time, and nothing says how long that is. So the
node calls itself, by a socket that only its own user can reach, for a method that there is not: the
answer comes when its turn has come, and costs no more than that. It is done while others call only.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import grpc

_METHOD: Final = "/hutong.Knock/Knock"
_OPTIONS: Final = (
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
_SECONDS: Final = 10.0


class Knocker:
    """Of one port; a queue of `node.transport.pressure`."""

    def __init__(self, server: Any) -> None:  # noqa: ANN401 - gRPC's own
        """The server, before it starts, listens at one address more."""
        self._folder = tempfile.TemporaryDirectory(prefix="hutong-")
        self._address = f"unix:{Path(self._folder.name) / 'k'}"
        server.add_insecure_port(self._address)
        self._channel: grpc.aio.Channel | None = None
        self._knocking: asyncio.Task[None] | None = None
        self._closed = False
        self._began = 0.0
        self._took = 0.0

    def waited(self) -> float:
        """How long the last knock took, or the one that is not heard yet has."""
        if self._knocking is None:
            return self._took
        return max(self._took, time.monotonic() - self._began)

    def look(self, *, busy: bool) -> None:
        """Knock once more, where others call and no knock is on its way."""
        if self._knocking is None and not self._closed:
            self._took = self._took if busy else 0.0
            if busy:
                self._began = time.monotonic()
                self._knocking = asyncio.create_task(self._knock(), name="knock")

    async def close(self) -> None:
        """Knock no more."""
        self._closed = True
        if self._knocking is not None:
            self._knocking.cancel()
            await asyncio.gather(self._knocking, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close(None)
        self._folder.cleanup()

    async def _knock(self) -> None:
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(self._address, options=_OPTIONS)
        heard = True
        try:
            await self._channel.unary_unary(_METHOD, None, None)(b"", timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            heard = error.code() is not grpc.StatusCode.UNAVAILABLE
        finally:
            # Where nobody listens, as when the port stops, nobody waits either.
            self._took = time.monotonic() - self._began if heard else 0.0
            self._knocking = None
