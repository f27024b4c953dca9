"""What a process uses, as the kernel tells it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

# Fields of /proc/PID/stat after the name, which may hold blanks: from the third one on.
_USER, _SYSTEM, _THREADS, _RSS = 11, 12, 17, 21


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process, at one instant."""

    rss_bytes: int
    open_files: int
    threads: int
    cpu_seconds: float


def usage(pid: int) -> Usage | None:
    """What a process uses; None where it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
        files = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - only how many
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return Usage(
        int(fields[_RSS]) * _PAGE,
        files,
        int(fields[_THREADS]),
        (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS,
    )
