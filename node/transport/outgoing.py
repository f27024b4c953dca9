"""What is around each call to a partner: what is said beside it, and who hears how it ended.

A partner cannot make names: an error is told by this city's own table of reasons, whatever the
partner called it.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from federation.identifiers import CityCode
from node.transport.endings import ended
from node.transport.peer_answers import followed

Metadata = tuple[tuple[str, str], ...]

Watch = Callable[[CityCode, str], AbstractContextManager[Metadata]]
"""What is around a call to a city, by its path; it gives the metadata to be sent."""

Heard = Callable[[str, str, str, float], None]
"""Hears of a call to a city: its method, how it ended, and after how many seconds."""


def unwatched(_city: CityCode, _path: str) -> AbstractContextManager[Metadata]:
    """Nobody hears of it."""
    return contextlib.nullcontext(followed())


def watched(hear: Heard) -> Watch:
    """Somebody hears of each call, also of one that was not even begun."""

    @contextlib.contextmanager
    def around(city: CityCode, path: str) -> Iterator[Metadata]:
        began, method = time.perf_counter(), path.rpartition("/")[2]
        with ended(lambda reason: hear(city, method, reason, time.perf_counter() - began)):
            yield followed()

    return around
