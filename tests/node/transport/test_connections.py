"""Connections: bounded for all, for each partner those that are used, and none is only held."""

import contextlib
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from node import load_limits
from node.certificates import Identity
from node.load_errors import LIMIT_REACHED
from node.model import Role
from node.transport import servers, status
from node.transport.shares import PARTNER, Allowance
from tests.node.transport.conftest import Street, street_of
from tests.node.transport.house import (
    EXCHANGE,
    House,
    Loop,
    Sharing,
    call,
    eventually,
    failure,
    turned_away,
)
from tests.node.transport.test_peer_port import got_our_bundle, swap

OPERATING = Path(__file__).parents[3] / "docs" / "operating"
INCENTIVES = "/node.v1.VenueService/ListIncentives"
WATCH = "/grpc.health.v1.Health/Watch"
# What begins a connection of HTTP/2, and settings that change nothing.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
FEW = 4


@pytest.fixture
def narrow(loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    """A city with few connections on its peer port."""
    monkeypatch.setattr(load_limits, "PEER_CONNECTIONS", FEW)
    with street_of(loop, tmp_path) as made:
        yield made


@pytest.fixture
def lined(loop: Loop, tmp_path: Path) -> Iterator[Street]:
    """A city in which each partner's calls come over two connections."""
    with street_of(loop, tmp_path, Sharing(Allowance(rate=0, at_once=100, lines=2))) as made:
        yield made


@contextlib.contextmanager
def line(house: House, own: Identity, tmp_path: Path) -> Iterator[ssl.SSLSocket]:
    """A connection to the peer port on which nothing is called."""
    files = (tmp_path / "own.pem", tmp_path / "own.key", tmp_path / "here.pem")
    for file, content in zip(files, (own.certificate, own.key, house.own.certificate), strict=True):
        file.write_bytes(content)
    context = ssl.create_default_context(cafile=str(files[2]))
    context.check_hostname = False
    context.load_cert_chain(files[0], files[1])
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", house.peer_number), timeout=20) as plain,
        context.wrap_socket(plain) as made,
    ):
        yield made


def held(channel: grpc.Channel) -> Any:  # noqa: ANN401 - gRPC's own
    """A call that goes on, over a connection of its own."""
    body = health_pb2.HealthCheckRequest().SerializeToString()
    stream: Any = channel.unary_stream(WATCH, None, None)(body)
    next(stream)
    return stream


def test_who_opens_connections_without_end_takes_nothing_from_the_citys_own_clients(
    narrow: Street,
) -> None:
    house, friend = narrow.house, narrow.friend
    venue = house.client(Role.VENUE)
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(house.as_partner(friend.own)) for _ in range(FEW)]
        for channel in lines:
            assert got_our_bundle(narrow, call(channel, EXCHANGE, swap(friend)))
        for _ in range(5):
            with house.as_partner(friend.own) as more:
                assert turned_away(more)
        with house.as_client(venue) as own:
            call(own, INCENTIVES)
        # Those that are there go on.
        assert got_our_bundle(narrow, call(lines[0], EXCHANGE, swap(friend)))

    def is_served() -> bool:
        with house.as_partner(narrow.other.own) as channel:
            return not turned_away(channel)

    # And those that end make room, time and again.
    for _ in range(3 * FEW):
        assert eventually(is_served)


def test_a_partners_calls_come_over_so_many_connections_at_once_and_others_go_on(
    lined: Street,
) -> None:
    house, friend, other = lined.house, lined.friend, lined.other
    with contextlib.ExitStack() as stack:
        first, second, third = (stack.enter_context(house.as_partner(friend.own)) for _ in range(3))
        streams = [held(first), held(second)]
        refused = failure(third, EXCHANGE, swap(friend))
        assert refused.error is not None
        assert (refused.error.reason, refused.error.fields["limit"]) == (
            LIMIT_REACHED,
            "2 connections",
        )
        assert status.retry_after(refused.error) is not None
        # Over those that it has already it may call as before, and so may others.
        assert got_our_bundle(lined, call(first, EXCHANGE, swap(friend)))
        with house.as_partner(other.own) as channel:
            assert got_our_bundle(lined, call(channel, EXCHANGE, swap(other)))
        streams[0].cancel()
        assert eventually(lambda: not _is_refused(third, swap(friend)))
        assert got_our_bundle(lined, call(third, EXCHANGE, swap(friend)))


def _is_refused(channel: grpc.Channel, body: bytes) -> bool:
    try:
        call(channel, EXCHANGE, body)
    except grpc.RpcError:
        return True
    return False


def test_a_connection_that_is_only_held_is_closed(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = [
        (name, 200 if name == "grpc.max_connection_idle_ms" else value)
        for name, value in servers._OPTIONS
    ]
    monkeypatch.setattr(servers, "_OPTIONS", tuple(soon))
    with street_of(loop, tmp_path) as street:
        with line(street.house, street.friend.own, tmp_path) as only_held:
            only_held.sendall(PREFACE)
            while only_held.recv(4096):
                """Until the node hangs up; it says why before that."""
        with street.house.as_partner(street.friend.own) as channel:
            # Who calls is not cut off, and a connection that was closed is made anew.
            stream = held(channel)
            assert got_our_bundle(street, call(channel, EXCHANGE, swap(street.friend)))
            stream.cancel()


def test_both_ports_leave_files_to_the_store_and_to_calls_of_our_own() -> None:
    unit = (OPERATING / "hutong.service").read_text("utf-8")
    [files] = re.findall(r"(?m)^LimitNOFILE=(\d+)$", unit)
    connections = load_limits.PEER_CONNECTIONS + load_limits.LOCAL_CONNECTIONS
    assert 2 * connections < int(files)
    options = dict(servers._OPTIONS)
    assert options["grpc.max_connection_idle_ms"] == load_limits.CONNECTION_IDLE / timedelta(
        milliseconds=1
    )
    assert PARTNER.lines == load_limits.PARTNER_LINES
    page = (OPERATING / "limits.md").read_text("utf-8")
    for said in (load_limits.PEER_CONNECTIONS, load_limits.LOCAL_CONNECTIONS):
        assert f"{said:,}" in page
    assert f"over {load_limits.PARTNER_LINES} connections at once" in page
