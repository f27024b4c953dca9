"""Who is turned away comes again when it was told to, and not before; by chance a little later."""

import asyncio
import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from federation.envelope import Envelope
from federation.errors import NOT_RECOGNISED, HutongError
from node import deadlines, load_limits
from node.errors import PEER_UNREACHABLE
from node.load_errors import LIMIT_REACHED
from node.ports import CircuitState
from node.transport import local_client, status
from node.transport.local_client import LocalClient
from node.transport.peers import GrpcPeers
from node.v1 import operator_service_pb2 as pb
from scripts.cities import free_ports
from tests.node.transport.partners import Scene, serving

LONGEST = load_limits.RETRY_LONGEST.total_seconds()


def turned_away(retry_ms: str) -> HutongError:
    return HutongError(LIMIT_REACHED, limit="1/s", retry_ms=retry_ms)


class Refusal(grpc.RpcError):
    """A call's end, as gRPC's client tells it."""

    def __init__(self, error: HutongError) -> None:
        super().__init__()
        self._error = error

    def code(self) -> grpc.StatusCode:
        return status.code_of(self._error)

    def trailing_metadata(self) -> Any:  # noqa: ANN401 - as gRPC has it
        return status.to_metadata(self._error)


class Time:
    """A clock that is moved by whoever sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        counted = SimpleNamespace(monotonic=lambda: self.now, sleep=self.sleep)
        monkeypatch.setattr(local_client, "time", counted)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def client(behave: Callable[[float], bytes], seconds: float = 20.0) -> LocalClient:
    """A client of a node that behaves like this, given the time that a call has."""

    class Channel:
        def unary_unary(self, _path: str, _make: object, read: Callable[[bytes], object]) -> object:
            return lambda _wire, timeout: read(behave(timeout))

    channel: Any = Channel()
    return LocalClient(channel, "127.0.0.1:7444", seconds)


def test_a_client_comes_again_when_it_is_told_to_and_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, timeouts = Time(monkeypatch), list[float]()

    def behave(timeout: float) -> bytes:
        timeouts.append(timeout)
        if len(timeouts) < 3:
            raise Refusal(turned_away("400"))
        return pb.ListPartnersResponse().SerializeToString()

    assert client(behave).call("OperatorService/ListPartners", {})["partners"] == []
    assert len(clock.slept) == 2
    assert all(0.4 <= each <= 0.4 * (1 + load_limits.RETRY_JITTER) for each in clock.slept)
    # One deadline for all tries.
    assert timeouts == [20.0, 20.0 - clock.slept[0], 20.0 - sum(clock.slept)]


def test_clients_that_were_turned_away_together_do_not_come_back_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Time(monkeypatch)

    def behave(_timeout: float) -> bytes:
        raise Refusal(turned_away("1000"))

    with pytest.raises(HutongError):
        client(behave).call("OperatorService/ListPartners", {})
    assert len(clock.slept) == load_limits.CLIENT_TRIES - 1
    assert len(set(clock.slept)) == len(clock.slept)


def test_a_client_does_not_wait_beyond_the_time_that_its_call_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Time(monkeypatch)

    def behave(_timeout: float) -> bytes:
        raise Refusal(turned_away("4000"))

    with pytest.raises(HutongError) as raised:
        client(behave, seconds=3.0).call("OperatorService/ListPartners", {})
    assert raised.value.reason == LIMIT_REACHED
    assert clock.slept == []


@pytest.mark.parametrize("said", ["", "soon", "-5", "1.5", "٣", "9" * 50])
def test_what_is_no_hint_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    clock, calls = Time(monkeypatch), itertools.count()

    def behave(_timeout: float) -> bytes:
        next(calls)
        raise Refusal(turned_away(said))

    with pytest.raises(HutongError):
        client(behave).call("OperatorService/ListPartners", {})
    assert (next(calls), clock.slept) == (1, [])


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_a_hostile_hint_keeps_nobody_waiting_for_long(seconds: int, nanos: int) -> None:
    retry = error_details_pb2.RetryInfo(
        retry_delay=duration_pb2.Duration(seconds=seconds, nanos=nanos)
    )
    info = error_details_pb2.ErrorInfo(reason="LIMIT_REACHED", domain="hutong")
    whole = status_pb2.Status(code=8)
    for detail in (info, retry):
        packed = any_pb2.Any()
        packed.Pack(detail)
        whole.details.append(packed)
    found = status.from_metadata((("grpc-status-details-bin", whole.SerializeToString()),))
    assert found is not None
    wait = status.retry_after(found)
    assert wait is not None
    assert 0 <= wait.total_seconds() <= LONGEST


async def asked(peers: GrpcPeers, scene: Scene, port: int) -> HutongError:
    try:
        await peers.request_attestation(scene.partner(scene.friend, port), Envelope("x", b"", ()))
    except HutongError as error:
        return error
    raise AssertionError("it was answered")


def busy_at_first(times: int, retry_ms: str, heard: list[float]) -> Any:  # noqa: ANN401 - a behaviour
    async def behave(_request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        heard.append(asyncio.get_running_loop().time())
        error = turned_away(retry_ms) if len(heard) <= times else HutongError(NOT_RECOGNISED)
        await context.abort(status.code_of(error), "", status.to_metadata(error))
        return b""

    return behave


def test_a_partner_that_is_busy_is_asked_once_more_when_it_said(scene: Scene) -> None:
    [port] = free_ports(1)
    heard = list[float]()

    async def path() -> None:
        behave = busy_at_first(1, "100", heard)
        async with serving(scene, port, behave), GrpcPeers(scene.here.keys) as peers:
            assert (await asked(peers, scene, port)).reason == NOT_RECOGNISED

    scene.loop.run(path())
    first, second = heard
    # By the loop's clock, which is coarse by a millisecond.
    assert second - first >= 0.099


def test_a_partner_that_stays_busy_is_told_with_its_hint_and_is_not_left_alone(
    scene: Scene,
) -> None:
    [port] = free_ports(1)
    heard = list[float]()

    async def path() -> None:
        behave = busy_at_first(10**6, "50", heard)
        async with serving(scene, port, behave), GrpcPeers(scene.here.keys) as peers:
            for _ in range(load_limits.CIRCUIT_FAILURES + 1):
                error = await asked(peers, scene, port)
                assert error.reason == PEER_UNREACHABLE
                assert error.fields["problem"] == "it is busy; try again in 0.05 s"
                assert error.fields["retry_ms"] == "50"
            view = peers.circuit(scene.friend.code)
            assert view is not None
            assert view.state is CircuitState.CLOSED

    scene.loop.run(path())
    assert len(heard) == load_limits.PEER_TRIES * (load_limits.CIRCUIT_FAILURES + 1)


def test_a_busy_partner_is_not_waited_for_beyond_the_callers_deadline(scene: Scene) -> None:
    [port] = free_ports(1)
    heard = list[float]()

    async def path() -> None:
        behave = busy_at_first(10**6, "5000", heard)
        async with serving(scene, port, behave), GrpcPeers(scene.here.keys) as peers:
            deadlines.begin(2)
            assert (await asked(peers, scene, port)).fields["retry_ms"] == "5000"

    scene.loop.run(path())
    assert len(heard) == 1
