"""A machine that gives, withdraws, shows, checks, redeems and suspends in any order.

What must hold is checked after each step against a model that is simple enough to believe.
"""

import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from federation.limits import PRESENTATION_CODE_LIFETIME
from node.errors import (
    ALREADY_REDEEMED,
    CAPACITY_USED_UP,
    CONSENT_NOT_STANDING,
    DECISION_ENDED,
    VISITOR_PASS_UNKNOWN,
    HutongError,
)
from node.model import Caller, Role
from node.services.checking import Checked, RecognitionOutcome
from node.store.tables import COUNTERS, REDEMPTIONS
from tests.node.services.stage import Stage
from tests.node.services.test_host_city import with_capacity
from tests.node.services.world import OPERATOR

T = TypeVar("T")

HOME, HOST = "410100", "330100"
RENTAL = Caller(Role.VENUE, "rental-shop")
SCENARIO = "rental.deposit_free"
CAPACITY = 4
FRESHNESS = timedelta(minutes=5)
LONG = settings.get_current_profile_name() == "long"


@dataclass
class Person:
    """A resident, and whether the standing is at the exportable line."""

    resident: str
    good: bool


@dataclass
class Given:
    """A consent, and when it was withdrawn."""

    person: Person
    consent: str
    withdrawn_at: datetime | None = None


@dataclass
class Shown:
    """A code, and when it ends; used once it was shown to a host that asked."""

    given: Given
    text: str
    ends: datetime
    used: bool = False


@dataclass
class Held:
    """A decision that needs a standing, and whose it is."""

    given: Given
    decision: str
    used: bool = False


class Life(RuleBasedStateMachine):
    """Two cities, some residents, and whatever they do."""

    people = Bundle("people")
    consents = Bundle("consents")
    codes = Bundle("codes")
    passes = Bundle("passes")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.stage = Stage(lambda name: f"sqlite:///{self._folder.name}/{name}.sqlite")
        self.home, self.host = self.stage[HOME], self.stage[HOST]
        self.stage.run(self.host.load_incentives(with_capacity(f"total = {CAPACITY}")))
        self.suspended = False
        self.redeemed = 0
        self.refusal: tuple[object, ...] | None = None
        self.given = list[Given]()
        self.held = list[Held]()

    def _try(self, path: Coroutine[Any, Any, T]) -> T | HutongError:
        try:
            return self.stage.run(path)
        except HutongError as error:
            return error

    def teardown(self) -> None:
        self.stage.close()
        self._folder.cleanup()

    @property
    def now(self) -> datetime:
        return self.stage.world.clock.now()

    @initialize(target=people)
    def two_live_here(self) -> object:
        return multiple(
            Person(self.stage.run(self.home.resident(30)), good=True),
            Person(self.stage.run(self.home.resident(-30)), good=False),
        )

    @rule(target=consents, person=people)
    @precondition(lambda self: not self.suspended)
    def give(self, person: Person) -> Given:
        consent = self.stage.run(self.home.consent(person.resident, self.host.code, SCENARIO))
        self.given.append(Given(person, consent))
        return self.given[-1]

    @rule(given=consents)
    def withdraw(self, given: Given) -> None:
        self.stage.run(self.home.withdraw(given.person.resident, given.consent))
        given.withdrawn_at = given.withdrawn_at or self.now

    @rule(target=codes, given=consents)
    def show(self, given: Given) -> object:
        text = self._try(self.home.show_code(given.person.resident, given.consent))
        if isinstance(text, HutongError):
            assert text.reason == CONSENT_NOT_STANDING
            assert given.withdrawn_at
            return multiple()
        assert not given.withdrawn_at
        return Shown(given, text, self.now + PRESENTATION_CODE_LIFETIME)

    @rule(target=passes, code=codes)
    def check(self, code: Shown) -> object:
        """A code is recognised once, in its time, under a consent that stands, for the good."""
        checked = self.stage.run(self.host.check(code.text, venue=RENTAL))
        given = code.given
        fit = (
            not code.used and self.now < code.ends and not given.withdrawn_at and given.person.good
        )
        if self.suspended:
            assert checked.outcome is RecognitionOutcome.NO_AGREEMENT
        else:
            assert (checked.outcome is RecognitionOutcome.RECOGNISED) == fit
            code.used = True
        return self._seen(checked, given)

    @rule(target=passes, held=passes)
    def check_again(self, held: tuple[Given, str]) -> object:
        """A pass counts while the consent does, and after it no longer than the freshness."""
        given, visitor_pass = held
        checked = self._try(self.host.check(visitor_pass, is_pass=True, venue=RENTAL))
        if isinstance(checked, HutongError):
            assert checked.reason == VISITOR_PASS_UNKNOWN
            return multiple()
        if checked.outcome is RecognitionOutcome.RECOGNISED:
            assert not self.suspended
            assert (
                not given.withdrawn_at
                or self._others_stand(given)
                or (self.now < given.withdrawn_at + FRESHNESS)
            )
        return self._seen(checked, given)

    def _others_stand(self, given: Given) -> bool:
        """A host asks by pseudonym, so any consent of the person to it will do."""
        return any(not g.withdrawn_at for g in self.given if g.person is given.person)

    def _seen(self, checked: Checked, given: Given) -> object:
        opened = [(d, i) for d, i, verdict in checked.decisions if verdict.eligible]
        free = [i for _, i, _ in checked.decisions if i.minimum_band is None]
        assert {i.incentive_id for i in free} <= {i.incentive_id for _, i in opened}
        if checked.outcome is not RecognitionOutcome.RECOGNISED:
            self._same_as_ever(checked)
            return multiple()
        assert given.person.good
        self.held.extend(Held(given, d) for d, i in opened if i.minimum_band)
        return given, checked.visitor_pass

    def _same_as_ever(self, checked: Checked) -> None:
        """Every refusal looks alike, but for the outcome that an operator brought about."""
        if checked.outcome is not RecognitionOutcome.NOT_RECOGNISED:
            return
        verdicts = tuple((i.incentive_id, verdict) for _, i, verdict in checked.decisions)
        looks = (checked.home, checked.visitor, checked.visitor_pass, verdicts)
        self.refusal = self.refusal or looks
        assert looks == self.refusal

    @rule(data=st.data())
    @precondition(lambda self: self.held)
    def redeem(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.held))
        redeeming = self.host.cases.redeeming
        found = self._try(
            self.host.store.run(lambda tx: redeeming.redeem(tx, RENTAL, held.decision))
        )
        if isinstance(found, HutongError):
            assert found.reason in (ALREADY_REDEEMED, CAPACITY_USED_UP, DECISION_ENDED)
            assert held.used or self.redeemed == CAPACITY or found.reason == DECISION_ENDED
            return
        assert not held.used
        assert not self.suspended
        withdrawn = held.given.withdrawn_at
        assert not withdrawn or self._others_stand(held.given) or self.now < withdrawn + FRESHNESS
        held.used = True
        self.redeemed += 1

    @rule()
    def suspend_or_resume(self) -> None:
        self.suspended = not self.suspended
        desk, code = self.host.cases.partners, self.home.code
        switch = desk.suspend if self.suspended else desk.resume
        self.stage.act(self.host, lambda tx: switch(tx, code, OPERATOR, "a drill"))

    @rule(seconds=st.sampled_from((1, 59, 120, 299, 300)))
    def wait(self, seconds: int) -> None:
        self.stage.world.clock.forward(timedelta(seconds=seconds))

    @invariant()
    def no_capacity_is_exceeded_and_nothing_is_counted_twice(self) -> None:
        with self.host.store._engine.connect() as connection:
            used = connection.execute(sa.select(COUNTERS.c.used)).scalars().all()
            redemptions = connection.execute(sa.select(REDEMPTIONS)).all()
        assert sum(used) == len(redemptions) == self.redeemed <= CAPACITY


# Each example is two whole cities, so the everyday search is a short one.
TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150 if LONG else 10, stateful_step_count=40)
