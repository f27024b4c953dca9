"""`python -m scripts.harnessing.proxy_process SEED`: the lines between the cities of one run.

Each city has a port of its own here, and dials its partners through it by HTTP CONNECT, as gRPC
does where `grpc_proxy` says so: whose port it is says who dials, the target says whom. Commands
come as lines of JSON on the standard input, one answer each goes to the standard output; the
process ends when its input does, and so with its parent. It refuses every target that is no
city's: a mistake in an address would otherwise pass unseen and unshaped.
"""

import asyncio
import json
import re
import resource
import sys
from functools import partial
from typing import Any, Final

import click
import uvloop

from scripts.harnessing.links import Shape
from scripts.harnessing.proxy_lines import End, Line

HOST: Final = "127.0.0.1"

_HEAD: Final = re.compile(rb"CONNECT ([\w.:\[\]-]{1,255}):(\d{1,5}) HTTP/1\.[01]\r\n")
_HEAD_BYTES: Final = 8192
_HEAD_END: Final = b"\r\n\r\n"
_NAMES: Final = frozenset({HOST, "localhost"})
_BACKLOG: Final = 1024
_COMMAND_BYTES: Final = 1024 * 1024
# A partner that fills the log by what is refused is told of once for each way of being wrong.
_TOLD_MOST: Final = 1000

Answer = dict[str, Any]


class Caller(End):
    """Whoever dials from one city: a CONNECT first, then what is passed on."""

    def __init__(self, board: "Board", city: str) -> None:
        """A connection to the port of that city."""
        super().__init__()
        self._board, self._city = board, city
        self._head = b""

    def data_received(self, data: bytes) -> None:
        """Read the CONNECT; what follows is said to whom was dialled."""
        if self.out:
            super().data_received(data)
            return
        self._head += data
        head, end, rest = self._head.partition(_HEAD_END)
        asked = _HEAD.match(head + b"\r\n")
        # What cannot become a CONNECT is refused before its end.
        if not b"CONNECT ".startswith(head[:8]) or len(head) > _HEAD_BYTES or (end and not asked):
            self._refuse("400 Bad Request", "what came is no HTTP CONNECT")
        elif end and asked:
            self._head = b""
            self._connect(asked[1].decode(), int(asked[2]))
            if rest and self.out:
                self.out.take(rest)

    def _connect(self, host: str, port: int) -> None:
        other = self._board.ports.get(port)
        if host not in _NAMES or other is None:
            self._refuse("403 Forbidden", f"{host}:{port} is no port of a city of this run")
        else:
            self._board.line(self._city, other).dial(self, (HOST, port))

    def _refuse(self, status: str, why: str) -> None:
        self._board.tell(f"{self._city} dials, and is refused: {why}")
        if self.transport is not None:
            self.transport.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
            self.transport.close()


class Board:
    """All lines of a run, and who is behind which port."""

    def __init__(self, seed: int) -> None:
        """No city yet; jitter and losses follow from the seed."""
        self.ports: dict[int, str] = {}
        self._seed = seed
        self._lines: dict[tuple[str, str], Line] = {}
        self._told = set[str]()
        self._servers = list[asyncio.Server]()

    def line(self, city: str, other: str) -> Line:
        """What one city dials another over."""
        if (city, other) not in self._lines:
            self._lines[city, other] = Line.seeded(self._seed, city, other)
        return self._lines[city, other]

    def tell(self, text: str) -> None:
        """Say something on the standard error output, once."""
        if text not in self._told and len(self._told) < _TOLD_MOST:
            self._told.add(text)
            click.echo(f"proxies: {text}", err=True)

    async def answer(self, command: Answer) -> Answer:
        """Do what a command says."""
        match command:
            case {"do": "open", "cities": [*cities]}:
                return {"ports": {city: await self._listen(city) for city in cities}}
            case {"do": "peers", "ports": dict(ports)}:
                self.ports = {port: city for city, some in ports.items() for port in some}
            case {"do": "shape", "city": str(city), "other": str(other), "shape": shape}:
                now = asyncio.get_running_loop().time()
                self.line(city, other).reshape(Shape(**shape) if shape else None, now)
            case {"do": "held"}:
                return self._held()
            case _:
                return {"error": f"no such command: {command}"}
        return {}

    def close(self) -> None:
        """Listen no more, and break every connection."""
        for server in self._servers:
            server.close()
        for line in self._lines.values():
            for connection in tuple(line.connections):
                connection.reset()

    async def _listen(self, city: str) -> int:
        server = await asyncio.get_running_loop().create_server(
            partial(Caller, self, city), HOST, 0, backlog=_BACKLOG
        )
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def _held(self) -> Answer:
        """How many connections there are, what they hold, and the most that one ever held."""
        lines = self._lines.values()
        flows = [flow for line in lines for each in line.connections for flow in each.flows]
        return {
            "connections": sum(len(line.connections) for line in lines),
            "bytes": sum(flow.held for flow in flows),
            "most": max((line.most for line in lines), default=0),
        }


async def serve(seed: int) -> None:
    """Obey the standard input until it ends."""
    board, reader = Board(seed), asyncio.StreamReader(limit=_COMMAND_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        while line := await reader.readline():
            answer = await board.answer(json.loads(line))
            click.echo(json.dumps(answer))
    finally:
        board.close()


def main() -> None:
    """Be the proxies of a run."""
    # Two sockets for each connection of each pair of cities are more than a shell allows.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
