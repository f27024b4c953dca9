"""What each safety costs: one node's RequestAttestation, safety upon safety, against a bare echo.

All servers run at once and are measured in short turns, one after the other: the machine's speed
drifts, and each sees the same of it. The nodes are one and the same city, in copies of its folder:
the same questions suit all. The client's own work is in every turn, so that the ratios are rather
too near to one: an echo without TLS is little more than the client.
"""

import contextlib
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import grpc
import uvloop

from scripts.benches import attest, echo
from scripts.benches.figures import Figure, paired
from scripts.benches.rig import METHOD, Rig, open_channel, rate, rig
from scripts.benches.safeties_node import LEVELS as NODES
from scripts.benches.safeties_plot import LEVELS
from scripts.city import City, free_ports

_TURNS: Final = 8
_CALLS: Final = 500
_QUIET: Final = {"HUTONG_LOG_LEVEL": "warning"}
_MESSAGE: Final = "RequestAttestationRequest"
_COMMAND: Final = ("-m", "scripts.benches.safeties_node")


@dataclass(frozen=True, slots=True)
class _Server:
    """What is measured: where it listens, and what it is asked."""

    channel: grpc.aio.Channel
    method: str


def run(rounds: int) -> list[Figure]:
    """Measure every level in turn, and again."""
    with (
        tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
        rig(Path(directory) / "first", _QUIET) as rigged,
    ):
        # The folder of a city is copied while nobody writes to it.
        rigged.home.stop()
        with (
            _nodes(rigged, Path(directory)) as homes,
            attest.echo_server(rigged) as secured,
            echo.echoing_bare(_MESSAGE, rigged.home.environment) as bare,
        ):
            return uvloop.run(_measure(rigged, homes, (bare, secured), rounds))


@contextlib.contextmanager
def _nodes(rigged: Rig, directory: Path) -> Iterator[list[City]]:
    """A node for each level, all of the same city."""
    with contextlib.ExitStack() as stack:
        homes = []
        for name in NODES:
            home = _copied(rigged.home, directory / name, (*_COMMAND, name))
            stack.callback(home.kill)
            home.start()
            homes.append(home)
        for home in homes:
            home.wait()
        yield homes
        for home in homes:
            home.stop()


def _copied(home: City, directory: Path, command: Sequence[str]) -> City:
    """The same city in a folder and at ports of its own."""
    shutil.copytree(home.directory, directory)
    ports = free_ports(3)
    settings = directory / home.settings.name
    text = settings.read_text("utf-8")
    old = (home.peer_port, home.local_port, home.onboarding_port)
    for before, after in zip(old, ports, strict=True):
        text = text.replace(f":{before}", f":{after}")
    settings.write_text(text, "utf-8")
    peer, local, onboarding = ports
    copied = City(home.about, directory, peer, local, onboarding)
    copied.environment, copied.command = home.environment, command
    return copied


async def _measure(
    rigged: Rig, homes: Sequence[City], echoes: tuple[int, int], rounds: int
) -> list[Figure]:
    async with contextlib.AsyncExitStack() as stack:
        servers = []
        channels = [
            (grpc.aio.insecure_channel(f"127.0.0.1:{echoes[0]}"), echo.METHOD),
            (attest.echo_channel(rigged, echoes[1]), echo.METHOD),
            *((replace(rigged, home=home).channel(), METHOD) for home in homes),
        ]
        for channel, method in channels:
            opened = await stack.enter_async_context(open_channel(channel))
            servers.append(_Server(opened, method))
        for server in servers:
            await rate(server.channel, server.method, rigged.questions(_CALLS))
        chance = random.Random(rounds)  # noqa: S311 - an order, no secret
        found = [await _round(rigged, servers, chance) for _ in range(rounds)]
    return _figures([list(each) for each in zip(*found, strict=True)])


async def _round(rigged: Rig, servers: Sequence[_Server], chance: random.Random) -> list[float]:
    """The rate of each server, over several short turns of all."""
    seconds = [0.0] * len(servers)
    places = list(range(len(servers)))
    for _ in range(_TURNS):
        # Never in the same order: what one leaves to be done behind it falls on another each time.
        chance.shuffle(places)
        for place in places:
            server = servers[place]
            # Signed just before they are sent: a home city takes them for a minute.
            questions = rigged.questions(_CALLS)
            seconds[place] += _CALLS / await rate(server.channel, server.method, questions)
    return [_TURNS * _CALLS / each for each in seconds]


def _figures(rates: Sequence[Sequence[float]]) -> list[Figure]:
    bare, *others = rates
    name = LEVELS[0].name
    pairs = [
        paired(level.name, its, name, bare, "calls/s")
        for level, its in zip(LEVELS[1:], others, strict=True)
    ]
    return [pairs[0][0], *(pair[1] for pair in pairs)]
