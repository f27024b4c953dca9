"""Streams that end as soon as their caller may not call any more.

A call is checked when it comes; a stream goes on after that. So each change of the registry looks
at every open stream: one whose caller was suspended ends with the reason, the others go on. What a
stream's work was about to write when it ended is not written.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc

from federation.errors import HutongError
from node import limits

Allowed = Callable[[grpc.aio.ServicerContext[Any, Any], str, str], object]
"""Raises where the caller of a connection may not call a method of a service now."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stream:
    """One open stream, and the error that ends it."""

    context: grpc.aio.ServicerContext[Any, Any]
    service: str
    method: str
    over: "asyncio.Future[HutongError]"

    def end(self, error: HutongError) -> None:
        if not self.over.done():
            self.over.set_result(error)


class Streams:
    """The open streams of one port."""

    def __init__(self, allowed: Allowed) -> None:
        """Made in the loop that serves the port; `allowed` is its gate's."""
        self._allowed = allowed
        self._loop = asyncio.get_running_loop()
        # In the order in which they came: that of a set would hang on luck.
        self._open = dict[_Stream, None]()

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    def look_soon(self) -> None:
        """Look at every stream; from any thread, also after the loop has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        for stream in tuple(self._open):
            try:
                self._allowed(stream.context, stream.service, stream.method)
            except HutongError as error:
                stream.end(error)

    def end(self, error: HutongError) -> None:
        """End every stream with that error."""
        for stream in tuple(self._open):
            stream.end(error)

    async def run(
        self,
        context: grpc.aio.ServicerContext[Any, Any],
        service: str,
        method: str,
        work: Callable[[], Awaitable[None]],
    ) -> None:
        """Do a stream's work until it is done; raises what it raises, or why the stream ended."""
        stream = _Stream(context, service, method, self._loop.create_future())
        self._open[stream] = None
        try:
            # The caller may have been suspended since the gate: from here on every change is seen.
            self._allowed(context, service, method)
            await self._until_over(stream, asyncio.ensure_future(work()))
        finally:
            del self._open[stream]

    async def _until_over(self, stream: _Stream, task: "asyncio.Future[None]") -> None:
        try:
            either: tuple[asyncio.Future[Any], ...] = (task, stream.over)
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if stream.over.done():
                raise stream.over.result()
            task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            elif not task.cancelled():
                # Seen, whether it is told or the stream's own end is.
                task.exception()


class WholeWrites:
    """A stream's context, whose writes are not cut short where the stream ends on the way.

    gRPC takes one thing at a time: an end that is said while a message is still on its way out is
    never sent, and the caller would wait for ever. One that reads nothing is not waited for long.
    """

    def __init__(self, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        """Over the context of one stream."""
        self._context = context

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a context has
        """All else is the context's own."""
        return getattr(self._context, name)

    async def write(self, message: Any) -> None:  # noqa: ANN401 - bytes, or a message
        """Write a message; where this is cancelled, the write ends first."""
        written = asyncio.ensure_future(self._context.write(message))
        try:
            await asyncio.shield(written)
        except asyncio.CancelledError:
            await asyncio.wait({written}, timeout=limits.STREAM_WRITE.total_seconds())
            if not written.cancel() and not written.cancelled():
                # Seen: why the stream ended is what is told.
                written.exception()
            raise


async def write_all(
    context: "grpc.aio.ServicerContext[Any, Any] | WholeWrites",
    made: AsyncIterator[Any] | Awaitable[None],
) -> None:
    """Write what a method gives; one that writes for itself is only waited for."""
    if not isinstance(made, AsyncIterator):
        await made
        return
    try:
        async for message in made:
            await context.write(message)
    finally:
        close = getattr(made, "aclose", None)
        if close is not None:
            await close()
