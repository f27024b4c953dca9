"""What the keeper changes in a node that runs: a few bytes of a file that both have in memory.

A change is in effect at the node's next look, without a message and without a wait.
"""

import mmap
import struct
from pathlib import Path
from typing import Final, Self

_FORM: Final = struct.Struct("<d?7x")


class Lever:
    """The levers of one process."""

    def __init__(self, path: Path) -> None:
        """In this file, which is made where there is none."""
        if not path.exists():
            path.write_bytes(_FORM.pack(0, False))  # noqa: FBT003 - a field of the form
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _FORM.size)

    @property
    def clock_seconds(self) -> float:
        """How far the process's clock is ahead of the machine's."""
        seconds: float = _FORM.unpack_from(self._map)[0]
        return seconds

    @property
    def expired(self) -> bool:
        """Whether it shows partners a certificate that has expired."""
        expired: bool = _FORM.unpack_from(self._map)[1]
        return expired

    def set(self, *, clock_seconds: float | None = None, expired: bool | None = None) -> None:
        """Pull one of them; the others stay as they are."""
        clock = self.clock_seconds if clock_seconds is None else clock_seconds
        shown = self.expired if expired is None else expired
        self._map[:] = _FORM.pack(clock, shown)

    def close(self) -> None:
        """Let the file go."""
        self._map.close()

    def __enter__(self) -> Self:
        """It is open already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the file go."""
        self.close()
