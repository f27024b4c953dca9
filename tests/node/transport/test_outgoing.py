"""Calls are counted by who and how, in both directions, and nobody outside can make a label."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from prometheus_client import generate_latest

from federation.envelope import Envelope
from federation.errors import MALFORMED, NOT_RECOGNISED, HutongError, Reason, Status
from federation.identifiers import CityCode
from node import limits
from node.certificates import Identity, peer_identity
from node.registry import Partner
from node.transport import status
from node.transport.metrics import PEER, Metrics
from node.transport.outgoing import watched
from node.transport.peers import GrpcPeers
from scripts.cities import free_ports
from tests.node.transport.house import (
    EXCHANGE,
    FRIEND,
    LIFE,
    Loop,
    failure,
    now,
    opened,
    stranger,
)
from tests.node.transport.partners import (
    Behaviour,
    Hanging,
    Scene,
    failing,
    honest,
    problem,
    saying,
    serving,
    until,
)

METHOD = "ExchangeTrustBundles"
NOBODY = CityCode("999999")
QUESTION = Envelope("x", b"", ())
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


UNKNOWN: Mapping[str, Callable[[Scene], Identity]] = {
    "its name on another key": lambda _: peer_identity(FRIEND, now=now(), life=LIFE),
    "another partner's": lambda scene: scene.other.own,
    "this city's own": lambda scene: scene.here.own,
    "one of a city that nobody knows": lambda _: peer_identity(NOBODY, now=now(), life=LIFE),
}


async def _one_batch() -> AsyncIterator[Envelope]:
    yield QUESTION


async def _renewed(peers: GrpcPeers, partner: Partner) -> None:
    async for _ in peers.renew_attestations(partner, _one_batch()):
        raise AssertionError("it was answered")


CALLS: Mapping[str, Callable[[GrpcPeers, Partner], Awaitable[object]]] = {
    "RequestAttestation": lambda peers, partner: peers.request_attestation(partner, QUESTION),
    "ReserveUse": lambda peers, partner: peers.reserve_use(partner, QUESTION),
    "PushStatusLists": lambda peers, partner: peers.push_status_lists(partner, (QUESTION,)),
    "GetStatusLists": lambda peers, partner: peers.status_lists(partner),
    "RenewAttestations": _renewed,
}


@pytest.mark.parametrize("name", CALLS)
def test_who_stands_at_a_partner_s_address_with_an_unknown_certificate_hears_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # None of them becomes a connection, however long one waits.
    monkeypatch.setattr(limits, "PEER_RECONNECTS", timedelta(milliseconds=200))
    heard, told = list[bytes](), list[tuple[str, ...]]()
    watch = watched(lambda city, method, how, _seconds: told.append((city, method, how)))

    async def listen(request: bytes, _context: object) -> bytes:
        heard.append(request)
        return b"\xff"

    async def asked(own: Identity) -> HutongError:
        [port] = free_ports(1)
        async with serving(scene, port, listen, own), GrpcPeers(scene.here.keys, watch) as peers:
            try:
                await CALLS[name](peers, scene.partner(scene.friend, port))
            except HutongError as error:
                return error
        raise AssertionError("it was answered")

    for kind, make in UNKNOWN.items():
        error = scene.loop.run(asked(make(scene)))
        assert (kind, problem(error)) == (kind, "no connection")
    assert heard == []
    assert told == [(FRIEND, name, "PEER_UNREACHABLE")] * len(UNKNOWN)
    monkeypatch.undo()
    # With its own the very same call is heard.
    assert scene.loop.run(asked(scene.friend.own)).reason == MALFORMED
    assert len(heard) == 1


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
    labels = f'city="",method="{METHOD}"'
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
