"""Places that are held, and uses of an incentive, each once, against its capacities (rule 7)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from federation.identifiers import is_uuid
from federation.limits import CLOCK_SKEW
from node import limits
from node.errors import PAGE_INVALID, UNKNOWN, HutongError
from node.incentives import Incentive
from node.logbook import LogKind
from node.model import (
    Caller,
    Counter,
    Decision,
    Page,
    PageRequest,
    Redemption,
    StoredRecognition,
)
from node.ports import Transaction
from node.records import Promise
from node.redemption_errors import (
    OFFLINE_NOT_ALLOWED,
    OFFLINE_USE_REFUSED,
    RESERVATION_ENDED,
    RESERVATION_USED,
    RESERVE_FIRST,
)
from node.redemptions import Reservation, ReservationState
from node.registry import Registry
from node.services import capacities
from node.services.decided import Decided, ended, incentive_of, text_of
from node.services.deciding import is_open_to_newcomers
from node.services.here import Here
from node.services.paging import page_of
from node.services.promising import usable_promise
from node.services.terms import TermsBook
from node.services.visits import keep_redemption


@dataclass(frozen=True, slots=True)
class Lease:
    """A use that the home city counts, until then, and the payload of its statement of that."""

    lease_id: str
    until: datetime
    statement: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """Places that could be held now: one of each of `counters`, once those `over` are ended."""

    decision: Decision
    incentive: Incentive
    visitor: StoredRecognition | None
    counters: tuple[Counter, ...]
    over: tuple[Reservation, ...]


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption, its reservation, and what was redeemed: None where it is offered no more."""

    redemption: Redemption
    reservation: Reservation
    incentive: Incentive | None


class Redeeming:
    """Reserves, confirms, releases and redeems by decisions."""

    def __init__(self, here: Here, book: TermsBook) -> None:
        """For the venues of `here`."""
        self._here = here
        self._decided = Decided(here, book)

    def begin(
        self, tx: Transaction, venue: Caller, decision_id: str, visitor_pass: str = ""
    ) -> Prepared | Reservation:
        """What a decision would hold, or what it holds already. Nothing is written.

        1. It is this venue's, of the holder of the pass where one is shown, unused, and has not
           ended.
        2. What it rests on still stands: the recognition, the agreement, the incentive.
        3. Every capacity of the incentive has room.
        """
        now = self._here.now()
        # 1.
        decision = self._decided.unused(tx, venue, decision_id, visitor_pass)
        held = tx.reservations.by_decision(decision_id)
        if held is not None:
            if held.state is not ReservationState.HELD or now >= held.expires_at:
                raise _over(held)
            return held
        if now >= decision.expires_at:
            raise ended(decision)
        # 2.
        visitor = self._decided.standing(tx, decision, now)
        incentive = incentive_of(tx.registry, decision.incentive_id)
        day = self._here.day(now)
        if incentive is None or not incentive.valid_on(day):
            raise ended(decision)
        if incentive.across_cities and visitor is None:
            # Nobody counts the uses of a newcomer; it was not so limited when this was decided.
            raise ended(decision)
        # 3.
        counters = capacities.counters(
            incentive, venue.name, self._whose(tx, incentive, decision, now), day
        )
        over = capacities.room(tx, counters, now)
        return Prepared(decision, incentive, visitor, counters, over)

    def _whose(
        self, tx: Transaction, incentive: Incentive, decision: Decision, now: datetime
    ) -> str:
        """Whose uses count one by one: nobody's of what a newcomer may have, who has no count.

        Else who is recognised could have less of it than who is not (rule 1).
        """
        if incentive.capacity.per_resident is None:
            return ""
        free = is_open_to_newcomers(self._here, tx.registry, incentive, now)
        return "" if free else decision.recognition_id

    def hold(self, tx: Transaction, prepared: Prepared, lease: Lease | None = None) -> Reservation:
        """Take one of each capacity, or of none, and keep the reservation.

        Raises CAPACITY_USED_UP where another process was faster.
        """
        now = self._here.now()
        span = timedelta(minutes=prepared.incentive.hold_minutes)
        scopes = capacities.take(tx, prepared.counters, prepared.over, now)
        held = self._reservation(prepared.decision, scopes, now, now + span)
        if lease is not None and prepared.visitor is not None:
            home = prepared.visitor.home
            held = replace(held, home=home, lease_id=lease.lease_id, lease_until=lease.until)
        tx.reservations.add(held)
        return held

    def confirm(
        self, tx: Transaction, venue: Caller, reservation_id: str, promise_id: str = ""
    ) -> Redeemed:
        """Use what was reserved; once is as good as twice.

        1. It is this venue's, and held: what was promised is kept, whatever the catalogue says now.
        2. The standing still stands, and the use still counts in the home city.
        3. The promise is this resident's, for this, and was not used.
        """
        now = self._here.now()
        # 1.
        held = _own(tx, venue, reservation_id)
        if held.state is ReservationState.CONFIRMED:
            return _again(tx, held)
        decision = tx.redemptions.decision(held.decision_id)
        if held.state is not ReservationState.HELD or now >= held.expires_at or decision is None:
            raise _over(held)
        # 2.
        self._decided.standing(tx, decision, now)
        if held.lease_until is not None and now >= held.lease_until - CLOCK_SKEW:
            raise _over(held)
        # 3.
        promise = self._promise(tx, venue, decision, promise_id)
        return self._confirm(tx, held, decision, promise, now)

    def release(self, tx: Transaction, venue: Caller, reservation_id: str) -> Reservation:
        """Give back what was reserved, or end a use that is counted over all cities.

        Once is as good as twice. Raises RESERVATION_USED for any other use.
        """
        now = self._here.now()
        found = _own(tx, venue, reservation_id)
        match found.state:
            case ReservationState.HELD if now >= found.expires_at:
                return capacities.end(tx, found, now)
            case ReservationState.HELD:
                return capacities.release(tx, found, now)
            case ReservationState.CONFIRMED if not found.lease_id:
                at = text_of(found.closed_at or now)
                raise HutongError(RESERVATION_USED, confirmed_at=at)
            case ReservationState.CONFIRMED if found.lease_until and now < found.lease_until:
                over = replace(found, lease_until=now)
                tx.reservations.close(found, over)
                capacities.end_use(tx, found, now)
                return over
            case _:
                return found

    def redeem(
        self,
        tx: Transaction,
        venue: Caller,
        decision_id: str,
        promise_id: str = "",
        *,
        visitor_pass: str = "",
        used_at: datetime | None = None,
    ) -> Redeemed:
        """Reserve and confirm at once; confirm what the decision holds already.

        With `used_at` it was used then, while the node could not be reached. Raises RESERVE_FIRST
        for what is limited over all cities.
        """
        if used_at is not None:
            return self._told_later(tx, venue, decision_id, promise_id, visitor_pass, used_at)
        now = self._here.now()
        found = self.begin(tx, venue, decision_id, visitor_pass)
        if isinstance(found, Reservation):
            return self.confirm(tx, venue, found.reservation_id, promise_id)
        if found.incentive.across_cities:
            raise HutongError(RESERVE_FIRST, incentive=found.incentive.incentive_id)
        promise = self._promise(tx, venue, found.decision, promise_id)
        scopes = capacities.take(tx, found.counters, found.over, now)
        made = self._reservation(found.decision, scopes, now, now)
        return self._use(tx, made, found.decision, promise, now)

    def end(self, tx: Transaction, most: int) -> int:
        """End reservations whose time is over, at most so many; how many there were."""
        now = self._here.now()
        over = tx.reservations.ended(now, most)
        for reservation in over:
            capacities.end(tx, reservation, now)
        return len(over)

    def page(self, tx: Transaction, venue: Caller, request: PageRequest) -> Page[Reservation]:
        """What a venue reserved and redeemed, the newest first; what is over is shown as ended."""
        if request.token and not is_uuid(request.token):
            raise HutongError(PAGE_INVALID, field="page_token", limit=str(limits.PAGE_MOST))
        now, found = self._here.now(), tx.reservations.page(venue.name, request)
        return Page(tuple(_as_of(each, now) for each in found.items), found.next_token)

    def _told_later(
        self,
        tx: Transaction,
        venue: Caller,
        decision_id: str,
        promise_id: str,
        visitor_pass: str,
        used_at: datetime,
    ) -> Redeemed:
        """Keep a use that the decision allowed without the node, at the instant when it was.

        Nothing is counted: a decision allows that only where there is no capacity. What became of
        the standing since takes nothing back.
        """
        now = self._here.now()
        decision = self._decided.unused(tx, venue, decision_id, visitor_pass)
        until, decided_at = decision.offline_until, text_of(decision.decided_at)
        if until is None:
            raise HutongError(OFFLINE_NOT_ALLOWED, decided_at=decided_at)
        in_time = decision.decided_at - CLOCK_SKEW <= used_at < until
        told_in_time = used_at - CLOCK_SKEW <= now <= used_at + limits.OFFLINE_TOLD
        if not (in_time and told_in_time):
            raise HutongError(
                OFFLINE_USE_REFUSED,
                used_at=text_of(used_at),
                decided_at=decided_at,
                offline_until=text_of(until),
                hours=str(limits.OFFLINE_TOLD // timedelta(hours=1)),
            )
        promise = self._promise(tx, venue, decision, promise_id)
        at = min(max(used_at, decision.decided_at), now)
        before = tx.reservations.by_decision(decision_id)
        if before is not None:
            return self._confirm(tx, before, decision, promise, at)
        return self._use(tx, self._reservation(decision, (), at, at), decision, promise, at)

    def _promise(
        self, tx: Transaction, venue: Caller, decision: Decision, promise_id: str
    ) -> Promise | None:
        return usable_promise(tx, self._here, venue, decision, promise_id) if promise_id else None

    def _reservation(
        self, decision: Decision, scopes: tuple[str, ...], at: datetime, expires_at: datetime
    ) -> Reservation:
        return Reservation(
            reservation_id=self._here.new_id(self._here.now()),
            decision_id=decision.decision_id,
            incentive_id=decision.incentive_id,
            venue=decision.venue,
            recognition_id=decision.recognition_id,
            scopes=scopes,
            state=ReservationState.HELD,
            reserved_at=at,
            expires_at=expires_at,
        )

    def _confirm(
        self,
        tx: Transaction,
        held: Reservation,
        decision: Decision,
        promise: Promise | None,
        at: datetime,
    ) -> Redeemed:
        redeemed = self._redeemed(tx, held, decision, promise, at)
        if not tx.reservations.close(held, redeemed.reservation):
            raise _over(held)
        return redeemed

    def _use(
        self,
        tx: Transaction,
        made: Reservation,
        decision: Decision,
        promise: Promise | None,
        at: datetime,
    ) -> Redeemed:
        redeemed = self._redeemed(tx, made, decision, promise, at)
        tx.reservations.add(redeemed.reservation)
        return redeemed

    def _redeemed(
        self,
        tx: Transaction,
        held: Reservation,
        decision: Decision,
        promise: Promise | None,
        at: datetime,
    ) -> Redeemed:
        now = self._here.now()
        redemption = Redemption(
            self._here.new_id(now), decision.decision_id, held.incentive_id, held.venue, at
        )
        tx.redemptions.add(redemption)
        if promise:
            tx.promises.put(replace(promise, redemption_id=redemption.redemption_id))
        content = f"redeemed {redemption.redemption_id} {decision.decision_id}".encode()
        self._here.trace(tx, LogKind.REDEEMED, content, now, subject=decision.recognition_id)
        keep_redemption(tx, self._here, decision, at)
        confirmed = replace(
            held,
            state=ReservationState.CONFIRMED,
            closed_at=at,
            redemption_id=redemption.redemption_id,
        )
        return Redeemed(redemption, confirmed, incentive_of(tx.registry, held.incentive_id))


def offered(registry: Registry, venue: Caller, request: PageRequest) -> Page[Incentive]:
    """The incentives that a venue offers, by id."""
    catalogue = registry.catalogue
    found = catalogue.offered_at(venue.name) if catalogue else {}
    return page_of(list(found.values()), lambda incentive: incentive.incentive_id, request)


def _own(tx: Transaction, venue: Caller, reservation_id: str) -> Reservation:
    found = tx.reservations.get(reservation_id)
    if found is None or found.venue != venue.name:
        raise HutongError(
            UNKNOWN,
            what="reservation",
            name=reservation_id,
            remedy="`hutong venue redemptions` shows this venue's own",
        )
    return found


def _again(tx: Transaction, confirmed: Reservation) -> Redeemed:
    """What was redeemed the first time."""
    redemption = Redemption(
        confirmed.redemption_id,
        confirmed.decision_id,
        confirmed.incentive_id,
        confirmed.venue,
        confirmed.closed_at or confirmed.expires_at,
    )
    return Redeemed(redemption, confirmed, incentive_of(tx.registry, confirmed.incentive_id))


def _as_of(reservation: Reservation, now: datetime) -> Reservation:
    """One whose time is over is held no longer, although its places may not be back yet."""
    if reservation.state is not ReservationState.HELD or now < reservation.expires_at:
        return reservation
    return replace(reservation, state=ReservationState.ENDED, closed_at=reservation.expires_at)


def _over(reservation: Reservation) -> HutongError:
    at = reservation.closed_at or reservation.expires_at
    return HutongError(RESERVATION_ENDED, ended_at=text_of(at))
