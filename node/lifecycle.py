"""A node's life: start, serve, sweep, drain, stop."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import structlog

from federation.errors import HutongError

_LOG = structlog.get_logger()


async def until_told_to_stop() -> str:
    """Wait for SIGTERM or SIGINT; the signal's name."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def tell(number: signal.Signals) -> None:
        if not told.done():
            told.set_result(number.name)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell, number)
    try:
        return await told
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def every(
    interval: timedelta, act: Callable[[], Awaitable[object]], *, name: str
) -> AsyncIterator[None]:
    """Run `act` again and again while the body runs; an error is logged and does not end it."""

    async def forever() -> None:
        while True:
            await asyncio.sleep(interval.total_seconds())
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
