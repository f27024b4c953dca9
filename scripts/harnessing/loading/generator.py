"""One process of a load: journeys begin when they are due, whatever became of earlier ones.

It is told on its standard input when to begin ("go INSTANT"), and says on its standard output, as
lines of JSON, that it is ready and, each second, how far it is. Where its input ends, as with
whoever started it, or at a SIGTERM, no further journey begins; it waits for those on their way.
"""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from node.model import Role
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading.calling import Callers, Clock
from scripts.harnessing.loading.cast import Cast, consents
from scripts.harnessing.loading.histories import History
from scripts.harnessing.loading.journeys import Journey, Kept
from scripts.harnessing.loading.lines import Lines, Whom
from scripts.harnessing.loading.offers import Offer, Target
from scripts.harnessing.loading.requests import RESIDENT, venue
from scripts.harnessing.loading.schedule import Due, planned

_TOLD_SECONDS: Final = 1.0
_LAST_SECONDS: Final = 25.0
"""How long the journeys on their way may take at the end: two calls without an answer, and more."""

Begin = Callable[[Due, float], Awaitable[None]]


class Opened:
    """The open loop: begins each journey when it is due, and waits for none before the end."""

    def __init__(self, clock: Clock, begin: Begin) -> None:
        """`begin` makes one journey; the second argument is the instant at which the load began."""
        self._clock = clock
        self._begin = begin
        self._running = set[asyncio.Future[None]]()
        self._broken: BaseException | None = None
        self._stopped = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self.due = 0
        """How many journeys were begun."""

    def stop(self) -> None:
        """Begin no further journey."""
        self._stopped.set()

    def hold(self, listening: asyncio.Task[None]) -> None:
        """Keep a task that may call `stop`."""
        self._listening = listening

    async def until(self, instant: float) -> None:
        """Wait until then, or for `stop`."""
        wait = instant - self._clock.now()
        if wait <= 0:
            # Behind: what is begun already must have its turn all the same.
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), wait)

    async def run(self, journeys: Iterable[Due], began: float) -> None:
        """Begin them all in time; until the last one is due, or `stop`."""
        for due in journeys:
            await self.until(began + due.after)
            if self._stopped.is_set():
                return
            self.due += 1
            task = asyncio.ensure_future(self._begin(due, began))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Future[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            self._broken = self._broken or task.exception()

    async def drain(self, seconds: float) -> None:
        """Wait for the journeys on their way; those that take longer are given up.

        Raises what a journey raised: what cities do is an outcome, so that is our own mistake.
        """
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._broken is not None:
            raise self._broken


async def generate(
    folder: Folder, offer: Offer, place: int, name: str, targets: Iterable[Target]
) -> None:
    """Make one share of a load; the history is written as `name`."""
    share = place, offer.generators
    cast, clock = Cast.read(folder, share), Clock()
    kept = Kept(consents(folder, cast))
    folder.histories.mkdir(exist_ok=True)
    history = History(folder.histories / f"{name}.jsonl")
    directory = folder.root / "clients" / name
    lines = Lines.open(folder, targets, _callers(cast), directory)
    callers = Callers(lines, clock, history.add)

    async def begin(due: Due, began: float) -> None:
        await Journey(due, name, cast, kept, callers, clock).run(began)

    opened = Opened(clock, begin)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, opened.stop)
    try:
        await lines.connect()
        _say(ready=True)
        began = await _told_to_go(opened)
        telling = asyncio.create_task(_tell(opened, callers, history))
        try:
            await opened.run(_journeys(cast, offer, share), began)
            await opened.until(began + offer.seconds)
            callers.try_no_more()
            await opened.drain(_LAST_SECONDS)
            await callers.end()
        finally:
            telling.cancel()
            _say(**_state(opened, callers, history), ended=True)
    finally:
        await lines.close()
        _forget(directory)


def _journeys(cast: Cast, offer: Offer, share: tuple[int, int]) -> Iterator[Due]:
    return planned(
        cast, offer.mix, rate=offer.rate, seconds=offer.seconds, seed=offer.seed, share=share
    )


def _callers(cast: Cast) -> dict[str, list[Whom]]:
    """Who calls the node of each city."""
    return {
        code: [
            RESIDENT,
            Whom(Role.DEPARTMENT, rules.department),
            *(venue(name) for name in rules.venues),
        ]
        for code, rules in cast.rules.items()
    }


async def _told_to_go(opened: Opened) -> float:
    """When to begin; from then on the end of our input stops the load."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    words = (await reader.readline()).split()
    if len(words) != 2:  # noqa: PLR2004 - "go INSTANT"
        opened.stop()
        return 0.0

    async def listen() -> None:
        while await reader.readline():
            pass
        opened.stop()

    opened.hold(asyncio.create_task(listen()))
    return float(words[1])


async def _tell(opened: Opened, callers: Callers, history: History) -> None:
    while True:
        await asyncio.sleep(_TOLD_SECONDS)
        _say(**_state(opened, callers, history))


def _state(opened: Opened, callers: Callers, history: History) -> dict[str, Any]:
    return {
        "due": opened.due,
        "in_flight": callers.in_flight,
        "latency": history.flush(),
        "calls": history.calls,
        "failed": history.failed,
    }


def _say(**words: object) -> None:
    """One line; nobody may be reading any more."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()


def _forget(directory: Path) -> None:
    """Remove the keys that this load had made for its clients."""
    for path in sorted(directory.glob("*/*")):
        path.unlink()
    for path in (*directory.glob("*"), directory, directory.parent):
        # Other generators may have theirs in the last one.
        with contextlib.suppress(OSError):
            path.rmdir()
