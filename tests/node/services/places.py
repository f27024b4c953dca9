"""A venue of one town with one incentive, and as many decisions on it as a test wants."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from federation.identifiers import code_text
from node.errors import HutongError
from node.incentives import AcrossCities, Capacity, Catalogue, Incentive
from node.model import Caller, Decision, StoredRecognition
from node.ports import Transaction
from node.redemptions import Reservation
from node.services.redeeming import Redeemed, Redeeming
from node.services.reserving import Wanted
from node.store.incentive_tables import RESERVATIONS
from node.store.tables import COUNTERS, REDEMPTIONS
from tests.node.services.stage import Stage
from tests.node.services.world import VENUE, Town

T = TypeVar("T")

CARD = "library-card"
HOLD = timedelta(minutes=15)
DECIDED = timedelta(minutes=15)


def incentive(
    capacity: Capacity | None = None, across: AcrossCities | None = None, **fields: object
) -> Incentive:
    made = Incentive(
        incentive_id=CARD,
        scenario="library.deposit_free",
        benefit_zh="免押金借书",
        benefit_en="a card without a deposit",
        minimum_band="excellent",
        commendations=(),
        venues=(),
        valid_from=date(2020, 1, 1),
        valid_until=date(2100, 1, 1),
        legal_basis="a test",
        source="a test",
        illustrative=True,
        capacity=capacity or Capacity(),
        across_cities=across,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


class Places:
    """One town, its venue, and what became of the places of its incentive."""

    def __init__(self, stage: Stage, town: Town, *incentives: Incentive) -> None:
        self.stage, self.town = stage, town
        self.redeeming: Redeeming = town.cases.redeeming
        self._serial = 0
        self.offer(*incentives)

    @property
    def now(self) -> datetime:
        return self.town.clock.now()

    def forward(self, by: timedelta) -> None:
        self.town.clock.forward(by)

    def offer(self, *incentives: Incentive) -> None:
        """Put a catalogue in force."""

        def put(tx: Transaction) -> None:
            before = tx.registry.catalogue
            version = before.version + 1 if before else 1
            tx.administration.put_catalogue(Catalogue(version, incentives, ""))

        self.stage.act(self.town, put)

    def _id(self) -> str:
        self._serial += 1
        return f"00000000-0000-7000-8000-{self._serial:012d}"

    def resident(self) -> tuple[str, str]:
        """A recognised resident of the town itself: the recognition, and the visitor pass."""
        recognition_id, raw = self._id(), self._serial.to_bytes(16, "big")
        known = StoredRecognition(
            recognition_id=recognition_id,
            pass_digest=hashlib.sha256(raw).digest(),
            home=self.town.code,
            pseudonym=self._serial.to_bytes(32, "big"),
            band_id="excellent",
            commendations=(),
            scenarios=("library.deposit_free",),
            agreement_id="",
            agreement_version=0,
            attestation_id=self._id(),
            status_index=self._serial,
            checked_at=self.now,
            expires_at=self.now + timedelta(days=365),
        )
        self.stage.act(self.town, lambda tx: tx.recognitions.put(known))
        return recognition_id, code_text(self.town.code, raw)

    def decision(
        self, whose: str = "", venue: Caller = VENUE, offline: timedelta | None = None
    ) -> str:
        """That the incentive is open to somebody at a venue."""
        made = Decision(
            decision_id=self._id(),
            venue=venue.name,
            incentive_id=CARD,
            catalogue_version=1,
            recognition_id=whose,
            decided_at=self.now,
            expires_at=self.now + DECIDED,
            offline_until=None if offline is None else self.now + offline,
        )
        self.stage.act(self.town, lambda tx: tx.redemptions.decide([made]))
        return made.decision_id

    def reserve(self, decision: str, shown: str = "", venue: Caller = VENUE) -> Reservation:
        """What is held; raises why nothing is."""
        found = list[Reservation]()

        def encode(held: Reservation) -> bytes:
            found.append(held)
            return held.reservation_id.encode()

        ask = self.town.ask(caller=venue)
        wanted = Wanted(decision, visitor_pass=shown)
        self.stage.run(self.town.cases.reserving.reserve(ask, venue, wanted, encode))
        return found[-1]

    def confirm(self, reservation: str, venue: Caller = VENUE) -> Redeemed:
        desk = self.redeeming
        return self.stage.act(self.town, lambda tx: desk.confirm(tx, venue, reservation))

    def release(self, reservation: str, venue: Caller = VENUE) -> Reservation:
        desk = self.redeeming
        return self.stage.act(self.town, lambda tx: desk.release(tx, venue, reservation))

    def redeem(
        self,
        decision: str,
        shown: str = "",
        used_at: datetime | None = None,
        venue: Caller = VENUE,
    ) -> Redeemed:
        desk = self.redeeming
        return self.stage.act(
            self.town,
            lambda tx: desk.redeem(tx, venue, decision, visitor_pass=shown, used_at=used_at),
        )

    def tick(self) -> None:
        self.stage.run(self.town.cases.reserving.tick())

    def used(self) -> dict[str, int]:
        """What each counter says that is not at zero, by scope."""
        return {row.scope: row.used for row in self.rows(COUNTERS) if row.used}

    def redemptions(self) -> int:
        return len(self.rows(REDEMPTIONS))

    def states(self) -> dict[str, int]:
        """The state of each reservation."""
        return {row.reservation_id: row.state for row in self.rows(RESERVATIONS)}

    def rows(self, table: sa.Table) -> list[Any]:
        with self.town.store._engine.connect() as connection:
            return list(connection.execute(sa.select(table)).all())


def outcome(act: Callable[[], T]) -> T | str:
    """What came of it, or the name of the reason why it is refused."""
    try:
        return act()
    except HutongError as error:
        return error.reason.name


def reason(act: Callable[..., object], *arguments: object, **named: object) -> str:
    """The name of the reason why something is refused; "" where it is not."""
    found = outcome(lambda: act(*arguments, **named))
    return found if isinstance(found, str) else ""
