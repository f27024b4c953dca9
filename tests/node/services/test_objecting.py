"""Objections: marked at once, watched to the microsecond, and answered by a person."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from federation.limits import TEXT_CHARACTERS
from node.errors import FIELD_INVALID
from node.record_errors import CASE_DECIDED, CASE_UNKNOWN, OWN_RECORD_UNKNOWN
from node.records import CaseKind, CaseMove, CaseState, NoticeKind, RecordKey, RecordState
from tests.conftest import NewStore
from tests.node.catalogue import made_catalogue
from tests.node.services.casework import ALL, OFFICER, OPERATOR, STRANGER, Casework, refusal
from tests.node.services.stage import Stage, staged

MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, "410100") as found:
        yield found


def rules(stage: Stage, version: int, **changes: object) -> None:
    """Another catalogue comes into force."""
    made = made_catalogue(version, **changes)
    stage.act(stage["410100"], lambda tx: tx.administration.put_indicators(made))


def counted(work: Casework) -> int:
    """What the resident stands at now, by the catalogue in force."""
    report = work.read(lambda tx: work.town.cases.standings.report(tx, work.resident))
    return report.points_milli // 1000


def test_a_disputed_record_does_not_count_from_the_same_transaction_on(stage: Stage) -> None:
    work = Casework.about(stage)
    assert work.points() == -32
    case = work.object()
    assert (work.record().disputed, work.points()) == (True, 0)
    assert case.due_at == stage.world.clock.now() + timedelta(days=20)


def test_by_the_other_rule_it_counts_and_a_new_catalogue_changes_that_meanwhile(
    stage: Stage,
) -> None:
    rules(stage, 2, disputed_count=True)
    work = Casework.about(stage)
    work.object()
    assert (work.points(), counted(work)) == (-32, -32)
    rules(stage, 3, disputed_count=False)
    assert counted(work) == 0
    rules(stage, 4, disputed_count=True)
    assert counted(work) == -32


@pytest.mark.parametrize("path", [(CaseMove.GRANT,), (CaseMove.REFUSE, CaseMove.APPEAL)])
def test_one_that_was_right_withdraws_the_record_for_good(
    stage: Stage, path: tuple[CaseMove, ...]
) -> None:
    work = Casework.about(stage)
    case = work.moved(work.object(), *path)
    if case.state is CaseState.APPEALED:
        assert (work.record().disputed, work.points()) == (True, 0)
        work.move(case, CaseMove.GRANT_ON_APPEAL)
    record = work.record()
    assert (record.state, record.disputed, work.points()) == (RecordState.WITHDRAWN, False, 0)
    assert refusal(work.object).reason == OWN_RECORD_UNKNOWN
    assert refusal(work.apply).reason == OWN_RECORD_UNKNOWN


@pytest.mark.parametrize(
    "path",
    [
        (CaseMove.REFUSE,),
        (CaseMove.REFUSE, CaseMove.APPEAL, CaseMove.REFUSE_FINALLY),
        (CaseMove.WITHDRAW,),
    ],
)
def test_one_that_was_wrong_or_taken_back_lets_it_count_again(
    stage: Stage, path: tuple[CaseMove, ...]
) -> None:
    work = Casework.about(stage)
    work.moved(work.object(), *path)
    record = work.record()
    assert (record.state, record.disputed, work.points()) == (RecordState.STANDING, False, -32)


@pytest.mark.parametrize(
    "path",
    [
        (CaseMove.REFUSE,),
        (CaseMove.REFUSE, CaseMove.APPEAL, CaseMove.REFUSE_FINALLY),
        (CaseMove.REFUSE, CaseMove.APPEAL, CaseMove.WITHDRAW),
    ],
)
def test_nobody_keeps_a_record_from_counting_by_objecting_again_and_again(
    stage: Stage, path: tuple[CaseMove, ...]
) -> None:
    work = Casework.about(stage)
    case = work.moved(work.object(), *path)
    error = refusal(work.object)
    assert (error.reason, error.fields["case"]) == (CASE_DECIDED, case.case_id)
    work.correct(indicator="ded-16")
    assert work.object().revision == 2


def test_another_residents_record_and_one_that_is_not_there_are_told_alike(stage: Stage) -> None:
    mine, theirs = Casework.about(stage), Casework.about(stage)
    mine.key = theirs.key
    told = [refusal(mine.object), refusal(mine.apply)]
    mine.key = RecordKey("office", "no-such-number")
    told.append(refusal(mine.object))
    assert told[0] == told[1] == told[2]
    assert told[0].reason == OWN_RECORD_UNKNOWN
    assert not theirs.record().disputed


def test_an_objection_says_what_is_wrong(stage: Stage) -> None:
    work = Casework.about(stage)
    assert refusal(lambda: work.object("  ")).reason == FIELD_INVALID
    assert not work.record().disputed


def test_at_its_last_microsecond_an_answer_is_in_time_and_one_later_it_is_overdue(
    stage: Stage,
) -> None:
    rules(stage, 2, disputed_count=True)
    work = Casework.about(stage)
    case = work.object()
    stage.world.clock.forward(case.due_at - stage.world.clock.now())
    work.tick()
    assert (work.case(case.case_id).overdue, work.points()) == (False, -32)
    stage.world.clock.forward(MICROSECOND)
    views = work.town.cases.case_views
    page = work.read(lambda tx: views.of_resident(tx, work.resident, ALL))
    assert page.items[0].case.overdue
    work.tick()
    assert (work.case(case.case_id).overdue, work.record().overdue, work.points()) == (
        True,
        True,
        0,
    )


def test_a_clock_that_jumps_over_the_end_and_a_timer_that_runs_twice_tell_once(
    stage: Stage,
) -> None:
    work, other = Casework.about(stage), Casework.about(stage)
    case, repair = work.object(), other.apply()
    stage.world.clock.forward(timedelta(days=400))
    for _ in range(2):
        work.tick()
    for each, about in ((work, case), (other, repair)):
        kinds = [notice.kind for notice in each.notices()]
        assert kinds.count(NoticeKind.CASE_OVERDUE) == 1
        steps = each.steps(about)
        assert [step.move for step in steps] == [CaseMove.OPEN, CaseMove.FALL_OVERDUE]
        assert steps[1].actor == "the clock"
    # Only who says that a record is wrong is spared it: an application says that it was right.
    assert (work.record().overdue, other.record().overdue) == (True, False)
    overdue = work.read(lambda tx: tx.cases.count_overdue())
    assert overdue == {CaseKind.OBJECTION: 1, CaseKind.REPAIR: 1}


@pytest.mark.parametrize("answer", [CaseMove.GRANT, CaseMove.REFUSE, CaseMove.WITHDRAW])
def test_an_overdue_objection_is_still_answered_and_that_ends_the_mark(
    stage: Stage, answer: CaseMove
) -> None:
    work = Casework.about(stage)
    case = work.object()
    stage.world.clock.forward(timedelta(days=20, microseconds=1))
    work.tick()
    assert work.move(case, answer).overdue is False
    record = work.record()
    assert (record.overdue, record.disputed) == (False, False)
    assert work.points() == (0 if answer is CaseMove.GRANT else -32)
    assert not work.read(lambda tx: tx.cases.count_overdue())


def test_more_than_are_marked_at_once_are_all_marked_in_one_round(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.services.case_desk.OVERDUE_AT_ONCE", 2)
    works = [Casework.about(stage) for _ in range(5)]
    cases = [work.object() for work in works]
    stage.world.clock.forward(timedelta(days=21))
    works[0].tick()
    assert all(works[0].case(case.case_id).overdue for case in cases)


def test_an_appeal_that_nobody_decides_falls_overdue_too(stage: Stage) -> None:
    rules(stage, 2, disputed_count=True)
    work = Casework.about(stage)
    case = work.moved(work.object(), CaseMove.REFUSE)
    stage.world.clock.forward(timedelta(days=29))
    case = work.move(case, CaseMove.APPEAL)
    assert case.due_at == stage.world.clock.now() + timedelta(days=30)
    stage.world.clock.forward(timedelta(days=30))
    work.tick()
    assert work.points() == -32
    stage.world.clock.forward(MICROSECOND)
    work.tick()
    assert (work.case(case.case_id).overdue, work.points()) == (True, 0)
    page = work.read(lambda tx: work.town.cases.case_views.before_operators(tx, ALL))
    [report] = page.items
    # A list is not a look, which is noted: it has nothing of the record's day or of what was said.
    assert (report.case.case_id, report.case.statement) == (case.case_id, "")
    assert (report.occurred_on, report.steps) == (None, ())


def test_doctor_warns_of_what_is_overdue_until_it_is_answered(stage: Stage) -> None:
    work = Casework.about(stage)
    case = work.object()
    examining = work.town.cases.examining

    def found() -> str:
        return stage.run(examining._cases()).severity.name

    assert found() == "OK"
    stage.world.clock.forward(timedelta(days=21))
    work.tick()
    assert found() == "WARNING"
    work.move(case, CaseMove.REFUSE)
    assert found() == "OK"


def test_a_correction_leaves_the_mark_and_what_is_granted_then_is_the_correction(
    stage: Stage,
) -> None:
    work = Casework.about(stage)
    case = work.object()
    work.correct(indicator="ded-4")
    assert (work.record().disputed, work.points()) == (True, 0)
    work.move(case, CaseMove.GRANT)
    record = work.record()
    assert (record.state, record.revision, record.disputed) == (RecordState.STANDING, 2, False)
    assert work.points() == -4
    said = work.steps(case)[-1].reason
    assert said.startswith("因为如此")
    assert "revision 2 stands" in said


def test_what_is_added_of_a_correction_takes_no_room_and_stands_in_for_no_reason(
    stage: Stage,
) -> None:
    work = Casework.about(stage)
    case = work.object()
    work.correct(indicator="ded-4")
    error = refusal(lambda: work.move(case, CaseMove.GRANT, why=" "))
    assert (error.reason, error.fields["field"]) == (FIELD_INVALID, "reason")
    longest = "理" * TEXT_CHARACTERS
    work.move(case, CaseMove.GRANT, why=longest)
    said = work.steps(case)[-1].reason
    assert said.startswith(longest)
    assert "revision 2 stands" in said


def test_a_record_that_its_department_withdraws_ends_the_cases_about_it(stage: Stage) -> None:
    work = Casework.about(stage)
    cases = [work.object(), work.apply()]
    work.take_back()
    for case in cases:
        assert work.case(case.case_id).state is CaseState.WITHDRAWN
        assert work.steps(case)[-1].actor == "the clock"
    assert work.points() == 0


def test_a_record_that_turns_out_to_be_another_persons_is_out_of_reach_of_the_old_case(
    stage: Stage,
) -> None:
    work, other = Casework.about(stage), Casework.about(stage)
    refused = work.moved(work.object(), CaseMove.REFUSE)
    repair = work.apply()
    theirs = {"document_number": other.number, "indicator": "ded-32"}
    work.correct(**theirs)
    assert work.case(repair.case_id).state is CaseState.WITHDRAWN
    assert refusal(lambda: work.move(refused, CaseMove.APPEAL)).reason == OWN_RECORD_UNKNOWN
    views = work.town.cases.case_views
    page = work.read(lambda tx: views.of_resident(tx, work.resident, ALL))
    # What would be refused is not named as possible.
    assert {report.moves for report in page.items} == {()}
    assert (work.points(), other.points()) == (0, -64)


def test_both_ends_tell_the_resident_and_the_department_sees_only_what_waits(
    stage: Stage,
) -> None:
    work = Casework.about(stage)
    case = work.object("我的身份证号被冒用")
    (waiting,) = work.listed(OFFICER)
    assert (waiting.case_id, waiting.statement) == (case.case_id, "")
    work.move(case, CaseMove.REFUSE)
    assert work.listed(OFFICER) == ()
    told = next(n for n in work.notices() if n.kind is NoticeKind.CASE_MOVED)
    assert dict(told.fields)["reason"] == "因为如此"
    work.town.clock.forward(timedelta(milliseconds=1))
    work.move(case, CaseMove.APPEAL, why="登记有误")
    newest = next(n for n in work.notices() if n.kind is NoticeKind.CASE_MOVED)
    assert dict(newest.fields)["move"] == "appeal"
    # Nobody is told what they wrote themselves.
    assert "reason" not in dict(newest.fields)


def test_a_look_at_a_case_is_a_read_of_its_record_that_the_resident_sees(stage: Stage) -> None:
    work = Casework.about(stage, "class-c")
    case = work.object()
    views = work.town.cases.case_views
    seen = work.run(lambda tx: views.for_department(tx, OFFICER, case.case_id))
    assert seen.case.statement == "不是我"
    work.moved(case, CaseMove.REFUSE, CaseMove.APPEAL)
    work.run(lambda tx: views.for_operator(tx, OPERATOR, case.case_id))
    reads = work.read(lambda tx: work.town.cases.reading.reads(tx, work.resident, ALL)).items
    # Whoever decides looks as well, also by the id alone.
    assert [read.reader for read in reads] == ["operator/chen", *["department/office.wang"] * 2]
    work.move(case, CaseMove.REFUSE_FINALLY)
    reads = work.read(lambda tx: work.town.cases.reading.reads(tx, work.resident, ALL)).items
    assert [read.reader for read in reads][:2] == ["operator/chen"] * 2
    assert {read.purpose for read in reads} == {f"case {case.case_id}"}


def test_operators_see_appeals_and_what_is_overdue_and_departments_their_own(
    stage: Stage,
) -> None:
    work = Casework.about(stage)
    case = work.object()
    views = work.town.cases.case_views

    def operator() -> object:
        return work.run(lambda tx: views.for_operator(tx, OPERATOR, case.case_id))

    def stranger() -> object:
        return work.run(lambda tx: views.for_department(tx, STRANGER, case.case_id))

    assert refusal(operator) == refusal(stranger)
    stage.world.clock.forward(timedelta(days=20, microseconds=1))
    operator()
    assert refusal(stranger).reason == CASE_UNKNOWN
