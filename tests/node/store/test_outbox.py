"""What partners do not have yet, and cases that wait, are counted as they are, by the store."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from node.attested import PendingRenewal
from node.model import Delivery, Owed
from node.ports import Transaction
from node.records import CaseCount, CaseKind, CaseState
from node.redemptions import PendingRelease, PendingUse
from tests.conftest import NewStore
from tests.node.store.rig import HOME, HOST, NOW, Desk, opened, text_id
from tests.node.store.test_case_rows import case, keep

HOUR, INSTANT = timedelta(hours=1), timedelta(microseconds=1)


@pytest.fixture
def desk(new_store: NewStore) -> Iterator[Desk]:
    with opened(new_store("outbox")) as found:
        yield found


def test_what_is_owed_is_counted_by_kind_and_partner_from_its_oldest(desk: Desk) -> None:
    assert desk.read(lambda tx: tx.outbox.owed()) == ()

    def fill(tx: Transaction) -> None:
        for serial, home, since in ((1, HOME, NOW), (2, HOME, NOW - HOUR), (3, HOST, NOW)):
            key = serial.to_bytes(32, "big")
            tx.use_questions.ask(PendingUse(key, text_id(serial), home, b"", since))
            tx.renewals.ask(PendingRenewal(home, text_id(serial), b"", since + HOUR))
        tx.use_questions.give_back(PendingRelease(text_id(9), HOST, NOW - INSTANT))

    desk.run(fill)
    owed = desk.read(lambda tx: tx.outbox.owed())
    assert len(owed) == 5
    assert set(owed) == {
        Owed(HOME, Delivery.USE, 2, NOW - HOUR),
        Owed(HOST, Delivery.USE, 1, NOW),
        Owed(HOST, Delivery.RELEASE, 1, NOW - INSTANT),
        Owed(HOME, Delivery.RENEWAL, 2, NOW),
        Owed(HOST, Delivery.RENEWAL, 1, NOW + HOUR),
    }
    desk.run(lambda tx: tx.use_questions.released(text_id(9)))
    assert Delivery.RELEASE not in {
        each.delivery for each in desk.read(lambda tx: tx.outbox.owed())
    }


def test_a_store_says_how_large_it_is_and_grows_with_what_it_keeps(desk: Desk) -> None:
    def fill(tx: Transaction) -> None:
        for serial in range(256):
            key = serial.to_bytes(32, "big")
            tx.use_questions.ask(PendingUse(key, text_id(serial), HOME, bytes(8192), NOW))

    before = desk.size()
    desk.run(fill)
    after = desk.size()
    assert before is not None
    assert after is not None
    assert 0 < before < after


def test_a_database_that_does_not_say_it_costs_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = dict.fromkeys(("sqlite", "postgresql"), "SELECT no_such_function()")
    monkeypatch.setattr("node.store.sizing._ASKED", asked)
    assert desk.size() is None
    assert desk.read(lambda tx: tx.outbox.owed()) == ()


def test_a_case_is_late_from_its_deadline_on_whether_or_not_it_is_marked(desk: Desk) -> None:
    assert desk.read(lambda tx: tx.cases.count_open(NOW)) == {}
    keep(
        desk,
        case(1, due_at=NOW),
        case(2, due_at=NOW - INSTANT),
        case(3, due_at=NOW + HOUR, overdue=True),
        case(4, due_at=NOW - HOUR, state=CaseState.APPEALED),
        case(5, due_at=NOW - HOUR, state=CaseState.GRANTED),
        case(6, due_at=NOW - HOUR, kind=CaseKind.OBJECTION),
    )
    counts = desk.read(lambda tx: tx.cases.count_open(NOW))
    assert counts == {CaseKind.REPAIR: CaseCount(4, 3), CaseKind.OBJECTION: CaseCount(1, 1)}
