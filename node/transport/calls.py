"""From bytes to a handler and back: the one way that every call of both ports takes.

1. Who calls: the gate of the port knows, by the certificate of the connection, on every call.
2. What is asked: parsed, and refused where it holds a field that the schema does not name.
3. The handler; whatever it raises leaves as one status, and is logged without what was asked.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final, Protocol

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
from node.transport.streams import Streams, write_all

REQUEST_ID_HEADER: Final = "hutong-request-id"
TIME_HEADER: Final = "hutong-time"
_OK: Final = "OK"
_CANCELLED: Final = "CANCELLED"
_OUTWARD: Final = "federation."
_LOG: Final = structlog.get_logger()

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who, what, and the connection that it came on.

    `caller` is a city on the peer port, `role/name` on the local one.
    """

    caller: Any
    method: str
    context: Context


Handler = Callable[[Call, Any], Awaitable[Message | bytes]]
"""A method: one answer to one request."""

StreamHandler = Callable[[Call, Any], AsyncIterator[Message | bytes] | Awaitable[None]]
"""A method that streams: to one request or to many it gives its answers, or writes them itself."""

Fresh = Callable[[str, str], Callable[[], Awaitable[object]] | None]
"""What is to be done before each call of a method of a service; None: nothing."""

Told = Callable[[str, float], None]
"""Hears how a call ended, and after how many seconds."""

Meter = Callable[[str, str], Told]
"""Who hears of the calls of a method of a service."""


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


def unmetered(_service: str, _method: str) -> Told:
    """Nobody hears of it."""

    def tell(_reason: str, _seconds: float) -> None:
        """Nobody wants to know."""

    return tell


@dataclass(frozen=True, slots=True)
class Around:
    """What a port may have besides its gate; `streams` where a method of it streams."""

    streams: Streams | None = None
    fresh: Fresh = lambda _service, _method: None
    meter: Meter = unmetered


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
        make = _stream_handler if method.server_streaming else _method_handler
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


def _method_handler(
    method: MethodDescriptor, handler: Handler, gate: Gate, running: Running, around: Around
) -> "grpc.RpcMethodHandler[bytes, bytes]":
    request_type = GetMessageClass(method.input_type)
    service = method.containing_service.full_name
    fresh, tell = around.fresh(service, method.name), around.meter(service, method.name)

    async def serve(data: bytes, context: Context) -> bytes:
        began = time.perf_counter()
        who = ""
        try:
            if fresh is not None:
                await fresh()
            caller = gate.enter(context, service, method.name)
            who = str(caller)
            try:
                running.enter()
            except HutongError:
                gate.leave(caller)
                raise
            try:
                request = _parse(request_type, data, method.name)
                structlog.contextvars.bind_contextvars(request_id=gate.request_id(context, request))
                answer = await handler(Call(caller, method.name, context), request)
            finally:
                running.leave()
                gate.leave(caller)
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001 - told, and logged where it is a fault of ours
            failure = _failure(error, method.name, who)
        else:
            _log(method.name, who, _OK, began, tell)
            return answer if isinstance(answer, bytes) else answer.SerializeToString()
        _log(method.name, who, failure.reason.name, began, tell)
        await _abort(context, service, failure)
        raise AssertionError("abort raises")

    return grpc.unary_unary_rpc_method_handler(serve)


def _stream_handler(
    method: MethodDescriptor, handler: StreamHandler, gate: Gate, running: Running, around: Around
) -> "grpc.RpcMethodHandler[Any, Any]":
    """A method that streams, of one request or of many; it ends when its caller may not call it."""
    request_type = GetMessageClass(method.input_type)
    service = method.containing_service.full_name
    fresh, tell = around.fresh(service, method.name), around.meter(service, method.name)
    streams = around.streams
    if streams is None:
        raise TypeError(f"{method.full_name} streams, and this port has no streams")

    async def asked(requests: AsyncIterator[bytes]) -> AsyncIterator[Message]:
        async for data in requests:
            yield _parse(request_type, data, method.name)

    async def serve(requests: Any, context: Context) -> None:  # noqa: ANN401 - bytes, or many
        began = time.perf_counter()
        who, reason = "", _CANCELLED
        try:
            if fresh is not None:
                await fresh()
            caller = gate.enter(context, service, method.name)
            who = str(caller)
            try:
                running.check()
                many = method.client_streaming
                request = asked(requests) if many else _parse(request_type, requests, method.name)
                call = Call(caller, method.name, context)
                await streams.run(
                    context,
                    service,
                    method.name,
                    lambda: write_all(context, handler(call, request)),
                )
            finally:
                gate.leave(caller)
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001 - told, and logged where it is a fault of ours
            failure = _failure(error, method.name, who)
            reason = failure.reason.name
        else:
            reason = _OK
            return
        finally:
            _log(method.name, who, reason, began, tell)
        await _abort(context, service, failure)

    if method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(serve, response_serializer=_bytes_of)
    return grpc.unary_stream_rpc_method_handler(serve, response_serializer=_bytes_of)


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
    tell(reason, seconds)
    milliseconds = round(seconds * 1000, 1)
    _LOG.info("served", method=method, caller=caller, reason=reason, milliseconds=milliseconds)


def followed_id(context: Context) -> str:
    """The request id that a partner's call carries; "" where there is none that is fit to log."""
    found = dict(context.invocation_metadata() or ()).get(REQUEST_ID_HEADER, "")
    return found if isinstance(found, str) and is_uuid(found) else ""


def tell_time(call: Call, now: datetime) -> None:
    """Say what this city's clock says, for the partner's `doctor`; nothing is decided by it."""
    call.context.set_trailing_metadata(((TIME_HEADER, now.isoformat()),))
