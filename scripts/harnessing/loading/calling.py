"""How a load's callers call: each call an act, some repeated, no more on its way than is allowed.

A caller whose answer was lost sends the same request again, as a venue does; a few send it again
although an answer came, at once, at the same time, or later. The bytes are the same each time.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from google.protobuf.message import DecodeError

from federation.errors import HutongError
from scripts.harnessing.loading.lines import Reply, Whom
from scripts.harnessing.loading.outcomes import LOST, MALFORMED, NOT_SENT, OK
from scripts.harnessing.records import Act, Deed

IN_FLIGHT: Final = 512
"""Calls to one process of a city that may be without an answer: what is due beyond is NOT_SENT."""

REPEATED: Final = 0.04
"""How many of the calls that change something are sent again although an answer comes."""
_AT_ONCE: Final = 0.25
_AFTER: Final = 0.5
_LATER_SECONDS: Final = (1.0, 20.0)
TRIES_AFTER: Final = (1.0, 2.0, 4.0)
"""Seconds to wait before each further try, where the answer was lost."""


class Wire(Protocol):
    """What carries calls: `lines.Lines`, or a stand-in."""

    def processes(self, city: str, /) -> Sequence[int]:
        """The processes of a city."""

    def call(
        self, city: str, process: int, whom: Whom, method: str, body: bytes, /
    ) -> Awaitable[Reply]:
        """One call; it raises nothing."""


class Clock:
    """Seconds since 1970 that never jump while a load runs."""

    def __init__(self) -> None:
        """From the machine's clock now on."""
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Now."""
        return self._offset + time.monotonic()

    async def until(self, instant: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, instant - self.now()))


def _nothing(_: bytes) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it is sent, and sent again: the bytes are made once."""

    deed: Deed
    city: str
    other: str
    whom: Whom
    method: str
    body: bytes
    request_id: str = ""
    """Empty for a call that changes nothing: it is not repeated."""
    journey: str = ""
    said: Callable[[bytes], dict[str, Any]] = field(default=_nothing, repr=False)
    """What of an answer is kept for others."""


class Callers:
    """Everybody who calls in one generator."""

    def __init__(self, wire: Wire, clock: Clock, keep: Callable[[Act], None]) -> None:
        """Each act is given to `keep` as it ends."""
        self._wire = wire
        self._clock = clock
        self._keep = keep
        self._in_flight = Counter[tuple[str, int]]()
        self._repeats = set[asyncio.Task[None]]()
        self._sent = set[asyncio.Task[None]]()
        """Repeats whose call is on its way: they are not given up."""
        self._ending = False

    @property
    def in_flight(self) -> int:
        """How many calls are without an answer."""
        return self._in_flight.total()

    async def make(self, call: Call, due: float, chance: random.Random) -> Reply:
        """Make a call that is due then, with its tries and repeats; the last answer."""
        again = chance.random() if call.request_id else 1.0
        seconds = chance.uniform(*_LATER_SECONDS)
        if again < REPEATED * _AT_ONCE:
            self._repeat(call, due, chance.random())
        reply = await self._once(call, due, chance.random(), repeated=False)
        for wait in TRIES_AFTER if call.request_id else ():
            if reply.outcome not in LOST or self._ending:
                break
            due = self._clock.now() + wait
            await self._clock.until(due)
            reply = await self._once(call, due, chance.random(), repeated=True)
        if reply.outcome == OK and REPEATED * _AT_ONCE <= again < REPEATED:
            wait = 0.0 if again < REPEATED * _AFTER else seconds
            self._repeat(call, self._clock.now() + wait, chance.random())
        return reply

    def _repeat(self, call: Call, due: float, where: float) -> None:
        async def later() -> None:
            await self._clock.until(due)
            self._sent.add(task)
            await self._once(call, due, where, repeated=True)

        def ended(_: object) -> None:
            self._repeats.discard(task)
            self._sent.discard(task)

        task = asyncio.create_task(later())
        self._repeats.add(task)
        task.add_done_callback(ended)

    async def _once(self, call: Call, due: float, where: float, *, repeated: bool) -> Reply:
        processes = self._wire.processes(call.city)
        process = processes[int(where * len(processes))]
        target, sent = (call.city, process), self._clock.now()
        if self._in_flight[target] >= IN_FLIGHT:
            reply = Reply(NOT_SENT)
        else:
            self._in_flight[target] += 1
            try:
                reply = await self._wire.call(*target, call.whom, call.method, call.body)
            finally:
                self._in_flight[target] -= 1
        outcome, said = reply.outcome, dict[str, Any]()
        if outcome == OK:
            try:
                said = call.said(reply.body)
            except (DecodeError, HutongError):
                outcome = MALFORMED
        self._keep(
            Act(
                deed=call.deed,
                city=call.city,
                other=call.other,
                request_id=call.request_id,
                due=due,
                sent=sent,
                ended=self._clock.now(),
                outcome=outcome,
                repeated=repeated,
                answer=reply.digest,
                process=process,
                journey=call.journey,
                said=said,
            )
        )
        return reply if outcome == reply.outcome else Reply(outcome)

    def try_no_more(self) -> None:
        """Send nothing again whose answer was lost: the load is about to end."""
        self._ending = True

    async def end(self) -> None:
        """Repeat nothing any more that is not on its way; wait for what is.

        Whoever still makes calls is waited for by who began them.
        """
        self.try_no_more()
        asleep = self._repeats - self._sent
        for task in asleep:
            task.cancel()
        await asyncio.gather(*self._repeats, return_exceptions=True)
