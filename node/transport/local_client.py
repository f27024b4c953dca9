"""A client of the local port, for the command line and the demo: JSON in, JSON out."""

from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from federation.errors import HutongError
from node.errors import FIELD_INVALID, NODE_UNREACHABLE
from node.keys.files import read_certificate
from node.limits import LOCAL_ANSWER_BYTES
from node.transport import status
from node.v1 import (
    department_service_pb2,
    operator_service_pb2,
    resident_service_pb2,
    venue_service_pb2,
)

_SERVICES: Final = {
    name: service
    for file in (
        resident_service_pb2.DESCRIPTOR,
        venue_service_pb2.DESCRIPTOR,
        department_service_pb2.DESCRIPTOR,
        operator_service_pb2.DESCRIPTOR,
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
_PROBLEMS: Final = {
    grpc.StatusCode.DEADLINE_EXCEEDED: "no answer in time",
    grpc.StatusCode.UNAVAILABLE: "no connection",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "the message is too large; send fewer rows at once",
}


class LocalClient:
    """One connection to a node's local port."""

    def __init__(self, channel: grpc.Channel, address: str, timeout_seconds: float) -> None:
        """Over a channel to `address`; each call ends after `timeout_seconds`."""
        self._channel = channel
        self._address = address
        self._timeout = timeout_seconds

    def call(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        """Call a method such as "OperatorService/ListPartners".

        The request and the answer are protobuf JSON with the field names of the protos; the answer
        has every field but messages that are not set.

        Raises:
            HutongError: the node's own error, or NODE_UNREACHABLE.
        """
        service, _, name = method.partition("/")
        descriptor = _SERVICES[service].methods_by_name[name]
        wire = _to_wire(descriptor, request)
        call = self._channel.unary_unary(
            f"/{descriptor.containing_service.full_name}/{name}",
            None,
            GetMessageClass(descriptor.output_type).FromString,
        )
        try:
            answer = call(wire, timeout=self._timeout)
        except grpc.RpcError as error:
            raise self._told(error) from error
        return json_format.MessageToDict(
            answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )

    def close(self) -> None:
        """Let the connection go."""
        self._channel.close()

    def _told(self, error: Any) -> HutongError:  # noqa: ANN401 - grpc's errors are calls as well
        theirs = status.from_metadata(error.trailing_metadata())
        if theirs is not None:
            return theirs
        problem = _PROBLEMS.get(error.code(), error.code().name.lower())
        return HutongError(NODE_UNREACHABLE, address=self._address, problem=problem)


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
