"""Calls are counted by who and how, in both directions, and nobody outside can make a label."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from prometheus_client import generate_latest

from federation.errors import NOT_RECOGNISED, HutongError, Reason, Status
from node import limits
from node.transport import status
from node.transport.metrics import PEER, Metrics
from node.transport.outgoing import watched
from node.transport.peers import GrpcPeers
from scripts.cities import free_ports
from tests.node.transport.house import EXCHANGE, FRIEND, Loop, failure, opened, stranger
from tests.node.transport.partners import (
    Behaviour,
    Hanging,
    Scene,
    failing,
    honest,
    saying,
    serving,
    until,
)

METHOD = "ExchangeTrustBundles"
MADE_UP = Reason("OF_RESIDENT_41010119900101", Status.INTERNAL, "made up", "编造")


def refusing(reason: Reason) -> Behaviour:
    return failing(grpc.StatusCode.INTERNAL, "no", status.to_metadata(HutongError(reason)))


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (honest, "OK"),
        (lambda _: refusing(MADE_UP), "PEER_REFUSED"),
        (lambda _: refusing(NOT_RECOGNISED), "NOT_RECOGNISED"),
        (lambda _: failing(grpc.StatusCode.UNAVAILABLE, "away"), "PEER_UNREACHABLE"),
        (lambda _: saying(b"\xff"), "MALFORMED"),
    ],
)
def test_a_call_to_a_partner_is_told_in_this_city_s_own_words(
    scene: Scene, behave: Callable[[object], Behaviour], reason: str
) -> None:
    [port], heard = free_ports(1), list[tuple[str, ...]]()
    watch = watched(lambda city, method, how, _seconds: heard.append((city, method, how)))

    async def path() -> None:
        async with (
            serving(scene, port, behave(scene.friend)),
            GrpcPeers(scene.here.keys, watch) as peers,
        ):
            with contextlib.suppress(HutongError):
                await scene.swap(peers, scene.partner(scene.friend, port))

    scene.loop.run(path())
    assert heard == [(FRIEND, METHOD, reason)]


def test_a_call_that_was_let_go_and_one_without_a_place_are_told_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CALLS_PER_PARTNER", 1)
    [port], heard = free_ports(1), list[str]()
    watch = watched(lambda _city, _method, how, _seconds: heard.append(how))

    async def path() -> None:
        hanging = Hanging()
        async with (
            serving(scene, port, hanging.serve),
            GrpcPeers(scene.here.keys, watch) as peers,
        ):
            partner = scene.partner(scene.friend, port)
            waits = asyncio.ensure_future(scene.swap(peers, partner))
            await until(lambda: hanging.inside == 1)
            with contextlib.suppress(HutongError):
                await scene.swap(peers, partner)
            waits.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waits
            hanging.let_go.set()

    scene.loop.run(path())
    assert heard == ["PARTNER_BUSY", "CANCELLED"]


def test_calls_to_partners_are_counted_by_city_method_and_end() -> None:
    metrics = Metrics()
    watch = metrics.watch()
    path = f"/federation.v1.FederationService/{METHOD}"
    with watch(FRIEND, path):
        pass
    with contextlib.suppress(HutongError), watch(FRIEND, path):
        raise HutongError(NOT_RECOGNISED)
    with contextlib.suppress(LookupError), watch(FRIEND, path):
        raise LookupError
    text = generate_latest(metrics.registry).decode()
    for reason in ("OK", "NOT_RECOGNISED", "INTERNAL"):
        labels = f'city="{FRIEND}",method="{METHOD}",reason="{reason}"'
        assert f"hutong_outgoing_calls_total{{{labels}}} 1.0" in text
    labels = f'city="{FRIEND}",method="{METHOD}"'
    assert f"hutong_outgoing_call_duration_seconds_count{{{labels}}} 3.0" in text


def test_who_is_not_let_in_makes_no_label(loop: Loop, tmp_path: Path) -> None:
    metrics = Metrics()
    with opened(loop, tmp_path / "here", meter=metrics.meter(PEER)) as house:
        friend = stranger(tmp_path / "friend", FRIEND)
        house.trust(friend)
        with house.as_partner(friend.own) as channel:
            assert failure(channel, EXCHANGE).reason == "MALFORMED"
            house.end(FRIEND)
            assert failure(channel, "/federation.v1.FederationService/GetCheckpoint").error
            # What no service has is answered by gRPC itself, and counted by nobody.
            made_up = "/federation.v1.FederationService/OfResident41010119900101"
            assert failure(channel, made_up).code is grpc.StatusCode.UNIMPLEMENTED
    calls = [
        line
        for line in generate_latest(metrics.registry).decode().splitlines()
        if line.startswith("hutong_calls_total")
    ]
    found = [json.loads("{" + _quoted(line) + "}") for line in calls]
    assert sorted((each["city"], each["method"], each["reason"]) for each in found) == [
        ("", "GetCheckpoint", "NOT_A_PARTNER"),
        (FRIEND, METHOD, "MALFORMED"),
    ]


def _quoted(line: str) -> str:
    """The labels of a sample, as JSON has them."""
    pairs = line.partition("{")[2].partition("}")[0].split(",")
    return ",".join(f'"{name}":{value}' for name, _, value in (p.partition("=") for p in pairs))
