"""Counted uses in the store: what is in use, whose it is to give back, and when it goes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from federation.identifiers import CityCode
from node import limits
from node.ports import Transaction
from node.redemptions import CountedUse, PendingRelease, PendingUse
from node.store.incentive_tables import USE_LEASES, USE_RELEASES
from tests.conftest import NewStore
from tests.node.store.rig import NOW, Desk, opened, resident, text_id

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
HOST, OTHER = CityCode("330100"), CityCode("320500")
WHO = text_id(1)
LABEL = b"l" * 32


@pytest.fixture
def desk(new_store: NewStore) -> Iterator[Desk]:
    with opened(new_store("one")) as found:
        found.run(lambda tx: tx.residents.add(resident(1)))
        yield found


def lease(number: int, until: datetime = NOW + DAY, *, who: str = WHO) -> CountedUse:
    return CountedUse(text_id(number), who, text_id(90), HOST, LABEL, "", NOW, until)


def live(desk: Desk, now: datetime = NOW) -> int:
    return desk.run(lambda tx: tx.leases.live(WHO, LABEL, now))


def test_what_is_in_use_is_of_one_resident_and_kind_and_not_over(desk: Desk) -> None:
    def fill(tx: Transaction) -> None:
        for use in (
            lease(1),
            lease(2, NOW + 2 * DAY),
            replace(lease(3), label=b"o" * 32),
            lease(4, who=text_id(2)),
            replace(lease(5), released_at=NOW),
        ):
            tx.leases.add(use)

    desk.run(fill)
    assert live(desk) == 2
    assert live(desk, NOW + DAY - INSTANT) == 2
    assert live(desk, NOW + DAY) == 1
    assert live(desk, NOW + 2 * DAY) == 0
    assert desk.run(lambda tx: tx.leases.live_under(WHO, NOW)) == (text_id(90),)


def test_a_lease_is_given_back_once_and_by_its_own_host(desk: Desk) -> None:
    desk.run(lambda tx: tx.leases.add(lease(1)))
    assert not desk.run(lambda tx: tx.leases.release(text_id(1), OTHER, NOW))
    assert live(desk) == 1
    assert desk.run(lambda tx: tx.leases.release(text_id(1), HOST, NOW))
    assert not desk.run(lambda tx: tx.leases.release(text_id(1), HOST, NOW + DAY))
    found = desk.run(lambda tx: tx.leases.get(text_id(1)))
    assert found is not None
    assert found.released_at == NOW


def test_a_question_is_found_by_its_request_and_let_go_by_its_lease(desk: Desk) -> None:
    kept = PendingUse(b"k" * 32, text_id(1), HOST, b"an envelope", NOW)
    desk.run(lambda tx: tx.use_questions.ask(kept))
    assert desk.run(lambda tx: tx.use_questions.get(kept.key)) == kept
    assert desk.run(lambda tx: tx.use_questions.to(HOST)) == (kept,)
    assert desk.run(lambda tx: tx.use_questions.to(OTHER)) == ()
    assert desk.run(lambda tx: tx.use_questions.unanswered(NOW, 9)) == ()
    assert desk.run(lambda tx: tx.use_questions.unanswered(NOW + INSTANT, 9)) == (kept,)
    assert not desk.run(lambda tx: tx.use_questions.forget(text_id(2)))
    assert desk.run(lambda tx: tx.use_questions.forget(text_id(1)))
    assert not desk.run(lambda tx: tx.use_questions.forget(text_id(1)))


def test_what_is_owed_is_kept_once_for_each_city_the_oldest_first(desk: Desk) -> None:
    owed = [PendingRelease(text_id(n), HOST, NOW + n * INSTANT) for n in (3, 1, 2)]

    def fill(tx: Transaction) -> None:
        for each in (*owed, owed[0], PendingRelease(text_id(4), OTHER, NOW)):
            tx.use_questions.give_back(each)

    desk.run(fill)
    assert desk.run(lambda tx: tx.use_questions.owed()) == (OTHER, HOST)
    found = desk.run(lambda tx: tx.use_questions.releases(HOST, 2))
    assert [each.lease_id for each in found] == [text_id(1), text_id(2)]
    desk.run(lambda tx: tx.use_questions.released(text_id(1)))
    found = desk.run(lambda tx: tx.use_questions.releases(HOST, 9))
    assert [each.lease_id for each in found] == [text_id(2), text_id(3)]


@pytest.mark.parametrize(
    ("use", "goes"),
    [
        (lease(1), NOW + DAY + limits.LEASES_KEPT),
        (replace(lease(1), released_at=NOW), NOW + limits.LEASES_KEPT),
        (replace(lease(1, who=""), released_at=NOW), NOW + DAY + limits.ENDED_KEPT),
    ],
    ids=["over", "given back", "given back before it came"],
)
def test_a_use_goes_when_its_time_after_the_end_is_over_and_not_before(
    desk: Desk, use: CountedUse, goes: datetime
) -> None:
    desk.run(lambda tx: tx.leases.add(use))
    desk.clock.instant = goes
    desk.sweep()
    assert len(desk.rows(USE_LEASES)) == 1
    desk.clock.instant = goes + INSTANT
    desk.sweep()
    assert desk.rows(USE_LEASES) == []


def test_what_is_owed_to_a_city_that_never_came_back_goes_after_any_use_ended(desk: Desk) -> None:
    desk.run(lambda tx: tx.use_questions.give_back(PendingRelease(text_id(1), HOST, NOW)))
    desk.clock.instant = NOW + limits.RELEASES_KEPT
    desk.sweep()
    assert len(desk.rows(USE_RELEASES)) == 1
    desk.clock.instant = NOW + limits.RELEASES_KEPT + INSTANT
    desk.sweep()
    assert desk.rows(USE_RELEASES) == []
