"""Where a partner is asked again, and where it is not: its endpoints, and lines that died."""

import asyncio
from datetime import timedelta
from typing import Any

import grpc
import pytest

from federation.errors import HutongError
from node import limits
from node.errors import PEER_UNREACHABLE, STORE_UNAVAILABLE
from node.transport.peers import GrpcPeers
from node.transport.status import to_metadata
from scripts.cities import free_ports
from tests.node.transport.partners import (
    Scene,
    failing,
    honest,
    serving,
)


def test_where_the_first_endpoint_is_dead_the_second_is_asked(scene: Scene) -> None:
    dead, alive = free_ports(2)

    async def path() -> object:
        async with (
            serving(scene, alive, honest(scene.friend)),
            GrpcPeers(scene.here.keys) as peers,
        ):
            return await scene.swap(peers, scene.partner(scene.friend, dead, alive))

    assert scene.loop.run(path()) == scene.friend.keys.bundle


def test_a_refusal_is_not_asked_again_elsewhere(scene: Scene) -> None:
    first, second = free_ports(2)
    heard = []

    async def listen(request: bytes, _context: object) -> bytes:
        heard.append(request)
        return b""

    refusing = failing(grpc.StatusCode.PERMISSION_DENIED, "no")

    async def path() -> None:
        async with (
            serving(scene, first, refusing),
            serving(scene, second, listen),
            GrpcPeers(scene.here.keys) as peers,
        ):
            with pytest.raises(HutongError):
                await scene.swap(peers, scene.partner(scene.friend, first, second))

    scene.loop.run(path())
    assert heard == []


def test_all_endpoints_of_a_partner_share_one_deadline(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PEER_DEADLINE", timedelta(milliseconds=300))
    ports = free_ports(2)
    timeouts = list[float]()

    async def fails_late(_request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        timeouts.append(context.time_remaining())
        await asyncio.sleep(context.time_remaining() / 2)
        await context.abort(grpc.StatusCode.UNAVAILABLE, "late")
        return b""

    async def path() -> None:
        async with (
            serving(scene, ports[0], fails_late),
            serving(scene, ports[1], fails_late),
            GrpcPeers(scene.here.keys) as peers,
        ):
            with pytest.raises(HutongError) as raised:
                await scene.swap(peers, scene.partner(scene.friend, *ports))
            assert raised.value.reason == PEER_UNREACHABLE

    scene.loop.run(path())
    # Two endpoints, and the first again.
    assert len(timeouts) == 3
    assert timeouts[1] <= timeouts[0] / 2
    assert timeouts[2] <= timeouts[1] / 2


def test_a_call_on_a_line_that_died_without_a_word_is_made_again(scene: Scene) -> None:
    [port] = free_ports(1)
    calls = list[bytes]()

    async def cut_once(request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        calls.append(request)
        if len(calls) == 1:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        return await honest(scene.friend)(request, context)

    async def path() -> None:
        async with serving(scene, port, cut_once), GrpcPeers(scene.here.keys) as peers:
            bundle = await scene.swap(peers, scene.partner(scene.friend, port))
            assert bundle == scene.friend.keys.bundle

    scene.loop.run(path())
    assert calls == [calls[0]] * 2


def test_a_partner_that_says_itself_that_it_cannot_is_not_asked_again(scene: Scene) -> None:
    [port] = free_ports(1)
    calls = list[bytes]()
    own_words = to_metadata(HutongError(STORE_UNAVAILABLE, problem="the disk is full"))

    async def full(request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        calls.append(request)
        await context.abort(grpc.StatusCode.UNAVAILABLE, "full", own_words)
        return b""

    async def path() -> None:
        async with serving(scene, port, full), GrpcPeers(scene.here.keys) as peers:
            with pytest.raises(HutongError) as raised:
                await scene.swap(peers, scene.partner(scene.friend, port))
            assert raised.value.fields["peer_reason"] == STORE_UNAVAILABLE.name

    scene.loop.run(path())
    assert len(calls) == 1
