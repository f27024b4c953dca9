"""Checks, places that are held, and uses over all cities: values that the store keeps."""

import enum
from dataclasses import dataclass, field
from datetime import datetime

from federation.identifiers import CityCode


@dataclass(frozen=True, slots=True)
class StoredCheck:
    """What a check rested on (JSON of `node.facts`), and what was signed: enough to replay it.

    `payload_digest` is the SHA-256 of the payload of the signed `federation.incentives.Decisions`;
    `recognition_id` is "" for a newcomer.
    """

    check_id: str
    recognition_id: str
    facts: str
    key_id: str
    signature: bytes
    payload_digest: bytes
    expires_at: datetime


class ReservationState(enum.Enum):
    """What became of a reservation."""

    HELD = 1
    CONFIRMED = 2
    RELEASED = 3
    ENDED = 4


@dataclass(frozen=True, slots=True)
class Reservation:
    """Places of one incentive, held for one decision until an instant.

    `scopes` are those of the counters that it took one from. `lease_id` is that of the use that the
    home city counts, "" where there is none, and `lease_until` its end.
    """

    reservation_id: str
    decision_id: str
    incentive_id: str
    venue: str
    recognition_id: str
    scopes: tuple[str, ...]
    state: ReservationState
    reserved_at: datetime
    expires_at: datetime
    closed_at: datetime | None = None
    redemption_id: str = ""
    home: str = ""
    lease_id: str = ""
    lease_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PendingUse:
    """As host: a question for a lease, signed and kept before it was sent.

    `key` is the SHA-256 of the venue's caller and request id, as of `PendingQuestion`.
    """

    key: bytes
    lease_id: str
    home: CityCode
    envelope: bytes
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class PendingRelease:
    """As host: a lease that is given back, until the home city knows."""

    lease_id: str
    home: CityCode
    since: datetime


@dataclass(frozen=True, slots=True)
class CountedUse:
    """As home: a use that a host had counted. `use_class` is "" where the consent keeps it.

    One that was given back before it was asked for has no resident: it is refused if it comes.
    """

    lease_id: str
    resident_id: str
    consent_id: str
    host: CityCode
    label: bytes = field(repr=False)
    use_class: str
    granted_at: datetime
    until: datetime
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredHistogram:
    """A published histogram, in the envelope that it was signed in."""

    city: CityCode
    scale_id: str
    version: int
    statement_id: str
    envelope: bytes
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class PrivacySpending:
    """What a publication spent of the privacy of this city's residents."""

    spending_id: str
    at: datetime
    purpose: str
    epsilon_milli: int
    actor: str
