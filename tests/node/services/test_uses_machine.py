"""Any order of rentals, lost calls and time over three cities: never two that are open at once."""

import itertools
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from federation.errors import HutongError
from federation.identifiers import CityCode
from node.redemptions import Reservation, ReservationState
from node.services.answering import Ask
from node.services.reserving import Wanted
from tests.node.services.renting import SHOP, Renter, renter
from tests.node.services.stage import Stage

pytestmark = pytest.mark.all

CITIES = ("410100", "330100", "320500")
HOME = CITIES[0]
TIMES = (timedelta(seconds=1), timedelta(seconds=45), timedelta(minutes=4), timedelta(minutes=31))
OPEN = (ReservationState.HELD, ReservationState.CONFIRMED)
HOSTS = st.sampled_from(CITIES)


class Renting(RuleBasedStateMachine):
    """A resident, three shops, and a network that loses what it likes."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        folder, numbers = Path(self._folder.name), itertools.count()

        def new_store(code: str) -> str:
            return f"sqlite:///{folder / f'{code}-{next(numbers)}.db'}"

        self.stage = Stage(new_store, *CITIES)
        self.who: Renter = renter(self.stage, HOME)
        for host in CITIES:
            self.who.consent(host)
        self.held: list[tuple[str, str]] = []
        self.again: list[tuple[str, Wanted, Ask]] = []

    def teardown(self) -> None:
        self.stage.close()
        self._folder.cleanup()

    def _send(self, host: str, wanted: Wanted, ask: Ask) -> None:
        try:
            reservation = self.stage.run(self.who.asking(host, wanted, ask))
        except HutongError:
            self.again.append((host, wanted, ask))
        else:
            self.held.append((host, reservation))

    @rule(host=HOSTS, lost=st.sampled_from(["", "cut", "muted"]))
    def reserve(self, host: str, lost: str) -> None:
        network = self.stage.world.network
        decision = self.who.decision(host)
        if not decision:
            return
        if lost:
            getattr(network, lost).add("reserve")
        self._send(host, self.who.wanted(host, decision), self.stage[host].ask(caller=SHOP))
        network.cut.clear()
        network.muted.clear()

    @precondition(lambda self: self.again)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        self._send(*self.again.pop(data.draw(st.integers(0, len(self.again) - 1))))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), confirm=st.booleans())
    def confirm_or_release(self, data: st.DataObject, confirm: bool) -> None:
        host, reservation = data.draw(st.sampled_from(self.held))
        desk, town = self.stage[host].cases.redeeming, self.stage[host]
        act = desk.confirm if confirm else desk.release
        try:
            self.stage.act(town, lambda tx: act(tx, SHOP, reservation))
        except HutongError:
            return

    @rule(host=HOSTS, lost=st.sampled_from(["", "cut", "muted"]))
    def look(self, host: str, lost: str) -> None:
        """The timers of a city."""
        network = self.stage.world.network
        if lost:
            getattr(network, lost).add("release")
        self.stage.run(self.stage[host].cases.reserving.tick())
        self.stage.run(self.stage[host].give_back())
        network.cut.clear()
        network.muted.clear()

    @rule(by=st.sampled_from(TIMES))
    def wait(self, by: timedelta) -> None:
        self.stage.world.clock.forward(by)

    @rule(down=st.booleans())
    def partition(self, down: bool) -> None:
        found = self.stage.world.network.down
        if down:
            found.add(CityCode(HOME))
        else:
            found.discard(CityCode(HOME))

    @invariant()
    def never_two(self) -> None:
        open_ = [found for host, each in self.held if (found := self._open(host, each))]
        assert len({found.reservation_id for found in open_}) <= 1
        leases = {found.lease_id for found in open_}
        live = {use.lease_id for use in self.who.counted() if use.released_at is None}
        assert leases <= live
        assert len(live) <= 1 or self._over()

    def _open(self, host: str, reservation: str) -> Reservation | None:
        found, now = self.who.held(host, reservation), self.stage[host].clock.now()
        if found.state not in OPEN or (found.lease_until and now >= found.lease_until):
            return None
        return None if found.state is ReservationState.HELD and now >= found.expires_at else found

    def _over(self) -> bool:
        """Whether those that nobody gave back have ended by themselves but for one."""
        return self.who.in_use() <= 1


TestRenting = Renting.TestCase
TestRenting.settings = settings(max_examples=8, stateful_step_count=25, deadline=None)
