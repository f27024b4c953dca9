"""A node killed again and again under load: nothing acknowledged is lost, nothing done twice."""

import threading
from pathlib import Path

import pytest

from scripts.cities import Cities
from tests.scenarios.crowd import Crowd, limit_capacity, redeemed
from tests.scenarios.stage import eventually

pytestmark = pytest.mark.all

LIMIT = 80
KILLS = 3
BETWEEN = 12


def test_a_node_killed_again_and_again_loses_nothing_that_it_acknowledged(
    store: str | None, tmp_path: Path
) -> None:
    with Cities(tmp_path, ("330100",)) as cities:
        city = cities["hangzhou"]
        cities.start({"hangzhou": store} if store else None)
        city.load_rules()
        limit_capacity(city, LIMIT)
        crowd = Crowd([city])
        load = threading.Thread(target=crowd.run, args=(6, 100_000), daemon=True)
        load.start()
        for _ in range(KILLS):
            reached = len(crowd.acknowledged) + BETWEEN
            assert eventually(lambda r=reached: len(crowd.acknowledged) >= r)  # type: ignore[misc]
            city.kill()
            city.start()
            city.wait()
            acknowledged = set(crowd.acknowledged.values())
            kept, _, _ = redeemed(city)
            assert acknowledged <= set(kept)
        assert eventually(lambda: crowd.used_up > 0)
        crowd.ended.set()
        load.join(60)
        assert not load.is_alive()
        for request_id, decision_id in list(crowd.unsure.items()):
            crowd.redeem(city, request_id, decision_id)
        kept, decisions, used = redeemed(city)
        assert sorted(crowd.acknowledged.values()) == sorted(kept)
        assert len(set(decisions)) == len(decisions)
        assert len(kept) == used == LIMIT
