"""A machine that reserves, confirms, releases, redeems, waits and changes rules in any order.

Beside it runs the plainest model there is: a list of what is held and used, and their scopes.
"""

import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.incentives import Capacity, Incentive, Period, PerResident
from node.redemptions import ReservationState
from node.services.redeeming import Redeemed
from tests.node.services.places import DECIDED, Places, incentive, outcome
from tests.node.services.stage import Stage

HOST = "330100"
LONG = settings.get_current_profile_name() == "long"
ZONE = ZoneInfo("Asia/Shanghai")
CAPACITIES = (
    Capacity(total=3),
    Capacity(total=2, per_day=1),
    Capacity(per_venue_per_day=2, per_resident=PerResident(1, Period.DAY)),
    Capacity(total=4, per_resident=PerResident(1, Period.WEEK)),
    Capacity(),
)
HOLDS = (1, 15, 600)


@dataclass
class Held:
    """One decision, and what the model says became of it."""

    decision: str
    whose: str
    ends: datetime
    state: ReservationState | None = None
    scopes: tuple[str, ...] = ()
    until: datetime | None = None
    reservation: str = ""
    redemption: str = ""


class Reservations(RuleBasedStateMachine):
    """One venue, two residents and newcomers."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.stage = Stage(lambda name: f"sqlite:///{self._folder.name}/{name}.sqlite", HOST)
        self.held = list[Held]()
        self.capacity, self.hold = CAPACITIES[0], HOLDS[1]
        self.places = Places(self.stage, self.stage[HOST], self._incentive())

    def teardown(self) -> None:
        self.stage.close()
        self._folder.cleanup()

    def _incentive(self) -> Incentive:
        return incentive(self.capacity, hold_minutes=self.hold)

    @property
    def now(self) -> datetime:
        return self.places.now

    @initialize()
    def two_live_here(self) -> None:
        self.people = ["", self.places.resident()[0], self.places.resident()[0]]

    @rule(which=st.integers(0, 2))
    def decide(self, which: int) -> None:
        whose = self.people[which]
        self.held.append(Held(self.places.decision(whose), whose, self.now + DECIDED))

    @rule(data=st.data(), at_once=st.booleans())
    @precondition(lambda self: self.held)
    def take(self, data: st.DataObject, at_once: bool) -> None:
        """Reserve, or redeem at once: the model says whether that is possible."""
        one = data.draw(st.sampled_from(self.held))
        expected = self._refusal(one)
        redeem, reserve = self.places.redeem, self.places.reserve
        found = outcome(lambda: redeem(one.decision) if at_once else reserve(one.decision))
        if isinstance(found, str):
            assert found == expected
            return
        assert expected == ""
        reservation = found.reservation if isinstance(found, Redeemed) else found
        if one.state is None:
            one.scopes = tuple(self._limits(one.whose))
            one.until = self.now + timedelta(minutes=self.hold)
        assert reservation.scopes == one.scopes
        one.reservation = reservation.reservation_id
        one.state = ReservationState.CONFIRMED if at_once else ReservationState.HELD
        one.redemption = reservation.redemption_id

    def _refusal(self, one: Held) -> str:
        if one.state is ReservationState.CONFIRMED:
            return "ALREADY_REDEEMED"
        if one.state is not None:
            return "" if self._live(one) else "RESERVATION_ENDED"
        if self.now >= one.ends:
            return "DECISION_ENDED"
        used = self._used()
        full = any(used[scope] >= limit for scope, limit in self._limits(one.whose).items())
        return "CAPACITY_USED_UP" if full else ""

    def _live(self, one: Held) -> bool:
        held = one.state is ReservationState.HELD
        return held and one.until is not None and self.now < one.until

    def _limits(self, whose: str) -> dict[str, int]:
        """What a use takes one of, told anew and plainly."""
        day, capacity = self.now.astimezone(ZONE).date(), self.capacity
        found = {
            "total": capacity.total,
            f"day:{day}": capacity.per_day,
            f"day:{day}:library": capacity.per_venue_per_day,
        }
        if whose and capacity.per_resident:
            per, uses = capacity.per_resident.per, capacity.per_resident.uses
            found[f"resident-{per.value}:{per.first_day(day)}:{whose}"] = uses
        return {scope: limit for scope, limit in found.items() if limit is not None}

    def _used(self) -> Counter[str]:
        counted = [
            one for one in self.held if self._live(one) or one.state is ReservationState.CONFIRMED
        ]
        return Counter(scope for one in counted for scope in one.scopes)

    @rule(data=st.data())
    @precondition(lambda self: any(one.reservation for one in self.held))
    def confirm(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from([one for one in self.held if one.reservation]))
        possible = self._live(one) or one.state is ReservationState.CONFIRMED
        found = outcome(lambda: self.places.confirm(one.reservation))
        if isinstance(found, str):
            assert (found, possible) == ("RESERVATION_ENDED", False)
            return
        assert possible
        assert one.redemption in ("", found.redemption.redemption_id)
        one.state, one.redemption = ReservationState.CONFIRMED, found.redemption.redemption_id

    @rule(data=st.data())
    @precondition(lambda self: any(one.reservation for one in self.held))
    def release(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from([one for one in self.held if one.reservation]))
        live = self._live(one)
        found = outcome(lambda: self.places.release(one.reservation))
        if isinstance(found, str):
            assert (found, one.state) == ("RESERVATION_USED", ReservationState.CONFIRMED)
            return
        assert one.state is not ReservationState.CONFIRMED
        if one.state is ReservationState.HELD:
            one.state = ReservationState.RELEASED if live else ReservationState.ENDED
        assert found.state is one.state

    @rule()
    def sweep(self) -> None:
        """The timer: what is over in the model is over in the store, to the last place."""
        self.places.tick()
        for one in self.held:
            if one.state is ReservationState.HELD and not self._live(one):
                one.state = ReservationState.ENDED
        assert self.places.used() == dict(self._used())

    @rule(minutes=st.sampled_from((0.5, 1, 14, 15, 600, 24 * 60)))
    def wait(self, minutes: float) -> None:
        self.places.forward(timedelta(minutes=minutes))

    @rule(capacity=st.sampled_from(CAPACITIES), hold=st.sampled_from(HOLDS))
    def change_the_catalogue(self, capacity: Capacity, hold: int) -> None:
        self.capacity, self.hold = capacity, hold
        self.places.offer(self._incentive())

    @invariant()
    def each_place_is_held_or_used_or_free(self) -> None:
        """What the store counts is what is not given back yet: never less than the model."""
        stored, used = Counter(self.places.used()), self._used()
        over = [o for o in self.held if o.state is ReservationState.HELD and not self._live(o)]
        late = Counter(scope for one in over for scope in one.scopes)
        assert used <= stored <= used + late
        assert self.places.redemptions() == len({o.redemption for o in self.held} - {""})


TestReservations = Reservations.TestCase
TestReservations.settings = settings(max_examples=300 if LONG else 15, stateful_step_count=40)
