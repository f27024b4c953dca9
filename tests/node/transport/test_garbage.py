"""Garbage on both ports: told as garbage, and nothing is lost or left open by it."""

import random
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation import codec
from federation.errors import HutongError
from node.model import Role
from node.transport.shares import Allowance
from tests.node.transport.conftest import Street, street_of
from tests.node.transport.house import (
    EXCHANGE,
    HERE,
    House,
    Loop,
    Sharing,
    call,
    descriptors,
    eventually,
    failure,
)
from tests.node.transport.methods import LOCAL, PEER, Method
from tests.node.transport.test_fields import OUR_FAULT, Channels
from tests.node.transport.test_peer_port import http2_call, swap

HEALTH = "/grpc.health.v1.Health/Check"


@pytest.fixture(scope="module")
def street(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A city without shares: what cannot be read is dear, and here all of it is to be looked at."""
    unbounded = Sharing(Allowance(rate=0, at_once=256), Allowance(rate=0, at_once=256))
    with street_of(loop, tmp_path_factory.mktemp("garbage"), unbounded) as made:
        yield made


@pytest.fixture(scope="module")
def channels(street: Street) -> Iterator[Channels]:
    house = street.house
    made: Channels = {role: house.as_client(house.client(role)) for role in Role}
    made[None] = house.as_partner(street.friend.own)
    for channel in made.values():
        assert serves(channel)
    yield made
    for channel in made.values():
        channel.close()


def serves(channel: grpc.Channel) -> bool:
    found = health_pb2.HealthCheckResponse.FromString(call(channel, HEALTH))
    return bool(found.status == health_pb2.HealthCheckResponse.SERVING)


def junk() -> Iterator[bytes]:
    """The same garbage every time: noise, other protocols, and our own cut short."""
    chance = random.Random(20261124)  # noqa: S311 - it must repeat
    for size in (1, 5, 24, 300, 20_000):
        yield chance.randbytes(size)
    good = http2_call(EXCHANGE, b"\x00" * 40)
    yield b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(500)
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + chance.randbytes(2000)
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" * 500
    for _ in range(10):
        flipped = bytearray(good)
        flipped[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
        yield bytes(flipped)
        yield good[: chance.randrange(len(good))]


def poured(port: int, what: bytes, tls: ssl.SSLContext | None = None) -> None:
    """Send it, and hang up without a word."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        line: Any = tls.wrap_socket(plain, server_hostname=f"{HERE}.hutong") if tls else plain
        try:
            line.sendall(what)
        except OSError:
            assert what  # it hung up first
        finally:
            line.close()


def partner_tls(street: Street) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=street.house.own.certificate.decode())
    keys = street.friend.folder
    context.load_cert_chain(keys.peer_certificate, keys.peer_key)
    context.set_alpn_protocols(["h2"])
    return context


def client_tls(street: Street) -> ssl.SSLContext:
    folder = street.house.folder
    context = ssl.create_default_context(cadata=folder.ca_certificate.read_text())
    context.load_cert_chain(
        folder.clients / "venue-default.crt", folder.clients / "venue-default.key"
    )
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    return context


def test_garbage_on_a_bare_socket_leaves_nothing_open(street: Street, channels: Channels) -> None:
    before, tasks = descriptors(), street.house.loop.tasks()
    for port in (street.house.peer_number, street.house.local_number):
        for what in junk():
            poured(port, what)
    for channel in channels.values():
        assert serves(channel)
    assert eventually(lambda: descriptors() <= before)
    assert eventually(lambda: street.house.loop.tasks() <= tasks)


def test_garbage_inside_tls_leaves_nothing_open(street: Street, channels: Channels) -> None:
    before, tasks = descriptors(), street.house.loop.tasks()
    house = street.house
    for port, tls in (
        (house.peer_number, partner_tls(street)),
        (house.local_number, client_tls(street)),
    ):
        for what in junk():
            poured(port, what, tls)
    for channel in channels.values():
        assert serves(channel)
    assert eventually(lambda: descriptors() <= before)
    assert eventually(lambda: street.house.loop.tasks() <= tasks)


def test_connections_that_say_nothing_hinder_nobody(street: Street, channels: Channels) -> None:
    house = street.house
    silent = [
        socket.create_connection(("127.0.0.1", port))
        for port in (house.peer_number, house.local_number)
        for _ in range(100)
    ]
    try:
        with house.as_partner(street.other.own) as fresh:
            call(fresh, EXCHANGE, swap(street.other))
        assert all(serves(channel) for channel in channels.values())
    finally:
        for each in silent:
            each.close()


def expected(method: Method, body: bytes) -> str | None:
    """What must be said of a body: None where it is a message of that type."""
    wire = method.request()
    try:
        wire.ParseFromString(body)
        codec.refuse_unknown(wire, where="x")
    except DecodeError:
        return "MALFORMED"
    except HutongError as error:
        return error.reason.name
    return None


def check_body(channels: Channels, method: Method, body: bytes) -> None:
    channel = channels[method.role]
    wanted = expected(method, body)
    try:
        found = failure(channel, method.path, body)
    except AssertionError:
        assert wanted is None
        return
    assert found.error is not None, found
    assert found.code not in OUR_FAULT, found
    if wanted is not None:
        assert found.reason == wanted
        assert found.code is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("method", [*LOCAL, *PEER], ids=str)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
def test_a_body_of_garbage_is_told_as_such(channels: Channels, method: Method, body: bytes) -> None:
    check_body(channels, method, body)


@pytest.mark.parametrize("method", PEER, ids=str)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2000), bit=st.integers(0, 7))
def test_a_flipped_bit_in_a_good_body_is_never_our_fault(
    street: Street, channels: Channels, method: Method, place: int, bit: int
) -> None:
    good = bytearray(swap(street.friend))
    good[place % len(good)] ^= 1 << bit
    check_body(channels, method, bytes(good))


def test_after_all_of_it_the_node_serves(street: Street, channels: Channels) -> None:
    for channel in channels.values():
        assert serves(channel)
    assert house_is_whole(street.house)


def house_is_whole(house: House) -> bool:
    house.loop.run(house.store.probe())
    return True
