"""Stops the cities of a run when the command that brought them up ends, however it ends.

A command that is killed by SIGKILL can clean up nothing. So it starts this process beside itself,
in a session of its own, and holds the other end of its standard input: when that closes, and no
line said `leave`, whatever runs is stopped as `scripts/harness down` stops it.
"""

import contextlib
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, Final, Self

from scripts.harnessing.spawning import ROOT

LEAVE: Final = b"leave\n"
_DOWN_SECONDS: Final = 180


class Guard:
    """A guard that watches over this process."""

    def __init__(self, down: Sequence[str]) -> None:
        """Run `down` when this process ends, unless it has left in order."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.harnessing.guard", *down],
            stdin=subprocess.PIPE,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        if self._process.stdin is None:
            raise RuntimeError("a guard without a line to it")
        self._line: IO[bytes] = self._process.stdin
        self.code = 0
        """What stopping ended with, once the guard is let go; 0 where it had nothing to stop."""

    def leave(self) -> None:
        """Nothing has to be stopped any more."""
        with contextlib.suppress(BrokenPipeError):
            self._line.write(LEAVE)
            self._line.flush()

    def __enter__(self) -> Self:
        """It watches already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let it go: it stops what runs, unless there is nothing to stop any more."""
        with contextlib.suppress(BrokenPipeError):
            self._line.close()
        self.code = self._process.wait()


def main(down: Sequence[str]) -> int:
    """Wait for the end of the other side; the exit code of what was run then."""
    if LEAVE in sys.stdin.buffer.readlines():
        return 0
    return subprocess.run(down, check=False, timeout=_DOWN_SECONDS).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
