"""A caller's deadline goes along: to the store, and to the next city, which gets less."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from federation.errors import HutongError
from node import deadlines, limits
from node.errors import PEER_UNREACHABLE
from node.model import Role
from node.transport.peers import GrpcPeers
from node.v1 import resident_service_pb2 as pb
from scripts.cities import free_ports
from tests.node.transport.house import Loop, call, eventually, opened
from tests.node.transport.partners import Hanging, Scene, honest, serving
from tests.node.transport.test_life import enrol, writer_held

ENROL = "/node.v1.ResidentService/EnrolResident"


def given_to_the_partner(scene: Scene, seconds: float | None) -> float:
    """How long the partner is told that this city waits, where its own caller waits so long."""
    [port] = free_ports(1)
    told = list[float]()

    async def listen(request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        told.append(context.time_remaining())
        return await honest(scene.friend)(request, context)

    async def path() -> None:
        async with serving(scene, port, listen), GrpcPeers(scene.here.keys) as peers:
            deadlines.begin(seconds)
            await scene.swap(peers, scene.partner(scene.friend, port))

    scene.loop.run(path())
    return told[0]


def test_a_partner_is_given_less_than_is_left(scene: Scene) -> None:
    kept = limits.DEADLINE_KEPT.total_seconds()
    assert given_to_the_partner(scene, 0.8) <= 0.8 - kept
    own = limits.PEER_DEADLINE.total_seconds()
    assert 0.8 < given_to_the_partner(scene, 600) <= own
    assert 0.8 < given_to_the_partner(scene, None) <= own


def test_a_hanging_partner_is_given_up_within_the_callers_time(scene: Scene) -> None:
    [port] = free_ports(1)

    async def path() -> None:
        hanging = Hanging()
        async with serving(scene, port, hanging.serve), GrpcPeers(scene.here.keys) as peers:
            deadlines.begin(0.4)
            with pytest.raises(HutongError) as raised:
                await scene.swap(peers, scene.partner(scene.friend, port))
            assert raised.value.fields["problem"] == "no answer in time"
            assert hanging.inside == 1
            # What was kept is there to answer with; the loop's time is coarse by a millisecond.
            left = deadlines.left()
            assert left is not None
            assert left < 0.4

    scene.loop.run(path())


def test_a_partner_is_not_asked_where_no_time_is_left(scene: Scene) -> None:
    [port] = free_ports(1)
    heard = list[bytes]()

    async def listen(request: bytes, _context: object) -> bytes:
        heard.append(request)
        return b""

    async def path() -> None:
        async with serving(scene, port, listen), GrpcPeers(scene.here.keys) as peers:
            deadlines.begin(0.02)
            await asyncio.sleep(0.06)
            with pytest.raises(HutongError) as raised:
                await scene.swap(peers, scene.partner(scene.friend, port))
            assert raised.value.reason == PEER_UNREACHABLE
            assert raised.value.fields["problem"] == "no time is left to ask it"

    scene.loop.run(path())
    assert heard == []


def test_a_deadline_that_is_shorter_than_the_work_leaves_nothing_behind(
    loop: Loop, tmp_path: Path
) -> None:
    with (
        opened(loop, tmp_path / "here") as house,
        house.as_client(house.client(Role.RESIDENT)) as channel,
        ThreadPoolExecutor(1) as pool,
    ):
        before = house.act(lambda tx: tx.residents.count())
        with writer_held(house) as let_go:
            method = channel.unary_unary(ENROL, None, None)
            late: Any = pool.submit(method, enrol(), timeout=1.0)
            assert eventually(lambda: len(house.store._writer._waiting) == 1)
            assert isinstance(late.exception(20), grpc.RpcError)
            assert late.exception().code() is grpc.StatusCode.DEADLINE_EXCEEDED
            let_go()
        assert house.act(lambda tx: tx.residents.count()) == before
        # The same request, with time enough: it was not done before.
        answer = pb.EnrolResidentResponse.FromString(call(channel, ENROL, enrol()))
        assert answer.resident_id
        assert house.act(lambda tx: tx.residents.count()) == before + 1
