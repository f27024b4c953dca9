"""Memory that a burst of calls took, given back to the system.

A node that stood still for some seconds answers a thousand calls at once afterwards. What they took
is free again a moment later, but the C library keeps it: the node would look ever larger.
"""

import ctypes
import functools
from collections.abc import Callable


async def give_back() -> None:
    """Let the system have what nobody uses; takes milliseconds."""
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], int]:
    """What trims the heap, or does nothing: only the GNU library has it."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return lambda _left: 0
