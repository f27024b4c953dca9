"""From bytes to a handler and back: the one way that every call of both ports takes.

1. Whether anybody still waits: a call whose deadline is over is not begun.
2. Who calls: the gate of the port knows, by the certificate of the connection, on every call. Who
   is over its share, and a part of what is too much for the node, is refused unread.
3. What is asked: parsed, and refused where it holds a field that the schema does not name.
4. The handler; whatever it raises leaves as one status, and is logged without what was asked.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Final, Protocol, TypeVar

import grpc
import structlog
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from federation import codec
from federation.errors import MALFORMED, HutongError
from federation.identifiers import is_uuid
from node import deadlines, load_limits
from node.errors import INTERNAL, KEY_UNUSABLE, TOKEN_UNUSABLE
from node.load_errors import BUSY, LIMIT_REACHED
from node.transport import status
from node.transport.listening import (
    CANCELLED,
    OK,
    Context,
    Meter,
    Span,
    Spans,
    Told,
    unmetered,
    untraced,
)
from node.transport.pressure import Pressure
from node.transport.running import Running
from node.transport.shares import OverShareError, Share
from node.transport.streams import Streams, WholeWrites, write_all

REQUEST_ID_HEADER: Final = "hutong-request-id"
TIME_HEADER: Final = "hutong-time"
_OUTWARD: Final = "federation."
# A flood must not flood the log, too.
_TOLD_ELSEWHERE: Final = frozenset({BUSY.name, LIMIT_REACHED.name})
# Revoked keys, suspensions and withdrawals are in force under load, too; and health must tell.
_NEVER_TURNED_AWAY: Final = frozenset(
    {
        "federation.v1.FederationService.ExchangePartnership",
        "federation.v1.FederationService.ExchangeTrustBundles",
        "federation.v1.FederationService.PushStatusLists",
        "grpc.health.v1.Health.Check",
        "grpc.health.v1.Health.Watch",
        "node.v1.ResidentService.WithdrawConsent",
    }
)
_LOG: Final = structlog.get_logger()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who, what, and the connection that it came on.

    `caller` is a city on the peer port, `role/name` on the local one.
    """

    caller: Any
    method: str
    context: Context


Handler = Callable[[Call, Any], Awaitable[Message | bytes]]
"""A method: one answer to one request, or to many, which it takes from an AsyncIterator."""

StreamHandler = Callable[[Call, Any], AsyncIterator[Message | bytes] | Awaitable[None]]
"""A method that streams: to one request or to many it gives its answers, or writes them itself."""

Fresh = Callable[[str, str], Callable[[], Awaitable[object]] | None]
"""What is to be done before each call of a method of a service; None: nothing."""


class Gate(Protocol):
    """Who may come in by a port."""

    def shown(self, context: Context) -> Any:  # noqa: ANN401 - a certificate or a name
        """What the connection shows of who calls; raises HutongError for what is not enough."""

    def enter(self, shown: Any) -> Share:  # noqa: ANN401 - as above
        """A place for one more call of whoever shows that; raises OverShareError."""

    def caller(self, shown: Any, service: str, method: str) -> Any:  # noqa: ANN401 - a city or a client
        """The caller; raises HutongError for one who may not call this method."""

    def request_id(self, context: Context, request: Message) -> str:
        """The id by which the call is followed through the logs of both cities."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a port may have besides its gate.

    `streams` where a method of it streams; `discreet` where health says nothing but whether the
    node serves; `pressure` where calls may be turned away.
    """

    streams: Streams | None = None
    discreet: bool = False
    fresh: Fresh = lambda _service, _method: None
    meter: Meter = unmetered
    spans: Spans = untraced
    pressure: Pressure | None = None


def service_handler(
    service: ServiceDescriptor,
    servicer: object,
    gate: Gate,
    running: Running,
    around: Around = Around(),
) -> "grpc.GenericRpcHandler[Any, Any]":
    """Every method of a service, handled by the servicer's method of the same name."""
    handlers = {}
    for method in service.methods:
        make = _MAKERS[method.client_streaming, method.server_streaming]
        handler = getattr(servicer, method.name, None)
        # Of somebody else's service we may not have all.
        if handler is not None:
            handlers[method.name] = make(method, handler, gate, running, around)
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def as_ours(servicer: object, *names: str) -> object:
    """Somebody else's servicer, whose methods take the request and the context, as ours are."""

    def turned(method: Callable[[Any, Context], Any]) -> Callable[[Call, Any], Any]:
        return lambda call, request: method(request, call.context)

    return SimpleNamespace(**{name: turned(getattr(servicer, name)) for name in names})


@dataclass(frozen=True, slots=True)
class _Served:
    """One method of a port, and how every call of it begins and ends."""

    name: str
    service: str
    request_type: type[Message]
    gate: Gate
    running: Running
    fresh: Callable[[], Awaitable[object]] | None
    tell: Told
    span: Span
    pressure: Pressure | None

    @classmethod
    def of(
        cls, method: MethodDescriptor, gate: Gate, running: Running, around: Around
    ) -> "_Served":
        """A method behind a gate."""
        service = method.containing_service.full_name
        fresh, tell = around.fresh(service, method.name), around.meter(service, method.name)
        span = around.spans(service, method.name)
        request_type = GetMessageClass(method.input_type)
        pressure = None if method.full_name in _NEVER_TURNED_AWAY else around.pressure
        return cls(method.name, service, request_type, gate, running, fresh, tell, span, pressure)

    async def serve(
        self, context: Context, work: Callable[[Call, Share], Awaitable[T]], nothing: T
    ) -> T:
        """What `work` gives for one call; whatever is raised is its status, beside `nothing`."""
        began = time.perf_counter()
        who, knocked, reason = "", "", CANCELLED
        failure: HutongError
        try:
            deadlines.begin(context.time_remaining())
            shown = self.gate.shown(context)
            share = self.gate.enter(shown)
            knocked = share.name
            try:
                if self.pressure is not None:
                    self.pressure.check(share)
                if self.fresh is not None:
                    await self.fresh()
                caller = self.gate.caller(shown, self.service, self.name)
                who = str(caller)
                with share.on(context.peer()), self.span(context, who):
                    answer = await work(Call(caller, self.name, context), share)
            finally:
                share.leave()
        except grpc.aio.AbortError:
            raise
        except OverShareError as error:
            failure, reason = error, error.reason.name
            await error.share.hold()
        except Exception as error:  # noqa: BLE001 - told, and logged where it is a fault of ours
            failure = _failure(error, self.name, who)
            reason = failure.reason.name
        else:
            reason = OK
            return answer
        finally:
            seconds = time.perf_counter() - began
            # A measure knows only whom the gate has let in; the log, who was turned away, too.
            self.tell(who, reason, seconds)
            _log(self.name, who or knocked, reason, seconds)
        _refuse(context, self.service, failure.with_traceback(None))
        return nothing

    def parse(self, data: bytes, share: Share) -> Message:
        """A request; raises MALFORMED or NOT_CANONICAL, which costs its caller more than a call."""
        try:
            return _parse(self.request_type, data, self.name)
        except HutongError:
            share.waste()
            raise

    async def parse_each(
        self, requests: AsyncIterator[bytes], share: Share
    ) -> AsyncIterator[Message]:
        """Each request of a stream, as it comes, and no faster than its caller's share allows."""
        async for data in requests:
            if owed := share.spend(load_limits.TOKEN_BYTES + len(data)):
                await asyncio.sleep(owed)
            yield self.parse(data, share)

    def follow(self, context: Context, request: Message) -> None:
        """The logs of this call bear its id."""
        structlog.contextvars.bind_contextvars(request_id=self.gate.request_id(context, request))


def _method_handler(
    method: MethodDescriptor, handler: Handler, gate: Gate, running: Running, around: Around
) -> "grpc.RpcMethodHandler[bytes, bytes]":
    """A method of one request and one answer."""
    served = _Served.of(method, gate, running, around)

    async def serve(data: bytes, context: Context) -> bytes:
        async def work(call: Call, share: Share) -> bytes:
            running.enter()
            try:
                if len(data) >= load_limits.TOKEN_BYTES:
                    share.spend(len(data))
                request = served.parse(data, share)
                served.follow(context, request)
                return _bytes_of(await handler(call, request))
            finally:
                running.leave()

        return await served.serve(context, work, b"")

    return grpc.unary_unary_rpc_method_handler(serve)


def _upload_handler(
    method: MethodDescriptor, handler: Handler, gate: Gate, running: Running, around: Around
) -> "grpc.RpcMethodHandler[Any, Any]":
    """A method of many requests and one answer; it ends when its caller may not call it.

    The next request is taken from the line when the handler asks for it, so that a sender waits
    for the work on what was sent. A drain ends it as it ends every stream: what was done is done,
    and the caller goes on from there.
    """
    served = _Served.of(method, gate, running, around)
    streams = _streams_of(method, around)

    async def serve(requests: AsyncIterator[bytes], context: Context) -> bytes:
        async def work(call: Call, share: Share) -> bytes:
            running.check()
            # Not all of what comes is known yet: the logs follow it by an id of their own.
            served.follow(context, served.request_type())
            answers = list[bytes]()

            async def take() -> None:
                answers.append(_bytes_of(await handler(call, served.parse_each(requests, share))))

            await streams.run(context, served.service, served.name, take)
            return answers[0]

        return await served.serve(context, work, b"")

    return grpc.stream_unary_rpc_method_handler(serve)


def _stream_handler(
    method: MethodDescriptor, handler: StreamHandler, gate: Gate, running: Running, around: Around
) -> "grpc.RpcMethodHandler[Any, Any]":
    """A method that streams, of one request or of many; it ends when its caller may not call it."""
    served = _Served.of(method, gate, running, around)
    streams = _streams_of(method, around)
    many = method.client_streaming

    async def serve(requests: Any, context: Context) -> None:  # noqa: ANN401 - bytes, or many
        async def work(call: Call, share: Share) -> None:
            running.check()
            request = served.parse_each(requests, share) if many else served.parse(requests, share)
            whole: Any = WholeWrites(context)
            streamed = replace(call, context=whole)
            await streams.run(
                context,
                served.service,
                served.name,
                lambda: write_all(whole, handler(streamed, request)),
            )

        await served.serve(context, work, None)

    if many:
        return grpc.stream_stream_rpc_method_handler(serve, response_serializer=_bytes_of)
    return grpc.unary_stream_rpc_method_handler(serve, response_serializer=_bytes_of)


_MAKERS: Final[Mapping[tuple[bool, bool], Callable[..., Any]]] = {
    (False, False): _method_handler,
    (True, False): _upload_handler,
    (False, True): _stream_handler,
    (True, True): _stream_handler,
}


def _streams_of(method: MethodDescriptor, around: Around) -> Streams:
    if around.streams is None:
        raise TypeError(f"{method.full_name} streams, and this port has no streams")
    return around.streams


def _bytes_of(answer: Message | bytes) -> bytes:
    return answer if isinstance(answer, bytes) else answer.SerializeToString()


def _failure(error: Exception, method: str, who: str) -> HutongError:
    if isinstance(error, HutongError):
        return error
    _LOG.error("call_failed", method=method, caller=who, exc_info=error)
    followed = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    return HutongError(INTERNAL, request_id=followed)


def _refuse(context: Context, service: str, failure: HutongError) -> None:
    """The call ends with that.

    Not by `abort`: what it raises is in a cycle with the call, what was asked and every frame that
    it passed. After a flood the collector would stop the node to find them.
    """
    told = _outward(failure) if service.startswith(_OUTWARD) else failure
    context.set_code(status.code_of(told))
    context.set_details(status.text_of(told, "en"))
    context.set_trailing_metadata(status.to_metadata(told))


def _outward(failure: HutongError) -> HutongError:
    """What another city is told: where our keys lie is not its business."""
    if failure.reason not in (KEY_UNUSABLE, TOKEN_UNUSABLE):
        return failure
    return HutongError(KEY_UNUSABLE, path="of this city", problem="it cannot sign now")


def _parse(request_type: type[Message], data: bytes, method: str) -> Message:
    request = request_type()
    try:
        request.ParseFromString(data)
    except DecodeError as error:
        raise HutongError(
            MALFORMED, where=method, problem="the message cannot be parsed"
        ) from error
    codec.refuse_unknown(request, where=method)
    return request


def _log(method: str, caller: str, reason: str, seconds: float) -> None:
    if reason in _TOLD_ELSEWHERE:
        return
    milliseconds = round(seconds * 1000, 1)
    _LOG.info("served", method=method, caller=caller, reason=reason, milliseconds=milliseconds)


def followed_id(context: Context) -> str:
    """The request id that a partner's call carries; "" where there is none that is fit to log."""
    found = dict(context.invocation_metadata() or ()).get(REQUEST_ID_HEADER, "")
    return found if isinstance(found, str) and is_uuid(found) else ""


def tell_time(call: Call, now: datetime) -> None:
    """Say what this city's clock says, for the partner's `doctor`; nothing is decided by it."""
    call.context.set_trailing_metadata(((TIME_HEADER, now.isoformat()),))
