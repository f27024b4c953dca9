"""Nothing is done twice: recorded answers, codes and capacities under concurrency (rule 7)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from node.errors import REQUEST_ID_REUSED, HutongError
from node.model import Counter
from node.ports import Transaction
from node.services.answering import Ask, once
from node.store import open_store
from node.store.residents import DECOY_CODE
from node.store.tables import ANSWERS, CODES, COUNTERS
from node.store.trust_tables import LOG_ENTRIES
from tests.conftest import NewStore
from tests.node.store.rig import (
    NOW,
    MovableClock,
    code,
    entry,
    opened,
    redemption,
    resident,
    text_id,
)

UseCase = Callable[[Transaction], Any]


def ask(body: bytes = b"body", request: int = 1, caller: str = "venue/library") -> Ask:
    return Ask(caller, text_id(request), body.ljust(32))


def act(asked: Ask, serial: int) -> UseCase:
    """Do something that shows in the log, and answer with a number of its own."""

    def case(tx: Transaction) -> bytes:
        def change() -> tuple[bytes, str]:
            tx.log.append(entry(serial))
            return str(serial).encode(), ""

        return once(tx, asked, NOW, change)

    return case


def test_the_same_id_and_body_get_the_first_answer_and_change_nothing(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        assert desk.run(act(ask(), 1)) == b"1"
        assert desk.run(act(ask(), 2)) == b"1"
        assert len(desk.rows(LOG_ENTRIES)) == 1


def test_repetitions_in_one_batch_get_the_first_answer(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        assert desk.at_once(*(act(ask(), serial) for serial in range(1, 9))) == [b"1"] * 8
        assert len(desk.rows(LOG_ENTRIES)) == len(desk.rows(ANSWERS)) == 1


def test_repetitions_to_two_processes_at_once_get_one_answer(new_store: NewStore) -> None:
    async def path(url: str) -> None:
        stores = [open_store(url, MovableClock()) for _ in range(2)]
        for request in range(1, 30):
            asked = ask(request=request)
            answers = await asyncio.gather(
                *(
                    store.run(act(asked, 10 * request + place))
                    for place, store in enumerate([*stores, *stores])
                )
            )
            assert len(set(answers)) == 1
        for store in stores:
            await store.close()

    url = new_store("one")
    asyncio.run(path(url))
    with opened(url) as desk:
        assert len(desk.rows(LOG_ENTRIES)) == 29


def test_the_same_id_with_another_body_is_refused(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        found = desk.at_once(act(ask(b"one"), 1), act(ask(b"other"), 2))
        assert found == [b"1", HutongError(REQUEST_ID_REUSED, request_id=text_id(1))]
        with pytest.raises(HutongError):
            desk.run(act(ask(b"other"), 3))
        assert len(desk.rows(LOG_ENTRIES)) == 1


def test_another_callers_id_is_another_request(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        assert desk.run(act(ask(), 1)) == b"1"
        assert desk.run(act(ask(caller="venue/rental-shop"), 2)) == b"2"


def test_an_answer_whose_commit_failed_was_never_given(new_store: NewStore) -> None:
    def fails(tx: Transaction) -> bytes:
        act(ask(), 1)(tx)
        raise LookupError

    with opened(new_store("one")) as desk:
        with pytest.raises(LookupError):
            desk.run(fails)
        assert desk.run(act(ask(b"other"), 2)) == b"2"


def use(serial: int) -> UseCase:
    return lambda tx: tx.consents.use_code(code(serial).code_digest, NOW)


def test_a_code_shown_many_times_at_once_is_used_up_once(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        desk.run(lambda tx: tx.consents.add_code(code(1)))
        assert sorted(desk.at_once(*(use(1) for _ in range(20)))) == [False] * 19 + [True]
        assert desk.run(use(1)) is False
        assert desk.run(use(2)) is False


def test_the_decoy_takes_every_use_and_touches_no_code(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        desk.run(lambda tx: tx.consents.add_code(code(1)))
        for _ in range(3):
            desk.run(lambda tx: tx.consents.use_decoy(NOW))
        used = {row.code_digest: row.used_at is not None for row in desk.rows(CODES)}
        assert used == {DECOY_CODE: True, code(1).code_digest: False}


def take(limit: int, scope: str = "total") -> UseCase:
    return lambda tx: tx.redemptions.count(Counter("library-card", scope, limit))


def test_a_capacity_of_n_is_used_n_times_and_each_scope_by_itself(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        assert sum(desk.at_once(*(take(7) for _ in range(30)))) == 7
        assert desk.run(take(7)) is False
        assert desk.run(take(1, "day:2026-11-24")) is True
        assert desk.run(take(8)) is True
        assert {row.scope: row.used for row in desk.rows(COUNTERS)} == {
            "total": 8,
            "day:2026-11-24": 1,
        }


def test_a_capacity_taken_by_what_failed_is_given_back(new_store: NewStore) -> None:
    def fails(tx: Transaction) -> None:
        assert take(1)(tx)
        raise LookupError

    with opened(new_store("one")) as desk:
        found = desk.at_once(fails, take(1))
        assert isinstance(found[0], LookupError)
        assert found[1] is True


def test_one_decision_is_never_redeemed_twice_whatever_a_use_case_believes(
    new_store: NewStore,
) -> None:
    with opened(new_store("one")) as desk:
        desk.run(lambda tx: tx.redemptions.add(redemption(1)))
        with pytest.raises(HutongError):
            desk.run(lambda tx: tx.redemptions.add(redemption(2)))


def test_one_document_is_never_enrolled_twice_whatever_a_use_case_believes(
    new_store: NewStore,
) -> None:
    with opened(new_store("one")) as desk:
        desk.run(lambda tx: tx.residents.add(resident(1)))
        other = resident(2)
        same = type(other)(
            other.resident_id, resident(1).document_digest, other.secret, other.enrolled_at
        )
        with pytest.raises(HutongError):
            desk.run(lambda tx: tx.residents.add(same))
