"""Work that nobody waits for any more is not begun, and whoever asked is told."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from node import deadlines
from node.errors import HutongError
from node.load_errors import DEADLINE_PASSED
from node.ports import Transaction
from node.store import Store, open_store
from node.store.tables import RESIDENTS
from tests.conftest import NewStore
from tests.node.store.rig import MovableClock, opened, resident

SOON = 0.05


def enrol(serial: int) -> Callable[[Transaction], int]:
    def add(tx: Transaction) -> int:
        tx.residents.add(resident(serial))
        return serial

    return add


class Held:
    """A store whose writer is busy until it is let go."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._gate = threading.Event()
        self._holding: asyncio.Future[None] | None = None

    async def begin(self) -> None:
        started = threading.Event()

        def hold(_: Transaction) -> None:
            started.set()
            self._gate.wait()

        self._holding = asyncio.ensure_future(self.store.run(hold))
        await asyncio.to_thread(started.wait)

    async def let_go(self) -> None:
        self._gate.set()
        assert self._holding is not None
        await self._holding


def with_held(url: str, path: Callable[[Held], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_store(url, MovableClock()) as store:
            held = Held(store)
            await held.begin()
            try:
                await path(held)
            finally:
                await held.let_go()

    asyncio.run(run())


async def in_haste(store: Store, serial: int, seconds: float) -> int:
    deadlines.begin(seconds)
    return await store.run(enrol(serial))


async def over(seconds: float) -> None:
    """Until a deadline of so many seconds that began before is over, by every clock."""
    await asyncio.sleep(2 * seconds)


def test_who_waits_no_more_when_the_turn_comes_has_nothing_done(new_store: NewStore) -> None:
    url = new_store("one")

    async def path(held: Held) -> None:
        late = asyncio.ensure_future(in_haste(held.store, 1, SOON))
        patient = asyncio.ensure_future(in_haste(held.store, 2, 600))
        nobody_in_haste = asyncio.ensure_future(held.store.run(enrol(3)))
        await over(SOON)
        await held.let_go()
        with pytest.raises(HutongError) as raised:
            await late
        assert raised.value == HutongError(DEADLINE_PASSED)
        # Nobody pays for a neighbour who came too late.
        assert await patient == 2
        assert await nobody_in_haste == 3

    with_held(url, path)
    with opened(url) as desk:
        assert len(desk.rows(RESIDENTS)) == 2


def test_where_nobody_of_a_batch_waits_the_writer_goes_on(new_store: NewStore) -> None:
    url = new_store("one")

    async def path(held: Held) -> None:
        late = [asyncio.ensure_future(in_haste(held.store, n, SOON)) for n in range(1, 4)]
        await over(SOON)
        await held.let_go()
        found = await asyncio.gather(*late, return_exceptions=True)
        assert found == [HutongError(DEADLINE_PASSED)] * 3
        assert await held.store.run(enrol(9)) == 9

    with_held(url, path)
    with opened(url) as desk:
        assert len(desk.rows(RESIDENTS)) == 1


def test_what_was_committed_for_one_who_left_meanwhile_is_told_in_the_log(
    new_store: NewStore,
) -> None:
    url = new_store("one")

    async def path() -> None:
        started, gate = threading.Event(), threading.Event()

        def slow(tx: Transaction) -> int:
            started.set()
            gate.wait()
            return enrol(1)(tx)

        async with open_store(url, MovableClock()) as store:
            gone = asyncio.ensure_future(store.run(slow))
            await asyncio.to_thread(started.wait)
            gone.cancel()
            await asyncio.sleep(0)
            gate.set()
            await store.run(enrol(2))

    with capture_logs() as said:
        asyncio.run(path())
    told = [each for each in said if each["event"] == "answers_without_a_caller"]
    assert [each["count"] for each in told] == [1]
    with opened(url) as desk:
        assert len(desk.rows(RESIDENTS)) == 2
