"""Many hands at one city's venues at once, and what must hold afterwards."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import sqlalchemy as sa

from federation.errors import HutongError
from federation.identifiers import CityCode, code_text
from node import data
from node.clock import SystemEntropy
from node.errors import CAPACITY_USED_UP, NODE_UNREACHABLE
from node.model import Role
from scripts.cities import City, b64, new_id
from tests.scenarios.stage import store_of

INCENTIVE = "rental-advice"
VENUE = "rental-shop"


def limit_capacity(city: City, limit: int) -> None:
    """Put a catalogue in force in which what is open to everyone has a capacity."""
    text = data.path(f"{city.about.pinyin}/incentives.toml").read_text("utf-8")
    head, named, tail = text.partition(f'id = "{INCENTIVE}"\n')
    assert named
    changed = f"{head}{named}capacity = {{ total = {limit} }}\n{tail}"
    city.operator(
        "LoadIncentives",
        request_id=new_id(),
        file_name="incentives.toml",
        content=b64(changed.encode()),
    )


@dataclass
class Crowd:
    """Redeems again and again; remembers what was acknowledged and what may have happened."""

    cities: Sequence[City]
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Redemption ids by the request's id."""
    unsure: dict[str, str] = field(default_factory=dict)
    """Decision ids by the request's id, of calls whose answer was lost."""
    used_up: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self, hands: int, each: int) -> None:
        """That many hands, each redeeming that often, at the cities in turn."""
        for city in self.cities:
            city.client(Role.VENUE, VENUE)
        with ThreadPoolExecutor(hands) as pool:
            list(pool.map(lambda hand: self._redeem_often(hand, each), range(hands)))

    def _redeem_often(self, hand: int, each: int) -> None:
        for turn in range(each):
            if self.ended.is_set():
                return
            city = self.cities[(hand + turn) % len(self.cities)]
            decision = self._decision(city)
            if decision:
                self.redeem(city, new_id(), decision)

    def _decision(self, city: City) -> str:
        nobody = code_text(CityCode(city.about.code), SystemEntropy().token(16))
        try:
            answer = city.venue(
                VENUE,
                "CheckEligibility",
                request_id=new_id(),
                presentation_code=nobody,
                incentive_ids=[INCENTIVE],
            )
        except HutongError as error:
            if error.reason != NODE_UNREACHABLE:
                raise
            return ""
        return str(answer["decisions"][0]["decision_id"])

    def redeem(self, city: City, request_id: str, decision_id: str) -> None:
        """One redemption, acknowledged, refused, or with its answer lost."""
        try:
            answer = city.venue(VENUE, "Redeem", request_id=request_id, decision_id=decision_id)
        except HutongError as error:
            if error.reason == CAPACITY_USED_UP:
                self.used_up += 1
                return
            if error.reason != NODE_UNREACHABLE:
                raise
            self.unsure[request_id] = decision_id
        else:
            self.acknowledged[request_id] = answer["redemption_id"]


def redeemed(city: City) -> tuple[list[str], list[str], int]:
    """Every redemption, the decision of each, and what the counter says."""
    with store_of(city) as store:
        rows = store.execute(
            sa.text("SELECT redemption_id, decision_id FROM redemptions WHERE incentive_id = :i"),
            {"i": INCENTIVE},
        ).all()
        used = store.execute(
            sa.text("SELECT used FROM counters WHERE incentive_id = :i"), {"i": INCENTIVE}
        ).scalar_one()
    return [row[0] for row in rows], [row[1] for row in rows], int(used)
