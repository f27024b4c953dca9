"""The onboarding port: open while an invitation is, and the way to that of another city.

Nobody is known here yet, so TLS only hides what is said; the code proves the rest. gRPC cannot
take a server's certificate unseen: it is looked at first, pinned for the call, and bound into the
exchange (`federation.onboarding`), where a man in the middle fails.
"""

import asyncio
import contextlib
import ssl
import time
from typing import Any, Final, TypeVar

import grpc
import structlog
from cryptography import x509
from google.protobuf.message import DecodeError, Message

from federation import codec
from federation.codec import onboarding as wire
from federation.errors import MALFORMED, HutongError
from federation.hello import Finish, Hello
from federation.limits import MESSAGE_BYTES
from federation.messages import Endpoint
from federation.v1 import onboarding_pb2 as pb
from node import limits
from node.errors import CANNOT_LISTEN, DOOR_UNREACHABLE, OVERLOADED, PEER_REFUSED
from node.ports import Identities
from node.services.here import Here
from node.services.onboarding import Onboarding
from node.transport import status
from node.transport.calls import Call, service_handler
from node.transport.listening import Context
from node.transport.reunion import shown_by
from node.transport.running import Running
from node.transport.shares import Allowance, OverShareError, Share

M = TypeVar("M", bound=Message)

_LOG = structlog.get_logger()
_SERVICE: Final = pb.DESCRIPTOR.services_by_name["OnboardingService"]
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is dialled, not listened on
_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.server_handshake_timeout_ms", 5_000),
    ("grpc.max_concurrent_streams", 4),
)
_CLIENT_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.enable_retries", 0),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.absolute_max_metadata_size", 32 * 1024),
)
_STRANGER: Final = "unknown"
# What the other city says of the exchange is the joining officer's to read as it is.
_OWN_WORDS: Final = frozenset({"WRONG_CODE", "CODE_USED", "NO_INVITATION", "ONBOARDING_MISMATCH"})


class _Anybody:
    """The gate of the onboarding port: few at once, for each makes this node work."""

    def __init__(self, here: Here) -> None:
        """The onboarding port's of the city of `here`."""
        self._here = here
        # All strangers have one share between them.
        self._share = Share(_STRANGER, Allowance(0, limits.ONBOARDING_AT_ONCE), time.monotonic)

    def shown(self, _context: Context) -> str:
        """Nothing that anybody could know somebody by."""
        return _STRANGER

    def enter(self, _shown: str) -> Share:
        """A place for one more; raises OVERLOADED."""
        try:
            self._share.enter()
        except OverShareError as error:
            raise HutongError(OVERLOADED, limit=str(limits.ONBOARDING_AT_ONCE)) from error
        return self._share

    def caller(self, shown: str, _service: str, _method: str) -> str:
        """Whoever it is."""
        return shown

    def request_id(self, _context: Context, _request: Message) -> str:
        """A new id: nothing of a stranger goes into the logs."""
        return self._here.new_id(self._here.now())


class OnboardingServicer:
    """federation.v1.OnboardingService."""

    def __init__(self, onboarding: Onboarding) -> None:
        """Over the use case."""
        self._onboarding = onboarding

    async def Begin(self, _call: Call, request: pb.BeginRequest) -> Message:
        """See the proto."""
        ours = await self._onboarding.begin(wire.begin_from_wire(request))
        return pb.BeginResponse(hello=wire.hello_to_wire(ours))

    async def Finish(self, _call: Call, request: pb.FinishRequest) -> Message:
        """See the proto."""
        answer = await self._onboarding.finish(*wire.finish_from_request(request))
        return wire.finish_to_response(answer)


class GrpcDoor:
    """The onboarding port of this process, and calls to those of other cities."""

    def __init__(self, listen: str, public: str, keys: Identities, here: Here) -> None:
        """Listen at `listen` when told to; others reach it at `public`."""
        self.address = public
        self._listen = listen
        self._keys = keys
        self._here = here
        self._servicer: OnboardingServicer | None = None
        self._server: Any = None
        self._shows = b""
        self._lock = asyncio.Lock()

    def welcome(self, onboarding: Onboarding) -> None:
        """Let this use case answer who knocks."""
        self._servicer = OnboardingServicer(onboarding)

    async def open(self, certificate: bytes) -> None:
        """Listen with this certificate (DER), unless some process of this city does already.

        Who invited with another one, and keeps the door open with it, opens it anew: what is said
        inside names the certificate. Raises CANNOT_LISTEN.
        """
        async with self._lock:
            if self._server is not None and self._shows != certificate:
                await self._stop()
            if self._server is None and not await self._is_ours():
                self._server, self._shows = await self._start(certificate), certificate
                _LOG.info("onboarding_port_opened", address=self._listen)

    async def close(self) -> None:
        """Listen no more; who is inside has a moment to end."""
        async with self._lock:
            if self._server is not None:
                await self._stop()

    async def _stop(self) -> None:
        server, self._server = self._server, None
        await server.stop(limits.DRAIN_LAST.total_seconds())
        _LOG.info("onboarding_port_closed", address=self._listen)

    async def _is_ours(self) -> bool:
        """Whether another process of this city listens there, with whichever certificate."""
        host, _, port = self._listen.rpartition(":")
        plain = host.strip("[]")
        shown = await shown_by(Endpoint(_LOOPBACK.get(plain, plain), int(port)))
        own = {identity.der() for identity in self._keys.peer_identities}
        return shown is not None and _der(shown) in own

    async def _start(self, certificate: bytes) -> Any:  # noqa: ANN401 - grpc.aio has no type for it
        current = self._keys.peer_identity
        known = {identity.der(): identity for identity in self._keys.peer_identities}
        own = known.get(certificate, current)
        server: Any = grpc.aio.server(options=_OPTIONS)
        handler = service_handler(_SERVICE, self._servicer, _Anybody(self._here), Running())
        server.add_generic_rpc_handlers([handler])
        try:
            server.add_secure_port(
                self._listen, grpc.ssl_server_credentials([(own.key, own.certificate)])
            )
        except RuntimeError as error:
            raise HutongError(
                CANNOT_LISTEN, address=self._listen, key="onboarding_listen"
            ) from error
        await server.start()
        return server

    async def shown_by(self, address: Endpoint) -> bytes:
        """The certificate, DER, that a door shows, believed by nobody; raises DOOR_UNREACHABLE."""
        pem = await shown_by(address)
        if pem is None:
            raise _unreachable(address, "no connection")
        return _der(pem)

    async def begin(self, address: Endpoint, shown: bytes, hello: Hello) -> Hello:
        """Greet the city behind a door that shows this certificate."""
        request = pb.BeginRequest(hello=wire.hello_to_wire(hello))
        answer = await self._call(address, shown, "Begin", request, pb.BeginResponse)
        return wire.begin_from_wire(answer)

    async def finish(self, address: Endpoint, shown: bytes, hello: Hello, said: Finish) -> Finish:
        """Prove the code and hand over the bundle."""
        request = wire.finish_to_request(hello, said)
        answer = await self._call(address, shown, "Finish", request, pb.FinishResponse)
        return wire.finish_from_response(answer)

    async def _call(
        self, address: Endpoint, shown: bytes, method: str, request: Message, answer_type: type[M]
    ) -> M:
        pem = ssl.DER_cert_to_PEM_cert(shown).encode("ascii")
        options = (*_CLIENT_OPTIONS, ("grpc.ssl_target_name_override", _name_in(shown, address)))
        credentials = grpc.ssl_channel_credentials(pem)
        seconds = limits.ONBOARDING_DEADLINE.total_seconds()
        async with grpc.aio.secure_channel(str(address), credentials, options=options) as channel:
            call = channel.unary_unary(f"/{_SERVICE.full_name}/{method}", None, None)
            try:
                data = await call(request.SerializeToString(), timeout=seconds)
            except grpc.aio.AioRpcError as error:
                raise _told(address, error) from error
        answer = answer_type()
        with contextlib.suppress(DecodeError):
            answer.ParseFromString(data)
            codec.refuse_unknown(answer, where=method)
            return answer
        raise HutongError(MALFORMED, where=method, problem="the answer cannot be parsed")


def _der(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))


def _name_in(certificate: bytes, address: Endpoint) -> str:
    """The name that TLS will find in a certificate: whose it is, is proved by the exchange."""
    try:
        names = (
            x509.load_der_x509_certificate(certificate)
            .extensions.get_extension_for_class(x509.SubjectAlternativeName)
            .value.get_values_for_type(x509.DNSName)
        )
    except Exception as error:
        raise _unreachable(address, "it shows no certificate of a city") from error
    if not names:
        raise _unreachable(address, "it shows no certificate of a city")
    return names[0]


def _told(address: Endpoint, error: grpc.aio.AioRpcError) -> HutongError:
    theirs = status.from_metadata(error.trailing_metadata())
    if theirs is None:
        return _unreachable(address, error.code().name.lower())
    if theirs.reason.name in _OWN_WORDS:
        return theirs
    return HutongError(
        PEER_REFUSED,
        city=str(address),
        peer_reason=theirs.reason.name,
        detail=theirs.text("en"),
    )


def _unreachable(address: Endpoint, problem: str) -> HutongError:
    return HutongError(DOOR_UNREACHABLE, address=str(address), problem=problem)
