"""A node looks at its log before it serves, whatever another process of its city does meanwhile."""

import asyncio
from concurrent.futures import Future, wait

import pytest

from node.logbook import LogEntry, LogKind
from node.store import open_store
from node.store.log import LogRepository
from tests.conftest import NewStore
from tests.node.services.trying import played
from tests.node.services.witnesses import ZZ
from tests.node.services.world import world


def test_a_process_that_starts_while_another_one_writes_finds_no_broken_edge(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LogRepository.leaf_hashes

    @played
    async def play() -> None:
        async with world(new_store) as made:
            town = made[ZZ]
            url = town.store._engine.url.render_as_string(hide_password=False)
            beside = open_store(url.replace("+psycopg", ""), made.clock)
            now = made.clock.now()
            act = LogEntry(now, LogKind.ADMINISTRATIVE, b"an act", b"s" * 16, "")
            written = list[Future[int]]()

            def leaf_hashes(log: LogRepository, first: int, count: int) -> tuple[bytes, ...]:
                if not written:
                    # The other process appends now, or waits until this one has looked.
                    asked = asyncio.run_coroutine_threadsafe(
                        beside.run(lambda tx: tx.log.append(act)), loop
                    )
                    written.append(asked)
                    wait([asked], timeout=1)
                return real(log, first, count)

            loop = asyncio.get_running_loop()
            monkeypatch.setattr(LogRepository, "leaf_hashes", leaf_hashes)
            await town.cases.witnessing.check()
            [asked] = written
            await asyncio.wrap_future(asked)
            await beside.close()

    play()
