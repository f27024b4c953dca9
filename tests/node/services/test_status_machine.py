"""Attestations given, withdrawn, lost and regained in any order; a line that is cut and comes back.

A model says who stands; after each step nobody else is recognised, and what the host may not know
yet is bounded by the freshness.
"""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.services.checking import RecognitionOutcome
from tests.node.services.listing import FRESHNESS, Guest
from tests.node.services.stage import Stage

HOME, HOST = "410100", "330100"
RECOGNISED = RecognitionOutcome.RECOGNISED
GOOD, LOST = 30, -25


class Withdrawals(RuleBasedStateMachine):
    """One home city, one host, some guests, a line between them that is cut at times."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(prefix="hutong-statuses-")
        self.stage = Stage(
            lambda name: f"sqlite:///{Path(self.folder.name) / name}.sqlite", HOME, HOST
        )
        self.guests = list[Guest]()
        # Since when a guest does not stand any more, by the place in `guests`.
        self.over = dict[int, datetime]()
        self.consented = set[int]()
        self.low = set[int]()
        self.cut = False

    @initialize()
    def begin(self) -> None:
        self.arrives()

    @precondition(lambda self: not self.cut and len(self.guests) < 4)
    @rule()
    def arrives(self) -> None:
        home, host = self.stage[HOME], self.stage[HOST]
        self.consented.add(len(self.guests))
        self.guests.append(self.stage.run(Guest.recognised(home, host, GOOD)))

    @rule(which=st.integers(0, 3))
    def withdraws(self, which: int) -> None:
        if which in self.consented:
            self.stage.run(self.guests[which].withdraws())
            self.consented.discard(which)
            self._changed(which)

    @rule(which=st.integers(0, 3))
    def loses_or_regains_the_standing(self, which: int) -> None:
        if which < len(self.guests):
            guest = self.guests[which]
            points = -LOST if which in self.low else LOST
            self.stage.run(guest.home.record(guest.number, points))
            self.low ^= {which}
            self._changed(which)

    @rule(which=st.integers(0, 3))
    def consents_anew(self, which: int) -> None:
        if which < len(self.guests) and which not in self.consented:
            guest = self.guests[which]
            guest.consent = self.stage.run(guest.home.consent(guest.resident, guest.host.code))
            self.consented.add(which)
            self._changed(which)

    @rule()
    def line_is_cut_or_comes_back(self) -> None:
        self.cut = not self.cut
        codes = {self.stage[HOME].code, self.stage[HOST].code}
        self.stage.world.network.down = codes if self.cut else set()

    @rule()
    def home_looks(self) -> None:
        self.stage.run(self.stage[HOME].deliver())

    @rule(seconds=st.sampled_from([1, 100, 299, 300]))
    def time_passes(self, seconds: int) -> None:
        self.stage.world.clock.forward(timedelta(seconds=seconds))

    @rule(which=st.integers(0, 3))
    def comes(self, which: int) -> None:
        if which >= len(self.guests):
            return
        guest, now = self.guests[which], self.stage.world.clock.now()
        found = self.stage.run(guest.comes()).outcome
        if which in self.over:
            known = self._host_knows_all()
            assert found is not RECOGNISED or not known
            assert found is not RECOGNISED or now < self.over[which] + FRESHNESS
        elif not self.cut:
            assert found is RECOGNISED

    @invariant()
    def nothing_that_is_acknowledged_is_unknown_at_the_host(self) -> None:
        if not self.guests:
            return
        home, host = self.stage[HOME], self.stage[HOST]
        feed = self.stage.act(home, lambda tx: tx.statuses.feed(host.code))
        sequence, _ = self.stage.act(host, lambda tx: tx.partner_statuses.heard(home.code))
        assert feed.acknowledged <= sequence <= feed.sequence

    def teardown(self) -> None:
        self.stage.close()
        self.folder.cleanup()

    def _changed(self, which: int) -> None:
        stands = which in self.consented and which not in self.low
        if stands:
            self.over.pop(which, None)
        else:
            self.over.setdefault(which, self.stage.world.clock.now())

    def _host_knows_all(self) -> bool:
        """Whether every change at home has reached the host."""
        home, host = self.stage[HOME], self.stage[HOST]
        feed = self.stage.act(home, lambda tx: tx.statuses.feed(host.code))
        return feed.acknowledged == feed.sequence


TestWithdrawals = Withdrawals.TestCase
TestWithdrawals.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
