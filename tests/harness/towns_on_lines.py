"""Servers and callers at the ends of lines, for the tests of lines."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from scripts.harnessing.proxies import Proxies

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]

A, B, C = "hangzhou", "nanjing", "suzhou"
CITIES = (A, B, C)


@dataclass
class Town:
    """A city's peer port: whoever connects can be taken from it."""

    port: int = 0
    arrived: asyncio.Queue[Pair] = field(default_factory=asyncio.Queue)

    async def take(self) -> Pair:
        """The next connection that arrives."""
        return await self.arrived.get()


@dataclass
class World:
    """Three towns, and the proxies between them."""

    proxies: Proxies
    towns: dict[str, Town]
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def proxy_port(self, city: str) -> int:
        """Where that city dials."""
        return int(self.proxies.environment(city)["grpc_proxy"].rpartition(":")[2])

    async def begin(self, city: str, what: bytes) -> Pair:
        """Say something to the proxy of a city."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy_port(city))
        self.writers.append(writer)
        writer.write(what)
        return reader, writer

    async def ask(self, city: str, other: str) -> Pair:
        """Begin to dial, as gRPC does, and do not wait."""
        return await self.begin(city, connect(self.towns[other].port))

    async def dial(self, city: str, other: str) -> tuple[Pair, Pair]:
        """Dial; both ends of the connection."""
        caller = await self.ask(city, other)
        head = await caller[0].readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        called = await self.towns[other].take()
        return caller, called


def connect(port: int, host: str = "127.0.0.1") -> bytes:
    """What gRPC says to a proxy."""
    return f"CONNECT {host}:{port} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode()


@contextlib.asynccontextmanager
async def world(cities: Sequence[str] = CITIES) -> AsyncIterator[World]:
    """Towns that listen, and proxies in a process of their own."""
    proxies = Proxies(seed=1)
    made = World(proxies, {city: Town() for city in cities})
    async with contextlib.AsyncExitStack() as stack:
        for town in made.towns.values():
            server = await asyncio.start_server(_taker(made, town), "127.0.0.1", 0)
            stack.callback(server.close)
            town.port = server.sockets[0].getsockname()[1]
        await proxies.open(cities)
        stack.push_async_callback(proxies.close)
        await proxies.peer_ports({city: (town.port,) for city, town in made.towns.items()})
        try:
            yield made
        finally:
            for writer in made.writers:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()


def _taker(made: World, town: Town) -> "asyncio.streams._ClientConnectedCallback":
    async def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.writers.append(writer)
        await town.arrived.put((reader, writer))

    return arrived
