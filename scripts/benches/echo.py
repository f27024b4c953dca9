"""A bare gRPC server over mutual TLS that gives back what it gets: the rest is measured by it."""

import sys
from pathlib import Path

import grpc
import uvloop

from federation.v1 import federation_service_pb2
from node.keys import KeyFolder

METHOD = "/bench.Echo/Echo"


async def _echo(
    request: federation_service_pb2.RequestAttestationRequest,
    _context: grpc.aio.ServicerContext[object, object],
) -> federation_service_pb2.RequestAttestationRequest:
    return request


async def serve(server_folder: KeyFolder, client_folder: KeyFolder, port: int) -> None:
    """Serve until the process ends."""
    server = grpc.aio.server()
    message = federation_service_pb2.RequestAttestationRequest
    handler = grpc.unary_unary_rpc_method_handler(
        _echo,
        request_deserializer=message.FromString,
        response_serializer=message.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("bench.Echo", {"Echo": handler})]
    )
    credentials = grpc.ssl_server_credentials(
        [(server_folder.peer_key.read_bytes(), server_folder.peer_certificate.read_bytes())],
        root_certificates=client_folder.peer_certificate.read_bytes(),
        require_client_auth=True,
    )
    server.add_secure_port(f"127.0.0.1:{port}", credentials)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(KeyFolder(Path(sys.argv[1])), KeyFolder(Path(sys.argv[2])), int(sys.argv[3])))
