"""Partner cities that behave as a test says, and this city's way to them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import grpc

from federation import codec
from federation.errors import HutongError
from federation.messages import Endpoint
from federation.v1 import federation_service_pb2 as pb
from node.certificates import Identity
from node.errors import PEER_UNREACHABLE
from node.registry import Partner
from node.transport.peers import GrpcPeers
from scripts.cities import free_ports
from tests.node.befriend import active
from tests.node.transport.house import (
    Loop,
    Stranger,
    now,
)

Behaviour = Callable[[bytes, Any], Awaitable[bytes]]
Streaming = Callable[[bytes, Any], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Scene:
    """This city, two partners, and where each listens."""

    here: Stranger
    friend: Stranger
    other: Stranger
    loop: Loop

    def partner(self, city: Stranger, *ports: int) -> Partner:
        """The city as a partner that listens there."""
        bundle = codec.TRUST_BUNDLE.decode(city.keys.bundle.payload)
        endpoints = tuple(Endpoint("127.0.0.1", port) for port in ports)
        bundle = replace(bundle, endpoints=endpoints)
        return active(Partner(city.code, bundle, city.keys.bundle, now()))

    async def swap(self, peers: GrpcPeers, partner: Partner) -> object:
        swapped = await peers.exchange_trust_bundles(partner, (self.here.keys.bundle,))
        return swapped.chain[-1]


@contextlib.asynccontextmanager
async def serving(
    scene: Scene,
    port: int,
    behave: Behaviour | Streaming,
    own: Identity | None = None,
    roots: bytes = b"",
    *,
    streams: bool = False,
) -> AsyncIterator[None]:
    """A partner's peer port that behaves like this, and accepts these certificates of ours."""
    own = own or scene.friend.own
    server: Any = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    kind: Any = grpc.unary_unary_rpc_method_handler
    if streams:
        kind = grpc.unary_stream_rpc_method_handler
    handler = kind(behave)

    class Everything(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in the stubs only
        def service(self, _details: object) -> Any:  # noqa: ANN401 - as the stubs have it
            return handler

    server.add_generic_rpc_handlers([Everything()])
    credentials = grpc.ssl_server_credentials(
        [(own.key, own.certificate)],
        root_certificates=roots or scene.here.own.certificate,
        require_client_auth=True,
    )
    server.add_secure_port(f"127.0.0.1:{port}", credentials)
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


@contextlib.asynccontextmanager
async def far_away(port: int, there: int, seconds: float) -> AsyncIterator[None]:
    """A line from a port to another one here on which each byte takes so long, either way."""
    lines, loop = list[asyncio.StreamWriter](), asyncio.get_running_loop()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                loop.call_later(seconds, writer.write, data)
        loop.call_later(seconds, writer.close)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, asks = await asyncio.open_connection("127.0.0.1", there)
        lines.extend((writer, asks))
        await asyncio.gather(carry(reader, asks), carry(answers, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield
    finally:
        for line in lines:
            line.close()
        server.close()
        await server.wait_closed()


def honest(city: Stranger) -> Behaviour:
    """Answers with the city's bundle."""
    wire = codec.envelope_to_wire(city.keys.bundle)

    async def behave(_request: bytes, _context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        return pb.ExchangeTrustBundlesResponse(trust_bundle=wire).SerializeToString()

    return behave


def saying(answer: bytes) -> Behaviour:
    async def behave(_request: bytes, _context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        return answer

    return behave


def failing(code: grpc.StatusCode, text: str, trailers: tuple[Any, ...] = ()) -> Behaviour:
    async def behave(_request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        await context.abort(code, text, trailers)
        return b""

    return behave


class Hanging:
    """Says nothing until it is let go."""

    def __init__(self) -> None:
        self.inside = 0
        self.let_go = asyncio.Event()

    async def serve(self, _request: bytes, _context: object) -> bytes:
        self.inside += 1
        await self.let_go.wait()
        return b""


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - what it waits for happens in gRPC's threads
        await asyncio.sleep(0.005)


def told(scene: Scene, behave: Behaviour, own: Identity | None = None) -> HutongError:
    """What a call to a partner that behaves like this raises."""
    [port] = free_ports(1)

    async def path() -> HutongError:
        async with serving(scene, port, behave, own), GrpcPeers(scene.here.keys) as peers:
            try:
                await scene.swap(peers, scene.partner(scene.friend, port))
            except HutongError as error:
                return error
        raise AssertionError("it was answered")

    return scene.loop.run(path())


def problem(error: HutongError) -> str:
    assert error.reason == PEER_UNREACHABLE
    return error.fields["problem"]
