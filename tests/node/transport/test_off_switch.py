"""A suspended partner: off from the next call on, on open connections and streams too."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from google.protobuf.descriptor_pool import Default
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from federation import codec
from federation.envelope import seal
from federation.errors import HutongError
from federation.identifiers import uuid7
from federation.limits import PARTNERSHIP_LIFETIME
from federation.messages import Header, Partnership
from federation.v1 import federation_service_pb2 as pb
from node.clock import SystemClock, SystemEntropy
from node.errors import NOT_A_PARTNER
from node.ports import Transaction
from node.store import open_store
from node.transport import status
from tests.node.befriend import ALL_THE_WAY
from tests.node.transport.conftest import Street
from tests.node.transport.house import (
    EXCHANGE,
    FRIEND,
    HERE,
    OTHER,
    Failed,
    House,
    Loop,
    Stranger,
    call,
    eventually,
    failure,
    now,
    opened,
    stranger,
)
from tests.node.transport.test_life import listed
from tests.node.transport.test_peer_port import SCALES, got_our_bundle, swap

WATCH: Final = "/grpc.health.v1.Health/Watch"
CHECK: Final = "/grpc.health.v1.Health/Check"
REFLECT: Final = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
PARTNERSHIP: Final = "/federation.v1.FederationService/ExchangePartnership"
OFF: Final = HutongError(NOT_A_PARTNER, city=FRIEND)
SERVING, NOT_SERVING = 1, 2
_SECONDS: Final = 20


@pytest.fixture
def home(loop: Loop, tmp_path: Path) -> Iterator[Street]:
    with opened(loop, tmp_path / "here") as house:
        friend, other = stranger(tmp_path / "friend", FRIEND), stranger(tmp_path / "other", OTHER)
        house.trust(friend)
        house.trust(other)
        yield Street(house, friend, other)


@contextlib.contextmanager
def watching(channel: grpc.Channel) -> Iterator[Any]:
    """A Watch of the whole port, on its way."""
    stream: Any = channel.unary_stream(WATCH, None, health_pb2.HealthCheckResponse.FromString)(
        b"", timeout=_SECONDS
    )
    try:
        yield stream
    finally:
        stream.cancel()


def ended(stream: Any) -> Failed:  # noqa: ANN401 - gRPC's own
    """How a stream ends, whatever still comes on it."""
    try:
        for _ in stream:
            pass
    except grpc.RpcError as raised:
        told: Any = raised
        return failed(told)
    raise AssertionError("it ended as if all were well")


def failed(told: Any) -> Failed:  # noqa: ANN401 - gRPC's own
    return Failed(told.code(), status.from_metadata(told.trailing_metadata()), str(told.details()))


def open_streams(house: House) -> int:
    streams = house.ports[0]._streams
    return streams.count if streams else 0


def test_a_running_stream_ends_when_its_city_is_suspended_and_the_others_go_on(
    home: Street,
) -> None:
    house = home.house
    with (
        house.as_partner(home.friend.own) as theirs,
        house.as_partner(home.other.own) as others,
        watching(theirs) as first,
        watching(theirs) as second,
        watching(others) as neighbour,
    ):
        assert [next(s).status for s in (first, second, neighbour)] == [SERVING] * 3
        house.suspend(FRIEND)
        assert [ended(stream).error for stream in (first, second)] == [OFF, OFF]
        with watching(theirs) as late:
            assert ended(late).error == OFF
        assert failure(theirs, CHECK).error == OFF
        assert failure(theirs, SCALES).error == OFF
        house.loop.run(house.ports[0].say(serving=False))
        assert next(neighbour).status == NOT_SERVING
        assert eventually(lambda: open_streams(house) == 1)
        house.resume(FRIEND)
        with watching(theirs) as again:
            assert next(again).status == NOT_SERVING
        assert call(theirs, SCALES, b"") == b""


def test_a_stream_that_asks_many_times_ends_too(home: Street) -> None:
    house, go_on = home.house, threading.Event()

    def asking() -> Iterator[bytes]:
        yield ServerReflectionRequest(list_services="").SerializeToString()
        go_on.wait(_SECONDS)

    with house.as_partner(home.friend.own) as channel:
        stream: Any = channel.stream_stream(REFLECT, None, None)(asking(), timeout=_SECONDS)
        assert next(stream)
        house.suspend(FRIEND)
        assert ended(stream).error == OFF
        go_on.set()


def test_a_stream_that_nobody_reads_ends_too(home: Street) -> None:
    house = home.house
    with house.as_partner(home.friend.own) as channel, watching(channel) as stream:
        assert eventually(lambda: open_streams(house) == 1)
        house.suspend(FRIEND)
        assert eventually(lambda: open_streams(house) == 0)
        assert ended(stream).error == OFF


def test_a_certificate_that_a_new_bundle_drops_ends_its_streams(
    home: Street, tmp_path: Path
) -> None:
    house, renewed = home.house, stranger(tmp_path / "renewed", FRIEND)
    bundle = codec.TRUST_BUNDLE.decode(renewed.keys.bundle.payload)

    def renew(tx: Transaction) -> None:
        partner = tx.registry.partners[FRIEND]
        partner = replace(partner, bundle=bundle, envelope=renewed.keys.bundle)
        tx.administration.put_partner(partner)

    with house.as_partner(home.friend.own) as channel, watching(channel) as stream:
        assert next(stream).status == SERVING
        house.act(renew)
        assert ended(stream).error == HutongError(NOT_A_PARTNER, city="the caller")
    with house.as_partner(renewed.own) as channel, watching(channel) as stream:
        assert next(stream).status == SERVING


def test_another_process_of_the_city_suspends(home: Street) -> None:
    """The call is refused at once; the stream as soon as the registry is read again."""
    house = home.house
    with house.as_partner(home.friend.own) as channel, watching(channel) as stream:
        assert next(stream).status == SERVING
        assert call(channel, SCALES, b"") == b""

        async def elsewhere() -> None:
            async with open_store(
                f"sqlite:///{house.directory / 'store.sqlite'}", SystemClock()
            ) as store:
                await store.run(
                    lambda tx: house.cases.partners.suspend(tx, FRIEND, "operator/x", "a test")
                )

        house.loop.run(elsewhere())
        assert house.store.registry.active_partner(FRIEND) is not None
        assert failure(channel, SCALES).error == OFF
        assert house.store.registry.active_partner(FRIEND) is None
        assert ended(stream).error == OFF


def test_a_suspended_partner_may_swap_bundles_and_statements_and_nothing_else(
    home: Street,
) -> None:
    house = home.house
    with house.as_partner(home.friend.own) as channel:
        names = every_method(channel)
        assert {EXCHANGE, PARTNERSHIP, SCALES, WATCH, CHECK, REFLECT} < set(names)
        for off in (suspend, end):
            off(house)
            open_ones = {name for name, kind in names.items() if not refused(channel, name, *kind)}
            assert open_ones == {EXCHANGE, PARTNERSHIP}
            assert got_our_bundle(home, call(channel, EXCHANGE, swap(home.friend)))
            answer = call(channel, PARTNERSHIP, statement(home.friend))
            told = pb.ExchangePartnershipResponse.FromString(answer).partnership
            flags = codec.PARTNERSHIP.decode(codec.envelope_from_wire(told).payload).flags
            assert (flags.suspended, flags.ended) == (True, off is end)


def statement(city: Stranger) -> bytes:
    """What a partner says of itself when nothing has changed."""
    made = now()
    header = Header(
        uuid7(made, SystemEntropy().token(10)),
        city.code,
        (HERE,),
        made,
        made + PARTNERSHIP_LIFETIME,
    )
    said = Partnership(header=header, sequence=1, flags=ALL_THE_WAY, agreements=())
    wire = codec.envelope_to_wire(seal(codec.PARTNERSHIP, said, [city.keys]))
    return pb.ExchangePartnershipRequest(partnership=wire).SerializeToString()


def suspend(house: House) -> None:
    house.suspend(FRIEND)


def end(house: House) -> None:
    house.end(FRIEND)


def every_method(channel: grpc.Channel) -> dict[str, tuple[bool, bool]]:
    """Every method of every service that the port says it has, and which sides of it stream."""
    found = {}
    for service in listed(channel):
        for method in Default().FindServiceByName(service).methods:
            if (service, method.name) == ("grpc.health.v1.Health", "List"):
                continue
            kind = (method.client_streaming, method.server_streaming)
            found[f"/{service}/{method.name}"] = kind
    return found


def refused(channel: grpc.Channel, name: str, asks_many: bool, answers_many: bool) -> bool:
    """Whether the gate turns the call away, whatever it asks."""
    if asks_many:
        stream: Any = channel.stream_stream(name, None, None)(iter([b""]), timeout=_SECONDS)
        return ended(stream).error == OFF
    if answers_many:
        stream = channel.unary_stream(name, None, None)(b"", timeout=_SECONDS)
        return ended(stream).error == OFF
    try:
        call(channel, name, b"")
    except grpc.RpcError as raised:
        return failed(raised).error == OFF
    return False
