"""The clock and the entropy of a real node."""

import secrets
import threading
from datetime import UTC, datetime
from typing import Final

# Small enough that cutting a token off copies little.
_PAGE_BYTES: Final = 512


class SystemClock:
    """The machine's clock, kept by NTP."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)


class SystemEntropy:
    """The machine's entropy, drawn a page at a time; each byte is given out once.

    Every draw is a system call, at which other threads take the interpreter. A node never forks:
    two processes would give out the rest of one page.
    """

    def __init__(self) -> None:
        """Nothing is drawn yet."""
        self._lock = threading.Lock()
        self._page = b""

    def token(self, size: int) -> bytes:
        """`size` bytes that nobody can guess."""
        with self._lock:
            if len(self._page) < size:
                self._page = secrets.token_bytes(max(size, _PAGE_BYTES))
            given, self._page = self._page[:size], self._page[size:]
        return given
