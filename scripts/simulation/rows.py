"""Rows of a city's tables, as the invariants read them."""

from datetime import datetime
from typing import NamedTuple

from federation import codec
from federation.identifiers import CityCode


class Resident(NamedTuple):
    """A row of residents."""

    secret: bytes
    person: int


class Consent(NamedTuple):
    """A row of consents."""

    resident_id: str
    host: CityCode
    scenarios: tuple[str, ...]
    disclosure: int
    given_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None
    pseudonym: bytes


class Attestation(NamedTuple):
    """A row of attestations."""

    resident_id: str
    consent_id: str
    host: CityCode
    pseudonym: bytes
    issued_at: datetime
    expires_at: datetime
    claim: str
    statement: bytes
    log_sequence: int
    batch_id: str
    ended_at: datetime | None

    @property
    def payload(self) -> bytes:
        """The statement itself; one of a batch is kept without an envelope of its own."""
        if self.batch_id:
            return self.statement
        return codec.envelope_from_bytes(self.statement).payload


class Recognition(NamedTuple):
    """A row of recognitions."""

    home: CityCode
    pseudonym: bytes
    attestation_id: str
    status_index: int
    expires_at: datetime
    ended_at: datetime | None
    band_id: str


class Decision(NamedTuple):
    """A row of decisions."""

    incentive_id: str
    venue: str
    recognition_id: str
    decided_at: datetime


class Redemption(NamedTuple):
    """A row of redemptions."""

    decision_id: str
    incentive_id: str
    redeemed_at: datetime


class Reservation(NamedTuple):
    """A row of reservations; `state` is a ReservationState's number."""

    decision_id: str
    incentive_id: str
    recognition_id: str
    scopes: tuple[str, ...]
    state: int
    expires_at: datetime
    redemption_id: str
    lease_id: str
    lease_until: datetime | None


class Lease(NamedTuple):
    """A row of use_leases."""

    resident_id: str
    host: CityCode
    label: bytes
    until: datetime
    released_at: datetime | None


class Move(NamedTuple):
    """A row of partner_moves."""

    city: CityCode
    at: datetime
    actor: str
    move: str
