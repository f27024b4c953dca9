"""Two or three real cities as a run of the harness has them, without a keeper."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from node import data
from scripts.cities import Cities
from scripts.harnessing import records
from scripts.harnessing.layout import Folder, Place, Plan
from scripts.harnessing.loading.offers import Target
from scripts.harnessing.records import Enrolled

_WORDS = ("exportable", "excellent", "outstanding")
_SCENARIOS = ("library.deposit_free", "transit.discount")


@contextlib.contextmanager
def run(root: Path, codes: Sequence[str]) -> Iterator[tuple[Folder, Cities]]:
    """Cities with the shipped residents, half of whom have consented to every other city."""
    folder = Folder(root)
    folder.city("x").parent.mkdir(parents=True)
    with Cities(folder.city("x").parent, codes) as cities:
        for city in cities:
            city.environment = {"HUTONG_LOG_LEVEL": "warning"}
        cities.start()
        for city in cities:
            city.load_rules()
        cities.connect()
        places = tuple(Place(c.about.code, c.about.pinyin, "sqlite") for c in cities)
        plan = Plan(places, "none", 40, 1, datetime.now(UTC).isoformat())
        folder.plan.write_text(plan.to_json(), "utf-8")
        records.append(
            folder.residents, [each for city in cities for each in _people(cities, city.about)]
        )
        yield folder, cities


def _people(cities: Cities, about: data.City) -> Iterator[Enrolled]:
    city = cities[about.pinyin]
    ends = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    for place, row in enumerate(data.residents(about.pinyin)):
        resident = city.enrol(row.document_kind, row.document_number)
        hosts = [each.about.code for each in cities if each is not city and place % 2]
        yield Enrolled(
            city=about.code,
            resident_id=resident,
            document_kind=row.document_kind,
            document_number=row.document_number,
            standing="exportable" if any(w in row.label for w in _WORDS) else "below",
            consents={host: city.consent(resident, host, _SCENARIOS, ends) for host in hosts},
        )
    city.load_records()


def targets(cities: Cities) -> tuple[Target, ...]:
    """Where they listen."""
    return tuple(Target(c.about.code, 0, f"127.0.0.1:{c.local_port}") for c in cities)
