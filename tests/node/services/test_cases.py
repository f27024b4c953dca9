"""What is possible in which state, and for whom."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from federation.errors import HutongError
from node.errors import FIELD_INVALID, ROLE_REFUSED
from node.model import Caller, Role
from node.record_errors import (
    APPEAL_TOO_LATE,
    CASE_MOVE_REFUSED,
    CASE_OPEN_ALREADY,
    CASE_UNKNOWN,
    DEPARTMENT_UNKNOWN,
    OFFICER_NEEDED,
    OWN_RECORD_UNKNOWN,
    SAME_PERSON,
)
from node.records import CaseKind, CaseMove, CaseState, NoticeKind
from node.services.cases import MAKERS, MOVES, moves_of
from tests.conftest import NewStore
from tests.node.catalogue import made_catalogue
from tests.node.services.casework import (
    COLLEAGUE,
    OFFICER,
    OPERATOR,
    RESIDENT,
    STRANGER,
    SYSTEMS,
    Casework,
    refusal,
)
from tests.node.services.stage import Stage, staged

_OBJECTION, _REPAIR = CaseKind.OBJECTION, CaseKind.REPAIR
_WAYS: dict[CaseState, tuple[CaseMove, ...]] = {
    CaseState.OPEN: (),
    CaseState.INTERVIEW: (CaseMove.CALL_INTERVIEW,),
    CaseState.GRANTED: (CaseMove.GRANT,),
    CaseState.REFUSED: (CaseMove.REFUSE,),
    CaseState.APPEALED: (CaseMove.REFUSE, CaseMove.APPEAL),
    CaseState.GRANTED_ON_APPEAL: (CaseMove.REFUSE, CaseMove.APPEAL, CaseMove.GRANT_ON_APPEAL),
    CaseState.REFUSED_FINALLY: (CaseMove.REFUSE, CaseMove.APPEAL, CaseMove.REFUSE_FINALLY),
    CaseState.WITHDRAWN: (CaseMove.WITHDRAW,),
}
_PLACES = [
    (kind, state)
    for kind in CaseKind
    for state in CaseState
    if not (kind is _OBJECTION and state is CaseState.INTERVIEW)
]
_BY_PEOPLE = [
    move for move, maker in MAKERS.items() if maker is not None and move is not CaseMove.OPEN
]
_ILLEGAL = [
    (kind, state, move)
    for (kind, state), move in itertools.product(_PLACES, _BY_PEOPLE)
    if move not in MOVES[kind].get(state, {})
]
_PEOPLE = {Role.RESIDENT: RESIDENT, Role.DEPARTMENT: OFFICER, Role.OPERATOR: OPERATOR}


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, "410100") as found:
        yield found


def test_every_move_of_the_table_has_one_who_may_make_it_and_every_state_a_way_to_it() -> None:
    named = {move for of in MOVES.values() for moves in of.values() for move in moves}
    assert named | {CaseMove.OPEN} == set(MAKERS) == set(CaseMove)
    for kind, state in _PLACES:
        at = CaseState.OPEN
        for move in _WAYS[state]:
            at = MOVES[kind][at][move]
        assert at is state


@pytest.mark.parametrize("kind", CaseKind)
def test_what_the_table_does_not_have_is_refused_from_every_state_and_what_it_has_is_named(
    stage: Stage, kind: CaseKind
) -> None:
    for state in (state for of, state in _PLACES if of is kind):
        work = Casework.about(stage)
        case = work.moved(work.open(kind), *_WAYS[state])
        assert case.state is state
        possible = ", ".join(move.value for move in moves_of(case, stage.world.clock.now())) or "-"
        before = work.record()
        for _, _, move in (each for each in _ILLEGAL if each[:2] == (kind, state)):
            with pytest.raises(HutongError) as caught:
                work.move(case, move)
            if not (move is CaseMove.APPEAL and caught.value.reason == OWN_RECORD_UNKNOWN):
                assert caught.value.reason == CASE_MOVE_REFUSED
                assert caught.value.fields["moves"] == possible
                assert caught.value.fields["state"] == state.value
        assert work.case(case.case_id) == case
        assert work.record() == before


@pytest.mark.parametrize("move", _BY_PEOPLE)
@pytest.mark.parametrize("role", Role)
def test_nobody_makes_the_move_of_another_role(stage: Stage, role: Role, move: CaseMove) -> None:
    if MAKERS[move] is role:
        return
    work = Casework.about(stage)
    case = work.object()
    somebody = _PEOPLE.get(role, Caller(role, "library"))
    assert refusal(lambda: work.advance(case, move, somebody)).reason == ROLE_REFUSED
    assert work.case(case.case_id) == case


@pytest.mark.parametrize("move", [each for each in _BY_PEOPLE if each is not CaseMove.WITHDRAW])
def test_the_clock_decides_nothing(stage: Stage, move: CaseMove) -> None:
    work = Casework.about(stage)
    case = work.object()
    assert refusal(lambda: work.advance(case, move, None)).reason == ROLE_REFUSED


@pytest.mark.parametrize("kind", CaseKind)
def test_a_decision_needs_a_person_of_a_department_that_answers_for_the_record(
    stage: Stage, kind: CaseKind
) -> None:
    work = Casework.about(stage)
    case = work.open(kind)
    nobody = Caller(Role.DEPARTMENT, "tea-house.wu")
    for by, reason in (
        (SYSTEMS, OFFICER_NEEDED),
        (STRANGER, CASE_UNKNOWN),
        (nobody, DEPARTMENT_UNKNOWN),
    ):
        with pytest.raises(HutongError) as caught:
            work.move(case, CaseMove.GRANT, by)
        assert caught.value.reason == reason
    # Who is no department is told so, and not whether there is such a case.
    unknown = replace(case, case_id="00000000-0000-7000-8000-000000000000")
    error = refusal(lambda: work.move(unknown, CaseMove.GRANT, nobody))
    assert error.reason == DEPARTMENT_UNKNOWN
    assert work.move(case, CaseMove.GRANT, COLLEAGUE).officer == "other-office.li"


def test_a_record_of_class_d_is_answered_for_by_its_sender_alone(stage: Stage) -> None:
    work = Casework.about(stage, "class-d")
    case = work.object()
    error = refusal(lambda: work.move(case, CaseMove.GRANT, COLLEAGUE))
    assert error.reason == CASE_UNKNOWN
    for by, count in ((COLLEAGUE, 0), (OFFICER, 1), (SYSTEMS, 1), (STRANGER, 0)):
        assert len(work.listed(by)) == count


@pytest.mark.parametrize("kind", CaseKind)
def test_whoever_refused_does_not_judge_the_appeal_under_another_certificate(
    stage: Stage, kind: CaseKind
) -> None:
    work = Casework.about(stage)
    case = work.moved(work.open(kind), CaseMove.REFUSE, CaseMove.APPEAL)
    same = Caller(Role.OPERATOR, "wang")
    error = refusal(lambda: work.move(case, CaseMove.REFUSE_FINALLY, same))
    assert error.reason == SAME_PERSON
    assert (work.move(case, CaseMove.REFUSE_FINALLY)).state is CaseState.REFUSED_FINALLY


@pytest.mark.parametrize("kind", CaseKind)
def test_nothing_is_decided_or_appealed_without_a_reason(stage: Stage, kind: CaseKind) -> None:
    work = Casework.about(stage)
    case = work.open(kind)
    for move in (CaseMove.REFUSE, CaseMove.APPEAL, CaseMove.REFUSE_FINALLY):
        for blank in ("", " \n"):
            with pytest.raises(HutongError) as caught:
                work.move(case, move, why=blank)
            assert caught.value.reason == FIELD_INVALID
        work.move(case, move)


@pytest.mark.parametrize("kind", CaseKind)
def test_an_appeal_is_possible_until_its_last_microsecond_and_not_after(
    stage: Stage, kind: CaseKind
) -> None:
    one, two = Casework.about(stage), Casework.about(stage)
    in_time = one.moved(one.open(kind), CaseMove.REFUSE)
    too_late = two.moved(two.open(kind), CaseMove.REFUSE)
    assert in_time.due_at == stage.world.clock.now() + timedelta(days=30)
    stage.world.clock.forward(in_time.due_at - stage.world.clock.now())
    assert (one.move(in_time, CaseMove.APPEAL)).state is CaseState.APPEALED
    stage.world.clock.forward(timedelta(microseconds=1))
    error = refusal(lambda: two.move(too_late, CaseMove.APPEAL))
    assert error.reason == APPEAL_TOO_LATE
    assert error.fields["until"] == "2026-12-24 10:00:00+08:00"
    assert moves_of(too_late, stage.world.clock.now()) == ()


def test_of_two_officers_at_once_one_wins_and_the_other_is_told(stage: Stage) -> None:
    work = Casework.about(stage)
    case = work.object()
    work.move(case, CaseMove.REFUSE, COLLEAGUE)
    # Whoever read the case before is told by the store, not only by what they read.
    for act in (work.advance, work.move):
        error = refusal(lambda act=act: act(case, CaseMove.GRANT, OFFICER))  # type: ignore[misc]
        assert error.reason == CASE_MOVE_REFUSED
        assert error.fields["state"] == "refused"
    assert (work.record()).disputed is False


def test_a_record_has_one_open_case_of_each_kind(stage: Stage) -> None:
    work = Casework.about(stage)
    first = work.object()
    work.apply()
    for kind in CaseKind:
        with pytest.raises(HutongError) as caught:
            work.open(kind)
        assert caught.value.reason == CASE_OPEN_ALREADY
    work.move(first, CaseMove.WITHDRAW)
    assert (work.object()).case_id != first.case_id


def test_a_case_of_another_resident_and_one_that_is_not_there_are_told_alike(
    stage: Stage,
) -> None:
    work, other = Casework.about(stage), Casework.about(stage)
    case = work.object()
    unknown = replace(case, case_id="00000000-0000-7000-8000-000000000000")
    told = [
        refusal(lambda: other.move(case, CaseMove.WITHDRAW)),
        refusal(lambda: other.move(unknown, CaseMove.WITHDRAW)),
    ]
    assert told[0] == told[1]


def test_every_step_is_kept_in_order_told_to_the_resident_and_left_in_the_log(
    stage: Stage,
) -> None:
    work = Casework.about(stage)
    moves = (
        CaseMove.CALL_INTERVIEW,
        CaseMove.HOLD_INTERVIEW,
        CaseMove.REFUSE,
        CaseMove.APPEAL,
        CaseMove.GRANT_ON_APPEAL,
    )
    case = work.moved(work.apply(), *moves)
    steps = work.steps(case)
    assert [step.move for step in steps] == [CaseMove.OPEN, *moves]
    assert [step.actor for step in steps] == [
        "resident",
        "department/office.wang",
        "department/office.wang",
        "department/office.wang",
        "resident",
        "operator/chen",
    ]
    told = [notice.kind for notice in work.notices()]
    assert told.count(NoticeKind.CASE_OPENED) == 1
    assert told.count(NoticeKind.CASE_MOVED) == len(moves)
    assert (case.officer, case.overdue) == ("office.wang", False)


def test_where_the_catalogue_has_the_indicator_no_more_the_sender_answers(stage: Stage) -> None:
    work = Casework.about(stage, "minor")
    case = work.object()
    kept = made_catalogue(2)
    without = {name: each for name, each in kept.indicators.items() if name != "minor"}
    other = replace(kept, indicators=without)
    stage.act(work.town, lambda tx: tx.administration.put_indicators(other))
    assert refusal(lambda: work.move(case, CaseMove.REFUSE, COLLEAGUE)).reason == CASE_UNKNOWN
    assert [[each.case_id for each in work.listed(by)] for by in (OFFICER, COLLEAGUE)] == [
        [case.case_id],
        [],
    ]
    assert work.move(case, CaseMove.REFUSE).state is CaseState.REFUSED
