"""Whose turn it is on the one machine of all cities: who starts goes before those that serve.

A city that starts again has, in earnest, a machine to itself. Here it gets what the others leave,
and how long it takes would say how busy they are. Where the machine's kernel knows no such order,
it is as if nothing were said.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

_BEHIND: Final = 5
"""Steps of niceness: of a processor for which both compete, a starting process has three parts of
four."""


def give_way(pid: int) -> None:
    """Put a process, with all its threads, behind those that start; nothing where it has ended."""
    niceness = min(os.getpriority(os.PRIO_PROCESS, 0) + _BEHIND, 19)
    with contextlib.suppress(OSError):
        # Each session is a group of its own, among which the processor is shared first.
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness), "ascii")
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), niceness)
