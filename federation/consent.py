"""Consent: one host, named scenarios, one disclosure level, an end (rule 3)."""

from dataclasses import dataclass
from datetime import datetime

from federation import limits
from federation.checks import ascending, malformed
from federation.errors import CONSENT_TOO_LONG, HutongError
from federation.identifiers import CityCode
from federation.messages import Disclosure, UseCounting

COMMITMENT_BYTES = 32
"""Of the SHA-256 of a use key."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a resident allowed; `use_commitment` is the SHA-256 of the resident's use key."""

    consent_id: str
    resident_id: str
    host: CityCode
    scenarios: tuple[str, ...]
    disclosure: Disclosure
    given_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None = None
    counting: UseCounting = UseCounting.NONE
    use_commitment: bytes = b""

    def __post_init__(self) -> None:
        """Refuse one without scenarios, and one of more than 365 days."""
        ascending(self.scenarios, where="scenarios", most=limits.SCENARIOS, least=1)
        committed = 0 if self.counting is UseCounting.NONE else COMMITMENT_BYTES
        if len(self.use_commitment) != committed:
            raise malformed("use_commitment", f"with this counting it has {committed} bytes")
        longest = self.given_at + limits.CONSENT_LIFETIME
        if not self.given_at < self.expires_at <= longest:
            raise HutongError(CONSENT_TOO_LONG, limit=str(limits.CONSENT_LIFETIME.days))

    def stands_at(self, now: datetime) -> bool:
        """Whether it counts: not withdrawn, not ended."""
        return self.withdrawn_at is None and now < self.expires_at

    def allowed(self, host: CityCode, asked: tuple[str, ...], now: datetime) -> tuple[str, ...]:
        """The scenarios, of those that `host` asks for, that are allowed now."""
        if host != self.host or not self.stands_at(now):
            return ()
        return tuple(scenario for scenario in asked if scenario in self.scenarios)
