"""The calls that run now, so that a port that stops lets them finish and takes no new one."""

import asyncio
import contextlib
from datetime import timedelta

from node.errors import STORE_UNAVAILABLE, HutongError


class Running:
    """The calls of one port that run now, and whether new ones are still taken.

    A call that comes while the port drains is told so in words, not by a line that is cut.
    """

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._count = 0
        self._draining = False
        self._idle = asyncio.Event()

    def enter(self) -> None:
        """One more call; raises STORE_UNAVAILABLE once the port drains."""
        self.check()
        self._count += 1

    def check(self) -> None:
        """Raise STORE_UNAVAILABLE once the port drains."""
        if self._draining:
            raise stopping()

    def leave(self) -> None:
        """One call that had entered has its answer."""
        self._count -= 1
        if self._draining and not self._count:
            self._idle.set()

    async def drain(self, longest: timedelta) -> None:
        """Take no new call, and wait for those that run."""
        self._draining = True
        if self._count:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), longest.total_seconds())


def stopping() -> HutongError:
    """What a call is told that comes, or still streams, when the node stops."""
    return HutongError(STORE_UNAVAILABLE, problem="the node is stopping")
