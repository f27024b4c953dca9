"""A simulated city: the use cases, the timers and the peer port of a process, and how it dies.

What outlives a crash is what outlives one of a machine: its disk, its anchor, its keys, its clock.
"""

import asyncio
import contextlib
import functools
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from federation.identifiers import CityCode
from node import data, limits
from node.errors import FatalError
from node.lifecycle import every
from node.services.assembly import UseCases, assemble
from node.services.here import Here
from node.services.timers import Timer, timers
from scripts.simulation.keys import ClosedDoor, IdleWorkshop, SimAnchor, SimKeys
from scripts.simulation.lines import Line, SimPort
from scripts.simulation.loop import Life
from scripts.simulation.network import Network
from scripts.simulation.peers import SimPeers
from scripts.simulation.store import CrashedError, Disk, SimStore, sim_room

__all__ = ["CrashedError", "SimCity", "SimClock"]

T = TypeVar("T")

ZONE: Final = ZoneInfo("Asia/Shanghai")
# The longest that a process takes from its start to the first look of its timers.
_START_SECONDS: Final = 1.0


class World(Protocol):
    """What a city sees of the world."""

    network: Network
    pace: float

    @property
    def now(self) -> datetime:
        """The true time."""

    def random(self, name: str) -> random.Random:
        """The stream of chance of that name."""

    def trace(self, what: str, **words: object) -> None:
        """Keep that something happened."""

    def city(self, code: CityCode) -> "SimCity":
        """A city."""


class SimClock:
    """A city's clock: ahead of the true time, or behind, and ever more so."""

    def __init__(self, world: World, ahead: timedelta, drift: float) -> None:
        """`drift` is in seconds of a second."""
        self._world = world
        self._from = world.now
        self.ahead = ahead
        self.drift = drift

    def now(self) -> datetime:
        """The instant, in UTC, as the city has it."""
        true = self._world.now
        return true + self.ahead + (true - self._from) * self.drift

    def jump(self, by: timedelta) -> None:
        """Somebody sets it."""
        self.ahead += by


class SimEntropy:
    """A city's randomness, from its seed; no life of the city repeats another's."""

    def __init__(self, chance: random.Random) -> None:
        """Drawn from `chance`."""
        self._chance = chance

    def token(self, size: int) -> bytes:
        """`size` bytes."""
        return self._chance.randbytes(size)


class SimCity:
    """One city of a world.

    `cases` is None while it is down, and while it starts; `store` is that of the newest life.
    """

    store: SimStore

    def __init__(
        self, town: data.City, world: World, *, ahead: timedelta = timedelta(0), drift: float = 0.0
    ) -> None:
        """Down, with an empty disk."""
        self.town = town
        self.code = code = town.code
        self.keys = SimKeys(town, world.now)
        self.clock = SimClock(world, ahead, drift)
        self.here = Here(code, ZONE, self.clock, SimEntropy(world.random(f"entropy {code}")))
        self.anchor = SimAnchor()
        self.disk = Disk()
        self.life = Life(f"{code} before its first life")
        self.life.over = True
        self.cases: UseCases | None = None
        self.port: SimPort | None = None
        self.broken: FatalError | None = None
        """Why it stopped for good, if it did."""
        self.lives = 0
        self._world = world
        self._chance = world.random(f"disk {code}")

    @property
    def up(self) -> UseCases:
        """The use cases; raises CrashedError while it is down."""
        if self.cases is None:
            raise CrashedError(self.code)
        return self.cases

    async def start(self) -> None:
        """Start, and wait until it serves its clients.

        Raises:
            FatalError: its log is not the one that it signed.
            CrashedError: it died before.

        """
        if not self.life.over:
            raise ValueError(f"{self.code} runs already")
        self.lives += 1
        self.life = Life(f"{self.code}, life {self.lives}")
        self._world.trace("starts", city=self.code)
        try:
            await self._within(self._begin(self.life))
        except FatalError as error:
            self.broken = error
            self.crash()
            raise

    def crash(self) -> None:
        """Die at this instant, wherever everybody is; nothing of its memory is left."""
        if self.life.over:
            return
        self._world.trace("crashes", city=self.code)
        self.cases = self.port = None
        self.life.over = True
        self.store.crash()
        self.life.end()

    async def restart(self) -> None:
        """Crash, unless it is down, and start."""
        self.crash()
        await self.start()

    async def serve(self, work: Callable[[UseCases], Awaitable[T]]) -> T:
        """What a client on the local port gets, who goes away where this is cancelled.

        Raises:
            CrashedError: the city is down, or crashed before it answered; it may have acted.

        """
        cases = self.up

        async def worked() -> T:
            return await work(cases)

        return await self._within(worked())

    async def _within(self, work: Coroutine[object, object, T]) -> T:
        """Do it as a part of this life."""
        life, task = self.life, self.life.spawn(work)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        if task.cancelled() and life.over:
            raise CrashedError(self.code)
        return task.result()

    async def _begin(self, life: Life) -> None:
        """As `node.bootstrap` does: the log is held against the anchor before anybody is served."""
        told = functools.partial(self._world.trace, "commits", city=self.code)
        self.store = store = SimStore(
            self.disk, self.clock, life, self._chance, lambda n, bad: told(count=n, failed=bad)
        )
        peers = SimPeers(self.keys, self.here.entropy, self._dial)
        rooms = functools.partial(
            sim_room, self.clock, life, self._chance, lambda _count, _failed: None
        )
        cases = assemble(
            self.here, store, self.keys, peers, IdleWorkshop(), ClosedDoor(), rooms, self.anchor
        )
        await cases.witnessing.check()
        self.port = SimPort(cases, store)
        await cases.hearing.catch_up()
        self.cases = cases
        self._world.trace("serves", city=self.code)
        life.spawn(self._live(cases))
        life.spawn(self._until_broken(cases))

    async def _live(self, cases: UseCases) -> None:
        await asyncio.sleep(self._chance.uniform(0, _START_SECONDS))
        async with contextlib.AsyncExitStack() as running:
            for timer in (
                Timer("registry", limits.HEALTH_EVERY, self.store.refresh),
                Timer("examine", limits.EXAMINE_EVERY, cases.watching.look),
                *timers(cases),
            ):
                await running.enter_async_context(
                    every(
                        timer.interval * self._world.pace,
                        timer.act,
                        name=timer.name,
                        at_once=timer.at_once,
                    )
                )
            await asyncio.get_running_loop().create_future()

    async def _until_broken(self, cases: UseCases) -> None:
        """A node whose log is not its own stops, and a person has to look."""
        self.broken = await cases.witnessing.must_stop()
        self._world.trace("is broken", city=self.code, why=self.broken.text("en"))
        self.crash()

    def _dial(self, other: CityCode, certificate: bytes) -> Line:
        world = self._world
        return Line(world.network, world.trace, self.code, certificate, world.city(other))
