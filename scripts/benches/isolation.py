"""Whether a partner that hangs, is slow, or floods moves what others wait (rule 10).

Three cities on this machine. Visitors of the good one are checked at a venue of the host at a
steady rate, and how long the slowest of a hundred wait is compared: while the bad partner behaves
well, and while it does not. Visitors of the bad one are checked all the time, too.

A concession: whoever floods has, in earnest, a machine of its own. Here its process gives way to
the others, and its start is no part of the flood.
"""

import asyncio
import contextlib
import itertools
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc
import uvloop

from federation.errors import NOT_RECOGNISED, HutongError
from federation.identifiers import CityCode, code_text
from node.certificates import peer_name
from node.clock import SystemEntropy
from node.keys import KeyFolder
from node.transport import status
from node.v1 import venue_service_pb2 as pb
from scripts.benches.figures import Figure, promised
from scripts.benches.open_loop import GOOD, at_once, at_rate, good_rate, percentile
from scripts.benches.rig import IN_FLIGHT, METHOD, open_channel
from scripts.benches.visits import Visits, venue, visits
from scripts.city import City, new_id
from scripts.harnessing.precedence import give_way

_BAD: Final = "320500"
_ENVIRONMENT: Final = {"HUTONG_LOG_LEVEL": "warning"}
# Visits a second, and at most that part of what the machine can do: nobody is to wait for his turn.
_RATE: Final = 120.0
_PART_OF_PEAK: Final = 0.2
_BAD_PART: Final = 0.25
_PEAK_CODES: Final = 1500
_PEAK_SECONDS: Final = 3.0
_SECONDS: Final = 20.0
_SETTLES_SECONDS: Final = 2.0
_WAIT_SECONDS: Final = 10.0
_SLOW_SECONDS: Final = 2.0
_MOST: Final = 1.2
_LEAST_GOOD: Final = 0.999
_PART: Final = 0.99
# Lines of a flood, and calls at once over each.
_FLOOD_LINES: Final = 4
_FLOOD_CALLS: Final = 256
_WELL: Final = "behaves well"
_HANGS: Final = "hangs"
_SLOW: Final = "is slow"
_FLOODS: Final = "floods"


@dataclass(slots=True)
class _BadPartner:
    """The server of the bad city: it answers as `mood` has it."""

    mood: str = _WELL
    hanging: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, _request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        """Refuse, sooner or later."""
        if self.mood == _HANGS:
            await self.hanging.wait()
        if self.mood == _SLOW:
            await asyncio.sleep(_SLOW_SECONDS)
        error = HutongError(NOT_RECOGNISED)
        await context.abort(status.code_of(error), "", status.to_metadata(error))
        return b""


def run(rounds: int) -> list[Figure]:
    """The 99th percentile of the good city's visitors, to that while all behave well."""
    with (
        tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
        visits(Path(directory), _BAD, environment=_ENVIRONMENT) as made,
    ):
        [bad] = made.others
        bad.stop()
        slowest, good = uvloop.run(_measure(made, bad, rounds))
    figures = [
        Figure(
            f"isolation 99th percentile while a partner {_WELL}",
            statistics.median(slowest[_WELL]),
            "s",
            None,
            None,
            slowest[_WELL],
        )
    ]
    for mood in (_HANGS, _SLOW, _FLOODS):
        ratios = [a / b for a, b in zip(slowest[mood], slowest[_WELL], strict=True)]
        name = f"isolation 99th percentile of others while a partner {mood}, to that"
        figures.append(promised(name, ratios, "", most=_MOST))
    return [
        *figures,
        promised("isolation good answers of all others", good, "", least=_LEAST_GOOD),
    ]


async def _measure(
    made: Visits, bad: City, rounds: int
) -> tuple[dict[str, list[float]], list[float]]:
    partner = _BadPartner()
    slowest: dict[str, list[float]] = {mood: [] for mood in (_WELL, _HANGS, _SLOW, _FLOODS)}
    good = list[float]()
    async with (
        _serving(made, bad, partner),
        open_channel(venue(made)) as channel,
        open_channel(venue(made)) as other,
    ):
        rate = await _rate(made, channel)
        for number in range(rounds + 1):
            for mood, found in slowest.items():
                partner.mood = mood
                async with _flooding(made, bad) if mood == _FLOODS else contextlib.nullcontext():
                    seconds, part = await _visited(made, channel, other, rate)
                partner.hanging.set()
                partner.hanging = asyncio.Event()
                # The first time round everything is new to both.
                if number:
                    found.append(seconds)
                    good.append(part)
    return slowest, good


async def _rate(made: Visits, channel: grpc.aio.Channel) -> float:
    """So many visits a second as leave the machine most of its time."""
    requests = iter(await made.by_code(_PEAK_CODES))
    told = await at_once(channel, requests, IN_FLIGHT, _PEAK_SECONDS, _WAIT_SECONDS)
    first, last = (pick(each.at for each in told) for pick in (min, max))
    return min(_RATE, _PART_OF_PEAK * good_rate(told, first, last))


async def _visited(
    made: Visits, channel: grpc.aio.Channel, other: grpc.aio.Channel, rate: float
) -> tuple[float, float]:
    """How long the slowest of a hundred waited, and the part that had a good answer."""
    lasting = _SECONDS + _SETTLES_SECONDS
    requests = iter(await made.by_code(round(rate * lasting) + 10))
    told, _ = await asyncio.gather(
        at_rate(channel, requests, rate, lasting, _WAIT_SECONDS),
        at_rate(other, _bad_codes(), _BAD_PART * rate, lasting, _WAIT_SECONDS),
    )
    began = told[0].at + _SETTLES_SECONDS
    settled = [each for each in told if each.at >= began]
    part = sum(each.outcome == GOOD for each in settled) / len(settled)
    return percentile([each.took for each in settled], _PART), part


def _bad_codes() -> Iterator[bytes]:
    """Checks of visitors of the bad city."""
    entropy = SystemEntropy()
    for _ in itertools.count():
        code = code_text(CityCode(_BAD), entropy.token(16))
        yield pb.CheckEligibilityRequest(
            request_id=new_id(), presentation_code=code
        ).SerializeToString()


@contextlib.asynccontextmanager
async def _serving(made: Visits, bad: City, partner: _BadPartner) -> AsyncIterator[None]:
    """The bad city's peer port, with its keys."""
    keys = KeyFolder(bad.directory)
    handler = grpc.unary_unary_rpc_method_handler(partner.serve)

    class Everything(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in the stubs only
        def service(self, _details: object) -> Any:  # noqa: ANN401 - as the stubs have it
            return handler

    server: Any = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers([Everything()])
    pair = keys.peer_key.read_bytes(), keys.peer_certificate.read_bytes()
    credentials = grpc.ssl_server_credentials(
        [pair],
        root_certificates=KeyFolder(made.host.directory).peer_certificate.read_bytes(),
        require_client_auth=True,
    )
    server.add_secure_port(f"127.0.0.1:{bad.peer_port}", credentials)
    await server.start()
    try:
        yield
    finally:
        partner.hanging.set()
        await server.stop(None)


@contextlib.asynccontextmanager
async def _flooding(made: Visits, bad: City) -> AsyncIterator[None]:
    """The bad city calls the host, as fast as it can, from a process of its own."""
    arguments = (str(made.host.peer_port), made.host.about.code)
    folders = (str(made.host.directory), str(bad.directory))
    # Not by the loop: uvloop forks, and a fork of a process in which gRPC runs may die of it.
    process = subprocess.Popen(  # noqa: ASYNC220 - it takes a moment, and nothing is measured yet
        (sys.executable, "-m", __name__, *arguments, *folders),
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        await give_way(process.pid)
        if process.stdout is None or not await asyncio.to_thread(process.stdout.readline):
            raise RuntimeError("the flood did not begin")
        yield
    finally:
        process.kill()
        await asyncio.to_thread(process.communicate)


async def _flood(port: str, code: str, host: str, bad: str) -> None:
    """Garbage over four lines, until the process ends; a word is printed once it comes in."""
    keys = KeyFolder(Path(bad))
    credentials = grpc.ssl_channel_credentials(
        KeyFolder(Path(host)).peer_certificate.read_bytes(),
        keys.peer_key.read_bytes(),
        keys.peer_certificate.read_bytes(),
    )
    options = (
        ("grpc.ssl_target_name_override", peer_name(CityCode(code))),
        ("grpc.use_local_subchannel_pool", 1),
    )

    async def caller(line: grpc.aio.Channel) -> None:
        call: Callable[..., Any] = line.unary_unary(METHOD, None, None)
        while True:
            with contextlib.suppress(grpc.aio.AioRpcError):
                await call(b"\xff", timeout=_WAIT_SECONDS)

    async with contextlib.AsyncExitStack() as opened:
        lines = [
            await opened.enter_async_context(
                grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials, options=options)
            )
            for _ in range(_FLOOD_LINES)
        ]
        for line in lines:
            await line.channel_ready()
        print("floods", flush=True)
        await asyncio.gather(*(caller(line) for line in lines for _ in range(_FLOOD_CALLS)))


if __name__ == "__main__":
    uvloop.run(_flood(*sys.argv[1:]))
