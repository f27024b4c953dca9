"""RequestAttestation at the home node against a bare echo: mutual TLS, 64 calls in flight."""

import contextlib
import tempfile
from pathlib import Path

import grpc
import uvloop

from federation.identifiers import CityCode
from node.certificates import peer_name
from node.keys import KeyFolder
from scripts.benches import echo
from scripts.benches.figures import Figure, paired
from scripts.benches.rig import METHOD, Rig, open_channel, rate, rig

# A pair is several short turns of each: the machine's speed drifts, and both see the same of it.
_TURNS = 6
_CALLS = 2_000


def run(rounds: int) -> list[Figure]:
    """Measure in turn: echo, attest, echo, attest, ..."""
    with (
        tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
        rig(Path(directory), {"HUTONG_LOG_LEVEL": "warning"}) as rigged,
        echo_server(rigged) as channel_to_echo,
    ):
        return uvloop.run(_measure(rigged, channel_to_echo, rounds))


async def _measure(rigged: Rig, port: int, rounds: int) -> list[Figure]:
    echoes, attests = list[float](), list[float]()
    async with (
        open_channel(echo_channel(rigged, port)) as bare,
        open_channel(rigged.channel()) as node,
    ):
        warm = rigged.questions(_CALLS)
        await rate(bare, echo.METHOD, warm)
        await rate(node, METHOD, warm)
        for _ in range(rounds):
            seconds = [0.0, 0.0]
            for _ in range(_TURNS):
                # Signed just before they are sent: a home city takes them for a minute.
                questions = rigged.questions(_CALLS)
                seconds[0] += _CALLS / await rate(bare, echo.METHOD, questions)
                seconds[1] += _CALLS / await rate(node, METHOD, questions)
            echoes.append(_TURNS * _CALLS / seconds[0])
            attests.append(_TURNS * _CALLS / seconds[1])
    return paired("attest", attests, "echo", echoes, "calls/s")


def echo_channel(rigged: Rig, port: int) -> grpc.aio.Channel:
    """A connection to a bare echo, as the host."""
    credentials = grpc.ssl_channel_credentials(
        KeyFolder(rigged.home.directory).peer_certificate.read_bytes(),
        rigged.folder.peer_key.read_bytes(),
        rigged.folder.peer_certificate.read_bytes(),
    )
    name = peer_name(CityCode(rigged.home.about.code))
    return grpc.aio.secure_channel(
        f"127.0.0.1:{port}", credentials, options=[("grpc.ssl_target_name_override", name)]
    )


def echo_server(rigged: Rig) -> contextlib.AbstractContextManager[int]:
    """A bare echo with the home city's certificate; its port."""
    ours = KeyFolder(rigged.home.directory)
    return echo.echoing(
        ours.peer_key,
        ours.peer_certificate,
        rigged.folder.peer_certificate,
        "RequestAttestationRequest",
        rigged.home.environment,
    )
