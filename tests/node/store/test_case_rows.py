"""Cases come back as kept; their lists are whole, in order, and the state is swapped, not set."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from node.model import Page, PageRequest
from node.ports import Transaction
from node.records import (
    Case,
    CaseKind,
    CaseMove,
    CaseState,
    CaseStep,
    Notice,
    NoticeKind,
    RecordKey,
)
from tests.conftest import NewStore
from tests.node.store.rig import NOW, Desk, opened, text_id

MICROSECOND = timedelta(microseconds=1)
WAITING = frozenset({CaseState.OPEN, CaseState.INTERVIEW})


@pytest.fixture
def desk(new_store: NewStore) -> Iterator[Desk]:
    with opened(new_store("cases")) as found:
        yield found


def case(serial: int = 1, **fields: object) -> Case:
    made = Case(
        case_id=text_id(serial),
        kind=CaseKind.REPAIR,
        resident_id=text_id(700),
        person=7,
        key=RecordKey("office", "r/1"),
        revision=2,
        indicator_id="minor",
        statement="说明",
        evidence="凭证",
        promise="承诺",
        state=CaseState.OPEN,
        opened_at=NOW,
        due_at=NOW + timedelta(days=20),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


Ask = Callable[[Transaction, PageRequest], Page[Case]]


def _asked(tx: Transaction, *, ask: Ask, request: PageRequest) -> Page[Case]:
    return ask(tx, request)


def keep(desk: Desk, *cases: Case) -> None:
    def act(tx: Transaction) -> None:
        for each in cases:
            tx.cases.add(each)

    desk.run(act)


def every(desk: Desk, ask: Ask, size: int) -> list[str]:
    """The ids of a whole list, read page by page."""
    found, token = list[str](), ""
    while True:
        page = desk.read(partial(_asked, ask=ask, request=PageRequest(size, token)))
        assert 0 < len(page.items) <= size
        found += [each.case_id for each in page.items]
        token = page.next_token
        if not token:
            return found


def test_a_case_comes_back_as_kept_and_as_it_was_put(desk: Desk) -> None:
    keep(desk, case())
    assert desk.read(lambda tx: tx.cases.get(text_id(1))) == case()
    later = case(
        state=CaseState.REFUSED, due_at=NOW + MICROSECOND, overdue=True, officer="office.wang"
    )
    assert desk.run(lambda tx: tx.cases.put(later, state=CaseState.OPEN))
    assert desk.read(lambda tx: tx.cases.get(text_id(1))) == later
    assert desk.read(lambda tx: tx.cases.get(text_id(2))) is None


def test_a_state_that_is_another_by_now_is_not_overwritten(desk: Desk) -> None:
    keep(desk, case())
    refused, granted = case(state=CaseState.REFUSED), case(state=CaseState.GRANTED)
    told = desk.at_once(
        lambda tx: tx.cases.put(refused, state=CaseState.OPEN),
        lambda tx: tx.cases.put(granted, state=CaseState.OPEN),
    )
    assert told == [True, False]
    assert desk.read(lambda tx: tx.cases.get(text_id(1))) == refused


@pytest.mark.parametrize("size", [1, 2, 50])
def test_what_waits_is_listed_by_what_is_due_first_and_nothing_twice(desk: Desk, size: int) -> None:
    due = [5, 3, 3, 9, 1]
    for serial, days in enumerate(due, 1):
        due_at = NOW + timedelta(days=days)
        keep(desk, case(serial, due_at=due_at, state=CaseState.INTERVIEW))
    keep(desk, case(6, state=CaseState.APPEALED))
    keep(desk, case(7, indicator_id="other"))
    keep(desk, case(8, indicator_id="other", key=RecordKey("third", "r/1")))
    minor = frozenset({"minor"})
    found = every(desk, lambda tx, request: tx.cases.waiting(WAITING, minor, "none", request), size)
    assert found == [text_id(serial) for serial in (5, 2, 3, 1, 4)]
    found = every(
        desk, lambda tx, request: tx.cases.waiting(WAITING, minor, "third", request), size
    )
    assert found == [text_id(serial) for serial in (5, 2, 3, 1, 4, 8)]


def test_a_department_without_indicators_has_an_empty_list_not_everybodys(desk: Desk) -> None:
    keep(desk, case())
    page = desk.read(lambda tx: tx.cases.waiting(WAITING, frozenset(), "none", PageRequest(50, "")))
    assert page == Page((), "")


def test_the_second_instance_lists_appeals_and_what_is_overdue_and_nothing_that_is_closed(
    desk: Desk,
) -> None:
    keep(
        desk,
        case(1),
        case(2, overdue=True),
        case(3, state=CaseState.APPEALED, due_at=NOW),
        case(4, state=CaseState.APPEALED, overdue=True),
        case(5, state=CaseState.REFUSED, overdue=True),
        case(6, state=CaseState.WITHDRAWN),
    )
    for size in (1, 50):
        found = every(desk, lambda tx, request: tx.cases.for_second_instance(request), size)
        assert found == [text_id(serial) for serial in (3, 2, 4)]
    assert desk.read(lambda tx: tx.cases.count_overdue()) == {CaseKind.REPAIR: 2}


def test_what_is_due_at_this_microsecond_is_not_overdue_and_what_is_marked_is_not_found_again(
    desk: Desk,
) -> None:
    keep(
        desk,
        case(1, due_at=NOW),
        case(2, due_at=NOW - MICROSECOND),
        case(3, due_at=NOW - MICROSECOND, overdue=True),
        case(4, due_at=NOW - MICROSECOND, state=CaseState.GRANTED),
        case(5, due_at=NOW - 2 * MICROSECOND, state=CaseState.APPEALED),
    )
    found = desk.read(lambda tx: tx.cases.overdue(NOW, 50))
    assert [each.case_id for each in found] == [text_id(5), text_id(2)]
    assert len(desk.read(lambda tx: tx.cases.overdue(NOW, 1))) == 1


def test_steps_of_one_instant_keep_their_order(desk: Desk) -> None:
    steps = tuple(
        CaseStep(text_id(1), f"{n:06d}", NOW, "resident", move, CaseState.OPEN, "why")
        for n, move in enumerate((CaseMove.OPEN, CaseMove.REFUSE, CaseMove.APPEAL))
    )

    def act(tx: Transaction) -> None:
        for step in reversed(steps):
            tx.cases.add_step(step)

    desk.run(act)
    ids = [text_id(1), text_id(2)]
    assert desk.read(lambda tx: tx.cases.steps(ids)) == {text_id(1): steps}


def test_a_residents_cases_and_notices_are_the_own_ones_the_newest_first(desk: Desk) -> None:
    keep(desk, *(case(serial) for serial in (1, 2, 3)))
    keep(desk, case(4, resident_id=text_id(701), key=RecordKey("o", "2")))
    resident = text_id(700)
    found = every(desk, lambda tx, request: tx.cases.of_resident(resident, request), 2)
    assert found == [text_id(serial) for serial in (3, 2, 1)]
    about = desk.read(lambda tx: tx.cases.about(RecordKey("office", "r/1")))
    assert [each.case_id for each in about] == found
    told = [
        Notice(text_id(n), resident, NOW, NoticeKind.CASE_MOVED, (("case", text_id(1)),))
        for n in (1, 2)
    ]

    def act(tx: Transaction) -> None:
        for notice in told:
            tx.notices.add(notice)

    desk.run(act)
    page = desk.read(lambda tx: tx.notices.page(resident, PageRequest(1, "")))
    assert page.items == (told[1],)
    page = desk.read(lambda tx: tx.notices.page(resident, PageRequest(1, page.next_token)))
    assert page == Page((told[0],), "")
