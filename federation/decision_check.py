"""Whether a signed decision may be gone by, told without asking its city. Pure.

For a venue whose node cannot be reached, and for whoever is shown a decision later. What the caller
owes: it vouches for the trust bundle, and it is the venue that it says it is.
"""

import enum
import hashlib
from datetime import datetime

from federation import freshness
from federation.codec import DECISIONS
from federation.envelope import Envelope, Keyring, check_shape, verify_signatures
from federation.errors import (
    DECISIONS_OF_ANOTHER_PERSON,
    DECISIONS_OF_ANOTHER_VENUE,
    WRONG_ISSUER,
    HutongError,
)
from federation.identifiers import parse_code
from federation.incentives import Decisions, IncentiveDecision


class Use(enum.Enum):
    """What a decision is good for at an instant."""

    OFFLINE = "offline"
    """The venue may give the benefit, and tells its node later."""
    WITH_NODE = "with_node"
    """It stands, and the node is to be asked for a place."""
    ENDED = "ended"
    CLOSED = "closed"
    """The incentive was not open."""


def open_decisions(envelope: Envelope, ring: Keyring, now: datetime) -> Decisions:
    """What a city decided, as it signed it, whether it still counts or not.

    1. The envelope is within its limits, of decisions.
    2. A key of the city signed the bytes that counts at `now`, and nobody else did.
    3. The payload is the canonical encoding of its message.
    4. It is issued by that city; decisions go to no other.
    5. It was made before now (skew allowed).

    Raises:
        HutongError: with the reason of the first step that fails.

    """
    # 1.
    check_shape(envelope, DECISIONS)
    # 2.
    verify_signatures(envelope, [ring], now)
    # 3.
    found = DECISIONS.decode(envelope.payload)
    # 4.
    header = found.header
    if header.issuer != ring.city:
        raise HutongError(WRONG_ISSUER, actual=header.issuer, expected=ring.city)
    # 5.
    freshness.check_made(header.issued_at, DECISIONS.label, now)
    return found


def check_venue(decided: Decisions, venue: str) -> None:
    """Refuse decisions that were made for another venue; raises DECISIONS_OF_ANOTHER_VENUE."""
    if decided.venue != venue:
        raise HutongError(DECISIONS_OF_ANOTHER_VENUE, actual=decided.venue, expected=venue)


def check_holder(decided: Decisions, visitor_pass: str) -> None:
    """Refuse decisions that were not made for the holder of a visitor pass.

    Those for a newcomer were made for nobody in particular, and so for no holder of a pass.

    Raises:
        HutongError: DECISIONS_OF_ANOTHER_PERSON; MALFORMED for a pass that was mistyped.

    """
    city, raw = parse_code(visitor_pass, where="visitor_pass")
    if city != decided.header.issuer or hashlib.sha256(raw).digest() != decided.holder:
        raise HutongError(DECISIONS_OF_ANOTHER_PERSON)


def use_of(decided: Decisions, decision: IncentiveDecision, now: datetime) -> Use:
    """What one of the decisions is good for at `now`."""
    if not decision.eligible:
        return Use.CLOSED
    if decision.offline_until is not None and now < decision.offline_until:
        return Use.OFFLINE
    return Use.WITH_NODE if now < decided.header.expires_at else Use.ENDED
