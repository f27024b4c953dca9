"""A town whose residents promise something at its library, and the steps of that."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from federation.errors import Reason
from federation.identifiers import CityCode
from node.errors import HutongError
from node.model import Caller, PageRequest, Resident, Role
from node.records import Notice, NoticeKind, Promise
from node.services.promise_text import PromiseText
from tests.conftest import NewStore
from tests.node.services.stage import Stage, staged
from tests.node.services.world import SCENARIO, VENUE, Town

HERE, ELSEWHERE = CityCode("410100"), CityCode("330100")
RENTAL = Caller(Role.VENUE, "rental-shop")
CARD = "library-card"
DUE = "2026-12-24"
"""A month after the clocks of a world begin."""
ALL = PageRequest(200, "")


@dataclass
class Library:
    """The town, and what its residents and venues do about promises."""

    stage: Stage
    town: Town

    def resident(self, points: int = 30) -> str:
        """A resident who may have a library card."""
        return self.stage.run(self.town.resident(points))

    def draft(self, resident: str, incentive: str = CARD, due: str = DUE) -> PromiseText:
        desk = self.town.cases.promising
        return self.stage.act(
            self.town, lambda tx: desk.draft(tx, resident, incentive, VENUE.name, due)
        )

    def sign(
        self,
        resident: str,
        text: str,
        incentive: str = CARD,
        venue: str = VENUE.name,
        due: str = DUE,
    ) -> Promise:
        desk = self.town.cases.promising
        return self.stage.act(
            self.town, lambda tx: desk.make(tx, resident, incentive, venue, due, text)
        )

    def promise(self, resident: str, due: str = DUE) -> str:
        """A promise, signed in English; its id."""
        return self.sign(resident, self.draft(resident, due=due).en, due=due).promise_id

    def decision(self, resident: str, incentive: str = CARD, home: Town | None = None) -> str:
        """What opens the incentive to a resident, of this town or of another."""
        of = home or self.town
        consent = self.stage.run(of.consent(resident, self.town.code, SCENARIO))
        code = self.stage.run(of.show_code(resident, consent))
        checked = self.stage.run(self.town.check(code, incentives=(incentive,)))
        return checked.decisions[0][0]

    def redeem(self, decision: str, promise: str = "", venue: Caller = VENUE) -> str:
        desk = self.town.cases.redeeming
        done = self.stage.act(self.town, lambda tx: desk.redeem(tx, venue, decision, promise))
        return done.redemption.redemption_id

    def used(self, resident: str, due: str = DUE) -> str:
        """A promise that went with a use."""
        promise = self.promise(resident, due)
        self.redeem(self.decision(resident), promise)
        return promise

    def close(
        self, promise: str, *, kept: bool = True, note: str = "", venue: Caller = VENUE
    ) -> None:
        desk = self.town.cases.promising
        self.stage.act(self.town, lambda tx: desk.close(tx, venue, promise, note, kept=kept))

    def withdraw(self, resident: str, promise: str) -> Promise:
        desk = self.town.cases.promising
        return self.stage.act(self.town, lambda tx: desk.withdraw(tx, resident, promise))

    def get(self, promise: str) -> Promise:
        found = self.stage.act(self.town, lambda tx: tx.promises.get(promise))
        assert found is not None
        return found

    def sums(self, resident: str) -> Resident:
        found = self.stage.act(self.town, lambda tx: tx.residents.get(resident))
        assert found is not None
        return found

    def told(self, resident: str, *kinds: NoticeKind) -> list[Notice]:
        page = self.stage.act(self.town, lambda tx: tx.notices.page(resident, ALL))
        return [notice for notice in page.items if notice.kind in kinds]

    def after(self, days: int) -> None:
        self.town.clock.forward(timedelta(days=days))


@contextmanager
def library(new_store: NewStore, *others: str) -> Iterator[Library]:
    with staged(new_store, HERE, *others) as stage:
        yield Library(stage, stage[HERE])


@contextmanager
def refused(reason: Reason) -> Iterator[list[HutongError]]:
    """The one refusal that comes of it."""
    found = list[HutongError]()
    with pytest.raises(HutongError) as raised:
        yield found
    assert raised.value.reason == reason, raised.value
    found.append(raised.value)
