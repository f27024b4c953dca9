"""Where residents stand: kept sums and their days, new catalogues, and who is told of what."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from node import data, record_limits
from node.indicators import IndicatorCatalogue
from node.model import DocumentKind, PageRequest, Resident
from node.ports import Transaction
from node.records import NoticeKind
from node.services.checking import RecognitionOutcome
from node.services.explaining import StandingReport
from node.services.rescoring import Rescoring
from node.services.standing import current, find_resident, standing_of
from node.store.connection import Session
from node.store.record_tables import PERSONS, RECORDS
from node.store.tables import RESIDENTS
from tests.conftest import NewStore
from tests.node.catalogue import OFFICE, changed, indicator, made_catalogue, row
from tests.node.services.stage import Stage, staged
from tests.node.services.world import Town, fictional_id

HOME, HOST = "410100", "330100"
ALL = PageRequest(200, "")


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store) as found:
        yield found


@pytest.fixture
def town(stage: Stage) -> Town:
    return stage[HOME]


def newcomer(stage: Stage, town: Town) -> tuple[str, str]:
    return stage.run(town.resident_with_number())


def load(stage: Stage, town: Town, number: str, name: str, **fields: object) -> None:
    sent = [row(number, name, **fields)]
    report = stage.act(town, lambda tx: town.cases.recording.load(tx, OFFICE, sent))
    assert not report.quarantined, report.quarantined[0]


def report_of(stage: Stage, town: Town, resident: str) -> StandingReport:
    return stage.act(town, lambda tx: town.cases.standings.report(tx, resident))


def kept(stage: Stage, town: Town, resident: str) -> Resident:
    return stage.act(town, lambda tx: find_resident(tx, resident))


def points(stage: Stage, town: Town, resident: str) -> tuple[int, int]:
    """What `current` gives now: of all records, and of those that other cities may be told of."""

    def read(tx: Transaction) -> Resident:
        here = town.cases.here
        return current(tx, find_resident(tx, resident), here.day(here.now()))

    found = stage.act(town, read)
    return found.points_milli // 1000, found.shared_milli // 1000


def put(stage: Stage, town: Town, catalogue: IndicatorCatalogue) -> None:
    stage.act(town, lambda tx: tx.administration.put_indicators(catalogue))


def bands_told(stage: Stage, town: Town, resident: str) -> list[tuple[str, str]]:
    page = stage.act(town, lambda tx: tx.notices.page(resident, ALL))
    told = [dict(n.fields) for n in page.items if n.kind is NoticeKind.BAND_CHANGED]
    return [(fields["before"], fields["after"]) for fields in told]


def move_to(town: Town, instant: datetime) -> None:
    town.clock.forward(instant - town.clock.now())


def test_records_from_before_count_the_moment_that_their_person_takes_part(
    stage: Stage, town: Town
) -> None:
    number = fictional_id(700)
    load(stage, town, number, "r-1", indicator="add-32")
    kind = DocumentKind.RESIDENT_ID
    enrolled = stage.act(town, lambda tx: town.cases.residents.enrol(tx, kind, number))
    assert points(stage, town, enrolled.resident_id) == (32, 32)
    assert kept(stage, town, enrolled.resident_id).points_milli == 32_000
    # To begin somewhere is no change.
    assert bands_told(stage, town, enrolled.resident_id) == []


def test_who_did_not_opt_in_has_records_and_no_score_anywhere(stage: Stage, town: Town) -> None:
    before = _rows(town, RESIDENTS)
    load(stage, town, fictional_id(701), "r-1", indicator="ded-32")
    stage.run(town.cases.rescoring.walk())
    assert _rows(town, RESIDENTS) == before
    assert len(_rows(town, PERSONS)) == len(_rows(town, RECORDS)) == 1
    scores = {c.name for c in RECORDS.columns} & {"points_milli", "shared_milli", "score_milli"}
    assert scores == set()
    assert stage.act(town, town.cases.rescoring.waiting).count == 0


def _rows(town: Town, table: Any) -> list[Any]:  # noqa: ANN401 - a table of the store
    with town.store._engine.connect() as connection:
        return list(connection.execute(table.select()))


def test_a_band_that_a_record_changes_is_told_once_and_one_that_it_does_not_is_not(
    stage: Stage, town: Town
) -> None:
    number, resident = newcomer(stage, town)
    load(stage, town, number, "r-1", indicator="add-1")
    assert bands_told(stage, town, resident) == []
    load(stage, town, number, "r-2", indicator="add-32")
    load(stage, town, number, "r-2", indicator="add-32")
    assert bands_told(stage, town, resident) == [("good", "excellent")]


@pytest.mark.parametrize("walked", [False, True], ids=["before-the-walk", "after-the-walk"])
def test_a_record_begins_and_ends_at_midnight_of_the_city_whoever_has_walked(
    stage: Stage, town: Town, *, walked: bool
) -> None:
    number, resident = newcomer(stage, town)
    load(stage, town, number, "r-1", indicator="add-32", ends_on="2026-12-01")
    load(stage, town, number, "r-2", indicator="add-8", ends_on="2026-12-05")
    # Midnight in Shanghai is 16:00 UTC of the day before.
    for day, before, after in ((30, 40, 8), (34, 8, 0)):
        midnight = datetime(2026, 11, 1, 16, 0, tzinfo=UTC) + timedelta(days=day - 1)
        move_to(town, midnight - timedelta(microseconds=1))
        assert points(stage, town, resident) == (before, before)
        move_to(town, midnight)
        if walked:
            stage.run(town.cases.rescoring.tick())
            assert kept(stage, town, resident).points_milli == after * 1000
        assert points(stage, town, resident) == (after, after)
        assert report_of(stage, town, resident).points_milli == after * 1000


def test_a_new_catalogue_is_in_force_at_once_and_the_walk_changes_nothing_that_is_seen(
    stage: Stage, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_limits, "RESCORE_ROWS", 3)
    everybody = [newcomer(stage, town) for _ in range(8)]
    for serial, (number, _) in enumerate(everybody):
        load(stage, town, number, f"r-{serial}", indicator="add-16" if serial % 2 else "add-8")
    put(stage, town, changed(made_catalogue(), indicator("add-16", 64, attestable=False)))
    seen = [points(stage, town, resident) for _, resident in everybody]
    assert seen == [(8, 8), (64, 0)] * 4
    reports = [report_of(stage, town, resident) for _, resident in everybody]
    assert stage.act(town, town.cases.rescoring.waiting).count == 8
    assert stage.run(town.cases.rescoring.walk()) == 8
    assert stage.act(town, town.cases.rescoring.waiting).count == 0
    assert [points(stage, town, resident) for _, resident in everybody] == seen
    assert [report_of(stage, town, resident) for _, resident in everybody] == reports
    for serial, (_, resident) in enumerate(everybody):
        found = kept(stage, town, resident)
        assert (found.points_milli, found.counted_by) == (seen[serial][0] * 1000, 2)
        assert bands_told(stage, town, resident) == [("good", "outstanding")] * (serial % 2)
    assert stage.run(town.cases.rescoring.walk()) == 0


def test_an_indicator_that_a_new_catalogue_drops_counts_no_more_and_is_shown_as_gone(
    stage: Stage, town: Town
) -> None:
    number, resident = newcomer(stage, town)
    load(stage, town, number, "r-1", indicator="add-32")
    known = made_catalogue(2)
    left = {name: each for name, each in known.indicators.items() if name != "add-32"}
    put(stage, town, IndicatorCatalogue(
        2, known.departments, known.areas, known.categories, left, known.rules, "a test", True, ""
    ))  # fmt: skip
    report = report_of(stage, town, resident)
    assert points(stage, town, resident) == (0, 0)
    assert [(each.indicator, each.counts) for each in report.records] == [(None, False)]


def test_a_new_scale_moves_bands_and_no_sum(stage: Stage, town: Town) -> None:
    number, resident = newcomer(stage, town)
    load(stage, town, number, "r-1", indicator="add-16")
    before = report_of(stage, town, resident)
    desk = town.cases.catalogue
    text = (
        data.path("zhengzhou/scale.toml")
        .read_text("utf-8")
        .replace("value = 120", "value = 115")
        .encode()
    )
    stage.act(town, lambda tx: desk.load_scale(tx, "scale.toml", text))
    after = report_of(stage, town, resident)
    assert (before.scale.version, after.scale.version) == (1, 2)
    assert (before.standing.band_id, after.standing.band_id) == ("good", "excellent")
    assert before.points_milli == after.points_milli == 16_000


def test_a_local_record_changes_what_its_resident_sees_and_not_what_is_attested(
    stage: Stage, town: Town
) -> None:
    number, resident = newcomer(stage, town)
    load(stage, town, number, "r-1", indicator="add-32")
    consent = stage.run(town.consent(resident, stage[HOST].code))

    def recognised() -> object:
        code = stage.run(town.show_code(resident, consent))
        return stage.run(stage[HOST].check(code)).outcome

    assert recognised() is RecognitionOutcome.RECOGNISED
    load(stage, town, number, "r-2", indicator="local-ded")
    load(stage, town, number, "r-3", indicator="local-ded")
    report = report_of(stage, town, resident)
    assert (report.standing.band_id, report.shared.band_id) == ("good", "excellent")
    assert recognised() is RecognitionOutcome.RECOGNISED

    def told(tx: Transaction) -> object:
        own = tx.registry.own_scale()
        here = town.cases.here
        assert own is not None
        return standing_of(tx, find_resident(tx, resident), own.scale, here.day(here.now()))

    assert stage.act(town, told) == report.shared


@pytest.mark.parametrize("who", ["nobody", "somebody"])
def test_a_standing_takes_no_read_for_nobody_and_none_for_somebody_whose_sum_is_of_today(
    stage: Stage, town: Town, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    number, resident = newcomer(stage, town)
    load(stage, town, number, "r-1", indicator="add-32")
    reads = list[object]()
    run: Callable[..., None] = Session._run

    def counted(session: Session, compiled: Any, values: Any) -> None:  # noqa: ANN401
        reads.append(compiled)
        run(session, compiled, values)

    def read(tx: Transaction) -> int:
        subject = tx.consents.by_code(bytes(31) + b"?").resident
        found = subject if who == "nobody" else find_resident(tx, resident)
        own = tx.registry.own_scale()
        assert own is not None
        monkeypatch.setattr(Session, "_run", counted)
        standing_of(tx, found, own.scale, date(2026, 11, 24))
        monkeypatch.setattr(Session, "_run", run)
        return len(reads)

    assert stage.act(town, read) == 0


def test_the_timer_walks_for_a_new_day_a_new_catalogue_and_else_once_a_minute(
    stage: Stage, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks = list[datetime]()
    rescoring = Rescoring(town.cases.here, town.store)

    async def walk() -> int:
        walks.append(town.clock.now())
        return 0

    monkeypatch.setattr(rescoring, "walk", walk)

    def walked(by: timedelta = timedelta(0)) -> bool:
        town.clock.forward(by)
        before = len(walks)
        stage.run(rescoring.tick())
        return len(walks) > before

    assert walked()
    assert not walked()
    assert not walked(timedelta(seconds=59))
    assert walked(timedelta(seconds=1))
    put(stage, town, made_catalogue(2))
    assert walked()
    assert not walked()
    move_to(town, datetime(2026, 11, 24, 15, 59, 59, 999_999, tzinfo=UTC))
    assert walked()
    assert walked(timedelta(microseconds=1))
    assert not walked()
    # A clock that is set back stops nothing.
    assert walked(timedelta(seconds=-30))


def test_two_processes_that_walk_at_once_tell_each_resident_once(
    stage: Stage, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_limits, "RESCORE_ROWS", 2)
    everybody = [newcomer(stage, town) for _ in range(9)]
    for serial, (number, _) in enumerate(everybody):
        load(stage, town, number, f"r-{serial}", indicator="add-16")
    put(stage, town, changed(made_catalogue(), indicator("add-16", 64)))
    other = Rescoring(town.cases.here, town.store)

    async def both() -> tuple[int, int]:
        return await asyncio.gather(town.cases.rescoring.walk(), other.walk())

    assert sum(stage.run(both())) == 9
    for _, resident in everybody:
        assert bands_told(stage, town, resident) == [("good", "outstanding")]
