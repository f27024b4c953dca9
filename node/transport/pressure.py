"""How much of what comes is turned away at once, by how long what was let in waits.

A node that takes more than it can do answers nobody in time. So the wait is looked at again and
again, and as long as it is over its target a part of the calls is refused unread, with when to come
again; the part follows the wait, and how fast it grows, as PIE has it (RFC 8033). A burst that is
soon over is taken whole. And what was done lately is let in whatever the wait: on a machine that is
busy with something else everybody waits, and nobody would wait less if nothing were let in.

Those who ask for most are refused first: what can be served is shared out so that nobody who asks
for less than an even share is refused anything (max-min fairness).
"""

import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import structlog

from federation.errors import HutongError
from node import load_limits
from node.load_errors import BUSY
from node.transport.shares import Share, Shares, retry_ms

_LOG: Final = structlog.get_logger()
_HALF: Final = 0.5


class Queue(Protocol):
    """Something in which calls wait."""

    def waited(self) -> float:
        """For how long who is first in it, or was lately, has waited; in seconds."""

    def look(self, *, busy: bool) -> None:
        """Called again and again; `busy` where calls came since."""


class Pressure:
    """What a node turns away."""

    def __init__(
        self, stored: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing yet; `stored` says for how long the oldest in the store's queue has waited."""
        self._stored = stored
        self._clock = clock
        self._queues: list[Queue] = []
        self._watched: list[Shares] = []
        self._seen = clock()
        self._over = 0.0
        self._first = 0.0
        self._before = 0.0
        self._since = 0.0
        self._shed = 0
        self._let_in = 0
        self._inside = 0
        self._done = _Done()
        self.level = 0.0
        """The part of what comes that is turned away."""
        self.wait = 0.0
        """How long what is let in waits, at the last look, in seconds."""

    def watch(self, shares: Shares) -> None:
        """These callers may be turned away."""
        self._watched.append(shares)

    def add(self, queue: Queue) -> None:
        """Their calls wait in it, too."""
        self._queues.append(queue)

    def check(self, share: Share) -> None:
        """One more call of a caller; raises BUSY where it is turned away."""
        share.offered += 1
        self._let_in += 1
        if share.chance:
            share.due += share.chance
            if share.due >= 1:
                share.due -= 1
                self._let_in -= 1
                self._shed += 1
                raise HutongError(BUSY, retry_ms=retry_ms(self._retry()))

    async def tick(self) -> None:
        """Look at what waits now."""
        now = self._clock()
        # The store's queue has a longer target: many share a commit, and wait for it together.
        stored = self._stored() * (load_limits.QUEUE_TARGET / load_limits.STORE_TARGET)
        self.look(max([stored, *(each.waited() for each in self._queues)]), now - self._seen)
        self._seen = now

    def look(self, wait: float, seconds: float) -> None:
        """What waited so long is the first in a queue; the last look was `seconds` ago."""
        self.wait = wait
        callers = [share for shares in self._watched for share in shares.known()]
        busy = any(share.offered for share in callers)
        inside = sum(share.inside for share in callers)
        self._done.add(self._let_in - (inside - self._inside), seconds)
        self._let_in, self._inside = 0, inside
        for queue in self._queues:
            queue.look(busy=busy)
        for share in callers:
            share.count(seconds)
        asked = sum(share.rate for share in callers)
        most = max(1 - load_limits.LET_IN_LEAST * self._done.most / asked, 0.0) if asked else 0.0
        excess = wait / load_limits.QUEUE_TARGET.total_seconds() - 1
        self._adjust(excess, seconds, min(most, load_limits.SHED_MOST))
        _share_out(callers, self.level)

    def _adjust(self, excess: float, seconds: float, most: float) -> None:
        """Follow the wait, which is `excess` above its target, in targets; to `most` at most."""
        began, was, before = not self.level, self.level, self._before
        self._before = excess
        if excess <= 0:
            self._over, self._first = 0.0, excess
        else:
            self._over += seconds
        if not was and self._over < load_limits.SHED_AFTER.total_seconds():
            return
        if not was:
            # Where one leaves for each two that come, who is first has waited half a second longer
            # after each second: it is seen at once which part is too much.
            grown = (excess - self._first) * load_limits.QUEUE_TARGET.total_seconds()
            was = min(max(grown / self._over, 0.0), load_limits.SHED_FIRST)
        grows = load_limits.SHED_GAIN * min(excess, load_limits.SHED_EXCESS) * seconds
        grows += load_limits.SHED_TREND * (excess - before)
        # The more comes, the more does each step of the part change what is let in.
        level = was + grows * (1 - was) / _HALF
        if excess < -_HALF and before < -_HALF:
            level *= _HALF ** (seconds / load_limits.SHED_HALVES.total_seconds())
        level = min(level, most)
        self.level = level if level > load_limits.SHED_LEAST else 0.0
        if self.level and began:
            self._since, self._shed = self._clock(), 0
            _LOG.warning("turning_calls_away", waits_ms=round(self.wait * 1000))
        if not (self.level or began):
            lasted = round(self._clock() - self._since, 1)
            _LOG.info("turning_nobody_away", seconds=lasted, turned_away=self._shed)

    def _retry(self) -> float:
        first = load_limits.SHED_RETRY.total_seconds()
        return first * (1 + load_limits.SHED_RETRY_GROWS * self.level)


class _Done:
    """How much a node has done in a second, at most, lately."""

    def __init__(self) -> None:
        self.most = 0.0
        """Calls a second."""
        self._calls = 0
        self._seconds = 0.0

    def add(self, calls: int, seconds: float) -> None:
        """So many calls ended in so long."""
        self._calls += calls
        self._seconds += seconds
        if self._seconds >= 1:
            kept = load_limits.DONE_KEPT**self._seconds
            self.most = max(self._calls / self._seconds, self.most * kept)
            self._calls, self._seconds = 0, 0.0


def _share_out(callers: Iterable[Share], level: float) -> None:
    """Say of each caller which part of its calls is turned away."""
    active = list[Share]()
    for share in callers:
        share.chance = 0.0
        if share.rate:
            active.append(share)
    if not level or not active:
        return
    most = fair_level([share.rate for share in active], 1 - level)
    for share in active:
        share.chance = max(1 - most / share.rate, 0.0)


def fair_level(rates: list[float], part: float) -> float:
    """The rate that nobody is let in above, so that `part` of all of them is let in."""
    left = part * sum(rates)
    for place, rate in enumerate(sorted(rates)):
        even = left / (len(rates) - place)
        if rate > even:
            return even
        left -= rate
    return max(rates)
