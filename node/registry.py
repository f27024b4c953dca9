"""All that a city's operators decided: scales, partners, agreements, the catalogue.

It is read often and changed seldom; a `Registry` is one version of it, never half-new.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from federation.envelope import Envelope
from federation.identifiers import CityCode
from federation.messages import Agreement, ScaleReference, ScoreScale, TrustBundle
from federation.scale import Scale


class PartnerState(enum.Enum):
    """Whether a partner is served and asked."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner city: its newest trust bundle, opened, and the envelope that it came in."""

    city: CityCode
    state: PartnerState
    bundle: TrustBundle
    envelope: Envelope
    added_at: datetime
    state_reason: str = ""


class AgreementState(enum.Enum):
    """Where one version of an agreement stands."""

    PROPOSED_HERE = "proposed_here"
    PROPOSED_THERE = "proposed_there"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class StoredAgreement:
    """One version of an agreement, with the signatures that it has so far."""

    agreement: Agreement
    envelope: Envelope
    state: AgreementState
    state_reason: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Its id and version."""
        return self.agreement.agreement_id, self.agreement.version


@dataclass(frozen=True, slots=True)
class OwnScale:
    """One version of this city's scale: whole, and signed as other cities see it."""

    scale: Scale
    exported: ScoreScale
    envelope: Envelope
    content: str = field(repr=False)
    reference: ScaleReference


@dataclass(frozen=True, slots=True)
class PartnerScale:
    """One version of a partner's scale, opened, and the envelope that it came in."""

    exported: ScoreScale
    envelope: Envelope
    reference: ScaleReference


@dataclass(frozen=True, slots=True)
class Incentive:
    """One entry of the city's own catalogue.

    `minimum_band` is a band of the city's own scale, None where it is open to everyone;
    `commendations`, any one of which opens it too, whatever the band. `venues` are names of venue
    certificates, empty for every venue. Capacities are None where there is no limit.
    """

    incentive_id: str
    scenario: str
    benefit_zh: str
    benefit_en: str
    minimum_band: str | None
    commendations: tuple[str, ...]
    venues: tuple[str, ...]
    total_capacity: int | None
    daily_capacity: int | None
    resident_daily_capacity: int | None
    valid_from: date
    valid_until: date
    legal_basis: str
    source: str
    illustrative: bool

    def offered_at(self, venue: str) -> bool:
        """Whether that venue offers it."""
        return not self.venues or venue in self.venues

    def valid_on(self, day: date) -> bool:
        """Whether it is in its validity; `valid_until` is the first day on which it is not."""
        return self.valid_from <= day < self.valid_until


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One version of the city's incentives, by id, and the file that they came from."""

    version: int
    incentives: tuple[Incentive, ...]
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registry:
    """All that operators decided, at one version: read often, changed seldom, never half-new."""

    version: int
    own_scales: tuple[OwnScale, ...]
    partners: Mapping[CityCode, Partner]
    partner_scales: tuple[PartnerScale, ...]
    agreements: tuple[StoredAgreement, ...]
    catalogue: Catalogue | None

    def own_scale(self, reference: ScaleReference | None = None) -> OwnScale | None:
        """This city's scale of that reference; the newest where none is given."""
        if reference is None:
            return self.own_scales[-1] if self.own_scales else None
        return next((own for own in self.own_scales if own.reference == reference), None)

    def partner_scale(
        self, city: CityCode, reference: ScaleReference | None = None
    ) -> PartnerScale | None:
        """A partner's scale of that reference; the newest where none is given."""
        found = [s for s in self.partner_scales if s.reference.city == city]
        if reference is None:
            return found[-1] if found else None
        return next((s for s in found if s.reference == reference), None)

    def active_partner(self, city: CityCode) -> Partner | None:
        """The partner, if it is served and asked."""
        partner = self.partners.get(city)
        return partner if partner and partner.state is PartnerState.ACTIVE else None

    def active_agreement(self, city: CityCode) -> StoredAgreement | None:
        """The agreement in use with a partner; there is at most one."""
        for stored in self.agreements:
            if stored.state is AgreementState.ACTIVE and city in stored.agreement.parties:
                return stored
        return None
