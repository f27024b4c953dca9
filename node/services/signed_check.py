"""A check at a venue: decided, signed by this city, and kept so that it can be decided again.

The resident may ask for a review of what a machine decided (PIPL, article 24), and the venue can
show what it went by: both say the same bytes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from federation import codec
from federation.agreement import Terms
from federation.envelope import Envelope, seal
from federation.identifiers import CityCode
from federation.incentives import Decisions
from node import limits
from node.check_facts import CheckFacts, check_to_json
from node.incentives import Incentive
from node.logbook import LogKind
from node.model import Caller, Decision, StoredRecognition
from node.ports import Keys, Transaction
from node.redemptions import StoredCheck
from node.services.deciding import Verdict, facts_of
from node.services.deciding_statement import decide_all
from node.services.here import Here
from node.services.relying import fresh_until

_LEAST: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """Who is at which venue: a visitor, or None for a newcomer, of a city with these terms."""

    venue: Caller
    home: CityCode
    visitor: StoredRecognition | None
    terms: Terms | None


@dataclass(frozen=True, slots=True)
class SignedCheck:
    """The decisions in the order asked, as the statement says them, and the envelope of that."""

    rows: tuple[tuple[str, Incentive, Verdict], ...]
    statement: Decisions
    envelope: Envelope


def sign_check(
    tx: Transaction,
    here: Here,
    keys: Keys,
    shown: Shown,
    incentives: Sequence[Incentive],
    now: datetime,
) -> SignedCheck:
    """Decide, sign, and keep the decisions that open something, and what all of them rest on."""
    own, catalogue = tx.registry.own_scale(), tx.registry.catalogue
    check = _facts(tx, here, shown, incentives, now)
    decided = decide_all(here.city, check, incentives, catalogue, own.scale if own else None)
    statement = decided.statement
    envelope = seal(codec.DECISIONS, statement, [keys])
    [signature] = envelope.signatures
    visitor = shown.visitor.recognition_id if shown.visitor else ""
    tx.checks.add(
        StoredCheck(
            check_id=check.check_id,
            recognition_id=visitor,
            facts=check_to_json(check),
            key_id=signature.key_id,
            signature=signature.signature,
            payload_digest=hashlib.sha256(envelope.payload).digest(),
            expires_at=check.expires_at,
        )
    )
    here.trace(tx, LogKind.ISSUED, envelope.payload, now, subject=visitor)
    tx.redemptions.decide(
        [
            Decision(
                decision_id=each.decision_id,
                venue=check.venue,
                incentive_id=each.incentive_id,
                catalogue_version=statement.catalogue_version,
                recognition_id=visitor,
                decided_at=now,
                expires_at=check.expires_at,
                check_id=check.check_id,
                offline_until=each.offline_until,
            )
            for each in statement.decisions
            if each.eligible
        ]
    )
    return SignedCheck(decided.rows, statement, envelope)


def _facts(
    tx: Transaction, here: Here, shown: Shown, incentives: Sequence[Incentive], now: datetime
) -> CheckFacts:
    """What is decided by; without its node a venue goes by nothing for longer than this city."""
    visitor, terms = shown.visitor, shown.terms
    expires_at, offline = now + limits.DECISION_LIFETIME, None
    if visitor and terms:
        fresh = fresh_until(tx, here, visitor, terms, now)
        standing = min(fresh, visitor.expires_at, terms.valid_until)
        offline = min(now + terms.offline_grace, standing)
        # Of news that is over already the decisions live for their first instant only.
        expires_at = max(min(expires_at, standing), now + _LEAST)
    return CheckFacts(
        check_id=here.new_id(now),
        venue=shown.venue.name,
        holder=visitor.pass_digest if visitor else b"",
        home=shown.home,
        asked=tuple(incentive.incentive_id for incentive in incentives),
        expires_at=expires_at,
        offline_until=offline if offline and offline > now else None,
        offline_to_all=now + limits.DOMESTIC_OFFLINE_GRACE,
        facts=facts_of(here, tx.registry, visitor, now),
    )
