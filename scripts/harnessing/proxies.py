"""Lines made of proxies: one small process that every city dials its partners through.

It needs nothing of the machine. It shapes streams, not packets: what a loss looks like there is
said in `line_timing`. A line that was cut and heals resets the connections that it held.
"""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from scripts.harnessing.links import WITHOUT_PROXY, LinksError, Shape
from scripts.harnessing.precedence import go_along
from scripts.harnessing.proxy_process import HOST
from scripts.harnessing.spawning import ROOT

_STOP_SECONDS: Final = 5.0
_LINE_BYTES: Final = 1024 * 1024


class Proxies:
    """The lines of one run, as proxies."""

    def __init__(self, seed: int = 0) -> None:
        """No lines yet; the jitter and the losses of each follow from the seed."""
        self._seed = seed
        self._process: asyncio.subprocess.Process | None = None
        self._ports: dict[str, int] = {}
        self._turn = asyncio.Lock()

    @property
    def name(self) -> str:
        """What they are called."""
        return "proxies"

    @property
    def pid(self) -> int | None:
        """The process of the proxies, while they are open."""
        return self._process.pid if self._process else None

    def host(self, city: str) -> str:
        """The address of loopback, for every city."""
        self._port(city)
        return HOST

    def environment(self, city: str) -> dict[str, str]:
        """Where the city's processes dial through; raises LinksError for one without lines."""
        return {**WITHOUT_PROXY, "grpc_proxy": f"http://{HOST}:{self._port(city)}"}

    def command(self, city: str, words: Sequence[str]) -> list[str]:
        """The command as it is."""
        self._port(city)
        return list(words)

    async def open(self, cities: Sequence[str]) -> None:
        """Start the process; raises LinksError where it does not answer, or runs already."""
        if self._process is not None:
            raise LinksError("the proxies run already; close them first")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "scripts.harnessing.proxy_process",
            str(self._seed),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            limit=_LINE_BYTES,
            # Ctrl-C is for whoever opened them; they end when their input does.
            start_new_session=True,
        )
        go_along(self._process.pid)
        try:
            answer = await self._ask("open", cities=list(cities))
        except BaseException:
            await self.close()
            raise
        self._ports = answer["ports"]

    async def peer_ports(self, ports: Mapping[str, Sequence[int]]) -> None:
        """Say at which ports each city is dialled; others are refused."""
        for city in ports:
            self._port(city)
        await self._ask("peers", ports={city: list(some) for city, some in ports.items()})

    async def shape(self, city: str, other: str, shape: Shape | None) -> None:
        """Shape what `city` dials to `other`, both ways of each connection, from now on."""
        for each in (city, other):
            self._port(each)
        kept = asdict(shape) if shape else None
        await self._ask("shape", city=city, other=other, shape=kept)

    async def held(self) -> dict[str, int]:
        """The `connections`, the `bytes` held for them, and the `most` that one ever held."""
        return await self._ask("held")

    async def close(self) -> None:
        """End the process."""
        process, self._process, self._ports = self._process, None, {}
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _port(self, city: str) -> int:
        if city not in self._ports:
            known = ", ".join(self._ports) or "none; open the lines first"
            raise LinksError(f"{city!r} has no lines; those that have: {known}")
        return self._ports[city]

    async def _ask(self, do: str, **words: object) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise LinksError("there are no proxies; open the lines first")
        async with self._turn:
            try:
                process.stdin.write(json.dumps({"do": do, **words}).encode() + b"\n")
                await process.stdin.drain()
                said = await process.stdout.readline()
            except ConnectionError:
                said = b""
        if not said:
            raise LinksError(
                "the process of the proxies ended, and every line with it; see the keeper's log,"
                " then `scripts/harness down` and `up`"
            )
        answer: dict[str, Any] = json.loads(said)
        if "error" in answer:
            raise LinksError(str(answer["error"]))
        return answer
