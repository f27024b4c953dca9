"""How long calls wait before a port sees them: it knocks at itself.

gRPC takes calls from a queue of its own, one at a time, and nothing says how long that is. So the
node calls itself, by a socket that only its own user can reach, for a method that there is not: the
answer comes when its turn has come, and costs no more than that. It is done while others call only.

The socket's file is gone once the node is connected to itself: one that is killed leaves none.
"""

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import grpc

_METHOD: Final = "/hutong.Knock/Knock"
_OPTIONS: Final = (
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    # By the file, which is gone, there is no second connection: the first is kept for good.
    ("grpc.client_idle_timeout_ms", 2**31 - 1),
)
_SECONDS: Final = 10.0
_NAME: Final = "k"
_LONGEST: Final = 107
"""Bytes of a socket's path: `sockaddr_un` has 108, and the last is a zero."""


@contextlib.contextmanager
def _place() -> Iterator[str]:
    """Where to listen, for as long as it takes to connect."""
    with tempfile.TemporaryDirectory(prefix="hutong-") as folder, contextlib.ExitStack() as held:
        path = Path(folder) / _NAME
        if len(os.fsencode(path)) > _LONGEST:
            # However deep the folder is: Linux has a short name for what is open.
            opened = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            held.callback(os.close, opened)
            path = Path(f"/proc/self/fd/{opened}") / _NAME
        yield f"unix:{path}"


class Knocker:
    """Of one port; a queue of `node.transport.pressure`."""

    def __init__(self) -> None:
        """Nothing listens yet."""
        self._channel: grpc.aio.Channel | None = None
        self._knocking: asyncio.Task[None] | None = None
        self._closed = False
        self._began = 0.0
        self._took = 0.0

    async def start(self, server: Any) -> None:  # noqa: ANN401 - gRPC's own
        """Start the server, at one address more, and connect to it there: nobody else can."""
        with _place() as address:
            server.add_insecure_port(address)
            await server.start()
            self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
            # On a machine that is that busy the store's queue says so, too.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._channel.channel_ready(), _SECONDS)

    def waited(self) -> float:
        """How long the last knock took, or the one that is not heard yet has."""
        if self._knocking is None:
            return self._took
        return max(self._took, time.monotonic() - self._began)

    def look(self, *, busy: bool) -> None:
        """Knock once more, where others call and no knock is on its way."""
        if self._channel is not None and self._knocking is None and not self._closed:
            self._took = self._took if busy else 0.0
            if busy:
                self._began = time.monotonic()
                knock = self._knock(self._channel)
                self._knocking = asyncio.create_task(knock, name="knock")

    async def close(self) -> None:
        """Knock no more."""
        self._closed = True
        if self._knocking is not None:
            self._knocking.cancel()
            await asyncio.gather(self._knocking, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close(None)

    async def _knock(self, channel: grpc.aio.Channel) -> None:
        heard = True
        try:
            await channel.unary_unary(_METHOD, None, None)(b"", timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            heard = error.code() is not grpc.StatusCode.UNAVAILABLE
        finally:
            # Where nobody listens, as when the port stops, nobody waits either.
            self._took = time.monotonic() - self._began if heard else 0.0
            self._knocking = None
