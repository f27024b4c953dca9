"""Whether somebody at the terminal has seen enough; the terminal is left as it was found."""

import os
import select
import signal
import sys
import termios
import tty
from types import FrameType, TracebackType
from typing import Any, Final, Self

# "q" in either case, and what Ctrl-C and Ctrl-D send where the terminal does not act on them.
_ENOUGH: Final = b"qQ\x03\x04"
_BYTES: Final = 1024


class Keyboard:
    """The keys that are pressed while the body runs."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._before: list[Any] | None = None
        self._told: Any = None

    def __enter__(self) -> Self:
        """Take each key at once, and show none; let SIGTERM end as Ctrl-C does."""
        if sys.stdin.isatty():
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        self._told = signal.signal(signal.SIGTERM, _interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the terminal be as it was."""
        if self._before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)
        signal.signal(signal.SIGTERM, self._told)

    def enough(self, seconds: float) -> bool:
        """Wait so long at most; whether somebody has seen enough."""
        if self._before is None:
            select.select([], [], [], seconds)
            return False
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if not ready:
            return False
        pressed = os.read(sys.stdin.fileno(), _BYTES)
        # A terminal that has gone sends nothing.
        return not pressed or any(key in _ENOUGH for key in pressed)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
