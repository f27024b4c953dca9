"""A city's two ports in this process, over real mutual TLS; the loop runs in a thread of its own.

Tests call from outside with gRPC's own client, as any stranger can.
"""

import asyncio
import contextlib
import functools
import gc
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import grpc
import uvloop

from federation.envelope import envelope_to_json
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.trust import fingerprint
from node import data
from node.anchor import FileAnchor
from node.bootstrap import init_node, issue_client
from node.certificates import Identity, peer_name
from node.clock import SystemClock, SystemEntropy
from node.keys import FileKeys, KeyFolder
from node.keys.workshop import Workshop
from node.model import Role
from node.ports import Clock, Peers
from node.services.assembly import UseCases, assemble
from node.services.here import Here
from node.store import Store, open_room, open_store
from node.transport import status
from node.transport.listening import Meter, Spans, unmetered, untraced
from node.transport.onboarding import GrpcDoor
from node.transport.peers import GrpcPeers
from node.transport.pressure import Pressure
from node.transport.servers import Port, local_port, peer_port
from node.transport.shares import CLIENT, PARTNER, Allowance
from scripts.cities import free_ports
from tests.node.befriend import activate

T = TypeVar("T")

HERE: Final = CityCode("410100")
FRIEND: Final = CityCode("330100")
OTHER: Final = CityCode("320500")
STRANGER: Final = CityCode("420100")
OPERATOR: Final = "operator/default"
LIFE: Final = timedelta(days=30)
EXCHANGE: Final = "/federation.v1.FederationService/ExchangeTrustBundles"
_SECONDS: Final = 30


class Loop:
    """The event loop of the node's side."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(_warm())

    def run(self, path: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(path, self._loop).result(_SECONDS)

    def tasks(self) -> int:
        """How many tasks are there, this question aside."""

        async def count() -> int:
            return len(asyncio.all_tasks()) - 1

        return self.run(count())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _warm() -> None:
    """Open what a loop and gRPC open once for all, so that tests can count what they leave open."""

    async def ignore(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    (await asyncio.start_server(ignore, "127.0.0.1", 0)).close()
    server = grpc.aio.server()
    await server.start()
    await server.stop(None)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Another city: its keys and its certificate in our hand, no process."""

    code: CityCode
    keys: FileKeys
    own: Identity
    folder: KeyFolder

    @property
    def descriptor(self) -> tuple[bytes, str]:
        return envelope_to_json(self.keys.bundle).encode(), fingerprint(self.keys.bundle)


def stranger(directory: Path, code: CityCode, address: str = "127.0.0.1:7443") -> Stranger:
    """A city that has made its keys."""
    init_node(
        directory,
        city=code,
        name_zh="城",
        name_en="city",
        peer_address=address,
        local_address="127.0.0.1:7444",
    )
    folder = KeyFolder(directory)
    keys = FileKeys(folder)
    return Stranger(code, keys, keys.peer_identity, folder)


@dataclass
class House:
    """A city with both ports open."""

    loop: Loop
    directory: Path
    folder: KeyFolder
    keys: FileKeys
    own: Identity
    store: Store
    cases: UseCases
    door: GrpcDoor
    ports: tuple[Port, Port]
    peer_number: int
    local_number: int

    def act(self, use_case: Callable[[Any], T]) -> T:
        return self.loop.run(self.store.run(use_case))

    def trust(self, other: Stranger) -> None:
        descriptor, compared = other.descriptor
        self.act(lambda tx: self.cases.partners.add(tx, descriptor, compared, OPERATOR))
        self.act(lambda tx: activate(tx, other.code))

    def suspend(self, city: CityCode) -> None:
        self.act(lambda tx: self.cases.partners.suspend(tx, city, OPERATOR, "a test"))

    def resume(self, city: CityCode) -> None:
        self.act(lambda tx: self.cases.partners.resume(tx, city, OPERATOR, "a test"))

    def end(self, city: CityCode) -> None:
        self.act(lambda tx: self.cases.partners.end(tx, city, OPERATOR, "a test"))

    def as_partner(self, own: Identity | None) -> grpc.Channel:
        """A connection to the peer port with that certificate, or with none."""
        return self._channel(
            self.peer_number,
            self.own.certificate,
            own,
            ("grpc.ssl_target_name_override", peer_name(self.cases.here.city)),
        )

    def as_client(self, own: Identity | None) -> grpc.Channel:
        """A connection to the local port with that certificate, or with none."""
        return self._channel(self.local_number, self.folder.ca_certificate.read_bytes(), own)

    def client(self, role: Role, name: str = "library") -> Identity:
        """A client's certificate, as this city makes them."""
        files = issue_client(
            self.directory / "hutong.toml", role=role, name=name, directory=self.directory / "made"
        )
        return Identity(files.certificate.read_bytes(), files.key.read_bytes())

    def _channel(
        self, port: int, roots: bytes, own: Identity | None, *options: tuple[str, str]
    ) -> grpc.Channel:
        key, certificate = (own.key, own.certificate) if own else (None, None)
        credentials = grpc.ssl_channel_credentials(roots, key, certificate)
        # Each channel has connections of its own: tests are about handshakes too.
        alone = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0))
        return grpc.secure_channel(f"127.0.0.1:{port}", credentials, options=(*alone, *options))


async def _door(address: str, keys: FileKeys, here: Here) -> GrpcDoor:
    return GrpcDoor(address, address, keys, here)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What each caller may take; by `pressure` a part of what comes is turned away.

    `spans` are around the calls of partners.
    """

    partner: Allowance = PARTNER
    client: Allowance = CLIENT
    pressure: Pressure | None = None
    spans: Spans = untraced


@contextlib.contextmanager
def opened(
    loop: Loop,
    directory: Path,
    peers: Peers | None = None,
    city: CityCode = HERE,
    clock: Clock | None = None,
    meter: Meter = unmetered,
    store_url: str = "",
    sharing: Sharing = Sharing(),
) -> Iterator[House]:
    """A house; its doors are closed at the end. `meter` is the peer port's."""
    clock, about = clock or SystemClock(), data.city(city)
    peer_number, local_number, door_number = free_ports(3)
    init_node(
        directory,
        city=city,
        name_zh=about.name_zh,
        name_en=about.name_en,
        peer_address=f"127.0.0.1:{peer_number}",
        local_address=f"127.0.0.1:{local_number}",
    )
    folder = KeyFolder(directory)
    keys = FileKeys(folder, clock=clock)
    store = open_store(store_url or f"sqlite:///{directory / 'store.sqlite'}", clock)
    here = Here(city, ZoneInfo("Asia/Shanghai"), clock, SystemEntropy())
    workshop, anchor = Workshop(city, folder, clock), FileAnchor(directory)
    address = f"127.0.0.1:{door_number}"

    door, authority = loop.run(_door(address, keys, here)), folder.ca_certificate.read_bytes()
    rooms = functools.partial(open_room, clock)
    cases = assemble(here, store, keys, peers or GrpcPeers(keys), workshop, door, rooms, anchor)
    door.welcome(cases.onboarding)

    async def start() -> tuple[Port, Port]:
        one, other = (f"127.0.0.1:{number}" for number in (peer_number, local_number))
        peer, local, pressure = sharing.partner, sharing.client, sharing.pressure
        return await started(
            peer_port(one, keys, store, cases, meter, sharing.spans, peer, pressure),
            local_port(other, keys, authority, cases, unmetered, untraced, local, pressure),
        )

    ports = loop.run(start())
    try:
        yield House(
            loop,
            directory,
            folder,
            keys,
            keys.peer_identity,
            store,
            cases,
            door,
            ports,
            peer_number,
            local_number,
        )
    finally:
        loop.run(door.close())
        loop.run(cases.refreshing.close())
        for port in ports:
            loop.run(port.stop())
        loop.run(store.close())


async def started(one: Port, other: Port) -> tuple[Port, Port]:
    """Both ports, which serve from now on."""
    for port in (one, other):
        await port.start()
        await port.say(serving=True)
    return one, other


@dataclass(frozen=True, slots=True)
class Failed:
    """How a call failed: gRPC's code, the node's own error where it sent one, and the text."""

    code: grpc.StatusCode
    error: HutongError | None
    text: str

    @property
    def reason(self) -> str:
        return self.error.reason.name if self.error else ""


def call(channel: grpc.Channel, method: str, body: bytes = b"") -> bytes:
    """The bytes of an answer."""
    found: bytes = channel.unary_unary(method, None, None)(
        body, timeout=_SECONDS, wait_for_ready=False
    )
    return found


def failure(channel: grpc.Channel, method: str, body: bytes = b"") -> Failed:
    """How the call fails."""
    try:
        call(channel, method, body)
    except grpc.RpcError as raised:
        told: Any = raised
        return Failed(
            told.code(), status.from_metadata(told.trailing_metadata()), str(told.details())
        )
    raise AssertionError("it was answered")


def turned_away(channel: grpc.Channel, method: str = EXCHANGE) -> bool:
    """Whether the handshake itself failed: not one byte of an answer came."""
    found = failure(channel, method)
    return found.code is grpc.StatusCode.UNAVAILABLE and found.error is None


def descriptors() -> int:
    """The open file descriptors of this process, those of lost objects aside."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a Path would open one more


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold; a loop or a kernel may need a moment to let things go."""
    until = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def now() -> datetime:
    return datetime.now(UTC)
