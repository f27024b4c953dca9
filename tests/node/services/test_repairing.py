"""Repair: not a day too early, decided by a person, and then as if it had never been."""

import asyncio
from collections.abc import Coroutine, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from node.errors import FIELD_INVALID
from node.model import Caller, Role
from node.record_errors import (
    CASE_OPEN_ALREADY,
    CASE_UNKNOWN,
    OWN_RECORD_UNKNOWN,
    REPAIR_NOT_NEEDED,
    REPAIR_TOO_EARLY,
)
from node.records import Case, CaseMove, CaseState, NoticeKind, RecordState
from node.store import open_store
from tests.conftest import NewStore
from tests.node.catalogue import OFFICE, changed, indicator, made_catalogue, row
from tests.node.services.casework import ALL, OFFICER, OPERATOR, Casework, refusal
from tests.node.services.stage import Stage, staged
from tests.node.services.world import START

TODAY = date(2026, 11, 24)
MIDNIGHT = timedelta(hours=14)
"""From the start of a world until the next day of the city."""
REFUSALS = [(CaseMove.REFUSE,), (CaseMove.REFUSE, CaseMove.APPEAL, CaseMove.REFUSE_FINALLY)]
GRANTS = [(CaseMove.GRANT,), (CaseMove.REFUSE, CaseMove.APPEAL, CaseMove.GRANT_ON_APPEAL)]


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, "410100") as found:
        yield found


@pytest.mark.parametrize(
    ("severity", "occurred_on"),
    [("serious", "2025-11-25"), ("ordinary", "2026-08-25")],
)
def test_a_day_before_its_period_is_over_is_too_early_and_on_the_day_it_is_possible(
    stage: Stage, severity: str, occurred_on: str
) -> None:
    work = Casework.about(stage, severity, occurred_on)
    stage.world.clock.forward(MIDNIGHT - timedelta(microseconds=1))
    assert work.today() == TODAY
    error = refusal(work.apply)
    assert (error.reason, error.fields) == (REPAIR_TOO_EARLY, {"day": "2026-11-25"})
    stage.world.clock.forward(timedelta(microseconds=1))
    assert work.apply().due_at == START + MIDNIGHT + timedelta(days=20)


def test_a_minor_one_without_a_period_may_be_repaired_at_once(stage: Stage) -> None:
    work = Casework.about(stage, "minor", TODAY.isoformat())
    assert work.apply().state is CaseState.OPEN


@pytest.mark.parametrize("path", GRANTS)
def test_a_repaired_record_is_never_counted_shown_corrected_or_disputed_again(
    stage: Stage, path: tuple[CaseMove, ...]
) -> None:
    work = Casework.about(stage, "serious", "2025-01-15")
    assert work.points() == -40
    case = work.moved(work.apply(), *path)
    record = work.record()
    assert (record.state, work.points()) == (RecordState.REPAIRED, 0)
    for act in (work.object, work.apply):
        assert refusal(act).reason == OWN_RECORD_UNKNOWN
    sent = row(
        work.number, work.key.record_number, action="correct", revision=1, indicator="ded-64"
    )
    recording = work.town.cases.recording
    report = work.run(lambda tx: recording.load(tx, OFFICE, [sent]))
    assert [each.reason for each in report.quarantined] == ["RECORD_ENDED"]
    assert work.record() == record
    standing = work.read(lambda tx: work.town.cases.standings.report(tx, work.resident))
    assert standing.records == ()
    reading = work.town.cases.reading
    seen = work.run(lambda tx: reading.of_document(tx, OFFICER, work.number, "why", ALL))
    assert seen.page.items == ()
    views = work.town.cases.case_views
    for error in (
        refusal(lambda: work.run(lambda tx: views.for_department(tx, OFFICER, case.case_id))),
        refusal(lambda: work.run(lambda tx: views.for_operator(tx, OPERATOR, case.case_id))),
    ):
        assert error.reason == CASE_UNKNOWN


def test_it_stays_repaired_by_any_catalogue_that_comes_later(stage: Stage) -> None:
    work = Casework.about(stage, "serious", "2025-01-15")
    work.move(work.apply(), CaseMove.GRANT)
    graver = changed(made_catalogue(), indicator("serious", -500))
    stage.act(work.town, lambda tx: tx.administration.put_indicators(graver))
    report = work.read(lambda tx: work.town.cases.standings.report(tx, work.resident))
    assert report.points_milli == 0


@pytest.mark.parametrize("path", [*REFUSALS, (CaseMove.WITHDRAW,)])
def test_what_is_refused_or_taken_back_leaves_the_record_as_it_was(
    stage: Stage, path: tuple[CaseMove, ...]
) -> None:
    work = Casework.about(stage, "minor")
    before = work.record()
    work.moved(work.apply(), *path)
    assert (work.record(), work.points()) == (before, -10)


@pytest.mark.parametrize("path", REFUSALS)
def test_thirty_days_after_a_refusal_one_may_apply_again_and_not_a_day_before(
    stage: Stage, path: tuple[CaseMove, ...]
) -> None:
    work = Casework.about(stage, "minor")
    case = work.moved(work.apply(), *path)
    error = refusal(work.apply)
    assert (error.reason, error.fields) == (REPAIR_TOO_EARLY, {"day": "2026-12-24"})
    stage.world.clock.forward(timedelta(days=29))
    assert refusal(work.apply).reason == REPAIR_TOO_EARLY
    stage.world.clock.forward(timedelta(days=1))
    work.apply()
    if case.state is CaseState.REFUSED:
        # The old refusal can still be appealed, but not beside the new application.
        error = refusal(lambda: work.move(case, CaseMove.APPEAL))
        assert error.reason == CASE_OPEN_ALREADY


def test_a_refusal_to_somebody_else_of_a_record_that_was_taken_for_theirs_holds_up_nobody(
    stage: Stage,
) -> None:
    work, other = Casework.about(stage, "minor"), Casework.about(stage, "minor")
    work.moved(work.apply(), CaseMove.REFUSE)
    work.correct(document_number=other.number, indicator="minor")
    other.key = work.key
    assert other.apply().state is CaseState.OPEN


def test_a_good_record_is_not_repaired(stage: Stage) -> None:
    work = Casework.about(stage, "add-32")
    assert refusal(work.apply).reason == REPAIR_NOT_NEEDED


@pytest.mark.parametrize("missing", ["evidence", "promise"])
def test_without_the_correction_or_the_promise_nothing_is_repaired(
    stage: Stage, missing: str
) -> None:
    work = Casework.about(stage, "minor")
    given = {"evidence": "缴款书 8", "promise": "不再犯", missing: " "}
    error = refusal(lambda: work.apply(**given))
    assert (error.reason, error.fields["field"]) == (FIELD_INVALID, missing)


def test_an_interview_that_was_called_is_held_first_and_who_does_not_come_is_refused(
    stage: Stage,
) -> None:
    work, absent = Casework.about(stage, "minor"), Casework.about(stage, "minor")
    called = work.move(work.apply(), CaseMove.CALL_INTERVIEW)
    assert refusal(lambda: work.move(called, CaseMove.GRANT)).fields["moves"] == (
        "hold_interview, refuse, withdraw"
    )
    held = work.move(called, CaseMove.HOLD_INTERVIEW)
    assert held.due_at == called.due_at
    assert work.move(held, CaseMove.GRANT).state is CaseState.GRANTED
    case = absent.moved(absent.apply(), CaseMove.CALL_INTERVIEW, CaseMove.REFUSE)
    assert case.state is CaseState.REFUSED


def test_an_interview_does_not_win_time(stage: Stage) -> None:
    work = Casework.about(stage, "minor")
    case = work.move(work.apply(), CaseMove.CALL_INTERVIEW)
    stage.world.clock.forward(timedelta(days=20, microseconds=1))
    work.tick()
    assert work.case(case.case_id).overdue
    assert work.move(case, CaseMove.HOLD_INTERVIEW).overdue
    assert work.case(case.case_id).overdue


def test_a_repair_ends_the_objection_to_the_same_record(stage: Stage) -> None:
    work = Casework.about(stage, "minor")
    objection = work.object()
    work.move(work.apply(), CaseMove.GRANT)
    assert work.case(objection.case_id).state is CaseState.WITHDRAWN
    last = work.steps(objection)[-1]
    assert (last.actor, "repaired" in last.reason) == ("the clock", True)
    record = work.record()
    assert (record.state, record.disputed) == (RecordState.REPAIRED, False)


def test_a_right_objection_ends_the_application_for_repair(stage: Stage) -> None:
    work = Casework.about(stage, "minor")
    repair = work.apply()
    work.move(work.object(), CaseMove.GRANT)
    assert work.case(repair.case_id).state is CaseState.WITHDRAWN
    assert work.record().state is RecordState.WITHDRAWN


def test_a_record_that_was_corrected_into_a_good_one_is_not_taken_away_by_a_repair(
    stage: Stage,
) -> None:
    work = Casework.about(stage, "minor")
    case = work.apply()
    work.correct(indicator="add-32")
    work.move(case, CaseMove.GRANT)
    assert (work.record().state, work.points()) == (RecordState.STANDING, 32)


def test_a_new_band_and_the_end_of_the_case_are_told_in_the_transaction_that_repaired(
    stage: Stage,
) -> None:
    work = Casework.about(stage, "serious", "2025-01-15")
    work.move(work.apply(), CaseMove.GRANT)
    kinds = [notice.kind for notice in work.notices()]
    assert kinds.count(NoticeKind.BAND_CHANGED) >= 1
    assert NoticeKind.CASE_MOVED in kinds


def test_a_repair_and_a_new_record_in_the_same_instant_come_to_the_same_sum_in_both_orders(
    new_store: NewStore,
) -> None:
    urls = dict[str, str]()
    with staged(lambda name: urls.setdefault(name, new_store(name)), "410100") as stage:
        town = stage["410100"]
        # Two processes of the city, each with a writer of its own.
        other = open_store(urls["410100"], stage.world.clock)
        works = [Casework.about(stage, "serious", "2025-01-15") for _ in range(12)]

        async def repair(work: Casework, case_id: str) -> None:
            desk = town.cases.case_desk
            await town.store.run(
                lambda tx: desk.decide(tx, OFFICER, case_id, CaseMove.GRANT, "why")
            )

        async def load(work: Casework) -> None:
            new = row(work.number, f"new-{work.resident[-12:]}", indicator="add-64")
            await other.run(lambda tx: town.cases.recording.load(tx, OFFICE, [new]))

        async def all_at_once(cases: list[str]) -> None:
            acts = list[Coroutine[Any, Any, None]]()
            for place, (work, case_id) in enumerate(zip(works, cases, strict=True)):
                both = [repair(work, case_id), load(work)]
                acts += both[:: 1 if place % 2 else -1]
            await asyncio.gather(*acts)

        stage.run(all_at_once([work.apply().case_id for work in works]))
        stage.run(other.close())
        assert {work.points() for work in works} == {64}
        assert {work.record().state for work in works} == {RecordState.REPAIRED}


def test_of_many_officers_who_decide_at_once_one_decides(stage: Stage) -> None:
    work = Casework.about(stage, "minor")
    case = work.apply()
    desk = work.town.cases.case_desk

    async def decide(by: Caller, move: CaseMove) -> Case:
        return await work.town.store.run(lambda tx: desk.decide(tx, by, case.case_id, move, "why"))

    async def all_at_once() -> list[Case | BaseException]:
        return await asyncio.gather(
            *(
                decide(Caller(Role.DEPARTMENT, f"office.o{n}"), move)
                for n, move in enumerate([CaseMove.GRANT, CaseMove.REFUSE] * 4)
            ),
            return_exceptions=True,
        )

    found = stage.run(all_at_once())
    assert len([each for each in found if isinstance(each, Case)]) == 1
    assert len(work.steps(case)) == 2
