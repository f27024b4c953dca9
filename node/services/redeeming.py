"""One use of an incentive, once, against its capacities (rule 7)."""

from dataclasses import dataclass, replace
from datetime import datetime

from node.errors import (
    ALREADY_REDEEMED,
    CAPACITY_USED_UP,
    DECISION_ENDED,
    UNKNOWN,
    HutongError,
)
from node.incentives import Incentive, Period
from node.logbook import LogKind
from node.model import (
    DAY_SCOPE,
    RESIDENT_DAY_SCOPE,
    Caller,
    Counter,
    Decision,
    Page,
    PageRequest,
    Redemption,
)
from node.ports import Transaction
from node.registry import Registry
from node.services.here import Here
from node.services.paging import page_of
from node.services.promising import usable_promise
from node.services.relying import is_withdrawn
from node.services.terms import TermsBook
from node.services.visits import keep_redemption


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption, and what was redeemed."""

    redemption: Redemption
    incentive: Incentive


class Redeeming:
    """Redeems decisions."""

    def __init__(self, here: Here, book: TermsBook) -> None:
        """For the venues of `here`."""
        self._here = here
        self._book = book

    def redeem(
        self, tx: Transaction, venue: Caller, decision_id: str, promise_id: str = ""
    ) -> Redeemed:
        """Use a decision; with the promise that the resident shows, where there is one.

        1. It is this venue's, unused, and has not ended.
        2. What it rests on still stands: the recognition, the agreement, the incentive.
        3. The promise is this resident's, for this, and was not used.
        4. Every capacity of the incentive has room, and one is taken from each, or from none.
        """
        now = self._here.now()
        # 1.
        decision = tx.redemptions.decision(decision_id)
        if decision is None or decision.venue != venue.name:
            raise HutongError(
                UNKNOWN, what="decision", name=decision_id, remedy="check the eligibility first"
            )
        used = tx.redemptions.by_decision(decision_id)
        if used is not None:
            raise HutongError(ALREADY_REDEEMED, redeemed_at=_text(used.redeemed_at))
        if now >= decision.expires_at:
            raise _ended(decision)
        # 2.
        incentive = self._standing_incentive(tx, decision, now)
        # 3.
        promise = None
        if promise_id:
            promise = usable_promise(tx, self._here, venue, decision, promise_id)
        # 4.
        for counter in self._counters(incentive, decision, now):
            if not tx.redemptions.count(counter):
                raise HutongError(
                    CAPACITY_USED_UP,
                    incentive=incentive.incentive_id,
                    scope=counter.scope.split(":")[0],
                    limit=str(counter.limit),
                )
        redemption = Redemption(
            self._here.new_id(now), decision_id, incentive.incentive_id, venue.name, now
        )
        tx.redemptions.add(redemption)
        if promise:
            tx.promises.put(replace(promise, redemption_id=redemption.redemption_id))
        content = f"redeemed {redemption.redemption_id} {decision_id}".encode()
        self._here.trace(tx, LogKind.REDEEMED, content, now, subject=decision.recognition_id)
        keep_redemption(tx, self._here, decision, now)
        return Redeemed(redemption, incentive)

    def _standing_incentive(self, tx: Transaction, decision: Decision, now: datetime) -> Incentive:
        if decision.recognition_id:
            visitor = tx.recognitions.get(decision.recognition_id)
            if visitor is None or visitor.ended_at is not None:
                raise _ended(decision)
            if is_withdrawn(tx, self._here, visitor.home, visitor.status_index):
                raise _ended(decision)
            terms = self._book.find(tx.registry, visitor.home, self._here.city)
            if terms is None or not terms.in_force(now):
                raise _ended(decision)
        catalogue = tx.registry.catalogue
        found = catalogue.incentives if catalogue else ()
        incentive = next((i for i in found if i.incentive_id == decision.incentive_id), None)
        if incentive is None or not incentive.valid_on(self._here.day(now)):
            raise _ended(decision)
        return incentive

    def _counters(self, incentive: Incentive, decision: Decision, now: datetime) -> list[Counter]:
        day, capacity = self._here.day(now), incentive.capacity
        scopes = [
            ("total", capacity.total),
            (f"{DAY_SCOPE}{day}", capacity.per_day),
            (f"{DAY_SCOPE}{day}:{decision.venue}", capacity.per_venue_per_day),
        ]
        # A newcomer to an open incentive is nobody in particular, and has no count of their own.
        if decision.recognition_id and capacity.per_resident:
            uses, per = capacity.per_resident.uses, capacity.per_resident.per
            begins = RESIDENT_DAY_SCOPE if per is Period.DAY else f"resident-{per.value}:"
            scopes.append((f"{begins}{per.first_day(day)}:{decision.recognition_id}", uses))
        return [
            Counter(incentive.incentive_id, scope, limit)
            for scope, limit in scopes
            if limit is not None
        ]


def offered(registry: Registry, venue: Caller, request: PageRequest) -> Page[Incentive]:
    """The incentives that a venue offers, by id."""
    catalogue = registry.catalogue
    found = [i for i in catalogue.incentives if i.offered_at(venue.name)] if catalogue else []
    return page_of(found, lambda incentive: incentive.incentive_id, request)


def _ended(decision: Decision) -> HutongError:
    return HutongError(DECISION_ENDED, expires_at=_text(decision.expires_at))


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
