"""What processes use, once a second, and every checkpoint that a city shows, every two."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import grpc

from node.v1 import log_service_pb2 as pb
from scripts.harnessing import records
from scripts.harnessing.fleet import Fleet, Town
from scripts.harnessing.usage import usage

_SAMPLE_SECONDS: Final = 1.0
_CHECKPOINT_SECONDS: Final = 2.0
_STORE_EACH: Final = 5
_GET_LOG: Final = "/node.v1.LogService/GetLog"


class Sampler:
    """Looks at a fleet, and writes down what it sees."""

    def __init__(self, fleet: Fleet) -> None:
        """Nothing was seen yet."""
        self._fleet = fleet
        self._sizes: dict[str, int] = {}
        self._stores: dict[str, int] = {}
        self._seen: dict[str, set[str]] = {}
        """What each city showed last; all that it ever showed would grow with the run."""
        self._turn = 0

    @asynccontextmanager
    async def looking(self, fault: Callable[[str], None]) -> AsyncIterator[None]:
        """Look while the body runs; a look that fails is told and does not end it."""
        # One for each city: of one that hangs nobody else's checkpoints are missed.
        looks: list[tuple[float, Callable[[], Awaitable[None]]]] = [(_SAMPLE_SECONDS, self.sample)]
        looks += [(_CHECKPOINT_SECONDS, partial(self.look, town)) for town in self._fleet]
        tasks = [asyncio.create_task(_every(seconds, act, fault)) for seconds, act in looks]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def sample(self) -> None:
        """Write down what each process uses now."""
        if self._turn % _STORE_EACH == 0:
            for town in self._fleet:
                self._stores[town.place.pinyin] = town.store_bytes
        self._turn += 1
        found = list[records.Sample]()
        for town in self._fleet:
            pinyin = town.place.pinyin
            for member in town.members:
                used = usage(member.child.pid) if member.child and member.runs else None
                if used is None or member.child is None:
                    continue
                found.append(
                    records.Sample(
                        time.time(),
                        town.place.code,
                        member.number,
                        member.child.pid,
                        used.rss_bytes,
                        used.open_files,
                        used.threads,
                        used.cpu_seconds,
                        self._stores.get(pinyin, 0),
                        self._sizes.get(pinyin, 0),
                    )
                )
        records.append(self._fleet.folder.samples, found)

    async def look(self, town: Town) -> None:
        """Write down the checkpoints that a city shows, of its own log and of others'."""
        answer = await _log_of(town)
        if answer is None:
            return
        self._sizes[town.place.pinyin] = answer.size
        shown = [*answer.partners]
        shown += [each for each in (answer.checkpoint, answer.cosigned) if each.note]
        city, now = town.place.code, time.time()
        # A note says whose log it is of.
        notes = {base64.b64encode(each.note).decode(): each.city for each in shown}
        before, self._seen[city] = self._seen.get(city, set()), set(notes)
        found = [
            records.Seen(now, of, city, note) for note, of in notes.items() if note not in before
        ]
        records.append(self._fleet.folder.checkpoints, found)


async def _log_of(town: Town) -> pb.GetLogResponse | None:
    """What the first process that answers says of the city's logs."""
    for member in town.members:
        if member.state == "serving" and member.runs:
            try:
                return await member.call(_GET_LOG, pb.GetLogRequest(), pb.GetLogResponse)
            except grpc.aio.AioRpcError:
                continue
    return None


async def _every(
    seconds: float, act: Callable[[], Awaitable[None]], fault: Callable[[str], None]
) -> None:
    while True:
        began = time.monotonic()
        try:
            await act()
        except Exception as error:  # noqa: BLE001 - what was not seen is told; the run goes on
            fault(f"a look failed: {error!r}")
        await asyncio.sleep(max(seconds - (time.monotonic() - began), seconds / 10))
