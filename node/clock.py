"""The clock and the entropy of a real node."""

import secrets
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, kept by NTP."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)


class SystemEntropy:
    """The machine's entropy."""

    def token(self, size: int) -> bytes:
        """`size` bytes that nobody can guess."""
        return secrets.token_bytes(size)
