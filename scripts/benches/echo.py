"""A bare gRPC server that gives back what it gets: the rest is measured by it.

Over mutual TLS, as all else; without it only to tell what that costs.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
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


async def serve(files: Sequence[Path], message: str, port: int) -> None:
    """Serve whoever sends that message, until the process ends.

    `files` are the key, the certificate, and the authority of the clients; none for no TLS.
    """
    server = grpc.aio.server()
    kind = _REQUESTS[message]
    handler = grpc.unary_unary_rpc_method_handler(
        _echo, request_deserializer=kind.FromString, response_serializer=kind.SerializeToString
    )
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("bench.Echo", {"Echo": handler})]
    )
    address = f"127.0.0.1:{port}"
    if files:
        key, certificate, clients = (file.read_bytes() for file in files)
        credentials = grpc.ssl_server_credentials(
            [(key, certificate)], root_certificates=clients, require_client_auth=True
        )
        server.add_secure_port(address, credentials)
    else:
        server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()


def echoing(
    key: Path, certificate: Path, clients: Path, message: str, environment: Mapping[str, str]
) -> contextlib.AbstractContextManager[int]:
    """A process that serves so over mutual TLS; its port."""
    return _serving((key, certificate, clients), message, environment)


def echoing_bare(
    message: str, environment: Mapping[str, str]
) -> contextlib.AbstractContextManager[int]:
    """A process that serves so without TLS; its port."""
    return _serving((), message, environment)


@contextlib.contextmanager
def _serving(files: Sequence[Path], message: str, environment: Mapping[str, str]) -> Iterator[int]:
    port = free_ports(1)[0]
    words = [*map(str, files), message, str(port)]
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
    uvloop.run(serve([Path(file) for file in _files], _message, int(_port)))
