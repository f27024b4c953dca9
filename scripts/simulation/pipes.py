"""One direction of a stream: in order, with room for a few messages on their way."""

import asyncio
from collections import deque
from typing import Final

from federation.identifiers import CityCode
from scripts.simulation.network import Network

_ROOM: Final = 16
_APART: Final = 1e-6
"""Seconds between two messages at least: what left first arrives first."""


class Pipe:
    """From one city to another; where a message is lost nothing comes after it."""

    def __init__(self, network: Network, sender: CityCode, receiver: CityCode) -> None:
        """Empty."""
        self._network = network
        self._ends = sender, receiver
        self._room = asyncio.Semaphore(_ROOM)
        self._came: deque[object] = deque()
        self._news = asyncio.Event()
        self._last = 0.0
        self._broken = False

    async def put(self, message: object) -> None:
        """Send a message; wait where too many are on their way."""
        await self._room.acquire()
        network, loop = self._network, asyncio.get_running_loop()
        self._broken = self._broken or network.happens(network.weather.lost)
        self._last = max(loop.time() + network.way(*self._ends), self._last + _APART)
        loop.call_at(self._last, self._arrive, message)

    async def get(self) -> object:
        """The next message, once it is there."""
        while not self._came:
            self._news.clear()
            await self._news.wait()
        self._room.release()
        return self._came.popleft()

    def _arrive(self, message: object) -> None:
        self._broken = self._broken or self._network.is_cut(*self._ends)
        if not self._broken:
            self._came.append(message)
            self._news.set()
