"""Loads of files: cut, repeated, at once, over a change of the catalogue; and rows put back."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.errors import FIELD_INVALID, UNKNOWN, HutongError
from node.limits import RECORDS_PER_LOAD
from node.model import Caller, Role
from node.records import RecordLoad, RecordRow
from node.row_errors import INDICATOR_UNKNOWN, LOAD_GAP, ROW_DOCUMENT_MISSING, reason_named
from node.services.record_loads import Portion
from tests.conftest import NewStore
from tests.node.catalogue import OFFICE, OTHER, changed, indicator, made_catalogue, row
from tests.node.services.rowing import HOME, PAGE, points, waiting, waits
from tests.node.services.stage import Stage, staged
from tests.node.services.world import fictional_id, world

LOAD = "0192f0c1-2b3c-8def-8123-456789abcdef"
SENDER = Caller(Role.DEPARTMENT, OFFICE)


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME) as found:
        yield found


def portion(rows: list[RecordRow], first: int = 0, *, last: bool = False) -> Portion:
    return Portion(LOAD, "records.csv", first, rows, last)


def take(stage: Stage, rows: list[RecordRow], first: int = 0, *, last: bool = False) -> RecordLoad:
    loads = stage[HOME].cases.record_loads
    return stage.run(loads.take(SENDER, portion(rows, first, last=last)))


def counts(load: RecordLoad) -> tuple[int, int, int, int]:
    return load.taken, load.accepted, load.unchanged, load.quarantined


def test_a_load_goes_on_from_the_row_that_was_taken_last(stage: Stage) -> None:
    rows = [row(fictional_id(i), f"r-{i}") for i in range(10)]
    assert counts(take(stage, rows[:4])) == (4, 4, 0, 0)
    # The same again, some of it again, all of it again: each row is taken once.
    assert counts(take(stage, rows[:4])) == (4, 4, 0, 0)
    assert counts(take(stage, rows[2:7], 2)) == (7, 7, 0, 0)
    load = take(stage, rows, last=True)
    assert counts(load) == (10, 10, 0, 0)
    assert load.finished_at is not None
    assert take(stage, rows, last=True) == load
    assert take(stage, [], 99) == load


def test_a_gap_is_refused_with_the_row_that_is_expected(stage: Stage) -> None:
    rows = [row(fictional_id(i), f"r-{i}") for i in range(10)]
    take(stage, rows[:4])
    with pytest.raises(HutongError) as found:
        take(stage, rows[5:], 5)
    assert found.value == HutongError(LOAD_GAP, expected="4", first="5")
    state = stage.run(stage[HOME].cases.record_loads.state(SENDER, LOAD))
    assert state is not None
    assert counts(state) == (4, 4, 0, 0)


def test_a_load_belongs_to_its_department(stage: Stage) -> None:
    rows = [row(fictional_id(i), f"r-{i}") for i in range(3)]
    take(stage, rows, last=True)
    other = Caller(Role.DEPARTMENT, OTHER)
    loads = stage[HOME].cases.record_loads
    assert stage.run(loads.state(other, LOAD)) is None
    officer = Caller(Role.DEPARTMENT, f"{OFFICE}.li")
    assert stage.run(loads.state(officer, LOAD)) is not None


def test_a_file_without_rows_and_one_that_ends_without_a_row_are_finished(stage: Stage) -> None:
    assert take(stage, [], last=True).finished_at is not None


def test_more_rows_than_one_batch_takes_are_refused_whole(stage: Stage) -> None:
    rows = [row(fictional_id(1), f"r-{serial}") for serial in range(RECORDS_PER_LOAD + 1)]
    with pytest.raises(HutongError) as found:
        take(stage, rows)
    assert found.value.reason == FIELD_INVALID
    assert stage.run(stage[HOME].cases.record_loads.state(SENDER, LOAD)) is None


def test_a_batch_that_fails_leaves_neither_rows_nor_cursor(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, resident = stage.run(stage[HOME].resident_with_number())
    rows = [row(number, f"r-{i}") for i in range(4)]
    take(stage, rows[:2])

    def fail(*_: object) -> None:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr("node.store.quarantine.QuarantineRepository.put", fail)
        with pytest.raises(LookupError):
            take(stage, rows[2:], 2, last=True)
    assert points(stage, resident) == 64
    assert counts(take(stage, rows[2:], 2, last=True)) == (4, 4, 0, 0)
    assert points(stage, resident) == 128


def test_each_batch_goes_by_the_catalogue_that_is_then_in_force(stage: Stage) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    rows = [row(number, f"r-{i}", indicator="add-32" if i % 2 else "new-one") for i in range(8)]
    assert counts(take(stage, rows[:4])) == (4, 2, 0, 2)
    next_one = changed(made_catalogue(), indicator("new-one", 3), indicator("add-32", 5))
    without = {k: v for k, v in next_one.indicators.items() if k != "add-64"}
    next_one = replace(next_one, indicators=without)
    stage.act(home, lambda tx: tx.administration.put_indicators(next_one))
    assert counts(take(stage, rows[4:], 4, last=True)) == (8, 6, 0, 2)
    # What was taken before counts as the new one says; what waits is put back as it is.
    assert points(stage, resident) == 4 * 5 + 2 * 3
    for waits_now in waiting(stage):
        put_back = stage.act(
            home,
            lambda tx, w=waits_now: home.cases.quarantine.put_back(tx, SENDER, w.row_id, w.row),  # type: ignore[misc]
        )
        assert put_back is None
    assert points(stage, resident) == 4 * 5 + 4 * 3


def test_two_streams_of_one_file_at_once_take_each_row_once(new_store: NewStore) -> None:
    async def play() -> None:
        async with world(new_store, HOME) as cities:
            home = cities[HOME]
            number, resident = await home.resident_with_number()
            rows = [row(number, f"r-{i}", indicator="add-1") for i in range(60)]

            async def stream(seed: int) -> None:
                chance, taken = random.Random(seed), 0  # noqa: S311 - it must repeat
                while taken < len(rows):
                    end = min(len(rows), taken + chance.randint(1, 9))
                    sent = portion(rows[taken:end], taken, last=end == len(rows))
                    load = await home.cases.record_loads.take(SENDER, sent)
                    taken = load.taken

            await asyncio.gather(*(stream(seed) for seed in range(4)))
            load = await home.cases.record_loads.state(SENDER, LOAD)
            assert load is not None
            assert counts(load) == (60, 60, 0, 0)
            found = await home.store.read(lambda tx: tx.residents.get(resident))
            assert found is not None
            assert found.points_milli == 60_000

    asyncio.run(play())


def test_of_two_departments_that_correct_one_record_at_once_one_wins(new_store: NewStore) -> None:
    async def play() -> None:
        async with world(new_store, HOME) as cities:
            home = cities[HOME]
            number, resident = await home.resident_with_number()
            await home.store.run(lambda tx: home.cases.recording.load(tx, OFFICE, [row(number)]))

            async def correct(department: str, to: str) -> int:
                sent = row(number, indicator=to, source=OFFICE, action="correct", revision=1)
                report = await home.store.run(
                    lambda tx: home.cases.recording.load(tx, department, [sent])
                )
                if report.quarantined:
                    assert dict(report.quarantined[0].fields)["newest"] == "2"
                return report.accepted

            won = await asyncio.gather(correct(OFFICE, "add-1"), correct(OTHER, "add-2"))
            assert sorted(won) == [0, 1]
            found = await home.store.read(lambda tx: tx.residents.get(resident))
            assert found is not None
            assert found.points_milli == (1000 if won[0] else 2000)

    asyncio.run(play())


def test_a_row_that_was_mended_is_put_back_without_its_document(stage: Stage) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    bad = waits(stage, row(number, indicator="add-33"))
    assert bad.person is not None
    desk = home.cases.quarantine
    still = stage.act(home, lambda tx: desk.put_back(tx, SENDER, bad.row_id, bad.row))
    assert still is not None
    assert reason_named(still.row.reason) == INDICATOR_UNKNOWN
    assert len(waiting(stage)) == 1
    mended = replace(still.row.row, indicator="add-32")
    row_id = still.row.row_id
    assert stage.act(home, lambda tx: desk.put_back(tx, SENDER, row_id, mended)) is None
    assert points(stage, resident) == 32
    assert waiting(stage) == []


def test_a_row_whose_document_was_bad_needs_one(stage: Stage) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    bad = waits(stage, row("H1"))
    desk = home.cases.quarantine
    still = stage.act(home, lambda tx: desk.put_back(tx, SENDER, bad.row_id, bad.row))
    assert still is not None
    assert reason_named(still.row.reason) == ROW_DOCUMENT_MISSING
    row_id, mended = still.row.row_id, replace(bad.row, document_number=number)
    assert stage.act(home, lambda tx: desk.put_back(tx, SENDER, row_id, mended)) is None
    assert points(stage, resident) == 32


def test_nobody_touches_or_sees_the_rows_of_another_department(stage: Stage) -> None:
    home, other = stage[HOME], Caller(Role.DEPARTMENT, OTHER)
    bad = waits(stage, row(fictional_id(1), indicator="nothing"))
    desk = home.cases.quarantine
    for act in (
        lambda tx: desk.put_back(tx, other, bad.row_id, bad.row),
        lambda tx: desk.discard(tx, other, bad.row_id, "because"),
        lambda tx: desk.discard(tx, SENDER, LOAD, "because"),
    ):
        with pytest.raises(HutongError) as found:
            stage.act(home, act)
        assert found.value.reason == UNKNOWN
    assert stage.act(home, lambda tx: desk.page(tx, other, PAGE)).items == ()
    with pytest.raises(HutongError) as found:
        stage.act(home, lambda tx: desk.discard(tx, SENDER, bad.row_id, " "))
    assert found.value.reason == FIELD_INVALID
    stage.act(home, lambda tx: desk.discard(tx, SENDER, bad.row_id, "sent by mistake"))
    assert waiting(stage) == []


texts = st.text(max_size=12) | st.sampled_from(
    ["add-32", "ded-8", "2026-01-15", "correct", "withdraw", "office", "A", "central", "r-1", "r-2"]
)
rows = st.builds(
    RecordRow,
    record_number=st.sampled_from(["r-1", "r-2", "r-3"]) | texts,
    indicator=st.sampled_from(["add-32", "ded-8", "class-d"]) | texts,
    document_number=st.sampled_from([fictional_id(1), fictional_id(2)]) | texts,
    occurred_on=st.dates().map(str) | st.just("2026-01-15") | texts,
    evidence=texts,
    action=st.sampled_from(["", "add", "correct", "withdraw"]) | texts,
    source=st.sampled_from(["", "office", "other-office"]) | texts,
    revision=st.integers(0, 2**31),
    disclosure_class=st.sampled_from(["", "A", "D"]) | texts,
    area=st.sampled_from(["", "port"]) | texts,
    ends_on=st.just("") | st.dates().map(str) | texts,
)


@pytest.fixture
def any_stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME) as found:
        yield found


@given(sent=st.lists(rows, max_size=6))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows_are_taken_or_wait_and_nothing_else_happens(
    any_stage: Stage, sent: list[RecordRow]
) -> None:
    stage = any_stage
    home = stage[HOME]
    before = len(waiting_all(stage))
    report = stage.act(home, lambda tx: home.cases.recording.load(tx, OFFICE, sent))
    assert report.accepted + report.unchanged + len(report.quarantined) == len(sent)
    new = {each.row_id for each in report.quarantined}
    after = {each.row_id for each in waiting_all(stage)}
    assert new <= after
    assert len(after) <= before + len(new)
    again = stage.act(home, lambda tx: home.cases.recording.load(tx, OFFICE, sent))
    assert {each.row_id for each in again.quarantined} >= new or report.accepted


def waiting_all(stage: Stage) -> list[Any]:
    with stage[HOME].store._engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT row_id FROM quarantine").all())
