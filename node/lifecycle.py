"""A node's life: start, serve, sweep, drain, stop; and what systemd is told of it."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog

from federation.errors import HutongError
from node.errors import FatalError
from node.log_events import own_words

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
                _LOG.warning(
                    "periodic_work_failed",
                    work=name,
                    reason=error.reason.name,
                    problem=own_words(error),
                )
            except Exception:  # noqa: BLE001 - a fault of ours; without its timers a node would lie
                _LOG.exception("periodic_work_failed", work=name)

    task = asyncio.create_task(forever(), name=name)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def tell_manager(*said: str, environment: Mapping[str, str] = os.environ) -> None:
    """Tell systemd, where it started this process, how far it is (sd_notify(3)).

    That nobody listens any more is logged and ends nothing.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A name that begins so is in no folder.
    name = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.settimeout(0)
            line.sendto("\n".join(said).encode(), name)
    except OSError as error:
        _LOG.warning("manager_not_told", problem=error.strerror)


def watchdog_interval(environment: Mapping[str, str] = os.environ) -> timedelta | None:
    """How often systemd wants to hear of this process that it lives; None where it does not.

    Half of what it waits for, as sd_watchdog_enabled(3) advises.
    """
    wanted = environment.get("WATCHDOG_USEC", "")
    of = environment.get("WATCHDOG_PID", str(os.getpid()))
    if not wanted.isascii() or not wanted.isdigit() or of != str(os.getpid()):
        return None
    return timedelta(microseconds=int(wanted) / 2) or None


async def alive() -> None:
    """Say that the loop runs: what hangs says nothing."""
    tell_manager("WATCHDOG=1")
