"""This city, as its use cases see it: who it is, what time it is, and how it leaves a trace."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from federation.identifiers import CityCode, uuid7
from federation.log_entry import SALT_BYTES
from federation.messages import Header
from node.logbook import LogEntry, LogKind
from node.ports import Clock, Entropy, Transaction

_ENTROPY_BYTES = 10


@dataclass(frozen=True, slots=True)
class Here:
    """One city: its code, its days, its clock and its entropy."""

    city: CityCode
    zone: ZoneInfo
    clock: Clock
    entropy: Entropy

    def now(self) -> datetime:
        """The instant, in UTC."""
        return self.clock.now()

    def day(self, instant: datetime) -> date:
        """The day of the city's own time zone."""
        return instant.astimezone(self.zone).date()

    def new_id(self, now: datetime) -> str:
        """A new UUID of version 7."""
        return uuid7(now, self.entropy.token(_ENTROPY_BYTES))

    def header(self, audience: tuple[CityCode, ...], now: datetime, life: timedelta) -> Header:
        """The header of a new statement by this city."""
        return Header(self.new_id(now), self.city, audience, now, now + life)

    def trace(
        self, tx: Transaction, kind: LogKind, content: bytes, now: datetime, subject: str = ""
    ) -> int:
        """Leave a trace of what was said or done (rule 8); the number of the entry."""
        salt = self.entropy.token(SALT_BYTES)
        return tx.log.append(LogEntry(now, kind, content, salt, subject))
