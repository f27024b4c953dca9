"""A node's life: start, serve, sweep, drain, stop; and what systemd is told of it."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from types import FrameType
from typing import Any, Final

import structlog

from federation.errors import HutongError
from node.errors import FatalError
from node.log_events import own_words

_LOG = structlog.get_logger()

# A manager, Ctrl-C, a terminal that was closed; and what shells add to the number of a signal.
_ENDS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_BY_SIGNAL: Final = 128


def end_at_once_when_told() -> None:
    """From here on a signal that asks this process to end ends it there and then.

    Nothing acknowledged is lost by that, no more than by `kill -9`. The system would do the same by
    itself, but not to the first process of a container, which hears only what it handles.
    """
    for number in _heard():
        signal.signal(number, _end)


@contextlib.contextmanager
def told_to_stop() -> Iterator["asyncio.Future[str]"]:
    """While the body runs such a signal ends nothing: its name comes to be known.

    After the body it does again what it did before.
    """
    loop = asyncio.get_running_loop()
    told: asyncio.Future[str] = loop.create_future()

    def tell(number: signal.Signals) -> None:
        if not told.done():
            told.set_result(number.name)

    before = {number: signal.getsignal(number) for number in _heard()}
    for number in before:
        loop.add_signal_handler(number, tell, number)
    try:
        yield told
    finally:
        for number, did in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, did)


async def either(told: "asyncio.Future[str]", broken: "asyncio.Task[FatalError]") -> str:
    """Wait until this process is told to stop, or meets what it must not live with; which."""
    both: set[asyncio.Future[Any]] = {told, broken}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    return told.result() if told.done() else broken.result().reason.name


def _heard() -> list[signal.Signals]:
    """The signals that ask to end; not what whoever started this process ignores, as nohup does."""
    return [number for number in _ENDS if signal.getsignal(number) is not signal.SIG_IGN]


def _end(number: int, _frame: FrameType | None) -> None:
    os._exit(_BY_SIGNAL + number)


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
        rest, failed = 0.0 if at_once else interval.total_seconds(), False
        while True:
            await asyncio.sleep(rest)
            rest, before, failed = interval.total_seconds(), failed, True
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
            else:
                failed = False
                if before:
                    _LOG.info("periodic_work_resumed", work=name)

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
