"""Group commit: many use cases in one transaction, and nobody pays for a neighbour."""

import asyncio
import contextlib
import gc
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from node import limits
from node.errors import OVERLOADED, STORE_UNAVAILABLE, HutongError
from node.ports import Transaction
from node.store import Store, open_store
from node.store.residents import NOBODY
from node.store.tables import ANSWERS, CONSENTS, RESIDENTS
from node.store.trust_tables import LOG_ENTRIES, LOG_SALTS
from tests.conftest import NewStore
from tests.node.store.rig import (
    MovableClock,
    answer,
    consent,
    entry,
    opened,
    resident,
    text_id,
)

UseCase = Callable[[Transaction], Any]


def enrol(serial: int) -> UseCase:
    def add(tx: Transaction) -> int:
        tx.residents.add(resident(serial))
        return serial

    return add


def fail_after_writing(tx: Transaction) -> None:
    tx.residents.add(resident(77))
    tx.log.append(entry(77))
    raise LookupError("after it wrote")


def fail_at_once(_: Transaction) -> None:
    raise LookupError("before it wrote")


def append_what_no_column_holds(tx: Transaction) -> None:
    tx.answers.record(answer(55, response=b"x"))
    tx.log.append(entry(55, subject="\ud800"))


def write_what_no_column_holds(tx: Transaction) -> None:
    tx.residents.recount(replace(resident(1), points_milli=2**70))


def test_what_queues_while_the_writer_is_busy_shares_one_commit(new_store: NewStore) -> None:
    seen = list[Transaction]()

    def look(serial: int) -> UseCase:
        def case(tx: Transaction) -> None:
            seen.append(tx)
            tx.residents.add(resident(serial))

        return case

    with opened(new_store("one")) as desk:
        desk.at_once(*(look(n) for n in range(1, 21)))
        assert len(set(map(id, seen))) == 1
        assert len(desk.rows(RESIDENTS)) == 20


@pytest.mark.parametrize(
    "neighbour",
    [fail_after_writing, fail_at_once, append_what_no_column_holds, write_what_no_column_holds],
)
def test_a_failing_neighbour_spoils_nobody(new_store: NewStore, neighbour: UseCase) -> None:
    with opened(new_store("one")) as desk:
        found = desk.at_once(enrol(1), enrol(2), neighbour, enrol(3))
        assert [found[0], found[1], found[3]] == [1, 2, 3]
        assert isinstance(found[2], Exception)
        assert {row.resident_id for row in desk.rows(RESIDENTS)} == {text_id(n) for n in (1, 2, 3)}
        assert desk.rows(LOG_ENTRIES) == desk.rows(LOG_SALTS) == desk.rows(ANSWERS) == []


@pytest.mark.parametrize("case", [fail_after_writing, append_what_no_column_holds])
def test_a_use_case_that_raises_writes_nothing(new_store: NewStore, case: UseCase) -> None:
    with opened(new_store("one")) as desk:
        with pytest.raises((LookupError, HutongError, UnicodeEncodeError)):
            desk.run(case)
        tables = (RESIDENTS, LOG_ENTRIES, LOG_SALTS, ANSWERS)
        assert [desk.rows(table) for table in tables] == [[], [], [], []]
        assert desk.run(enrol(1)) == 1


def test_a_writer_outlives_every_error_of_a_use_case(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        for _ in range(3):
            assert isinstance(desk.at_once(append_what_no_column_holds)[0], Exception)
        assert desk.run(enrol(1)) == 1


def test_a_result_is_seen_only_after_the_commit(new_store: NewStore) -> None:
    async def path(store: Store) -> None:
        reached, gate = threading.Event(), threading.Event()

        def before_commit(_: sa.Connection) -> None:
            reached.set()
            gate.wait()

        engine = store._engine
        sa.event.listen(engine, "commit", before_commit)
        running = asyncio.ensure_future(store.run(enrol(1)))
        await asyncio.to_thread(reached.wait)
        assert not running.done()
        with engine.connect() as other:
            assert other.execute(sa.select(RESIDENTS.c.resident_id)).scalars().all() == [NOBODY]
        gate.set()
        assert await running == 1
        with engine.connect() as other:
            assert len(other.execute(sa.select(RESIDENTS)).all()) == 2
        await store.close()

    asyncio.run(path(open_store(new_store("one"), MovableClock())))


def test_a_later_one_of_a_batch_sees_what_an_earlier_one_did(new_store: NewStore) -> None:
    def by_document(tx: Transaction) -> str:
        found = tx.residents.by_document(resident(1).document_digest)
        return found.resident_id if found else ""

    with opened(new_store("one")) as desk:
        assert desk.at_once(enrol(1), by_document) == [1, text_id(1)]


def test_a_conflict_is_run_again_until_it_succeeds(new_store: NewStore) -> None:
    attempts = list[int]()

    def meet(tx: Transaction) -> str:
        attempts.append(1)
        if len(attempts) < 3:
            tx.residents.add(resident(1))
        return "done"

    with opened(new_store("one")) as desk:
        desk.run(enrol(1))
        assert desk.at_once(meet, enrol(2)) == ["done", 2]
        assert len(attempts) == 3


def test_a_conflict_that_never_ends_is_given_up_and_told(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        desk.run(enrol(1))
        found = desk.at_once(enrol(1), enrol(2))
        assert found[0] == HutongError(STORE_UNAVAILABLE, problem="another change came between")
        assert found[1] == 2


@pytest.mark.parametrize("times", [1, 3, 100])
def test_a_reader_that_the_database_sends_back_reads_again(
    new_store: NewStore, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONFLICT_REST_LONGEST", timedelta(milliseconds=1))
    read = list[str]()

    def look(tx: Transaction) -> str:
        found = tx.residents.get(text_id(1))
        assert found is not None
        read.append(found.resident_id)
        return found.resident_id

    with opened(new_store("one")) as desk:
        desk.run(enrol(1))

        @sa.event.listens_for(desk.engine, "commit")
        def send_back(_: sa.Connection) -> None:
            if len(read) <= times:
                met = psycopg.errors.SerializationFailure("forced by a test")
                raise sa.exc.OperationalError("COMMIT", None, met)

        if times < limits.CONFLICT_RETRIES:
            assert desk.read(look) == text_id(1)
            assert len(read) == times + 1
        else:
            with pytest.raises(HutongError) as given_up:
                desk.read(look)
            told = HutongError(STORE_UNAVAILABLE, problem="another change came between")
            assert given_up.value == told
            assert len(read) == limits.CONFLICT_RETRIES
        sa.event.remove(desk.engine, "commit", send_back)


def test_one_who_went_away_hinders_nobody_and_may_ask_again(new_store: NewStore) -> None:
    async def path(store: Store) -> None:
        gone = asyncio.ensure_future(store.run(enrol(1)))
        stays = asyncio.ensure_future(store.run(enrol(2)))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == 2
        await store.close()

    asyncio.run(path(open_store(new_store("one"), MovableClock())))


def test_more_than_the_queue_holds_is_refused_and_not_made_to_wait(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WRITER_QUEUE", 3)
    with opened(new_store("one")) as desk:
        found = desk.at_once(*(enrol(n) for n in range(1, 6)))
        assert found[:3] == [1, 2, 3]
        assert found[3:] == [HutongError(OVERLOADED, limit="3")] * 2
        assert len(desk.rows(RESIDENTS)) == 3


def test_closing_finishes_what_waits_and_then_refuses(new_store: NewStore) -> None:
    async def path(url: str) -> None:
        store = open_store(url, MovableClock())
        waiting = [asyncio.ensure_future(store.run(enrol(n))) for n in range(1, 9)]
        await asyncio.sleep(0)
        await store.close()
        assert await asyncio.gather(*waiting) == list(range(1, 9))
        with pytest.raises(HutongError, match="stopping"):
            await store.run(enrol(9))

    asyncio.run(path(new_store("one")))


def test_a_use_case_that_only_reads_may_not_write(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        with pytest.raises((TypeError, HutongError)):
            desk.read(enrol(1))
        with pytest.raises(TypeError):
            desk.read(lambda tx: tx.log.append(entry()))
        assert desk.rows(RESIDENTS) == desk.rows(LOG_ENTRIES) == []


def test_what_a_use_case_did_is_there_together_or_not_at_all(new_store: NewStore) -> None:
    def whole(tx: Transaction) -> None:
        tx.residents.add(resident(1))
        tx.consents.add(consent(1), b"p" * 32)
        tx.log.append(entry(1))
        tx.answers.record(answer(1))

    def twice(tx: Transaction) -> None:
        whole(tx)
        tx.answers.record(answer(1))

    tables = (RESIDENTS, CONSENTS, LOG_ENTRIES, LOG_SALTS, ANSWERS)
    with opened(new_store("one")) as desk:
        with pytest.raises(HutongError):
            desk.run(twice)
        assert [len(desk.rows(table)) for table in tables] == [0] * 5
        desk.run(whole)
        assert [len(desk.rows(table)) for table in tables] == [1] * 5


@pytest.mark.parametrize("writes", [False, True])
def test_a_refusal_holds_nothing_of_what_was_asked_or_of_its_batch(
    new_store: NewStore, *, writes: bool
) -> None:
    store = open_store(new_store("one"), MovableClock())

    async def refused() -> "weakref.ref[object]":
        asked = resident(66)

        def refuse(tx: Transaction) -> None:
            if writes:
                tx.residents.add(asked)
            raise HutongError(OVERLOADED, limit=str(asked))

        with contextlib.suppress(HutongError):
            await store.run(refuse)
        return weakref.ref(refuse)

    async def path() -> object:
        known = await refused()
        # The writer has the last batch in its hand until the next.
        await store.run(enrol(1))
        return known()

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(path()) is None
    finally:
        gc.enable()
        asyncio.run(store.close())
