"""A city in a real store, and hands on the whole of it."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from federation.scale import Scale
from node import data
from node.bulk.desk import Desk, Place
from node.indicators import IndicatorCatalogue
from node.ports import Transaction
from node.ports.bulk import SumKeeper
from node.records import Record, RecordKey
from node.services.catalogue import CatalogueDesk
from node.services.here import Here
from node.services.recounting import recount
from node.store.copying import open_copy, open_sums
from node.store.tables import METADATA
from tests.node.bulk.city import CITY, NOW, ListedCity
from tests.node.services.simulated import MemoryKeys, SeededEntropy
from tests.node.store.rig import Desk as StoreDesk
from tests.node.store.rig import opened

ZHENGZHOU = data.path("zhengzhou/scale.toml").read_bytes()


class StoredCity:
    """One city's store, filled without a department."""

    def __init__(self, url: str, desk: StoreDesk) -> None:
        self.url = url
        self.desk = desk
        self.here = Here(CITY, ZoneInfo("Asia/Shanghai"), desk.clock, SeededEntropy(7))
        self.listed = ListedCity([], [])

    def put_scale(self, content: bytes = ZHENGZHOU) -> Scale:
        catalogue = CatalogueDesk(self.here, MemoryKeys(CITY, NOW))
        self.desk.run(lambda tx: catalogue.load_scale(tx, "scale.toml", content))
        own = self.desk.read(lambda tx: tx.registry.own_scale())
        assert own is not None
        return own.scale

    def put_catalogue(self, catalogue: IndicatorCatalogue) -> None:
        self.desk.run(lambda tx: tx.administration.put_indicators(catalogue))

    def put(self, city: ListedCity) -> None:
        """People and records; nothing is kept of those yet."""
        places = range(len(self.listed.facts), len(self.listed.facts) + len(city.facts))
        facts = [
            replace(fact, key=RecordKey("office", f"r-{place}"))
            for place, fact in zip(places, city.facts, strict=True)
        ]

        def add(tx: Transaction) -> None:
            for each in city.people:
                tx.residents.add(each)
            tx.records.add(facts)

        self.desk.run(add)
        self.listed.people.extend(city.people)
        self.listed.facts.extend(facts)

    def record(self, fact: Record) -> None:
        """A record comes, as a department sends it: it is counted at once."""
        self.put(ListedCity([], [fact]))
        self.recount([fact.person])

    def recount(self, persons: Iterable[int] | None = None) -> None:
        wanted = [each.person for each in self.listed.people] if persons is None else list(persons)
        now = self.here.now()
        self.desk.run(lambda tx: recount(tx, self.here, wanted, now))

    def whole(
        self,
        parent: Path,
        sums: Callable[[], AbstractContextManager[SumKeeper]] | None = None,
    ) -> Desk:
        copies = partial(open_copy, self.url)
        return Desk(self.here, copies, sums or partial(open_sums, self.url), Place(parent))

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table, as it is now."""

        with self.desk.engine.connect() as connection:
            return {
                table.name: sorted((tuple(r) for r in connection.execute(table.select())), key=repr)
                for table in METADATA.sorted_tables
            }


@contextlib.contextmanager
def stored(url: str) -> Iterator[StoredCity]:
    with opened(url) as desk:
        desk.clock.instant = NOW
        yield StoredCity(url, desk)


def silent(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""
