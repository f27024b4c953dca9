"""What a decision is worth when it is to be used: whose it is, and whether it still stands."""

import hashlib
from datetime import datetime

from federation.identifiers import parse_code
from node.errors import ALREADY_REDEEMED, DECISION_ENDED, UNKNOWN, HutongError
from node.incentives import Incentive
from node.model import Caller, Decision, StoredRecognition
from node.ports import Transaction
from node.redemption_errors import DECISION_OF_ANOTHER
from node.registry import Registry
from node.services.here import Here
from node.services.relying import is_withdrawn
from node.services.terms import TermsBook


class Decided:
    """Looks decisions up; nothing is written."""

    def __init__(self, here: Here, book: TermsBook) -> None:
        """For the venues of `here`."""
        self._here = here
        self._book = book

    def unused(
        self, tx: Transaction, venue: Caller, decision_id: str, visitor_pass: str
    ) -> Decision:
        """A decision of this venue, unused, of the holder of the pass where one is shown.

        Raises UNKNOWN, DECISION_OF_ANOTHER, ALREADY_REDEEMED.
        """
        decision = tx.redemptions.decision(decision_id)
        if decision is None or decision.venue != venue.name:
            raise HutongError(
                UNKNOWN, what="decision", name=decision_id, remedy="check the eligibility first"
            )
        if visitor_pass:
            city, raw = parse_code(visitor_pass, where="visitor_pass")
            holder = tx.recognitions.by_pass(hashlib.sha256(raw).digest())
            theirs = holder is not None and holder.recognition_id == decision.recognition_id
            if city != self._here.city or not theirs:
                raise HutongError(DECISION_OF_ANOTHER)
        used = tx.redemptions.by_decision(decision_id)
        if used is not None:
            raise HutongError(ALREADY_REDEEMED, redeemed_at=text_of(used.redeemed_at))
        return decision

    def standing(
        self, tx: Transaction, decision: Decision, now: datetime
    ) -> StoredRecognition | None:
        """The visitor whom it is about, None for a newcomer.

        Raises DECISION_ENDED where the recognition or the agreement stands no more.
        """
        if not decision.recognition_id:
            return None
        visitor = tx.recognitions.get(decision.recognition_id)
        if visitor is None or visitor.ended_at is not None:
            raise ended(decision)
        if is_withdrawn(tx, self._here, visitor.home, visitor.status_index):
            raise ended(decision)
        terms = self._book.find(tx.registry, visitor.home, self._here.city)
        if terms is None or not terms.in_force(now):
            raise ended(decision)
        return visitor


def incentive_of(registry: Registry, incentive_id: str) -> Incentive | None:
    """The incentive of that id, as the catalogue in force has it."""
    catalogue = registry.catalogue
    found = catalogue.incentives if catalogue else ()
    return next((each for each in found if each.incentive_id == incentive_id), None)


def ended(decision: Decision) -> HutongError:
    """What a decision that no longer holds is refused with."""
    return HutongError(DECISION_ENDED, expires_at=text_of(decision.expires_at))


def text_of(instant: datetime) -> str:
    """An instant as errors tell it."""
    return instant.isoformat(timespec="seconds")
