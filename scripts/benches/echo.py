"""A bare gRPC server over mutual TLS that gives back what it gets: the rest is measured by it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import grpc
import uvloop
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from federation.v1 import federation_service_pb2
from node.v1 import venue_service_pb2
from scripts.city import free_ports

METHOD = "/bench.Echo/Echo"
_PROTOS: Final = (federation_service_pb2.DESCRIPTOR, venue_service_pb2.DESCRIPTOR)
_REQUESTS: Final[dict[str, type[Message]]] = {
    name: GetMessageClass(message)
    for file in _PROTOS
    for name, message in file.message_types_by_name.items()
}


async def _echo(request: Message, _context: grpc.aio.ServicerContext[object, object]) -> Message:
    return request


async def serve(key: bytes, certificate: bytes, clients: bytes, message: str, port: int) -> None:
    """Serve clients of that authority, who send that message, until the process ends."""
    server = grpc.aio.server()
    kind = _REQUESTS[message]
    handler = grpc.unary_unary_rpc_method_handler(
        _echo, request_deserializer=kind.FromString, response_serializer=kind.SerializeToString
    )
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("bench.Echo", {"Echo": handler})]
    )
    credentials = grpc.ssl_server_credentials(
        [(key, certificate)],
        root_certificates=clients,
        require_client_auth=True,
    )
    server.add_secure_port(f"127.0.0.1:{port}", credentials)
    await server.start()
    await server.wait_for_termination()


@contextlib.contextmanager
def echoing(
    key: Path, certificate: Path, clients: Path, message: str, environment: Mapping[str, str]
) -> Iterator[int]:
    """A process that serves so; its port."""
    port = free_ports(1)[0]
    words = [str(key), str(certificate), str(clients), message, str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.benches.echo", *words],
        env=dict(environment) | {"PATH": ""},
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    *_files, _message, _port = sys.argv[1:]
    _key, _certificate, _clients = (Path(file).read_bytes() for file in _files)
    uvloop.run(serve(_key, _certificate, _clients, _message, int(_port)))
