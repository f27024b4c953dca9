"""The shipped records, taken by the shipped catalogue, put each resident where the label says."""

import csv

import pytest

from node import data
from node.model import DocumentKind
from node.records import RecordRow
from node.services.standing import current, find_resident
from tests.conftest import NewStore
from tests.node.services.trying import played
from tests.node.services.world import world


@pytest.mark.parametrize("pinyin", [city.pinyin for city in data.cities()])
@played
async def test_every_shipped_record_is_taken_and_residents_stand_where_they_should(
    new_sqlite: NewStore, pinyin: str
) -> None:
    code = data.city(pinyin).code
    with data.path(f"records/{pinyin}.csv").open(encoding="utf-8", newline="") as file:
        rows = [RecordRow(**row) for row in csv.DictReader(file)]  # type: ignore[arg-type]
    async with world(new_sqlite, code) as cities:
        town = cities[code]
        cases, store = town.cases, town.store
        content = data.path(f"{pinyin}/indicators.toml").read_bytes()
        read = cases.indicating.read("indicators.toml", content)
        await store.run(lambda tx: cases.indicating.load(tx, read))
        residents = dict[str, str]()
        for person in data.residents(pinyin):
            kind = DocumentKind[person.document_kind]
            enrolled = await store.run(
                lambda tx, k=kind, n=person.document_number: cases.residents.enrol(tx, k, n)  # type: ignore[misc]
            )
            residents[person.label] = enrolled.resident_id
        report = await store.run(lambda tx: cases.recording.load(tx, "credit-office", rows))
        assert (report.accepted, report.quarantined) == (len(rows), ())

        def sums(tx: object, resident: str) -> tuple[int, int]:
            day = cases.here.day(town.clock.now())
            found = current(tx, find_resident(tx, resident), day)  # type: ignore[arg-type]
            return found.points_milli, found.shared_milli

        base = store.registry.own_scales[-1].scale.base_milli
        for label, resident in residents.items():
            points, shared = await store.read(lambda tx, r=resident: sums(tx, r))  # type: ignore[misc]
            word, _, at_home = label.removeprefix(f"{pinyin}-").partition("-and-")
            assert points - shared == int(at_home.partition("-")[0] or 0) * 1000
            if base is not None:
                (score,) = [int(part) for part in word.split("-") if part.isdigit()][:1]
                assert base + shared == score * 1000, label
