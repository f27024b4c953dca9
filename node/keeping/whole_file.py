"""A new file that is there whole, or not at all, whenever the process ends."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from node.errors import FILE_INVALID, HutongError
from node.keys.files import sync


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that only its user may read, durably; it appears where the body ends well.

    Raises:
        HutongError: FILE_INVALID, where it is there already, or another process writes it.

    """
    part = path.with_name(f".{path.name}.part")
    if path.exists():
        raise _refused(path, "it is there already, and is never written over")
    # What a process left that was killed is taken over; what one writes now is not.
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        if not _is_ours(out, part) or path.exists():
            raise _refused(path, "another process writes it")
        os.fchmod(out.fileno(), 0o600)
        out.truncate(0)
        try:
            yield out
            out.flush()
            os.fsync(out.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    sync(path.parent)


def _is_ours(out: BinaryIO, part: Path) -> bool:
    """Whether this process alone writes the file that has the name now."""
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(out.fileno()).st_ino == part.stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def _refused(path: Path, problem: str) -> HutongError:
    return HutongError(FILE_INVALID, file=str(path), where="whole file", problem=problem)
