"""A client of the local port, for the command line and the demo: JSON in, JSON out."""

import contextlib
import queue
import random
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2

from federation.errors import HutongError
from node.errors import FIELD_INVALID, NODE_UNREACHABLE
from node.keys.files import read_certificate
from node.limits import LOCAL_ANSWER_BYTES
from node.load_limits import CLIENT_TRIES, RETRY_JITTER
from node.transport import status
from node.v1 import (
    audit_service_pb2,
    department_case_service_pb2,
    department_service_pb2,
    history_service_pb2,
    incentive_service_pb2,
    log_service_pb2,
    operator_service_pb2,
    oversight_service_pb2,
    renewal_service_pb2,
    resident_case_service_pb2,
    resident_service_pb2,
    venue_service_pb2,
)

_SERVICES: Final = {
    name: service
    for file in (
        resident_service_pb2.DESCRIPTOR,
        resident_case_service_pb2.DESCRIPTOR,
        venue_service_pb2.DESCRIPTOR,
        department_service_pb2.DESCRIPTOR,
        department_case_service_pb2.DESCRIPTOR,
        operator_service_pb2.DESCRIPTOR,
        oversight_service_pb2.DESCRIPTOR,
        incentive_service_pb2.DESCRIPTOR,
        log_service_pb2.DESCRIPTOR,
        renewal_service_pb2.DESCRIPTOR,
        history_service_pb2.DESCRIPTOR,
        health_pb2.DESCRIPTOR,
        audit_service_pb2.DESCRIPTOR,
    )
    for name, service in file.services_by_name.items()
}
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", LOCAL_ANSWER_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_retries", 0),
    # An error's trailers, at their longest: three bytes a character, and base64.
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.absolute_max_metadata_size", 32 * 1024),
)
# Answers of a stream that are taken ahead of whoever works on them; the node waits for the rest.
_AHEAD: Final = 16
_MOMENT: Final = 0.01
_MOMENTS: Final = 100
_PROBLEMS: Final = {
    grpc.StatusCode.DEADLINE_EXCEEDED: "no answer in time",
    grpc.StatusCode.UNAVAILABLE: "no connection",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "the message is too large; send fewer rows at once",
    # What is left unread for too long gRPC itself drops so.
    grpc.StatusCode.CANCELLED: "it has too much to do; try again in a second",
}


class LocalClient:
    """One connection to a node's local port."""

    def __init__(self, channel: grpc.Channel, address: str, timeout_seconds: float) -> None:
        """Over a channel to `address`; each call ends after `timeout_seconds`."""
        self._channel = channel
        self._address = address
        self._timeout = timeout_seconds

    def call(
        self, method: str, request: dict[str, Any], *, seconds: float | None = None
    ) -> dict[str, Any]:
        """Call a method such as "OperatorService/ListPartners", within so many seconds.

        By default within the client's timeout. A node that turns it away says when to come again,
        and is asked again then, within that time: nothing was done. The request and the answer are
        protobuf JSON with
        the field names of the protos; the answer has every field but messages that are not set.

        Raises:
            HutongError: the node's own error, or NODE_UNREACHABLE.
        """
        descriptor = _descriptor(method)
        wire = _to_wire(descriptor, request)
        call = self._channel.unary_unary(
            _path(descriptor), None, GetMessageClass(descriptor.output_type).FromString
        )
        ends = time.monotonic() + (self._timeout if seconds is None else seconds)
        for left in reversed(range(CLIENT_TRIES)):
            try:
                return _from_wire(call(wire, timeout=max(ends - time.monotonic(), 0)))
            except grpc.RpcError as error:
                told = self._told(error)
                rest = _rest(told)
                if not left or rest is None or time.monotonic() + rest >= ends:
                    raise told from error
            time.sleep(rest)
        raise AssertionError("the last try returns or raises")

    def upload(self, method: str, requests: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Call a method of many requests and one answer, such as "DepartmentService/LoadRecords".

        Each request has the field names of the protos, bytes as bytes. The next one is asked for
        when the one before has gone out, and the node takes no more than it can work off: what was
        asked for is at most a few requests ahead of what was taken. It may last as long as it goes
        on; it ends when nothing has moved for the client's timeout.

        Raises:
            HutongError: the node's own error, or NODE_UNREACHABLE.
            Exception: what `requests` raised; then the call is given up.
        """
        descriptor = _descriptor(method)
        sent = _Sent(descriptor, requests)
        call = self._channel.stream_unary(
            _path(descriptor), None, GetMessageClass(descriptor.output_type).FromString
        ).future(iter(sent))
        sent.begin(call)
        try:
            return _from_wire(self._until_answered(sent))
        finally:
            sent.stop()

    def _until_answered(self, sent: "_Sent") -> Message:
        seen = -1
        while True:
            try:
                answer: Message = sent.call.result(timeout=self._timeout)
            except grpc.FutureTimeoutError as error:
                if sent.count == seen:
                    problem = _PROBLEMS[grpc.StatusCode.DEADLINE_EXCEEDED]
                    raise HutongError(
                        NODE_UNREACHABLE, address=self._address, problem=problem
                    ) from error
                seen = sent.count
            except grpc.FutureCancelledError:
                # Only a fault of their maker gives a call up before its answer.
                if sent.fault is None:
                    raise
                raise sent.fault from None
            except grpc.RpcError as error:
                raise self._told(error) from error
            else:
                return answer

    def follow(self, method: str, request: dict[str, Any]) -> Generator[dict[str, Any], None, None]:
        """Call a method of one request and many answers, such as "RenewalService/...".

        It may last as long as it goes on; it ends when nothing has come for the client's timeout.
        Where the caller closes it, the call is given up.

        Raises:
            HutongError: the node's own error, or NODE_UNREACHABLE.
        """
        descriptor = _descriptor(method)
        call: Any = self._channel.unary_stream(
            _path(descriptor), None, GetMessageClass(descriptor.output_type).FromString
        )(_to_wire(descriptor, request))
        came = queue.Queue[Message | grpc.RpcError | None](_AHEAD)
        taker = threading.Thread(target=_take, args=(call, came), daemon=True)
        taker.start()
        try:
            while (answer := came.get(timeout=self._timeout)) is not None:
                if isinstance(answer, grpc.RpcError):
                    raise self._told(answer) from answer
                yield _from_wire(answer)
        except queue.Empty as error:
            problem = _PROBLEMS[grpc.StatusCode.DEADLINE_EXCEEDED]
            raise HutongError(NODE_UNREACHABLE, address=self._address, problem=problem) from error
        finally:
            call.cancel()
            _let_end(taker, came)

    def close(self) -> None:
        """Let the connection go."""
        self._channel.close()

    def _told(self, error: Any) -> HutongError:  # noqa: ANN401 - grpc's errors are calls as well
        theirs = status.from_metadata(error.trailing_metadata())
        if theirs is not None:
            return theirs
        problem = _PROBLEMS.get(error.code(), error.code().name.lower())
        return HutongError(NODE_UNREACHABLE, address=self._address, problem=problem)


def _rest(error: HutongError) -> float | None:
    """Seconds until a node that turned a call away is asked again; None where it did not.

    By chance a little longer than it said, so that those it said it to do not come back together.
    """
    wait = status.retry_after(error)
    if wait is None:
        return None
    return wait.total_seconds() * random.uniform(1, 1 + RETRY_JITTER)  # noqa: S311 - no secret


def _let_end(taker: threading.Thread, came: "queue.Queue[Message | grpc.RpcError | None]") -> None:
    """Let the thread end that takes what comes: it may wait for room. The process ends it else."""
    for _ in range(_MOMENTS):
        if not taker.is_alive():
            return
        with contextlib.suppress(queue.Empty):
            came.get_nowait()
        taker.join(_MOMENT)


def _take(call: Any, came: "queue.Queue[Message | grpc.RpcError | None]") -> None:  # noqa: ANN401 - grpc's own
    """Take what comes, in a thread of its own: gRPC's iterators are waited for without an end."""
    try:
        for answer in call:
            came.put(answer)
    except grpc.RpcError as error:
        came.put(error)
    else:
        came.put(None)


class _Sent:
    """Requests on their way out, how many were asked for, and what their maker raised."""

    def __init__(self, method: MethodDescriptor, requests: Iterable[Mapping[str, Any]]) -> None:
        self._name = method.name
        self._make = GetMessageClass(method.input_type)
        self._requests = requests
        self._begun = threading.Event()
        self.call: Any = None
        self.count = 0
        self.fault: Exception | None = None

    def begin(self, call: Any) -> None:  # noqa: ANN401 - grpc's own
        """Let them go out over that call."""
        self.call = call
        self._begun.set()

    def stop(self) -> None:
        """Let no more go out; nothing where the call has its answer."""
        self.call.cancel()

    def __iter__(self) -> Iterator[bytes]:
        """Their bytes, in a thread of grpc's; a fault is kept for the caller's own."""
        self._begun.wait()
        try:
            for request in self._requests:
                yield self._wire(request)
                self.count += 1
        except Exception as error:  # noqa: BLE001 - raised again by `upload`
            self.fault = error
            # To end without this would be to say that all was sent.
            self.stop()

    def _wire(self, request: Mapping[str, Any]) -> bytes:
        try:
            return self._make(**request).SerializeToString()
        except (TypeError, ValueError) as error:
            raise HutongError(FIELD_INVALID, field=self._name, problem=str(error)) from error


def _descriptor(method: str) -> MethodDescriptor:
    service, _, name = method.partition("/")
    return _SERVICES[service].methods_by_name[name]


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def _from_wire(answer: Message) -> dict[str, Any]:
    return json_format.MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _to_wire(method: MethodDescriptor, request: dict[str, Any]) -> bytes:
    wire = GetMessageClass(method.input_type)()
    try:
        json_format.ParseDict(request, wire)
    except json_format.ParseError as error:
        raise HutongError(FIELD_INVALID, field=method.name, problem=str(error)) from error
    return wire.SerializeToString()


def local_client(
    *, address: str, certificate: Path, key: Path, ca: Path, timeout_seconds: float
) -> LocalClient:
    """A client at `address` with these PEM files; raises KEY_UNUSABLE where one cannot be read."""
    authority, private, own = (read_certificate(path) for path in (ca, key, certificate))
    credentials = grpc.ssl_channel_credentials(authority, private, own)
    channel = grpc.secure_channel(address, credentials, options=_OPTIONS)
    return LocalClient(channel, address, timeout_seconds)
