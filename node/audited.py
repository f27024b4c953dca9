"""A period of a city's log, as an auditor gets it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from federation.checkpoint import unverified_checkpoint
from federation.envelope import Envelope
from federation.identifiers import CityCode

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """What its entries lie between, and what they are proven by; nothing of it is believed yet.

    The notes are signed by the city: `before`, after whose entries the first one comes (b"" where
    the log begins), `after`, which the last one is the last of, and `newest`. `edge` are the roots
    that the tree before the first entry is made of, `consistency` shows that `after` is a beginning
    of `newest`.
    """

    city: CityCode
    since: datetime
    until: datetime
    before: bytes
    edge: tuple[bytes, ...]
    after: bytes
    newest: bytes
    consistency: tuple[bytes, ...]
    trust_bundles: tuple[Envelope, ...]

    @property
    def first(self) -> int:
        """The number of the first entry."""
        return unverified_checkpoint(self.before).size if self.before else 0

    @property
    def end(self) -> int:
        """The number after that of the last entry."""
        return unverified_checkpoint(self.after).size


@dataclass(frozen=True, slots=True)
class AuditedEntry:
    """One entry: what it is about, when, and a salted commitment to what was said."""

    kind: str
    at_micros: int
    commitment: bytes


def micros(instant: datetime) -> int:
    """An instant in whole microseconds since 1970, as leaves have it."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of_micros(at: int) -> datetime:
    """The instant of so many microseconds; raises OverflowError outside of the calendar."""
    return _EPOCH + at * _MICROSECOND
