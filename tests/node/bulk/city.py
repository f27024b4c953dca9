"""Cities to score whole: made up at random, and copied without a store."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from federation.bands import Band, Bound, ScaleKind
from federation.identifiers import CityCode
from federation.scale import Scale
from node.bulk.expression import Question
from node.bulk.snapshot import Snapshot
from node.bulk.workspace import workspace
from node.indicators import Indicator, IndicatorCatalogue
from node.model import Resident
from node.ports.bulk import RECORD_COLUMNS, RESIDENT_COLUMNS, InForce
from node.records import Record
from node.services.scoring import tally
from tests.federation.strategies import whole_scales
from tests.node.services.counting import RULES, catalogue, indicator, record

TODAY = date(2026, 2, 28)
CITY = CityCode("410100")
COMMENDATIONS = tuple(f"c{place}" for place in range(6))
NOW = datetime(2026, 2, 28, 4, 0, tzinfo=UTC)
MONTH_ENDS = (date(2024, 2, 29), date(2025, 1, 31), date(2025, 8, 31), date(2026, 2, 28))
NEAR = [TODAY + timedelta(days=n) for n in (-1, 0, 1)]
DAYS = st.one_of(
    st.dates(date(2020, 1, 1), date(2027, 12, 31)),
    st.sampled_from(MONTH_ENDS),
    st.sampled_from(NEAR),
)


@dataclass
class ListedCity:
    """A copy of a city that lies in lists; it implements `CityCopy`."""

    people: list[Resident]
    facts: list[Record]
    in_force: InForce = field(default_factory=lambda: InForce(None, None))

    def resident_count(self) -> int:
        return len(self.people)

    def record_count(self) -> int:
        return len(self.facts)

    def residents(self) -> Iterator[bytes]:
        for each in self.people:
            row = {name: getattr(each, name) for name in RESIDENT_COLUMNS}
            yield _line(row | {"commendations": ",".join(each.commendations)})

    def records(self) -> Iterator[bytes]:
        for each in self.facts:
            row = {name: getattr(each, name) for name in RECORD_COLUMNS}
            yield _line(row | {"disputed": int(each.disputed), "overdue": int(each.overdue)})


def _line(row: dict[str, object]) -> bytes:
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerow(row.values())
    return page.getvalue().encode()


def person(serial: int) -> Resident:
    digest = serial.to_bytes(32, "big")
    return Resident(f"resident-{serial}", digest, digest, NOW, person=serial * 1_000_003)


@st.composite
def scales(draw: st.DrawFn) -> Scale:
    """Numeric scales whose bounds records reach, any others, and categorical ones."""
    if draw(st.booleans()):
        return draw(whole_scales(CITY))
    if draw(st.booleans()):
        count = draw(st.integers(1, 4))
        names = st.sets(st.sampled_from((*COMMENDATIONS, "nobody-s")), min_size=1, max_size=3)
        listed = ((), *(tuple(sorted(draw(names))) for _ in range(count - 1)))
        bands = tuple(Band(f"b{i}", "名", "name", None, None) for i in range(count))
        return _scale(draw, ScaleKind.CATEGORICAL, bands, listed)
    ends = sorted(draw(st.sets(st.integers(-12, 12), min_size=1, max_size=5)))
    inclusive = [True, *(draw(st.booleans()) for _ in ends[1:])]
    lowers = [Bound(low * 500, inclusive=i) for low, i in zip(ends, inclusive, strict=True)]
    uppers = [Bound(b.score_milli, inclusive=not b.inclusive) for b in lowers[1:]]
    bands = tuple(
        Band(f"b{i}", "名", "name", lower, upper)
        for i, (lower, upper) in enumerate(zip(lowers, [*uppers, None], strict=True))
    )
    return _scale(draw, ScaleKind.NUMERIC, bands, ())


def _scale(
    draw: st.DrawFn, kind: ScaleKind, bands: tuple[Band, ...], listed: tuple[tuple[str, ...], ...]
) -> Scale:
    lows = [band.lower.score_milli for band in bands if band.lower]
    ends = (lows[0], lows[-1] + draw(st.integers(1, 4000))) if lows else None
    return Scale(
        city=CITY,
        scale_id="made-up",
        version=1,
        kind=kind,
        name_zh="分",
        name_en="score",
        minimum_milli=ends[0] if ends else None,
        maximum_milli=ends[1] if ends else None,
        base_milli=draw(st.integers(*ends)) if ends else None,
        bands=bands,
        exportable_from=draw(st.sampled_from(bands)).band_id,
        listed_by=listed,
        source="made up",
        illustrative=True,
    )


@st.composite
def _indicators(draw: st.DrawFn, place: int) -> Indicator:
    return replace(
        indicator(f"i{place}", draw(st.sampled_from((-1, 1)))),
        points_milli=500 * draw(st.integers(0, 6)),
        retention_months=draw(st.sampled_from((1, 2, 11, 12, 13, 36, 60))),
        attestable=draw(st.booleans()),
        commendation=draw(st.none() | st.sampled_from(COMMENDATIONS)),
    )


@st.composite
def catalogues(draw: st.DrawFn, version: int = 1) -> IndicatorCatalogue:
    found = [draw(_indicators(place)) for place in range(draw(st.integers(0, 8)))]
    rules = replace(RULES, disputed_count=draw(st.booleans()))
    return catalogue(*found, version=version, rules=rules)


@st.composite
def facts(draw: st.DrawFn, persons: int) -> Record:
    """A record of one of these persons, or of one who does not take part."""
    made = record(f"i{draw(st.integers(0, 8))}", draw(DAYS))
    return replace(
        made,
        person=person(draw(st.integers(1, persons + 1))).person,
        ends_on=draw(st.none() | DAYS),
        disputed=draw(st.booleans()),
        overdue=draw(st.integers(0, 4)) == 0,
    )


@st.composite
def cities(draw: st.DrawFn) -> ListedCity:
    persons = draw(st.integers(0, 6))
    found = draw(st.lists(facts(persons), max_size=40))
    return ListedCity([person(serial) for serial in range(1, persons + 1)], found)


Row = tuple[int, int, tuple[str, ...], date | None, int | None, int, int | None, int]
"""points, shared, commendations, changes, score, band, shared score, shared band."""


def singly(city: ListedCity, question: Question) -> dict[str, Row]:
    """Where everybody stands, by the use cases that answer one resident."""
    found = dict[str, Row]()
    scale = question.scale
    assert scale is not None
    for each in city.people:
        own = [fact for fact in city.facts if fact.person == each.person]
        one = tally(own, question.catalogue, question.today)
        named = frozenset(one.commendations)
        mine, told = (scale.standing(p, named) for p in (one.points_milli, one.shared_milli))
        found[each.resident_id] = (
            one.points_milli,
            one.shared_milli,
            one.commendations,
            one.changes_on,
            mine.score_milli,
            scale.rank(mine.band_id),
            told.score_milli,
            scale.rank(told.band_id),
        )
    return found


def at_once(snapshot: Snapshot, question: Question, table: str) -> dict[str, Row]:
    """The same, from the table that an engine made."""
    columns = f"points, shared, {question.commendations.joined}, changes, score, band"
    rows = snapshot.rows(
        f"SELECT resident_id, {columns}, shared_score, shared_band "  # noqa: S608 - words of our own
        f"FROM residents JOIN {table} USING (who)"
    )
    assert len(rows) == snapshot.one("SELECT count(*) FROM residents")[0]
    return {
        row[0]: (row[1], row[2], tuple(row[3].split(",")) if row[3] else (), *row[4:])
        for row in rows
    }


def copied(city: ListedCity, act: Callable[[Snapshot], None], parent: Path | None = None) -> None:
    """Do something with a snapshot of the city."""
    with workspace(parent) as directory:
        snapshot = Snapshot(directory)
        try:
            snapshot.load(city, lambda *_: None)
            act(snapshot)
        finally:
            snapshot.close()
