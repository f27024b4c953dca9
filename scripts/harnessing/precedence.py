"""Whose turn it is on the one machine of all cities: who starts goes before those that serve.

A city that starts again has, in earnest, a machine to itself. Here it gets what the others leave,
and how long it takes would say how busy they are. So, for the same reason, would the lateness of
who makes the load. Where this process may put others first, it does, and who serves has the same
part of the machine as all else that runs on it; where it may not, who serves gives way, to all else
too. Where the machine's kernel knows no such order, it is as if nothing were said.
"""

import asyncio
import contextlib
import os
from functools import cache
from pathlib import Path
from typing import Final

STEPS: Final = 12
"""Of niceness: of a processor for which both compete, a starting process has fourteen parts of
fifteen. With three of four a start beside five busy cities took thrice as long as by itself."""

_FIRST: Final = -20
_LAST: Final = 19

# The kernel takes one such word each tenth of a second of users that are not root.
_AGAIN_SECONDS: Final = 0.1
_TIMES: Final = 50


@cache
def may_go_first() -> bool:
    """Whether this process may put others before what runs already."""
    own = _own()
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _level(-STEPS))
    except PermissionError:
        return False
    os.setpriority(os.PRIO_PROCESS, 0, own)
    return True


def go_first(pid: int) -> None:
    """Put a process before those that serve; nothing where it has ended, or that is not allowed."""
    if may_go_first():
        _put_threads(pid, _level(-STEPS))
        _put_session(pid, _level(-STEPS))


async def give_way(pid: int) -> None:
    """Put a process, with all its threads, behind those that start; nothing where it has ended."""
    await _put(pid, _own() if may_go_first() else _level(STEPS))


async def go_behind(pid: int) -> None:
    """Put a process, with all its threads, behind all else; nothing where it has ended."""
    await _put(pid, _level(STEPS))


def _own() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def _level(steps: int) -> int:
    return max(_FIRST, min(_own() + steps, _LAST))


async def _put(pid: int, niceness: int) -> None:
    _put_threads(pid, niceness)
    for _ in range(_TIMES):
        if _put_session(pid, niceness):
            return
        await asyncio.sleep(_AGAIN_SECONDS)


def _put_threads(pid: int, niceness: int) -> None:
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), niceness)


def _put_session(pid: int, niceness: int) -> bool:
    """Among sessions, where the kernel shares between them first; False where it is busy."""
    try:
        Path(f"/proc/{pid}/autogroup").write_bytes(str(niceness).encode())
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
