"""What goes wrong in a simulated world, by seed: and how all of it is mended at the end.

A seed picks a few kinds of trouble; from then on one after the other happens, for a while each.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from federation.identifiers import CityCode
from federation.limits import CLOCK_SKEW
from node.errors import FatalError
from node.transport.operators import OperatorServicer
from node.v1 import operator_service_pb2 as operators_pb
from scripts.simulation.city import CrashedError, SimCity
from scripts.simulation.client import Client, operator
from scripts.simulation.history import History
from scripts.simulation.invariants import Watch
from scripts.simulation.network import CALM
from scripts.simulation.world import SimWorld

# Seconds between two troubles, and how long one lasts.
_APART: Final = (1.0, 10.0)
_LASTS: Final = (0.5, 20.0)
_SLOWEST: Final = 60.0
_WORST: Final = 0.08
"""The worst chance of a call to get lost, to lose its answer, or to come twice."""
_KINDS_LEAST: Final = 2
_WRONG_CLOCKS: Final = 0.25
_WRONG_BY: Final = (90.0, 900.0)


class Chaos:
    """Trouble of one world."""

    def __init__(
        self, world: SimWorld, history: History, watch: Watch, chance: random.Random
    ) -> None:
        """`watch` is told whose clocks are set."""
        self._world = world
        self._watch = watch
        self._chance = chance
        self._client = Client(world, history, chance)
        self._codes = tuple(world.cities)
        self._suspended = dict[tuple[CityCode, CityCode], asyncio.Event]()
        self._mended = asyncio.Event()
        kinds: Sequence[Callable[[], Coroutine[object, object, None]]] = (
            self._crash,
            self._crash_often,
            self._split,
            self._one_way,
            self._slow,
            self._weather,
            self._suspend,
        )
        self._kinds = chance.sample(kinds, chance.randint(_KINDS_LEAST, len(kinds)))

    def begin(self) -> None:
        """Some clocks are wrong from the beginning, by more than cities allow each other."""
        if self._chance.random() < _WRONG_CLOCKS:
            city = self._world.city(self._chance.choice(self._codes))
            by = self._chance.uniform(*_WRONG_BY) * self._chance.choice((-1, 1))
            city.clock.jump(timedelta(seconds=by))
            self._watch.moved.add(city.code)
            self._world.trace("clock", city=city.code, by=f"{by:.3f}")

    async def go(self) -> None:
        """One trouble after the other, until this is cancelled or mended."""
        while True:
            await self._world.sleep(self._chance.uniform(*_APART))
            if self._mended.is_set():
                return
            kind = self._chance.choice(self._kinds)
            self._world.trace("trouble", kind=kind.__name__)
            self._world.spawn(kind())

    async def mend(self) -> None:
        """End all trouble: every city is up and reached, every clock right, nobody suspended."""
        self._mended.set()
        network = self._world.network
        network.mend()
        network.weather = CALM
        for code, city in self._world.cities.items():
            network.slow(code, 1.0)
            wrong = city.clock.now() - self._world.now
            if abs(wrong) > CLOCK_SKEW / 2:
                city.clock.jump(-wrong)
            await self._up(city)
        for one, other in list(self._suspended):
            await self._resume(one, other)
        self._world.trace("mended")

    async def _crash(self) -> None:
        """A city dies, and is started again after a while."""
        city = self._world.city(self._chance.choice(self._codes))
        city.crash()
        await self._world.sleep(self._chance.uniform(0, _LASTS[1]) * self._chance.random())
        await self._up(city)

    async def _crash_often(self) -> None:
        """A city dies again and again, soon after it is up."""
        city = self._world.city(self._chance.choice(self._codes))
        for _ in range(self._chance.randint(2, 4)):
            if self._mended.is_set():
                return
            city.crash()
            await self._up(city)
            await self._world.sleep(self._chance.random() * 0.5)

    async def _up(self, city: SimCity) -> None:
        """Start it, unless somebody does; one that died in its start is started again."""
        while city.life.over and city.broken is None:
            try:
                await city.start()
            except CrashedError:
                await self._world.sleep(0.01)
            except FatalError as error:
                city.broken = error

    async def _split(self) -> None:
        """The cities fall apart into two groups."""
        some = {code for code in self._codes if self._chance.random() < 0.5}  # noqa: PLR2004 - either
        others = [code for code in self._codes if code not in some]
        self._world.network.cut([code for code in self._codes if code in some], others)
        await self._lasts()
        self._world.network.mend(some)

    async def _one_way(self) -> None:
        """Nothing gets from one city to some others; what they say arrives."""
        city = self._chance.choice(self._codes)
        others = self._chance.sample(self._codes, self._chance.randint(1, len(self._codes)))
        self._world.network.cut((city,), others, both_ways=False)
        await self._lasts()
        self._world.network.mend((city,))

    async def _slow(self) -> None:
        """All to and from one city takes long, up to longer than the deadline."""
        city = self._chance.choice(self._codes)
        self._world.network.slow(city, self._chance.uniform(2, _SLOWEST))
        await self._lasts()
        self._world.network.slow(city, 1.0)

    async def _weather(self) -> None:
        """Calls get lost, lose their answers, come twice, overtake each other."""
        rough = self._world.network.weather = replace(
            CALM,
            lost=self._chance.uniform(0, _WORST),
            answer_lost=self._chance.uniform(0, _WORST),
            twice=self._chance.uniform(0, _WORST),
            straggles=self._chance.uniform(0, _WORST),
        )
        await self._lasts()
        if self._world.network.weather == rough:
            self._world.network.weather = CALM

    async def _suspend(self) -> None:
        """An operator suspends a partner, and takes it up again."""
        one, other = self._chance.sample(self._codes, 2)
        if (one, other) in self._suspended or other not in self._partners(one):
            return
        answered = self._suspended[one, other] = asyncio.Event()
        try:
            await self._client.ask(
                one,
                operator("first"),
                OperatorServicer,
                operators_pb.SuspendPartnerRequest(
                    request_id=self._client.new_id(), city=other, reason="simulated"
                ),
                operators_pb.SuspendPartnerResponse,
            )
        finally:
            answered.set()
        await self._lasts()
        await self._resume(one, other)

    async def _resume(self, one: CityCode, other: CityCode) -> None:
        answered = self._suspended.pop((one, other), None)
        if answered is None:
            return
        # A suspension that is asked for again and again may come after all: it is taken back then.
        await answered.wait()
        await self._client.ask(
            one,
            operator("second"),
            OperatorServicer,
            operators_pb.ResumePartnerRequest(
                request_id=self._client.new_id(), city=other, reason="simulated"
            ),
            operators_pb.ResumePartnerResponse,
        )

    def _partners(self, code: CityCode) -> tuple[CityCode, ...]:
        return tuple(self._world.city(code).store.registry.partners)

    async def _lasts(self) -> None:
        """Until it is over by itself, or mended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._chance.uniform(*_LASTS)):
                await self._mended.wait()
