"""From bytes to a handler and back: the one way that every call of both ports takes.

1. Who calls: the gate of the port knows, by the certificate of the connection, on every call.
2. What is asked: parsed, and refused where it holds a field that the schema does not name.
3. The handler; whatever it raises leaves as one status, and is logged without what was asked.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from node.errors import INTERNAL, KEY_UNUSABLE, STORE_UNAVAILABLE, TOKEN_UNUSABLE
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
from node.transport.streams import Streams, WholeWrites, write_all

REQUEST_ID_HEADER: Final = "hutong-request-id"
TIME_HEADER: Final = "hutong-time"
_OUTWARD: Final = "federation."
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

    def enter(self, context: Context, service: str, method: str) -> Any:  # noqa: ANN401 - a city or a client
        """The caller; raises HutongError for one who may not call this method."""

    def leave(self, caller: Any) -> None:  # noqa: ANN401 - as above
        """The call of somebody who entered has ended."""

    def request_id(self, context: Context, request: Message) -> str:
        """The id by which the call is followed through the logs of both cities."""


class Running:
    """The calls of one port that run now, and whether new ones are still taken.

    A call that comes while the port drains is told so in words, not by a line that is cut.
    """

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._count = 0
        self._draining = False
        self._idle = asyncio.Event()

    def enter(self) -> None:
        """One more call; raises STORE_UNAVAILABLE once the port drains."""
        self.check()
        self._count += 1

    def check(self) -> None:
        """Raise STORE_UNAVAILABLE once the port drains."""
        if self._draining:
            raise stopping()

    def leave(self) -> None:
        """One call that had entered has its answer."""
        self._count -= 1
        if self._draining and not self._count:
            self._idle.set()

    async def drain(self, longest: timedelta) -> None:
        """Take no new call, and wait for those that run."""
        self._draining = True
        if self._count:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), longest.total_seconds())


def stopping() -> HutongError:
    """What a call is told that comes, or still streams, when the node stops."""
    return HutongError(STORE_UNAVAILABLE, problem="the node is stopping")


@dataclass(frozen=True, slots=True)
class Around:
    """What a port may have besides its gate.

    `streams` where a method of it streams; `discreet` where health says nothing but whether the
    node serves.
    """

    streams: Streams | None = None
    discreet: bool = False
    fresh: Fresh = lambda _service, _method: None
    meter: Meter = unmetered
    spans: Spans = untraced


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

    @classmethod
    def of(
        cls, method: MethodDescriptor, gate: Gate, running: Running, around: Around
    ) -> "_Served":
        """A method behind a gate."""
        service = method.containing_service.full_name
        fresh, tell = around.fresh(service, method.name), around.meter(service, method.name)
        span = around.spans(service, method.name)
        request_type = GetMessageClass(method.input_type)
        return cls(method.name, service, request_type, gate, running, fresh, tell, span)

    async def serve(self, context: Context, work: Callable[[Call], Awaitable[T]]) -> T:
        """What `work` gives for one call; whatever is raised is the call's status."""
        began = time.perf_counter()
        who, reason = "", CANCELLED
        try:
            if self.fresh is not None:
                await self.fresh()
            caller = self.gate.enter(context, self.service, self.name)
            who = str(caller)
            try:
                with self.span(context, who):
                    answer = await work(Call(caller, self.name, context))
            finally:
                self.gate.leave(caller)
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001 - told, and logged where it is a fault of ours
            failure = _failure(error, self.name, who)
            reason = failure.reason.name
        else:
            reason = OK
            return answer
        finally:
            _log(self.name, who, reason, began, self.tell)
        await _abort(context, self.service, failure)
        raise AssertionError("abort raises")

    def parse(self, data: bytes) -> Message:
        """A request; raises MALFORMED or NOT_CANONICAL."""
        return _parse(self.request_type, data, self.name)

    async def parse_each(self, requests: AsyncIterator[bytes]) -> AsyncIterator[Message]:
        """Each request of a stream, as it comes."""
        async for data in requests:
            yield self.parse(data)

    def follow(self, context: Context, request: Message) -> None:
        """The logs of this call bear its id."""
        structlog.contextvars.bind_contextvars(request_id=self.gate.request_id(context, request))


def _method_handler(
    method: MethodDescriptor, handler: Handler, gate: Gate, running: Running, around: Around
) -> "grpc.RpcMethodHandler[bytes, bytes]":
    """A method of one request and one answer."""
    served = _Served.of(method, gate, running, around)

    async def serve(data: bytes, context: Context) -> bytes:
        async def work(call: Call) -> bytes:
            running.enter()
            try:
                request = served.parse(data)
                served.follow(context, request)
                return _bytes_of(await handler(call, request))
            finally:
                running.leave()

        return await served.serve(context, work)

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
        async def work(call: Call) -> bytes:
            running.check()
            # Not all of what comes is known yet: the logs follow it by an id of their own.
            served.follow(context, served.request_type())
            answers = list[bytes]()

            async def take() -> None:
                answers.append(_bytes_of(await handler(call, served.parse_each(requests))))

            await streams.run(context, served.service, served.name, take)
            return answers[0]

        return await served.serve(context, work)

    return grpc.stream_unary_rpc_method_handler(serve)


def _stream_handler(
    method: MethodDescriptor, handler: StreamHandler, gate: Gate, running: Running, around: Around
) -> "grpc.RpcMethodHandler[Any, Any]":
    """A method that streams, of one request or of many; it ends when its caller may not call it."""
    served = _Served.of(method, gate, running, around)
    streams = _streams_of(method, around)
    many = method.client_streaming

    async def serve(requests: Any, context: Context) -> None:  # noqa: ANN401 - bytes, or many
        async def work(call: Call) -> None:
            running.check()
            request = served.parse_each(requests) if many else served.parse(requests)
            whole: Any = WholeWrites(context)
            streamed = replace(call, context=whole)
            await streams.run(
                context,
                served.service,
                served.name,
                lambda: write_all(whole, handler(streamed, request)),
            )

        await served.serve(context, work)

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


async def _abort(context: Context, service: str, failure: HutongError) -> None:
    told = _outward(failure) if service.startswith(_OUTWARD) else failure
    await context.abort(status.code_of(told), status.text_of(told, "en"), status.to_metadata(told))


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


def _log(method: str, caller: str, reason: str, began: float, tell: Told) -> None:
    seconds = time.perf_counter() - began
    tell(caller, reason, seconds)
    milliseconds = round(seconds * 1000, 1)
    _LOG.info("served", method=method, caller=caller, reason=reason, milliseconds=milliseconds)


def followed_id(context: Context) -> str:
    """The request id that a partner's call carries; "" where there is none that is fit to log."""
    found = dict(context.invocation_metadata() or ()).get(REQUEST_ID_HEADER, "")
    return found if isinstance(found, str) and is_uuid(found) else ""


def tell_time(call: Call, now: datetime) -> None:
    """Say what this city's clock says, for the partner's `doctor`; nothing is decided by it."""
    call.context.set_trailing_metadata(((TIME_HEADER, now.isoformat()),))
