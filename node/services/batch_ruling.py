"""Whom the pseudonyms of a renewal request stand for, and what is said of each, or why nothing is.

It is ruled as `attesting` rules on one. What is said of one standing is said of all its like.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from federation.agreement import Terms
from federation.errors import Reason
from federation.messages import Claim, Disclosure
from federation.recognition import claim_for
from federation.scale import Scale
from federation.standing import RenewalRequest
from node.attested import Candidate, Kind
from node.model import Resident
from node.ports import Transaction
from node.refusals import (
    REFUSED_CONSENT_ENDED,
    REFUSED_NOTHING_TO_SHOW,
    REFUSED_OUTSIDE_CONSENT,
    REFUSED_UNKNOWN,
)
from node.services.here import Here
from node.services.scoring import recounted
from node.services.statuses import claim_text


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said of everybody of one standing under one kind of consent.

    `claim` is the text to compare with later, `encoded` what stands in the attestation.
    """

    claim: str
    encoded: bytes


class Rulings:
    """Rules on the residents of one request, at one instant under the same terms."""

    def __init__(
        self,
        asked: RenewalRequest,
        terms: Terms,
        scale: Scale,
        encode: Callable[[Claim, tuple[str, ...]], bytes],
    ) -> None:
        """By this city's `scale`; `encode` makes of a claim and its scenarios what is said."""
        self._asked = asked
        self._terms = terms
        self._scale = scale
        self._encode = encode
        self._known: dict[Kind, Saying | Reason] = {}

    def chosen(self, tx: Transaction, here: Here, now: datetime) -> dict[bytes, Candidate]:
        """Whom each pseudonym stands for, by the consent that allows most; the newest of equals."""
        catalogue, today = tx.registry.indicators, here.day(now)
        found = tx.batches.candidates(
            self._terms.host,
            self._asked.pseudonyms,
            now,
            today=today,
            counted_by=catalogue.version if catalogue else 0,
        )
        chosen = dict[bytes, Candidate]()
        for candidate in _counted(tx, here, found, now):
            other = chosen.get(candidate.pseudonym)
            if other is None or self._rank(other) < self._rank(candidate):
                chosen[candidate.pseudonym] = candidate
        return chosen

    def rule(self, candidate: Candidate | None) -> Saying | Reason:
        """What is said of somebody, or the first of the reasons to say nothing."""
        if candidate is None:
            return REFUSED_UNKNOWN
        if not candidate.stands:
            return REFUSED_CONSENT_ENDED
        found = self._known.get(candidate.kind)
        if found is None:
            found = self._known[candidate.kind] = self._say(candidate.kind)
        return found

    def _say(self, kind: Kind) -> Saying | Reason:
        allowed = self._allowed(kind)
        standing = self._scale.standing(kind.shared_milli, frozenset(kind.commendations))
        level = min(self._asked.disclosure, kind.disclosure, self._terms.disclosure_limit)
        claim = claim_for(standing, self._scale, self._terms, Disclosure(level))
        if not allowed:
            return REFUSED_OUTSIDE_CONSENT
        if claim is None:
            return REFUSED_NOTHING_TO_SHOW
        return Saying(claim_text(claim), self._encode(claim, allowed))

    def _rank(self, candidate: Candidate) -> tuple[int, str]:
        allowed = self._allowed(candidate.kind) if candidate.stands else ()
        return len(allowed), candidate.consent_id

    def _allowed(self, kind: Kind) -> tuple[str, ...]:
        return tuple(s for s in self._asked.scenarios if s in kind.scenarios)


def _counted(tx: Transaction, here: Here, found: list[Candidate], now: datetime) -> list[Candidate]:
    """The same with the sums of today, counted anew where the kept ones had their day."""
    stale = {candidate.person for candidate in found if not candidate.is_fresh}
    if not stale:
        return found
    today, catalogue = here.day(now), tx.registry.indicators
    residents = tx.residents.by_persons(stale)
    records = tx.records.of(residents)
    fresh = {
        person: recounted(resident, records[person], catalogue, today)
        for person, resident in residents.items()
    }
    return [
        each if each.is_fresh else each._replace(kind=_kind_of(each.kind, fresh[each.person]))
        for each in found
    ]


def _kind_of(kind: Kind, fresh: Resident) -> Kind:
    return replace(kind, shared_milli=fresh.shared_milli, commendations=fresh.commendations)
