"""All that a city's operators decided: scales, partners, agreements, the catalogue.

It is read often and changed seldom; a `Registry` is one version of it, never half-new.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from federation.envelope import Envelope
from federation.identifiers import CityCode
from federation.messages import Agreement, Flags, ScaleReference, ScoreScale, TrustBundle
from federation.scale import Scale
from node.incentives import Catalogue
from node.indicators import IndicatorCatalogue


@dataclass(frozen=True, slots=True)
class Invitation:
    """That another city may join by a code, which lives for minutes and works once.

    `bundle` and `certificate` are this city's as they were when it invited: what is said at Begin
    and at Finish must fit, whatever is rotated between. `code` and `seed` are erased as soon as
    they serve no purpose. `answer` is what was said to the Finish of that digest: the same one gets
    it again, another one is refused.
    """

    city: CityCode
    request_id: str
    code: bytes = field(repr=False)
    seed: bytes = field(repr=False)
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    bundle: Envelope
    certificate: bytes
    begins: int = 0
    tries: int = 0
    finish_digest: bytes = b""
    answer: bytes = field(default=b"", repr=False)
    ended: str = ""
    """Why it is over: "burned", "cancelled", "joined"; "" while only time can end it."""

    def is_open(self, now: datetime) -> bool:
        """Whether the onboarding port answers to it, if only with what it said before."""
        return not self.ended and now < self.expires_at


class PartnerState(enum.Enum):
    """Where the way from an invitation to an active partner has come to; both cities walk it."""

    INVITED = "invited"
    EXCHANGED = "exchanged"
    APPROVED_HERE = "approved_here"
    APPROVED_THERE = "approved_there"
    APPROVED = "approved"
    TESTED = "tested"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Move(enum.Enum):
    """What an operator may do to a partner."""

    EXCHANGE = "exchange"
    APPROVE = "approve"
    TEST = "test"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


_MOVES: Mapping[PartnerState, tuple[Move, ...]] = {
    PartnerState.INVITED: (Move.EXCHANGE, Move.END),
    PartnerState.EXCHANGED: (Move.EXCHANGE, Move.APPROVE, Move.END),
    PartnerState.APPROVED_HERE: (Move.EXCHANGE, Move.END),
    PartnerState.APPROVED_THERE: (Move.EXCHANGE, Move.APPROVE, Move.END),
    PartnerState.APPROVED: (Move.EXCHANGE, Move.TEST, Move.END),
    PartnerState.TESTED: (Move.TEST, Move.SUSPEND, Move.END),
    PartnerState.ACTIVE: (Move.TEST, Move.SUSPEND, Move.END),
    PartnerState.SUSPENDED: (Move.SUSPEND, Move.RESUME, Move.END),
    PartnerState.ENDED: (Move.EXCHANGE,),
}


_NOTHING_YET = Flags()


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner city: its newest trust bundle, opened, and how each city stands to the other.

    `sequence` is that of this city's own statement, `there` the newest of the partner's with
    `there_sequence` (that of one which an exchange made void, too), `told` the sequence of ours
    that the partner is known to have. `words` are the six of the exchange, for the officers.
    """

    city: CityCode
    bundle: TrustBundle
    envelope: Envelope
    added_at: datetime
    here: Flags = _NOTHING_YET
    sequence: int = 1
    there: Flags = _NOTHING_YET
    there_sequence: int = 0
    told: int = 0
    exchanged_by: str = ""
    words: bytes = b""
    state_reason: str = ""

    @property
    def state(self) -> PartnerState:
        """What both cities' statements come to."""
        here, there = self.here, self.there
        if here.ended or there.ended:
            return PartnerState.ENDED
        if here.suspended or there.suspended:
            return PartnerState.SUSPENDED
        if not (here.approved and there.approved):
            return _APPROVALS[here.approved, there.approved]
        if not here.tested:
            return PartnerState.APPROVED
        return PartnerState.ACTIVE if there.tested else PartnerState.TESTED

    @property
    def is_called(self) -> bool:
        """Whether there is something to swap: one that was ended is told until it knows."""
        knows = self.there.ended or self.told >= self.sequence
        return self.state is not PartnerState.ENDED or not knows

    @property
    def is_heard(self) -> bool:
        """Whether its connections are taken.

        One that ended the partnership is heard on: it cannot know that it was heard before, and
        would call for ever.
        """
        return self.is_called or self.there.ended

    @property
    def moves(self) -> tuple[Move, ...]:
        """What an operator may do now; only who suspended can resume, and nobody suspends twice."""
        moves = _MOVES[self.state]
        not_now = Move.SUSPEND if self.here.suspended else Move.RESUME
        return tuple(move for move in moves if move is not not_now)


_APPROVALS = {
    (False, False): PartnerState.EXCHANGED,
    (True, False): PartnerState.APPROVED_HERE,
    (False, True): PartnerState.APPROVED_THERE,
}


class AgreementState(enum.Enum):
    """Where one version of an agreement stands; ACTIVE is signed by both."""

    PROPOSED_HERE = "proposed_here"
    PROPOSED_THERE = "proposed_there"
    ACTIVE = "active"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class StoredAgreement:
    """One version of an agreement, with the signatures that it has so far.

    Either city may suspend it by itself, and end it with notice: the earlier end counts.
    """

    agreement: Agreement
    envelope: Envelope
    state: AgreementState
    state_reason: str = ""
    suspended_here: bool = False
    suspended_there: bool = False
    ends_here: datetime | None = None
    ends_there: datetime | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Its id and version."""
        return self.agreement.agreement_id, self.agreement.version

    @property
    def suspended(self) -> bool:
        """Whether either city does not use it for now."""
        return self.suspended_here or self.suspended_there

    @property
    def valid_until(self) -> datetime:
        """From when it may not be used: as it was signed, or as either city gave notice."""
        ends = (self.agreement.valid_until, self.ends_here, self.ends_there)
        return min(end for end in ends if end is not None)


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
class Registry:
    """All that operators decided, at one version: read often, changed seldom, never half-new."""

    version: int
    own_scales: tuple[OwnScale, ...]
    partners: Mapping[CityCode, Partner]
    partner_scales: tuple[PartnerScale, ...]
    agreements: tuple[StoredAgreement, ...]
    catalogue: Catalogue | None
    invitations: Mapping[CityCode, Invitation] = field(default_factory=dict)
    indicators: IndicatorCatalogue | None = None

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
        """The agreement in use with a partner, if neither suspends it; there is at most one."""
        stored = self.signed_agreement(city)
        return stored if stored and not stored.suspended else None

    def signed_agreement(self, city: CityCode) -> StoredAgreement | None:
        """The agreement that both signed and that no other replaced, suspended or not."""
        for stored in self.agreements:
            if stored.state is AgreementState.ACTIVE and city in stored.agreement.parties:
                return stored
        return None
