"""When a statement counts: not before it was made, not after its end, and not too long.

Replays inside the window are refused by a uniqueness constraint in the store, not here.
"""

from datetime import datetime

from federation import limits
from federation.errors import EXPIRED, NOT_YET_VALID, STALE, HutongError
from federation.messages import Header


def check_window(header: Header, label: str, now: datetime) -> None:
    """Refuse a statement from the future (skew allowed) and one that has ended."""
    check_made(header.issued_at, label, now)
    if now >= header.expires_at:
        raise HutongError(EXPIRED, where=label, expires_at=_text(header.expires_at))


def check_made(at: datetime, label: str, now: datetime) -> None:
    """Refuse what says that it was made in the future (skew allowed)."""
    if at > now + limits.CLOCK_SKEW:
        raise HutongError(
            NOT_YET_VALID,
            where=label,
            issued_at=_text(at),
            skew=str(int(limits.CLOCK_SKEW.total_seconds())),
        )


def check_asked_now(header: Header, label: str, now: datetime) -> None:
    """Refuse a question asked longer ago than the clocks may differ, whatever end it names.

    The store keeps each question for longer than that, so that none can be replayed.
    """
    if now - header.issued_at > limits.CLOCK_SKEW:
        raise HutongError(STALE, where=label, issued_at=_text(header.issued_at))


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
