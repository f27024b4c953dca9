"""A directory for a copy of the city, for its owner alone, and gone afterwards.

It is removed after an exception and after SIGTERM too; only a kill that no process sees leaves it.
"""

import contextlib
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from node.bulk.errors import WORKSPACE_UNUSABLE, HutongError

_STOPPED = 128 + signal.SIGTERM


@contextlib.contextmanager
def workspace(parent: Path | None = None, *, keep: bool = False) -> Iterator[Path]:
    """A new directory of mode 0700, below `parent` or where temporary files are.

    SIGTERM meanwhile ends the process, once the directory is gone, with the code of shells.

    Raises:
        HutongError: WORKSPACE_UNUSABLE.
    """
    try:
        directory = Path(tempfile.mkdtemp(prefix="hutong-bulk-", dir=parent))
    except OSError as error:
        raise HutongError(
            WORKSPACE_UNUSABLE,
            path=str(parent or tempfile.gettempdir()),
            problem=error.strerror or "it cannot be written to",
        ) from error
    try:
        with _ended_by_sigterm():
            yield directory
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Leave the block when SIGTERM comes; what a library makes of that is of no account."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told = list[int]()

    def stop(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        raise SystemExit(_STOPPED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except Exception:
        if told:
            raise SystemExit(_STOPPED) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
