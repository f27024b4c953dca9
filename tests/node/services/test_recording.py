"""Rows of departments: taken once, known, or in quarantine by themselves, with a reason."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from stdnum.iso7064 import mod_11_2

from node.errors import DOCUMENT_INVALID, NOTHING_IN_FORCE, HutongError
from node.logbook import LogKind
from node.record_errors import DEPARTMENT_UNKNOWN
from node.records import NoticeKind, RecordKey, RecordRow, RecordState
from node.row_errors import (
    AREA_UNKNOWN,
    INDICATOR_NOT_YOURS,
    INDICATOR_UNKNOWN,
    RECORD_ENDED,
    RECORD_NUMBER_UNFIT,
    RECORD_NUMBER_USED,
    RECORD_REVISION_STALE,
    RECORD_UNKNOWN,
    ROW_ACTION_UNKNOWN,
    ROW_CLASS_WRONG,
    ROW_DAY_FUTURE,
    ROW_DAY_IMPOSSIBLE,
    ROW_DOCUMENT_MISSING,
    ROW_ENDS_EARLY,
    ROW_EVIDENCE_MISSING,
    ROW_HOLDS_DOCUMENT,
    ROW_PERSON_MINOR,
    ROW_RETENTION_OVER,
    ROW_REVISION_MISSING,
    ROW_SOURCE_FOREIGN,
    ROW_TEXT_UNFIT,
    reason_named,
)
from tests.conftest import NewStore
from tests.node.catalogue import OFFICE, OTHER, THIRD, changed, indicator, made_catalogue, row
from tests.node.services.rowing import HOME, load, points, record, taken, told, waiting, waits
from tests.node.services.stage import Stage, staged
from tests.node.services.world import fictional_id

CHILD = "99999920150101001" + str(mod_11_2.calc_check_digit("99999920150101001"))


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME) as found:
        yield found


NUMBER = fictional_id(7)
BAD = {
    INDICATOR_UNKNOWN: {"indicator": "add-33"},
    INDICATOR_NOT_YOURS: {"indicator": "others-only"},
    ROW_CLASS_WRONG: {"disclosure_class": "B"},
    AREA_UNKNOWN: {"area": "centrum"},
    ROW_DAY_IMPOSSIBLE: {"occurred_on": "2026-02-30"},
    ROW_DAY_FUTURE: {"occurred_on": "2026-11-25"},
    ROW_ENDS_EARLY: {"ends_on": "2026-01-15"},
    ROW_RETENTION_OVER: {"occurred_on": "2021-11-24"},
    ROW_DOCUMENT_MISSING: {"document_number": " "},
    DOCUMENT_INVALID: {"document_number": NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")},
    ROW_PERSON_MINOR: {"document_number": CHILD},
    ROW_EVIDENCE_MISSING: {"evidence": ""},
    ROW_TEXT_UNFIT: {"evidence": "x" * 201},
    ROW_HOLDS_DOCUMENT: {"evidence": f"about {NUMBER}"},
    RECORD_NUMBER_UNFIT: {"record_number": "no number!"},
    ROW_ACTION_UNKNOWN: {"action": "update"},
    ROW_SOURCE_FOREIGN: {"source": OTHER},
    ROW_REVISION_MISSING: {"action": "correct"},
    RECORD_UNKNOWN: {"action": "withdraw", "revision": 1},
}


@pytest.mark.parametrize(("reason", "fields"), BAD.items(), ids=[each.name for each in BAD])
def test_a_bad_row_waits_alone_with_its_reason(
    stage: Stage, reason: object, fields: dict[str, object]
) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    bad = replace(row(number, "r-2"), **fields)  # type: ignore[arg-type]
    report = load(stage, row(number, "r-1"), bad, row(number, "r-3"))
    assert (report.accepted, report.unchanged) == (2, 0)
    [found] = report.quarantined
    assert reason_named(found.reason) == reason
    assert (found.department, found.line) == (OFFICE, 2)
    for language in ("zh", "en"):
        said = HutongError(reason_named(found.reason), **dict(found.fields)).text(language)
        assert "?" not in said.replace("?)", "")
        assert number not in said
    assert points(stage, resident) == 64
    assert waiting(stage) == [found]


def test_the_day_of_a_row_is_a_day_of_the_citys_own_zone(stage: Stage) -> None:
    number = fictional_id(1)
    tomorrow = row(number, occurred_on="2026-11-25")
    assert waits(stage, tomorrow).reason == ROW_DAY_FUTURE.name
    # 16:00 UTC is midnight in Zhengzhou.
    midnight = stage[HOME].clock.now().replace(hour=16, minute=0)
    stage.world.clock.forward(midnight - stage[HOME].clock.now())
    taken(stage, tomorrow)


@pytest.mark.parametrize(
    "day", ["20260115", "2026-W03-4", "2026-1-15", "２026-01-15", "0026-01-15"]
)
def test_a_day_has_one_form(stage: Stage, day: str) -> None:
    assert waits(stage, row(NUMBER, occurred_on=day)).reason == ROW_DAY_IMPOSSIBLE.name


def test_the_last_day_that_still_counts_is_taken(stage: Stage) -> None:
    taken(stage, row(NUMBER, "r-1", occurred_on="2021-11-25"))
    taken(stage, row(NUMBER, "r-2", occurred_on="2026-11-24", ends_on="2026-11-25"))
    assert waits(stage, row(NUMBER, "r-3", ends_on="2026-11-24")).reason == ROW_RETENTION_OVER.name


def test_an_unknown_name_is_told_the_nearest_but_not_without_end(stage: Stage) -> None:
    found = waits(stage, row(NUMBER, indicator="ad-32"))
    assert "add-32" in dict(found.fields)["nearest"]
    report = load(stage, *[row(NUMBER, f"n-{i}", indicator=f"ad-{i}") for i in range(40)])
    assert len(report.quarantined) == 40
    assert sum(1 for each in report.quarantined if dict(each.fields)["nearest"]) <= 10
    assert dict(waits(stage, row(NUMBER, "l-1", indicator="add-32" * 99)).fields)["nearest"] == ""


def test_what_is_kept_of_an_endless_row_is_short(stage: Stage) -> None:
    columns = [name for name in RecordRow.__slots__ if name != "revision"]
    endless = replace(row(NUMBER), **dict.fromkeys(columns, "endless" * 20_000))  # type: ignore[arg-type]
    found = waits(stage, endless)
    assert max(len(str(each)) for each in (*vars_of(found.row), *dict(found.fields).values())) < 201


def vars_of(row: RecordRow) -> list[object]:
    return [getattr(row, name) for name in RecordRow.__slots__]


def test_the_same_row_twice_is_one_record_and_one_sum(new_store: NewStore) -> None:
    with staged(new_store, HOME) as stage:
        number, resident = stage.run(stage[HOME].resident_with_number())
        both = load(stage, row(number), row(number))
        assert (both.accepted, both.unchanged) == (1, 1)
        again = load(stage, row(number, record_number=" R-1 "))
        assert (again.accepted, again.unchanged) == (0, 1)
        taken(stage, row(number), department=OTHER)
        assert points(stage, resident) == 64
        other = waits(stage, row(number, evidence="another"))
        assert (other.reason, dict(other.fields)["revision"]) == (RECORD_NUMBER_USED.name, "1")


def test_a_correction_takes_the_place_of_the_revision_that_it_names(stage: Stage) -> None:
    number, resident = stage.run(stage[HOME].resident_with_number())
    taken(stage, row(number))
    first = record(stage)
    correction = row(number, indicator="ded-8", action="correct", revision=1)
    taken(stage, correction)
    assert points(stage, resident) == -8
    assert record(stage).revision == 2
    stale = waits(stage, row(number, indicator="ded-1", action="correct", revision=1))
    assert stale.reason == RECORD_REVISION_STALE.name
    assert dict(stale.fields)["newest"] == "2"
    [move] = stage.act(stage[HOME], lambda tx: tx.records.moves(first.key))
    assert (move.move, move.actor, move.person) == ("corrected", "department/office", first.person)
    assert '"add-32"' in move.before
    assert told(stage, resident) == [NoticeKind.RECORD_CORRECTED]


def test_rows_that_were_taken_once_are_known_for_ever(stage: Stage) -> None:
    number, resident = stage.run(stage[HOME].resident_with_number())
    file = [
        row(number, "r-1"),
        row(number, "r-1", indicator="ded-8", action="correct", revision=1),
        row(number, "r-1", indicator="ded-4", action="correct", revision=2),
        row(number, "r-2"),
        row("", "r-2", action="withdraw", revision=1),
    ]
    taken(stage, *file[:4])
    taken(stage, file[4])
    again = load(stage, *file)
    # What was withdrawn is not known again by what it said: somebody must look at it.
    assert (again.accepted, again.unchanged) == (0, 4)
    assert [each.reason for each in again.quarantined] == [RECORD_ENDED.name]
    assert points(stage, resident) == -4


def test_a_whole_history_in_one_batch_is_one_record(stage: Stage) -> None:
    number, resident = stage.run(stage[HOME].resident_with_number())
    taken(
        stage,
        row(number),
        row(number, indicator="add-2", action="correct", revision=1),
        row(number, indicator="add-4", action="correct", revision=2),
    )
    assert (record(stage).revision, points(stage, resident)) == (3, 4)
    moves = stage.act(stage[HOME], lambda tx: tx.records.moves(RecordKey(OFFICE, "r-1")))
    assert [each.move for each in moves] == ["corrected", "corrected"]


def test_a_withdrawn_record_counts_no_more_and_never_comes_back(stage: Stage) -> None:
    number, resident = stage.run(stage[HOME].resident_with_number())
    taken(stage, row(number, indicator="ded-8"))
    withdrawal = RecordRow("r-1", "", "", "", "", action="withdraw", revision=1)
    taken(stage, withdrawal)
    assert record(stage).state is RecordState.WITHDRAWN
    assert points(stage, resident) == 0
    assert load(stage, withdrawal).unchanged == 1
    for bad in (
        row(number, indicator="ded-8"),
        row(number, indicator="add-1"),
        row(number, indicator="add-1", action="correct", revision=2),
        replace(withdrawal, revision=2),
    ):
        assert waits(stage, bad).reason == RECORD_ENDED.name
    assert told(stage, resident) == [NoticeKind.RECORD_ADDED, NoticeKind.RECORD_WITHDRAWN]


def test_a_repaired_record_is_told_as_any_that_does_not_stand(stage: Stage) -> None:
    number, _ = stage.run(stage[HOME].resident_with_number())
    taken(stage, row(number, indicator="ded-8"))
    key = RecordKey(OFFICE, "r-1")
    stage.act(stage[HOME], lambda tx: tx.records.mark(key, state=RecordState.REPAIRED))
    for bad in (
        row(number, indicator="ded-8"),
        row(number, indicator="ded-4", action="correct", revision=1),
        row("", action="withdraw", revision=1),
    ):
        found = waits(stage, bad)
        assert (found.reason, found.fields) == (RECORD_ENDED.name, (("number", "r-1"),))


def test_a_wrong_person_is_put_right_and_both_are_counted_and_told(stage: Stage) -> None:
    home = stage[HOME]
    (wrong, one), (right, other) = (stage.run(home.resident_with_number()) for _ in range(2))
    taken(stage, row(wrong, indicator="ded-8"))
    stage.act(home, lambda tx: tx.records.mark(RecordKey(OFFICE, "r-1"), disputed=True))
    taken(stage, row(right, indicator="ded-8", action="correct", revision=1))
    assert (points(stage, one), points(stage, other)) == (0, -8)
    assert told(stage, one) == [NoticeKind.RECORD_ADDED, NoticeKind.RECORD_WITHDRAWN]
    assert told(stage, other) == [NoticeKind.RECORD_ADDED]
    assert not record(stage).disputed
    moves = stage.act(home, lambda tx: tx.records.moves(RecordKey(OFFICE, "r-1")))
    assert all(each.person != record(stage).person for each in moves)


def test_a_correction_of_a_disputed_record_keeps_the_mark(stage: Stage) -> None:
    number, resident = stage.run(stage[HOME].resident_with_number())
    taken(stage, row(number, indicator="ded-8"))
    key = RecordKey(OFFICE, "r-1")
    stage.act(stage[HOME], lambda tx: tx.records.mark(key, disputed=True))
    taken(stage, row(number, indicator="ded-4", action="correct", revision=1))
    assert record(stage).disputed
    assert points(stage, resident) == 0


def test_departments_of_an_indicator_correct_each_others_records_and_nobody_else_does(
    stage: Stage,
) -> None:
    number, resident = stage.run(stage[HOME].resident_with_number())
    taken(stage, row(number), row(number, "r-2", indicator="office-only"))
    for bad in (
        row(number, indicator="add-1", source=OFFICE, action="correct", revision=1),
        row("", "r-1", source=OFFICE, action="withdraw", revision=1),
        row("", "r-9", source=OFFICE, action="withdraw", revision=1),
    ):
        assert waits(stage, bad, THIRD).reason == RECORD_UNKNOWN.name
    # A record that one may not touch looks like one that is not there.
    hidden, absent = (
        waits(stage, row("", name, source=OFFICE, action="withdraw", revision=1), OTHER)
        for name in ("r-2", "r-9")
    )
    assert hidden.reason == absent.reason == RECORD_UNKNOWN.name
    assert {k for k, _ in hidden.fields} == {k for k, _ in absent.fields}
    taken(
        stage,
        row(number, indicator="add-1", source=OFFICE, action="correct", revision=1),
        department=OTHER,
    )
    assert points(stage, resident) == 1 - 10
    assert record(stage).received_from == "department/other-office"


def test_who_sent_a_record_may_take_it_back_whatever_the_catalogue_became(stage: Stage) -> None:
    home = stage[HOME]
    number, _ = stage.run(home.resident_with_number())
    taken(stage, row(number, indicator="office-only"))
    next_one = changed(made_catalogue(), indicator("office-only", -10, departments=(OTHER,)))
    stage.act(home, lambda tx: tx.administration.put_indicators(next_one))
    taken(stage, row("", action="withdraw", revision=1))


def test_one_who_does_not_take_part_is_recorded_and_neither_scored_nor_told(stage: Stage) -> None:
    taken(stage, row(NUMBER, indicator="ded-8"))
    person = record(stage).person
    assert 0 < person < 2**63
    assert stage.act(stage[HOME], lambda tx: tx.residents.by_persons([person])) == {}
    assert stage.act(stage[HOME], lambda tx: tx.residents.count()) == 0


def test_without_a_catalogue_or_outside_of_it_nothing_is_taken(stage: Stage) -> None:
    with pytest.raises(HutongError) as found:
        load(stage, row(NUMBER), department="unheard-of")
    assert found.value.reason == DEPARTMENT_UNKNOWN
    assert waiting(stage, "unheard-of") == []


def test_a_city_without_a_catalogue_says_how_to_load_one(new_sqlite: NewStore) -> None:
    with staged(new_sqlite, HOME) as stage:
        home = stage[HOME]
        batch = home.cases.recording.read
        with pytest.raises(HutongError) as found:
            stage.act(home, lambda tx: _without_catalogue(home, tx, batch))
        assert found.value.reason == NOTHING_IN_FORCE


def _without_catalogue(home: object, tx: object, _: object) -> None:
    bare = replace(tx.registry, indicators=None)  # type: ignore[attr-defined]
    tx._registry = bare  # type: ignore[attr-defined]
    home.cases.recording.load(tx, OFFICE, [row(NUMBER)])  # type: ignore[attr-defined]


def test_corrections_and_withdrawals_leave_a_trace_that_names_no_one(stage: Stage) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    taken(stage, row(number, indicator="ded-8"))
    with home.store._engine.connect() as connection:
        entries = connection.exec_driver_sql("SELECT sequence FROM log_entries").all()
    taken(stage, row(number, indicator="ded-4", action="correct", revision=1))
    taken(stage, row("", action="withdraw", revision=2))
    with home.store._engine.connect() as connection:
        kinds = connection.exec_driver_sql(
            "SELECT sequence, kind, subject FROM log_entries JOIN log_salts USING (sequence)"
        ).all()
    assert {(kind, who) for entry, kind, who in kinds if (entry,) not in entries} == {
        (LogKind.ADMINISTRATIVE.value, resident),
        (LogKind.WITHDRAWN.value, resident),
    }


def test_a_document_number_is_nowhere_but_in_its_keyed_digest(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    numbers = [fictional_id(serial) for serial in range(20, 24)]
    broken = numbers[3][:-1] + ("0" if numbers[3][-1] != "0" else "1")
    report = load(
        stage,
        row(numbers[0], indicator=numbers[0]),
        row(numbers[1], record_number=numbers[1], evidence=f"案号 {numbers[1]}"),
        row(numbers[2], area=numbers[2], source=f"x {numbers[2]}", action=numbers[2]),
        row(broken, evidence=f"案号{broken}", indicator=broken, ends_on=broken),
        RecordRow(numbers[0], numbers[1], "", numbers[2], broken, area=numbers[3]),
    )
    assert len(report.quarantined) == 5
    home = stage[HOME]
    kept = repr(waiting(stage)) + repr(report) + caplog.text
    with home.store._engine.connect() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='table'")
        for (table,) in tables.all():
            kept += repr(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608
    for number in (*numbers, broken):
        assert number not in kept


@pytest.mark.parametrize("days", [0, 400])
def test_a_row_sent_again_waits_once(stage: Stage, days: int) -> None:
    bad = row(NUMBER, indicator="nothing")
    first = waits(stage, bad)
    stage.world.clock.forward(timedelta(days=days))
    again = waits(stage, bad)
    assert again.row_id == first.row_id
    assert len(waiting(stage)) == 1
    assert waits(stage, row(fictional_id(8), indicator="nothing")).row_id != first.row_id


def test_a_good_row_ends_the_waiting_of_its_number_for_its_own_department(stage: Stage) -> None:
    waits(stage, row(NUMBER, indicator="nothing"))
    waits(stage, row(NUMBER, occurred_on="never"))
    other = waits(stage, row("", source=OFFICE, action="withdraw", revision=7), OTHER)
    taken(stage, row(NUMBER))
    assert waiting(stage) == []
    assert waiting(stage, OTHER) == [other]
