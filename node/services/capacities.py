"""Capacities: what a use of an incentive takes, and what is given back.

Counters change in the transaction of the reservation or redemption that they count, so that they
are right after a crash at any instant. A place is given back by whoever closes the reservation, and
one closes it.
"""

from collections import Counter as Tally
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from federation.identifiers import CityCode
from node import limits
from node.errors import CAPACITY_USED_UP, HutongError
from node.incentives import Incentive
from node.model import DAY_SCOPE, RESIDENT_SCOPES, Counter
from node.ports import Transaction
from node.redemptions import PendingRelease, Reservation, ReservationState

TOTAL_SCOPE: Final = "total"


def counters(
    incentive: Incentive, venue: str, recognition_id: str, day: date
) -> tuple[Counter, ...]:
    """What a use on that day of the city takes one of each from.

    A newcomer to an open incentive is nobody in particular, and has no count of their own.
    """
    capacity = incentive.capacity
    scopes = [
        (TOTAL_SCOPE, capacity.total),
        (f"{DAY_SCOPE}{day}", capacity.per_day),
        (f"{DAY_SCOPE}{day}:{venue}", capacity.per_venue_per_day),
    ]
    if recognition_id and capacity.per_resident:
        uses, per = capacity.per_resident.uses, capacity.per_resident.per
        scopes.append((f"{RESIDENT_SCOPES}{per.value}:{per.first_day(day)}:{recognition_id}", uses))
    return tuple(
        Counter(incentive.incentive_id, scope, limit)
        for scope, limit in scopes
        if limit is not None
    )


def room(tx: Transaction, wanted: tuple[Counter, ...], now: datetime) -> tuple[Reservation, ...]:
    """The reservations, over by now, that must be ended for one more use; none where there is room.

    Nothing is written. Raises CAPACITY_USED_UP.
    """
    lacks = {
        counter: lack
        for counter in wanted
        if (lack := tx.redemptions.used(counter.incentive_id, counter.scope) - counter.limit + 1)
        > 0
    }
    if not lacks:
        return ()
    incentive_id = wanted[0].incentive_id
    over = tx.reservations.ended(now, limits.RESERVATIONS_ENDED, incentive_id)
    held = Tally(scope for reservation in over for scope in reservation.scopes)
    for counter, lack in lacks.items():
        if held[counter.scope] < lack:
            raise _used_up(counter)
    full = {counter.scope for counter in lacks}
    return tuple(each for each in over if full & set(each.scopes))


def take(
    tx: Transaction, wanted: tuple[Counter, ...], over: tuple[Reservation, ...], now: datetime
) -> tuple[str, ...]:
    """Take one of each, once those that are over are ended; the scopes.

    Raises CAPACITY_USED_UP, and the transaction comes to nothing.
    """
    for reservation in over:
        end(tx, reservation, now)
    for counter in wanted:
        if not tx.redemptions.count(counter):
            raise _used_up(counter)
    return tuple(counter.scope for counter in wanted)


def end(tx: Transaction, reservation: Reservation, now: datetime) -> Reservation:
    """End a held one whose time is over; as it is now."""
    return _close(tx, reservation, ReservationState.ENDED, reservation.expires_at, now)


def release(tx: Transaction, reservation: Reservation, now: datetime) -> Reservation:
    """Give back a held one; as it is now."""
    return _close(tx, reservation, ReservationState.RELEASED, now, now)


def _close(
    tx: Transaction, before: Reservation, state: ReservationState, at: datetime, now: datetime
) -> Reservation:
    lease_until = now if before.lease_id else None
    after = replace(before, state=state, closed_at=at, lease_until=lease_until)
    if not tx.reservations.close(before, after):
        # Somebody else closed it, and gave its places back or used them.
        return tx.reservations.get(before.reservation_id) or before
    for scope in before.scopes:
        tx.redemptions.give_back(before.incentive_id, scope)
    end_use(tx, before, now)
    return after


def end_use(tx: Transaction, reservation: Reservation, now: datetime) -> None:
    """Have the use given back that the home city counts for it, if it counts one."""
    if reservation.lease_id:
        home = CityCode(reservation.home)
        tx.use_questions.give_back(PendingRelease(reservation.lease_id, home, now))


def _used_up(counter: Counter) -> HutongError:
    return HutongError(
        CAPACITY_USED_UP,
        incentive=counter.incentive_id,
        scope=_told(counter.scope),
        limit=str(counter.limit),
    )


def _told(scope: str) -> str:
    kind, *rest = scope.split(":")
    # A day's scope that goes on is of one venue.
    return f"venue-{kind}" if f"{kind}:" == DAY_SCOPE and len(rest) > 1 else kind
