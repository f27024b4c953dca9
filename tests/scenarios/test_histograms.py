"""Two real cities publish how their residents are spread, and relate their scales by it."""

import asyncio
import hashlib
import random
from pathlib import Path

import pytest

from node.clock import SystemClock
from node.config import read_settings
from node.model import Resident, Role
from node.ports import Transaction
from node.store import open_store
from scripts.cities import Cities, City, befriend, new_id
from tests.scenarios.stage import eventually

pytestmark = pytest.mark.all

# The base of each scale, and a bell on it: in both about a quarter stands above the line.
BELLS = {"zhengzhou": (100, 108, 18), "hangzhou": (550, 640, 80)}
RESIDENTS = 6000


def settle(city: City) -> None:
    """Thousands of residents, as scoring would have left them; no process of the city runs."""
    base, mean, spread = BELLS[city.about.pinyin]
    draw = random.Random(city.about.code)  # noqa: S311 - it must repeat
    clock = SystemClock()

    def keep(tx: Transaction) -> None:
        for serial in range(RESIDENTS):
            shared = 1000 * (round(draw.gauss(mean, spread)) - base)
            digest = hashlib.sha256(f"{city.about.code} {serial}".encode()).digest()
            resident = Resident(
                resident_id=f"00000000-0000-7000-9000-{serial:012d}",
                document_digest=digest,
                secret=digest,
                enrolled_at=clock.now(),
                person=10_000_000 + serial,
                points_milli=shared,
                shared_milli=shared,
                counted_by=1,
            )
            tx.residents.add(resident)
            tx.residents.recount(resident)

    async def path() -> None:
        url = read_settings(city.settings).store_url
        store = await asyncio.to_thread(open_store, url, clock)
        await store.run(keep)
        await store.close()

    asyncio.run(path())


def operator(city: City, method: str, **request: object) -> dict[str, object]:
    return city.client(Role.OPERATOR).call(f"IncentiveService/{method}", request)


def test_what_one_city_publishes_reaches_the_other_and_both_build_one_concordance(
    tmp_path: Path,
) -> None:
    with Cities(tmp_path, BELLS) as cities:
        cities.start()
        one, other = cities["zhengzhou"], cities["hangzhou"]
        for city in cities:
            city.load_rules()
        befriend(one, other)
        cities.stop()
        for city in cities:
            settle(city)
            city.start()
        for city in cities:
            city.wait()
        for city in cities:
            answer = operator(city, "PublishHistogram", request_id=new_id())
            assert answer["published"] is True

        def told() -> bool:
            lists = [operator(city, "ListHistograms")["histograms"] for city in cities]
            return lists[0] == lists[1] and _cities(lists[0]) == len(BELLS)

        # Nobody asks for it: whoever publishes tells its partners at once.
        assert eventually(told)
        question = {"home_city": one.about.code, "host_city": other.about.code}
        rows = [operator(city, "BuildConcordance", **question)["rows"] for city in cities]
        assert rows[0] == rows[1]
        assert "host_score" in str(rows[0])


def _cities(histograms: object) -> int:
    assert isinstance(histograms, list)
    return len({histogram["city"] for histogram in histograms})
