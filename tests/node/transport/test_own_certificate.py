"""A city's own certificate changes by the clock, on both sides of a line, and nobody notices."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc

from node.certificates import (
    Identity,
    authority,
    client_identity,
    local_server_identity,
    peer_identity,
    peer_name,
    pem_to_der,
)
from node.model import Caller, Role
from node.registry import Registry
from node.transport import credentials
from node.transport.peers import GrpcPeers
from scripts.cities import free_ports
from tests.node.transport.house import HERE, LIFE, now
from tests.node.transport.partners import Hanging, Scene, honest, serving, until

METHOD = "/anything/Anything"


@dataclass
class Shown:
    """What a city shows, until it shows something else."""

    peer_identity: Identity
    local_identity: Identity

    @property
    def peer_identities(self) -> tuple[Identity, ...]:
        return (self.peer_identity,)

    @property
    def revoked_identities(self) -> tuple[Identity, ...]:
        return ()


@dataclass
class Kept:
    """A store of which only the registry is asked."""

    registry: Registry


EMPTY = Registry(0, (), {}, (), (), None)


def made(days: int = 0) -> Identity:
    return peer_identity(HERE, now=now() - timedelta(days=days), life=LIFE)


@contextmanager
def listening(server_credentials: grpc.ServerCredentials) -> Iterator[int]:
    """A port that answers everything."""
    server = grpc.server(ThreadPoolExecutor(2), options=(("grpc.so_reuseport", 0),))
    handler = grpc.unary_unary_rpc_method_handler(lambda request, _: request)

    class Everything(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in the stubs only
        def service(self, _details: object) -> Any:  # noqa: ANN401 - as the stubs have it
            return handler

    server.add_generic_rpc_handlers([Everything()])
    port = server.add_secure_port("127.0.0.1:0", server_credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@contextmanager
def dialling(
    port: int, expected: bytes, own: Identity, name: str = ""
) -> Iterator[Callable[[], bool]]:
    """A line of its own to the port; the value asks whether it answers."""
    made = grpc.ssl_channel_credentials(expected, own.key, own.certificate)
    options: list[tuple[str, object]] = [("grpc.use_local_subchannel_pool", 1)]
    if name:
        options.append(("grpc.ssl_target_name_override", name))
    with grpc.secure_channel(f"127.0.0.1:{port}", made, options=options) as channel:

        def answers() -> bool:
            try:
                return bool(channel.unary_unary(METHOD, None, None)(b"x", timeout=5) == b"x")
            except grpc.RpcError:
                return False

        yield answers


def test_the_peer_port_shows_the_certificate_that_is_current_at_each_handshake() -> None:
    old, new = made(1), made()
    shown, name = Shown(old, old), peer_name(HERE)
    server = credentials.peer_server(shown, Kept(EMPTY))  # type: ignore[arg-type]
    with listening(server) as port, dialling(port, old.certificate, old, name) as before:
        assert before()
        shown.peer_identity = new
        with dialling(port, new.certificate, new, name) as after:
            assert after()
        with dialling(port, old.certificate, new, name) as late:
            assert not late()
        # A line that was open stays open: it was the right certificate when it was made.
        assert before()


def test_the_local_port_shows_its_new_certificate_without_a_restart() -> None:
    ca = authority(HERE, now=now(), life=LIFE)
    client = client_identity(HERE, ca, Caller(Role.VENUE, "library"), now=now(), life=LIFE)
    old, new = (
        local_server_identity(HERE, ca, ["127.0.0.1"], now=now(), life=life)
        for life in (timedelta(minutes=1), LIFE)
    )
    shown = Shown(old, old)
    with listening(credentials.local_server(shown, ca.certificate)) as port:
        for identity in (old, new):
            shown.local_identity = identity
            presented = ssl.get_server_certificate(("127.0.0.1", port))
            assert pem_to_der(presented.encode()) == identity.der()
            with dialling(port, ca.certificate, client) as answers:
                assert answers()


def test_calls_under_way_end_on_the_old_line_and_new_ones_show_the_new_certificate(
    scene: Scene,
) -> None:
    old, new = scene.here.own, made()
    [port] = free_ports(1)

    async def path() -> list[bytes]:
        shown, seen, hanging = Shown(old, old), list[bytes](), Hanging()
        answer = honest(scene.friend)

        async def behave(request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
            seen.append(context.auth_context()["x509_pem_cert"][0])
            if len(seen) == 1:
                await hanging.serve(request, context)
            return await answer(request, context)

        roots = old.certificate + new.certificate
        async with serving(scene, port, behave, roots=roots), GrpcPeers(shown) as peers:
            partner = scene.partner(scene.friend, port)
            first = asyncio.create_task(scene.swap(peers, partner))
            await until(lambda: hanging.inside == 1)
            shown.peer_identity = new
            await scene.swap(peers, partner)
            hanging.let_go.set()
            await first
            return seen

    assert scene.loop.run(path()) == [old.certificate, new.certificate]
