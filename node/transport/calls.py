"""From bytes to a handler and back: the one way that every call of both ports takes.

1. Who calls: the gate of the port knows, by the certificate of the connection, on every call.
2. What is asked: parsed, and refused where it holds a field that the schema does not name.
3. The handler; whatever it raises leaves as one status, and is logged without what was asked.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import grpc
import structlog
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from federation import codec
from federation.errors import MALFORMED, HutongError
from federation.identifiers import is_uuid
from node.errors import INTERNAL, STORE_UNAVAILABLE
from node.transport import status

REQUEST_ID_HEADER: Final = "hutong-request-id"
TIME_HEADER: Final = "hutong-time"
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
        if self._draining:
            raise HutongError(STORE_UNAVAILABLE, problem="the node is stopping")
        self._count += 1

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


def service_handler(
    service: ServiceDescriptor, servicer: object, gate: Gate, running: Running
) -> "grpc.GenericRpcHandler[Any, Any]":
    """Every method of a service, handled by the servicer's method of the same name."""
    handlers = {
        method.name: _method_handler(method, getattr(servicer, method.name), gate, running)
        for method in service.methods
    }
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def _method_handler(
    method: MethodDescriptor, handler: Handler, gate: Gate, running: Running
) -> "grpc.RpcMethodHandler[bytes, bytes]":
    request_type = GetMessageClass(method.input_type)
    service = method.containing_service.full_name

    async def serve(data: bytes, context: Context) -> bytes:
        began = time.perf_counter()
        reason, who = "OK", ""
        try:
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
        except HutongError as error:
            reason, failure = error.reason.name, error
        except Exception:  # noqa: BLE001 - a fault of ours: its trace stays in the log
            _LOG.exception("call_failed", method=method.name, caller=who)
            followed = str(structlog.contextvars.get_contextvars().get("request_id", ""))
            failure = HutongError(INTERNAL, request_id=followed)
            reason = failure.reason.name
        else:
            _log(method.name, who, reason, began)
            return answer if isinstance(answer, bytes) else answer.SerializeToString()
        _log(method.name, who, reason, began)
        await context.abort(
            status.code_of(failure), status.text_of(failure, "en"), status.to_metadata(failure)
        )
        raise AssertionError("abort raises")

    return grpc.unary_unary_rpc_method_handler(serve)


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


def _log(method: str, caller: str, reason: str, began: float) -> None:
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    _LOG.info("served", method=method, caller=caller, reason=reason, milliseconds=milliseconds)


def followed_id(context: Context) -> str:
    """The request id that a partner's call carries; "" where there is none that is fit to log."""
    found = dict(context.invocation_metadata() or ()).get(REQUEST_ID_HEADER, "")
    return found if isinstance(found, str) and is_uuid(found) else ""


def tell_time(call: Call, now: datetime) -> None:
    """Say what this city's clock says, for the partner's `doctor`; nothing is decided by it."""
    call.context.set_trailing_metadata(((TIME_HEADER, now.isoformat()),))
