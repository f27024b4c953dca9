"""Lists that many wait for are fetched for all of them: no one's deadline is everybody's."""

import asyncio
from collections.abc import Iterator

import pytest

from federation.envelope import Envelope
from federation.errors import HutongError
from node import deadlines
from node.errors import PEER_UNREACHABLE
from tests.conftest import NewStore
from tests.node.services.listing import Guest
from tests.node.services.stage import Stage, staged

HOME, HOST = "410100", "330100"


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST) as found:
        yield found


def test_one_who_asks_in_a_hurry_does_not_cut_the_fetch_short_for_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, home = stage[HOST], stage[HOME].code
    stage.run(Guest.recognised(stage[HOME], stage[HOST]))
    hearing, left, go = host.cases.hearing, list[float | None](), asyncio.Event()

    async def slow(_partner: object) -> tuple[Envelope, ...]:
        left.append(deadlines.left())
        await go.wait()
        return ()

    monkeypatch.setattr(hearing._peers, "status_lists", slow)

    async def hurried() -> None:
        deadlines.begin(0.01)
        await hearing.fetch(home)

    async def path() -> None:
        first = asyncio.ensure_future(hurried())
        await asyncio.sleep(0)
        second = asyncio.ensure_future(hearing.fetch(home))
        with pytest.raises(HutongError) as raised:
            await first
        assert raised.value.reason == PEER_UNREACHABLE
        assert not second.done()
        go.set()
        await second

    stage.run(path())
    assert left == [None]
