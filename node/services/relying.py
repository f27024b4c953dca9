"""Whether this host may go by what it recognised before, without asking the home city again.

The home city's status list says whether the attestation still stands. It counts for as long as the
agreement lets a host go without news, by this city's own clock, and no longer: an older one says
nothing. Of its own residents a city knows by itself.
"""

import enum
from datetime import datetime

from federation.agreement import Terms
from federation.identifiers import CityCode
from federation.limits import CLOCK_SKEW
from federation.status_list import is_set, place_of
from node.model import StoredRecognition
from node.ports import Transaction
from node.services.here import Here


class Reliance(enum.Enum):
    """What an earlier recognition is worth."""

    COUNTS = enum.auto()
    UNHEARD = enum.auto()
    """It would count, if there were news of it."""
    OVER = enum.auto()


def reliance(
    tx: Transaction,
    here: Here,
    visitor: StoredRecognition,
    terms: Terms,
    needed: set[str],
    now: datetime,
) -> Reliance:
    """What a recognition is worth now.

    1. It has not ended, and the attestation that it was read in neither.
    2. It was read under these very terms, and for all that is needed.
    3. There is news that it still stands, and that is not older than the terms allow.
    """
    # 1.
    if visitor.ended_at is not None or now >= visitor.expires_at:
        return Reliance.OVER
    if is_withdrawn(tx, here, visitor.home, visitor.status_index):
        return Reliance.OVER
    # 2.
    same = (visitor.agreement_id, visitor.agreement_version) == (terms.agreement_id, terms.version)
    if not same or not needed <= set(visitor.scenarios):
        return Reliance.OVER
    # 3.
    return Reliance.COUNTS if now < fresh_until(tx, here, visitor, terms, now) else Reliance.UNHEARD


def is_withdrawn(tx: Transaction, here: Here, home: CityCode, index: int) -> bool:
    """Whether an attestation is known to stand no more."""
    if home == here.city:
        return tx.statuses.is_ended(home, index)
    list_number, place = place_of(index)
    known = tx.partner_statuses.get(home, list_number)
    return known is not None and is_set(known.bits, place)


def fresh_until(
    tx: Transaction, here: Here, visitor: StoredRecognition, terms: Terms, now: datetime
) -> datetime:
    """Until when what is known of a recognition may be gone by.

    It is known from the attestation itself, and from its list. News from the future, by a clock
    that was set back since, is none.
    """
    if visitor.home == here.city:
        return now + terms.status_freshness
    list_number, _ = place_of(visitor.status_index)
    known = tx.partner_statuses.get(visitor.home, list_number)
    ends = [visitor.checked_at + terms.status_freshness]
    if known is not None:
        ends.append(min(known.issued_at + terms.status_freshness, known.expires_at))
    latest = now + CLOCK_SKEW + terms.status_freshness
    return max((end for end in ends if end <= latest), default=now)
