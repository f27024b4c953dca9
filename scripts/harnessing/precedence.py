"""Whose turn it is on the one machine of all cities: who starts goes before those that serve.

A city that starts again has, in earnest, a machine to itself. Here it gets what the others leave,
and how long it takes would say how busy they are. So, for the same reason, would the lateness of
whoever makes the load. The keeper and the generators go before all else where they may: who serves
gives way to them, and then has the same part of the machine as all else that runs on it. Where they
may not, it gives way to all else, too. Where the machine's kernel knows no such order, it is as if
nothing were said.
"""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Final

BEHIND: Final = 12
"""Steps of niceness: of a processor for which both compete, a starting process has fourteen parts
of fifteen. With three of four a start beside five busy cities took thrice as long as by itself."""

# The kernel takes one such word each tenth of a second of users that are not root.
_AGAIN_SECONDS: Final = 0.1
_TIMES: Final = 50
_FIRST: Final = -20
_LAST: Final = 19


def come_first() -> None:
    """Put this process, of a session of its own, before all else; nothing where it may not."""
    niceness = max(_own() - BEHIND, _FIRST)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        _put_threads(os.getpid(), niceness)
        _put_session(os.getpid(), niceness)


def go_along(pid: int) -> None:
    """Put a child of a new session beside this process: each session begins in the middle."""
    if _own() < 0:
        _put_session(pid, _own())


async def give_way(pid: int) -> None:
    """Put a process, with all its threads, behind those that start; nothing where it has ended."""
    niceness = min(_own() + BEHIND, _LAST)
    _put_threads(pid, niceness)
    for _ in range(_TIMES):
        if _put_session(pid, niceness):
            return
        await asyncio.sleep(_AGAIN_SECONDS)


def _own() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


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
