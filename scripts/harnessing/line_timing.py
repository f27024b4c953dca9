"""When what is said over a line arrives: delay, rate and loss. No clock and no socket.

A proxy passes a stream on and has no packets to lose. What it shows of a loss is what a program
sees of one: nothing comes until the segment was sent again, and all that was said later waits for
it. A segment that is lost each time ends its connection.
"""

import random
from typing import Final, NamedTuple

from scripts.harnessing.links import Shape

SEGMENT: Final = 1448
"""Bytes that are lost or delayed together: what an Ethernet frame carries of a TCP stream."""
RESEND_SECONDS: Final = 0.2
"""After what a lost segment is sent again; twice as long after each further loss of it."""
TRIES: Final = 6
"""How often a segment is sent before its connection is given up, after 12.6 s."""

_BITS: Final = 8
_KILO: Final = 1000


class Passage(NamedTuple):
    """What becomes of a segment."""

    at: float
    """When it arrives, or its sender gives up; in the seconds of the clock that was asked by."""
    lost: bool = False
    """Whether it never arrives, and its connection is reset."""


class Way:
    """One direction of a line; all connections on it share its rate."""

    def __init__(self, chance: random.Random) -> None:
        """A way that does nothing yet; `chance` decides on jitter and loss."""
        self.shape: Shape | None = None
        self._chance = chance
        self._free_at = 0.0

    def reshape(self, shape: Shape | None, now: float) -> None:
        """Be so from now on; what is under way is asked for again."""
        self.shape = shape
        self._free_at = now

    def passage(self, said: float, size: int, after: float) -> Passage:
        """When `size` bytes said at that time arrive; never before `after`, so order is kept."""
        shape = self.shape
        if shape is None:
            return Passage(max(said, after))
        at = said
        if shape.kbit:
            self._free_at = max(said, self._free_at) + size * _BITS / (shape.kbit * _KILO)
            at = self._free_at
        jitter = self._chance.uniform(-shape.jitter_ms, shape.jitter_ms)
        at += max(0.0, shape.delay_ms + jitter) / _KILO
        losses = self._losses(shape.loss_percent / 100)
        at += RESEND_SECONDS * (2**losses - 1)
        return Passage(max(at, after), losses == TRIES)

    def _losses(self, share: float) -> int:
        """How often in a row a segment is lost."""
        losses = 0
        while losses < TRIES and self._chance.random() < share:
            losses += 1
        return losses
