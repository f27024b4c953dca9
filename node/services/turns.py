"""One thing at a time with each partner, each in its own time: soon again after a failure.

A slow partner holds up nobody else (rule 10). The wait doubles with each failure, up to one that is
short enough for a network that returns to be noticed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from federation.errors import HutongError
from federation.identifiers import CityCode
from node import deadlines, limits
from node.log_events import own_words
from node.services.here import Here

T = TypeVar("T")

_DOUBLINGS = 16
_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """The wait after the first failure, and the longest after many."""

    first: timedelta
    longest: timedelta

    def after(self, failures: int) -> timedelta:
        """The wait after so many failures in a row, at least one."""
        doubled: timedelta = self.first * 2.0 ** min(failures - 1, _DOUBLINGS)
        return min(doubled, self.longest)


@dataclass(slots=True)
class Turn(Generic[T]):
    """The next time with one partner: `wait` after `since`; `met` once it has gone well.

    `begun` is the place of its newest beginning among those of all partners; 0 before the first.
    """

    since: datetime
    wait: timedelta = timedelta(0)
    failures: int = 0
    begun: int = 0
    met: bool = False
    running: "asyncio.Task[T] | None" = None
    again: bool = False
    afresh: bool = False


def _no_rest(_found: object) -> timedelta:
    return timedelta(0)


class Turns(Generic[T]):
    """Whose turn it is."""

    def __init__(
        self,
        here: Here,
        act: Callable[[CityCode], Awaitable[T]],
        patience: Patience,
        *,
        failed: str,
        rest: Callable[[T], timedelta] = _no_rest,
    ) -> None:
        """`act` is done with one partner; a failure is logged as `failed`.

        `rest` is the wait after it went well, by what came of it.
        """
        self._here = here
        self._act = act
        self._patience = patience
        self._failed = failed
        self._rest = rest
        self._turns: dict[CityCode, Turn[T]] = {}
        self._begun = 0

    def of(self, city: CityCode) -> Turn[T]:
        """The turn of a partner, whom it makes known."""
        if city not in self._turns:
            self._turns[city] = Turn(self._here.now())
        return self._turns[city]

    @property
    def running(self) -> "tuple[asyncio.Task[T], ...]":
        """What runs now."""
        return tuple(turn.running for turn in self._turns.values() if turn.running)

    def due(self, cities: Iterable[CityCode]) -> list[CityCode]:
        """Those of these partners with whom nothing runs, and who have waited long enough."""
        now, found = self._here.now(), list[CityCode]()
        for city in cities:
            turn = self.of(city)
            # A clock that was set back must not silence a partner.
            waits = timedelta(0) <= now - turn.since < turn.wait
            if turn.running is None and not waits:
                found.append(city)
        return found

    def begin_due(self, cities: Iterable[CityCode]) -> None:
        """Begin with those of these partners who have waited long enough."""
        for city in self.due(cities):
            self.begin(city)

    def begun(self, city: CityCode) -> int:
        """Who has the least has waited longest; it is no time, for clocks are set back."""
        return self.of(city).begun

    def nudge(self, city: CityCode, *, afresh: bool = False) -> None:
        """There is news: begin now, or once more after what runs.

        `afresh`: what failed before is forgotten. Else only the clock begins again after a failure.
        Needs a running event loop.
        """
        turn = self.of(city)
        if afresh:
            turn.wait, turn.failures = timedelta(0), 0
        if turn.running is None:
            self.begin(city)
        else:
            turn.again, turn.afresh = True, turn.afresh or afresh

    def begin(self, city: CityCode) -> "asyncio.Task[T]":
        """Begin now; nothing runs with that partner. Whoever waits for the task hears of errors."""
        turn = self.of(city)
        self._begun += 1
        turn.begun = self._begun
        name, context = f"{self._failed} {city}", deadlines.detached()
        task = asyncio.create_task(self._go(city, turn), name=name, context=context)
        turn.running = task
        task.add_done_callback(_seen)
        return task

    async def close(self) -> None:
        """Let what runs go."""
        tasks = self.running
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _go(self, city: CityCode, turn: Turn[T]) -> T:
        if not structlog.contextvars.get_contextvars().get("request_id"):
            # What nobody asked for has an id, too: its lines are found in the logs of both cities.
            structlog.contextvars.bind_contextvars(request_id=self._here.new_id(self._here.now()))
        try:
            while True:
                turn.again = turn.afresh = False
                found = await self._once(city, turn)
                failed = isinstance(found, HutongError)
                if not turn.again or (failed and not turn.afresh):
                    break
        finally:
            turn.running = None
        if isinstance(found, HutongError):
            raise found
        return found

    async def _once(self, city: CityCode, turn: Turn[T]) -> T | HutongError:
        found: T | HutongError
        try:
            found = await self._act(city)
        except HutongError as error:
            found = error
            turn.failures += 1
            turn.wait = self._jittered(self._patience.after(turn.failures))
            # A packet lost, or a restart, is no reason to wake anybody.
            log = _LOG.warning if turn.failures >= limits.FAILURES_WARNING else _LOG.info
            log(self._failed, partner=city, reason=error.reason.name, problem=own_words(error))
        else:
            turn.failures, turn.met = 0, True
            turn.wait = self._jittered(self._rest(found))
        turn.since = self._here.now()
        return found

    def _jittered(self, wait: timedelta) -> timedelta:
        """Three quarters to the whole of `wait`: many that failed together do not return so."""
        part = int.from_bytes(self._here.entropy.token(2), "big") / 0xFFFF
        return wait * (0.75 + 0.25 * part)


def _seen(task: "asyncio.Task[T]") -> None:
    """A failure was logged; a fault of ours is, too, where nobody waits for it."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, HutongError):
        _LOG.error("turn_failed", turn=task.get_name(), exc_info=error)
