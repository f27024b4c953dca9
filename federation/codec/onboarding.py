"""The messages of onboarding. They are not statements: what protects them is in `onboarding`."""

from federation.codec.primitives import require
from federation.hello import Finish, Hello
from federation.identifiers import city_code
from federation.v1 import onboarding_pb2


def hello_to_wire(hello: Hello) -> onboarding_pb2.Hello:
    """The hello as it travels."""
    return onboarding_pb2.Hello(
        city=hello.city,
        protocol_version=hello.protocol_version,
        suites=hello.suites,  # type: ignore[arg-type] # a proto3 enum is open: any number
        tls_certificate=hello.tls_certificate,
        pake=hello.pake,
        commitment=hello.commitment,
    )


def hello_from_wire(wire: onboarding_pb2.Hello) -> Hello:
    """The hello as it came; raises MALFORMED or ONBOARDING_MISMATCH."""
    return Hello(
        city=city_code(wire.city, where="hello.city"),
        protocol_version=wire.protocol_version,
        suites=tuple(wire.suites),
        tls_certificate=wire.tls_certificate,
        pake=wire.pake,
        commitment=wire.commitment,
    )


def begin_from_wire(wire: onboarding_pb2.BeginRequest | onboarding_pb2.BeginResponse) -> Hello:
    """The hello of a Begin or of its answer."""
    require(wire, "hello", where="begin")
    return hello_from_wire(wire.hello)


def finish_to_request(hello: Hello, finish: Finish) -> onboarding_pb2.FinishRequest:
    """The joiner's Finish as it travels."""
    return onboarding_pb2.FinishRequest(
        hello=hello_to_wire(hello),
        confirmation=finish.confirmation,
        sealed_bundle=finish.sealed_bundle,
    )


def finish_from_request(wire: onboarding_pb2.FinishRequest) -> tuple[Hello, Finish]:
    """The joiner's hello and Finish as they came."""
    require(wire, "hello", where="finish")
    return hello_from_wire(wire.hello), Finish(wire.confirmation, wire.sealed_bundle)


def finish_to_response(finish: Finish) -> onboarding_pb2.FinishResponse:
    """The inviter's Finish as it travels."""
    return onboarding_pb2.FinishResponse(
        confirmation=finish.confirmation, sealed_bundle=finish.sealed_bundle
    )


def finish_from_response(wire: onboarding_pb2.FinishResponse) -> Finish:
    """The inviter's Finish as it came."""
    return Finish(wire.confirmation, wire.sealed_bundle)
