"""What a trial is about fits every scale: somebody is above the line, and somebody below it."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.bands import Band, Bound, ScaleKind
from federation.identifiers import CityCode
from federation.limits import SCORE_MILLI
from federation.scale import Scale
from node import data
from node.documents import guess_kind, parse_document
from node.files import parse_scale
from node.limits import RECORD_POINTS_MILLI
from node.model import DocumentKind
from node.records import RecordRow
from node.registry import PartnerState
from node.services.trial_terms import (
    good_records,
    low_records,
    trial_indicators,
    trial_number,
)
from tests.conftest import NewStore
from tests.node.services.trying import approved, played, problems, tried
from tests.node.services.world import Town

TODAY = date(2026, 11, 24)
NUMBER = trial_number(1)


def shipped(pinyin: str) -> Scale:
    content = data.path(f"{pinyin}/scale.toml").read_bytes()
    code = next(about.code for about in data.cities() if about.pinyin == pinyin)
    return parse_scale("scale.toml", content, city=CityCode(code), version=1)


def numeric(points: list[int], base: int, line: int, *, inclusive: bool) -> Scale:
    """A scale that is cut at these points, in thousandths."""
    edges = list(pairwise(points))
    bands = tuple(
        Band(
            f"b{i}",
            "档",
            "band",
            Bound(low, inclusive or i == 0),
            Bound(high, not inclusive) if i < len(edges) - 1 else None,
        )
        for i, (low, high) in enumerate(edges)
    )
    return Scale(
        city=CityCode("410100"),
        scale_id="s",
        version=1,
        kind=ScaleKind.NUMERIC,
        name_zh="分",
        name_en="scale",
        minimum_milli=points[0],
        maximum_milli=points[-1],
        base_milli=base,
        bands=bands,
        exportable_from=f"b{line}",
        listed_by=(),
        source="a test",
        illustrative=True,
    )


def where(scale: Scale, rows: tuple[RecordRow, ...]) -> int:
    """The rank that these records come to."""
    indicators = trial_indicators(scale).indicators
    found = [indicators[row.indicator] for row in rows]
    assert all(0 < each.points_milli <= RECORD_POINTS_MILLI or each.commendation for each in found)
    assert len({row.record_number for row in rows}) == len(rows)
    points = sum(each.effect_milli for each in found)
    named = frozenset(each.commendation for each in found if each.commendation)
    return scale.rank(scale.standing(points, named).band_id)


def check(scale: Scale) -> None:
    line = scale.rank(scale.exportable_from)
    assert where(scale, good_records(scale, NUMBER, TODAY)) == line
    assert where(scale, low_records(scale, NUMBER, TODAY)) == 0


@pytest.mark.parametrize("pinyin", [about.pinyin for about in data.cities()])
def test_each_shipped_scale_has_somebody_above_and_below_the_line(pinyin: str) -> None:
    check(shipped(pinyin))


@given(
    points=st.lists(
        st.integers(-SCORE_MILLI, SCORE_MILLI), min_size=2, max_size=8, unique=True
    ).map(sorted),
    inclusive=st.booleans(),
    chosen=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_any_numeric_scale_has_somebody_at_the_line_and_at_the_bottom(
    points: list[int], inclusive: bool, chosen: tuple[float, float]
) -> None:
    base = points[0] + round((points[-1] - points[0]) * chosen[0])
    line = round((len(points) - 2) * chosen[1])
    check(numeric(points, base, line, inclusive=inclusive))


def test_the_numbers_are_of_nobody_and_pass_for_documents() -> None:
    for serial in (1, 2):
        number = trial_number(serial)
        assert number.startswith("999999")
        assert guess_kind(number) is DocumentKind.RESIDENT_ID
        parse_document(DocumentKind.RESIDENT_ID, number, TODAY)
    assert trial_number(1) != trial_number(2)


async def everything_is_exportable(town: Town) -> None:
    """The town's scale, of which every band may be attested."""
    own = town.store.registry.own_scale()
    assert own is not None
    text = own.content.replace(
        f'exportable_from = "{own.scale.exportable_from}"',
        f'exportable_from = "{own.scale.bands[0].band_id}"',
    )
    assert text != own.content
    desk = town.cases.catalogue
    await town.store.run(lambda tx: desk.load_scale(tx, "scale.toml", text.encode()))


@played
async def test_where_nobody_is_below_the_line_somebody_is_refused_all_the_same(
    new_sqlite: NewStore,
) -> None:
    async with approved(new_sqlite, "410100", "320500") as cities:
        one, other = cities["410100"], cities["320500"]
        for town in (one, other):
            await everything_is_exportable(town)
        found = await tried(one, other.code)
        assert not problems((*found.as_host, *found.as_home))
        assert found.partner.state is PartnerState.ACTIVE
