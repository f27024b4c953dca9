"""The anchor: the newest checkpoint of this city's own log, in a file outside of the store.

It is written whole and durably, under a lock between the city's processes, and never replaced by a
smaller one. It is no secret, and it is signed: that it is ours is checked by who reads it. It does
not belong into the backup of the store: it is there to tell of an old one.
"""

import fcntl
import os
from pathlib import Path

from federation.checkpoint import unverified_checkpoint
from federation.errors import HutongError
from node.errors import ANCHOR_UNUSABLE
from node.keys.files import replace_whole, sync

_FOLDER = "log"
_FILE = "checkpoint"
_LOCK = "lock"


class FileAnchor:
    """The port `Anchor` over a file."""

    def __init__(self, data_dir: Path) -> None:
        """Below the folder of a node's data."""
        self._folder = data_dir / _FOLDER
        self.path = self._folder / _FILE

    def read(self) -> bytes:
        """The signed note; b"" where there is none yet."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise _unusable(self.path, error) from error

    def write(self, note: bytes) -> None:
        """Keep it, durably, in place of a smaller one."""
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                sync(self._folder.parent)
            descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                self._replace(note)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unusable(self.path, error) from error

    def _replace(self, note: bytes) -> None:
        known = self.read()
        larger = unverified_checkpoint(note).size
        if not known or unverified_checkpoint(known).size < larger:
            replace_whole(self.path, note)


def _unusable(path: Path, error: OSError) -> HutongError:
    problem = error.strerror or type(error).__name__
    return HutongError(ANCHOR_UNUSABLE, path=str(path), folder=str(path.parent), problem=problem)
