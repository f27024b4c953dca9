"""Two houses of which one invites the other, who knocks by hand, and somebody between them."""

import asyncio
import contextlib
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import grpc
import pytest

from federation.codec import onboarding as wire
from federation.errors import HutongError, Reason
from federation.hello import Finish, Hello
from federation.identifiers import CityCode
from federation.messages import Endpoint
from federation.onboarding import Exchanged, Inviting, Joining, Party, Secret
from federation.v1 import onboarding_pb2 as pb
from federation.words import bytes_of
from node.certificates import Identity, peer_name
from node.clock import SystemClock
from node.registry import Invitation, Partner
from node.services.answering import Ask
from node.services.onboarding import Way
from node.transport.onboarding import GrpcDoor
from tests.node.transport.house import HERE, OPERATOR, House, Stranger, now

SERVICE: Final = "/federation.v1.OnboardingService/"
SEED: Final = b"s" * 32


class Watch:
    """The machine's clock, moved by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


@dataclass(frozen=True, slots=True)
class Pair:
    """Who invites, who joins, and the clock of the first."""

    inviter: House
    joiner: House
    watch: Watch

    @property
    def address(self) -> Endpoint:
        return Endpoint.read(self.inviter.door.address, where="address")

    def invite(self, city: CityCode | None = None) -> bytes:
        """The code that the officer reads out."""
        onboarding = self.inviter.cases.onboarding
        invited = onboarding.invite(city or self.joiner.cases.here.city, new_id(), OPERATOR)
        return bytes_of(self.inviter.loop.run(invited).words)

    def cancel(self) -> None:
        city = self.joiner.cases.here.city
        self.inviter.act(lambda tx: self.inviter.cases.onboarding.cancel(tx, city, OPERATOR))

    def tick(self) -> None:
        """A second passes for the inviter."""
        self.inviter.loop.run(self.inviter.cases.onboarding.tick())

    def join(self, code: bytes, address: Endpoint | None = None, request_id: str = "") -> Partner:
        """The other officer types the code."""
        joining = self.joiner.cases.onboarding.join(
            Ask(OPERATOR, request_id or new_id(), code.ljust(32)),
            Way(code, address or self.address),
            OPERATOR,
            lambda _, partner: partner.city.encode(),
        )
        city = CityCode(self.joiner.loop.run(joining).decode())
        return self.joiner.store.registry.partners[city]

    @property
    def invitation(self) -> Invitation:
        """As the inviter keeps it."""
        return self.inviter.store.registry.invitations[self.joiner.cases.here.city]

    @property
    def partners(self) -> int:
        """How many partners both have."""
        return sum(len(house.store.registry.partners) for house in (self.inviter, self.joiner))

    @property
    def is_open(self) -> bool:
        """Whether anybody listens at the door."""
        with socket.socket() as probe:
            return probe.connect_ex((self.address.host, self.address.port)) == 0


@dataclass(frozen=True, slots=True)
class Knock:
    """One joining by hand."""

    pair: Pair
    joining: Joining
    shown: bytes

    @property
    def door(self) -> GrpcDoor:
        return self.pair.joiner.door

    def run(self, path: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it gives
        return self.pair.inviter.loop.run(path)

    def begin(self) -> Hello:
        hello = self.joining.hello()
        theirs: Hello = self.run(self.door.begin(self.pair.address, self.shown, hello))
        return theirs

    def proof(self, theirs: Hello) -> Finish:
        return self.joining.finish(theirs, self.shown)

    def finish(self, said: Finish) -> Finish:
        hello = self.joining.hello()
        answer: Finish = self.run(self.door.finish(self.pair.address, self.shown, hello, said))
        return answer

    def whole(self) -> Exchanged:
        theirs = self.begin()
        answer = self.finish(self.proof(theirs))
        return self.joining.open(theirs, self.shown, answer, now())


def knock(pair: Pair, code: bytes, party: Party | None = None, seed: bytes = SEED) -> Knock:
    """A joiner by hand: the other house, or whoever `party` is."""
    shown = pair.inviter.loop.run(pair.joiner.door.shown_by(pair.address))
    return Knock(pair, Joining(Secret(code, seed), party or party_of(pair.joiner)), shown)


def party_of(house: House | Stranger) -> Party:
    """What a city brings."""
    city = house.cases.here.city if isinstance(house, House) else house.code
    return Party(city, house.own.der(), house.keys.bundle)


def guess(code: bytes) -> bytes:
    """Another code."""
    return bytes([code[0] ^ 1, *code[1:]])


def refused(reason: Reason, act: Callable[[], object]) -> HutongError:
    with pytest.raises(HutongError) as found:
        act()
    assert found.value.reason.name == reason.name, found.value
    return found.value


def new_id() -> str:
    return str(uuid.uuid4())


Behaviour = Callable[[str, bytes], Awaitable[bytes]]


@contextlib.asynccontextmanager
async def standing_at(own: Identity, behave: Behaviour) -> AsyncIterator[Endpoint]:
    """A TLS server with a certificate of its own, which answers each method as it likes."""
    server: Any = grpc.aio.server(options=(("grpc.so_reuseport", 0),))

    class Everything(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in the stubs only
        def service(self, details: Any) -> Any:  # noqa: ANN401 - as the stubs have it
            method = str(details.method).removeprefix(SERVICE)

            async def answer(request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
                try:
                    return await behave(method, request)
                except grpc.aio.AioRpcError as error:
                    trailers = tuple(error.trailing_metadata() or ())
                    await context.abort(error.code(), error.details() or "", trailers)
                    raise

            return grpc.unary_unary_rpc_method_handler(answer)

    server.add_generic_rpc_handlers([Everything()])
    credentials = grpc.ssl_server_credentials([(own.key, own.certificate)])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield Endpoint("127.0.0.1", port)
    finally:
        await server.stop(None)


def between(pair: Pair, change: Callable[[Any], Any]) -> Behaviour:
    """Relays to the inviter what `change` makes of each request and each answer."""
    options = (("grpc.ssl_target_name_override", peer_name(pair.inviter.cases.here.city)),)
    types: dict[str, tuple[Any, Any]] = {
        "Begin": (pb.BeginRequest, pb.BeginResponse),
        "Finish": (pb.FinishRequest, pb.FinishResponse),
    }

    async def behave(method: str, request: bytes) -> bytes:
        asked, answered = types[method]
        credentials = grpc.ssl_channel_credentials(pair.inviter.own.certificate)
        address = str(pair.address)
        async with grpc.aio.secure_channel(address, credentials, options=options) as channel:
            to_inviter = change(asked.FromString(request))
            call = channel.unary_unary(SERVICE + method, None, None)
            answer = await call(to_inviter.SerializeToString(), timeout=10)
        return bytes(change(answered.FromString(answer)).SerializeToString())

    return behave


@dataclass
class Mallory:
    """Stands between, and holds an exchange of her own with each side, with the code she has."""

    pair: Pair
    code: bytes
    as_inviter: Stranger
    as_joiner: Stranger
    claims: CityCode = HERE
    alone: bool = False
    heard_from_joiner: Exchanged | None = None
    heard_from_inviter: Exchanged | None = None

    @property
    def secret(self) -> Secret:
        return Secret(self.code, b"m" * 32)

    async def behave(self, method: str, request: bytes) -> bytes:
        own = self.as_inviter
        party = Party(self.claims, own.own.der(), own.keys.bundle)
        towards_joiner = Inviting(self.secret, party, self.pair.joiner.cases.here.city)
        if method == "Begin":
            hello = wire.begin_from_wire(pb.BeginRequest.FromString(request))
            ours = await asyncio.to_thread(towards_joiner.hello, hello)
            return pb.BeginResponse(hello=wire.hello_to_wire(ours)).SerializeToString()
        hello, said = wire.finish_from_request(pb.FinishRequest.FromString(request))
        self.heard_from_joiner = await asyncio.to_thread(
            towards_joiner.open, hello, said, now(), tries_left=0
        )
        if not self.alone:
            self.heard_from_inviter = await self.join(self.secret)
        answer = await asyncio.to_thread(towards_joiner.finish, hello)
        return wire.finish_to_response(answer).SerializeToString()

    async def join(self, secret: Secret) -> Exchanged:
        door, address = self.pair.joiner.door, self.pair.address
        joining = Joining(secret, party_of(self.as_joiner))
        shown = await door.shown_by(address)
        theirs = await door.begin(address, shown, joining.hello())
        said = joining.finish(theirs, shown)
        answer = await door.finish(address, shown, joining.hello(), said)
        return joining.open(theirs, shown, answer, now())
