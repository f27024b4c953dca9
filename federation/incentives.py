"""The statements on incentives: what a host decided, and uses that are counted over all cities.

As in `messages`: frozen, checked when built, valid for ever after.
"""

from dataclasses import dataclass
from datetime import datetime

from federation import limits
from federation.checks import malformed, text
from federation.identifiers import CityCode, name
from federation.messages import Header

_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class IncentiveDecision:
    """Whether one incentive is open, by which rule, why, and what would change it.

    `decision_id` is "" where it is not open; `offline_until` is when a venue may last go by it
    without its node, None where it may not.
    """

    decision_id: str
    incentive_id: str
    eligible: bool
    rule: str
    reason_zh: str
    reason_en: str
    change_zh: str
    change_en: str
    offline_until: datetime | None

    def __post_init__(self) -> None:
        """Refuse one that is open without an id, or the other way round."""
        name(self.incentive_id, where="incentive_id")
        if self.eligible != bool(self.decision_id):
            raise malformed("decision_id", "an incentive that is open has one, and no other")
        if self.offline_until is not None and not self.eligible:
            raise malformed("offline_until", "only what is open can be used")
        for where in ("rule", "reason_zh", "reason_en", "change_zh", "change_en"):
            text(getattr(self, where), where=where)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a host decided for one person at one venue, for nobody else and for no other venue.

    `holder` is the SHA-256 of the visitor pass, b"" for a newcomer, whose `band_id` is "".
    """

    header: Header
    venue: str
    holder: bytes
    home_city: CityCode
    band_id: str
    catalogue_version: int
    catalogue_digest: bytes
    decisions: tuple[IncentiveDecision, ...]

    def __post_init__(self) -> None:
        """Refuse one for another city, and one that says two things of one incentive."""
        if self.header.audience != (self.header.issuer,):
            raise malformed("header.audience", "decisions go to no other city")
        if self.holder and len(self.holder) != _DIGEST_BYTES:
            raise malformed("holder", "a SHA-256 has 32 bytes")
        if bool(self.holder) != bool(self.band_id):
            raise malformed("band_id", "a newcomer has none, and nobody else")
        if self.catalogue_digest and len(self.catalogue_digest) != _DIGEST_BYTES:
            raise malformed("catalogue_digest", "a SHA-256 has 32 bytes")
        text(self.venue, where="venue")
        if len(self.decisions) > limits.DECISIONS:
            raise malformed("decisions", f"at most {limits.DECISIONS}")
        ids = [each.incentive_id for each in self.decisions]
        if len(set(ids)) != len(ids):
            raise malformed("decisions", "an incentive occurs twice")


@dataclass(frozen=True, slots=True)
class UseRequest:
    """A host asks the home city to count one use; see `uses` for the label."""

    header: Header
    agreement_id: str
    agreement_version: int
    pseudonym: bytes
    label: bytes
    use_class: str
    most: int
    until: datetime

    def __post_init__(self) -> None:
        """Refuse one of nobody, of nothing, or that never ends."""
        if len(self.header.audience) != 1:
            raise malformed("header.audience", "one home city is asked")
        if len(self.pseudonym) != limits.PSEUDONYM_BYTES:
            raise malformed("pseudonym", f"it has {limits.PSEUDONYM_BYTES} bytes")
        if len(self.label) != _DIGEST_BYTES:
            raise malformed("label", f"it has {_DIGEST_BYTES} bytes")
        if self.use_class:
            name(self.use_class, where="use_class")
        if not 0 < self.most <= limits.USES_AT_ONCE:
            raise malformed("most", f"from 1 to {limits.USES_AT_ONCE}")
        life = self.until - self.header.issued_at
        if not self.header.expires_at <= self.until or life > limits.USE_LEASE:
            raise malformed("until", f"after the request, and at most {limits.USE_LEASE.days} days")


@dataclass(frozen=True, slots=True)
class UseLease:
    """The home city's answer: the use is counted until then."""

    header: Header
    request_id: str
    request_digest: bytes
    until: datetime

    def __post_init__(self) -> None:
        """Refuse one for several cities."""
        if len(self.header.audience) != 1:
            raise malformed("header.audience", "a lease is for one host")
        if len(self.request_digest) != _DIGEST_BYTES:
            raise malformed("request_digest", "a SHA-256 has 32 bytes")


@dataclass(frozen=True, slots=True)
class UseRelease:
    """A host gives a use back: it is over, or never began."""

    header: Header
    lease_id: str

    def __post_init__(self) -> None:
        """Refuse one for several cities."""
        if len(self.header.audience) != 1:
            raise malformed("header.audience", "one home city counts")
