"""Lines made of network namespaces: one for each city, joined by a bridge, shaped by `tc`.

It takes root and, for delay and loss, a kernel with netem; packets are lost for real. Stores are
reached over Unix sockets, which namespaces share. A line that was cut and heals goes on where it
was, as TCP sends again. One run of a machine can have them at a time; what a killed run left is
found by its names, and taken away by the next.
"""

import asyncio
import contextlib
import os
import shlex
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from scripts.harnessing import namespace_commands as commands
from scripts.harnessing.links import WITHOUT_PROXY, LinksError, Shape
from scripts.harnessing.namespace_commands import Command, Way

# Held by whoever has the namespaces, and let go by the kernel when that process ends.
_CLAIM: Final = "\0hutong-namespaces"
_SECONDS: Final = 20.0


class Namespaces:
    """The lines of one run, as network namespaces."""

    def __init__(self) -> None:
        """No lines yet."""
        self._numbers: dict[str, int] = {}
        self._ports: dict[str, tuple[int, ...]] = {}
        self._shaped = set[tuple[str, str]]()
        self._claim: socket.socket | None = None
        # Threads of a loop that was cancelled may still be at work.
        self._turn = threading.RLock()

    @property
    def name(self) -> str:
        """What they are called."""
        return "namespaces"

    def host(self, city: str) -> str:
        """The address in the city's namespace."""
        return commands.address(self._number(city))

    def environment(self, city: str) -> dict[str, str]:
        """No proxy."""
        self._number(city)
        return dict(WITHOUT_PROXY)

    def command(self, city: str, words: Sequence[str]) -> list[str]:
        """The command in the city's namespace; its process has the id of what is started."""
        self._number(city)
        return ["ip", "netns", "exec", commands.namespace(city), *words]

    async def open(self, cities: Sequence[str]) -> None:
        """Make the namespaces; raises LinksError where the machine does not let us."""
        await asyncio.to_thread(self.open_now, cities)

    async def peer_ports(self, ports: Mapping[str, Sequence[int]]) -> None:
        """Say at which ports each city is dialled."""
        for city, some in ports.items():
            self.dialled_at(city, some)

    async def shape(self, city: str, other: str, shape: Shape | None) -> None:
        """Shape what `city` dials to `other`; raises LinksError where the kernel cannot."""
        await asyncio.to_thread(self.shape_now, city, other, shape)

    async def close(self) -> None:
        """Take the namespaces away, and end what still runs in them."""
        await asyncio.to_thread(self.close_now)

    def open_now(self, cities: Sequence[str]) -> None:
        """As `open`, in this thread."""
        with self._turn:
            if len(cities) > commands.MOST:
                raise LinksError(f"namespaces have addresses for {commands.MOST} cities")
            self._claim = _claimed()
            try:
                _sweep()
                _see_that_it_is_free()
                _run_all(commands.opening(cities))
            except BaseException:
                self.close_now()
                raise
            self._numbers = {city: number for number, city in enumerate(cities, 1)}

    def dialled_at(self, city: str, ports: Sequence[int]) -> None:
        """As `peer_ports`, of one city."""
        self._number(city)
        self._ports[city] = tuple(ports)

    def shape_now(self, city: str, other: str, shape: Shape | None) -> None:
        """As `shape`, in this thread."""
        with self._turn:
            ways = self._ways(city, other)
            if (city, other) in self._shaped:
                self._shaped.discard((city, other))
                _run_all(words for way in ways for words in way.freeing())
            if shape is None or shape == Shape():
                return
            try:
                _run_all(words for way in ways for words in way.shaping(shape))
            except LinksError:
                for words in (words for way in ways for words in way.freeing()):
                    with contextlib.suppress(LinksError):
                        _run(words)
                raise
            self._shaped.add((city, other))

    def close_now(self) -> None:
        """As `close`, in this thread."""
        with self._turn:
            if self._claim is None:
                return
            try:
                _sweep()
            finally:
                self._claim.close()
                self._claim = None
                self._numbers, self._ports = {}, {}
                self._shaped.clear()

    def _ways(self, city: str, other: str) -> tuple[Way, Way]:
        number, others = self._number(city), self._number(other)
        ports = self._ports.get(other)
        if not ports:
            raise LinksError(f"nobody said at which ports {other!r} is dialled; call peer_ports")
        return (
            Way(city, others, is_answer=False, ports=ports),
            Way(other, number, is_answer=True, ports=ports),
        )

    def _number(self, city: str) -> int:
        if city not in self._numbers:
            known = ", ".join(self._numbers) or "none; open the lines first"
            raise LinksError(f"{city!r} has no lines; those that have: {known}")
        return self._numbers[city]


def sweep() -> None:
    """Take away what a killed run left; nothing while another run has the namespaces.

    Raises LinksError where the machine does not let us.
    """
    with contextlib.suppress(BlockingIOError), _claim_or_block():
        _sweep()


def _claimed() -> socket.socket:
    try:
        return _claim_or_block()
    except BlockingIOError as error:
        raise LinksError(
            "another run on this machine has the namespaces; end it with `scripts/harness down`"
        ) from error


def _claim_or_block() -> socket.socket:
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(_CLAIM)
    except OSError as error:
        claim.close()
        raise BlockingIOError from error
    return claim


def _sweep() -> None:
    """End what runs in namespaces of ours, and take them and their links away."""
    namespaces = commands.our_namespaces(_run(("ip", "netns", "list")))
    for name in namespaces:
        for pid in _run(("ip", "netns", "pids", name)).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    links = commands.our_links(_run(("ip", "-o", "link", "show")))
    _run_all(commands.closing(namespaces, links))


def _see_that_it_is_free() -> None:
    others = commands.taken(_run(("ip", "-o", "-4", "addr", "show")))
    if others:
        raise LinksError(
            f"addresses of {commands.NETWORK} are in use on this machine: {', '.join(others)}"
        )


def _run_all(many: Iterable[Command]) -> None:
    for words in many:
        _run(words)


def _run(words: Command) -> str:
    """What a command says; raises LinksError with what it says of its failure."""
    try:
        done = subprocess.run(
            words,
            check=False,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise LinksError(f"this machine has no `{words[0]}`; install iproute2") from error
    except subprocess.TimeoutExpired as error:
        raise LinksError(f"`{shlex.join(words)}` did not end in {_SECONDS:g} s") from error
    if done.returncode:
        why = " ".join(done.stderr.split()).rstrip(".") or f"exit code {done.returncode}"
        if "netem" in words:
            raise LinksError(f"delay, loss and cuts take a kernel with netem (sch_netem): {why}")
        raise LinksError(f"`{shlex.join(words)}` failed: {why}")
    return done.stdout
