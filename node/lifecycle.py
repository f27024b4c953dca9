"""A node's life: start, serve, sweep, drain, stop."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog

from federation.errors import HutongError
from node.errors import FatalError

_LOG = structlog.get_logger()


async def until_told_to_stop(broken: "asyncio.Task[FatalError]") -> str:
    """Wait for SIGTERM, SIGINT, or what a node must not live with; the name of it."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def tell(number: signal.Signals) -> None:
        if not told.done():
            told.set_result(number.name)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell, number)
    either: set[asyncio.Future[Any]] = {told, broken}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        return told.result() if told.done() else broken.result().reason.name
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def every(
    interval: timedelta,
    act: Callable[[], Awaitable[object]],
    *,
    name: str,
    at_once: bool = False,
) -> AsyncIterator[None]:
    """Run `act` again and again while the body runs; an error is logged and does not end it.

    For the first time after the interval, or `at_once`.
    """

    async def forever() -> None:
        rest = 0.0 if at_once else interval.total_seconds()
        while True:
            await asyncio.sleep(rest)
            rest = interval.total_seconds()
            try:
                await act()
            except HutongError as error:
                _LOG.warning("periodic_work_failed", work=name, reason=error.reason.name)
            except Exception:  # noqa: BLE001 - a fault of ours; without its timers a node would lie
                _LOG.exception("periodic_work_failed", work=name)

    task = asyncio.create_task(forever(), name=name)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
