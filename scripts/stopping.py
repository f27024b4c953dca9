"""What ends a command from outside: Ctrl-C, `kill`, a terminal that closes."""

import signal
from types import FrameType, TracebackType
from typing import Any, Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody wants this command to end."""

    def __init__(self, number: int) -> None:
        """By that signal."""
        self.number = number
        super().__init__(f"signal {number}")

    @property
    def code(self) -> int:
        """The exit code that shells know."""
        return 128 + self.number


class Stopping:
    """Turns the first signal into `Interrupted`; further ones do not disturb what cleans up."""

    def __init__(self) -> None:
        """Not yet in effect."""
        self._armed = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """From now on; only in the main thread."""
        self._armed = True
        self._before = {number: signal.signal(number, self._on) for number in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As it was before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def disarm(self) -> None:
        """What follows cleans up, and is not interrupted."""
        self._armed = False

    def _on(self, number: int, _: FrameType | None) -> None:
        if self._armed:
            self._armed = False
            raise Interrupted(number)
