"""This process's memory: given back where a burst took it, and never written into a core file.

A node that stood still for some seconds answers hundreds of calls at once afterwards. What they
took is free again a moment later, but the C library keeps it: the node would look ever larger. And
calls that fail leave cycles, which lived through the burst and are looked for once in a long while.
"""

import ctypes
import functools
import gc
import resource
from collections.abc import Callable


def leave_no_core() -> None:
    """Let no crash write what is in memory into a file: keys are in it, and names."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def give_back() -> None:
    """Let the system have what nobody uses; takes milliseconds."""
    gc.collect()
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], int]:
    """What trims the heap, or does nothing: only the GNU library has it."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return lambda _left: 0
