"""Partners that hang, lie, die and come back: each costs its own calls only (rule 10)."""

import asyncio
import socket
from datetime import timedelta
from typing import Any

import grpc
import pytest
import structlog

from federation.errors import MALFORMED, NOT_CANONICAL, NOT_RECOGNISED, STALE, HutongError, Reason
from node import limits, load_limits
from node.certificates import peer_identity
from node.errors import PEER_REFUSED, PEER_UNREACHABLE
from node.load_errors import PARTNER_BUSY
from node.ports import BundleSwap, CircuitState
from node.transport import peer_answers, status
from node.transport.peers import GrpcPeers
from scripts.cities import free_ports
from tests.node.transport.house import (
    FRIEND,
    LIFE,
    now,
)
from tests.node.transport.partners import (
    Hanging,
    Scene,
    failing,
    far_away,
    honest,
    problem,
    saying,
    serving,
    told,
    until,
)

SOON = timedelta(milliseconds=300)


def test_an_honest_partner_answers(scene: Scene) -> None:
    [port] = free_ports(1)

    async def path() -> object:
        async with (
            serving(scene, port, honest(scene.friend)),
            GrpcPeers(scene.here.keys) as peers,
        ):
            return await scene.swap(peers, scene.partner(scene.friend, port))

    assert scene.loop.run(path()) == scene.friend.keys.bundle


def test_a_partner_that_never_answers_is_given_up_at_the_deadline(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PEER_DEADLINE", SOON)
    hanging = scene.loop.run(_made(Hanging))
    assert problem(told(scene, hanging.serve)) == "no answer in time"
    assert hanging.inside == 1


async def _made(kind: type[Hanging]) -> Hanging:
    return kind()


@pytest.mark.parametrize("accepts", [True, False])
def test_a_port_that_is_no_partner_at_all_is_given_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, accepts: bool
) -> None:
    """It accepts and never shakes hands, or hangs up at once."""
    monkeypatch.setattr(limits, "PEER_DEADLINE", SOON)
    [port] = free_ports(1)

    lines = list[asyncio.StreamWriter]()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(writer)
        if not accepts:
            writer.close()

    async def path() -> HutongError:
        server = await asyncio.start_server(answer, "127.0.0.1", port)
        try:
            async with GrpcPeers(scene.here.keys) as peers:
                await scene.swap(peers, scene.partner(scene.friend, port))
        except HutongError as error:
            return error
        finally:
            for line in lines:
                line.close()
            server.close()
            await server.wait_closed()
        raise AssertionError("it was answered")

    assert problem(scene.loop.run(path())) in ("no answer in time", "no connection")


def test_a_partner_far_away_is_reached_by_the_first_call(scene: Scene) -> None:
    """A connection once had a tenth of a second, and goes there and back three times.

    A partner 35 ms away, there and back, was "not reached" by each first call.
    """
    near, far = free_ports(2)

    async def path() -> object:
        async with (
            serving(scene, near, honest(scene.friend)),
            far_away(far, near, seconds=0.15),
            GrpcPeers(scene.here.keys) as peers,
        ):
            return await scene.swap(peers, scene.partner(scene.friend, far))

    assert scene.loop.run(path()) == scene.friend.keys.bundle


def test_nobody_there_is_told_at_once(scene: Scene) -> None:
    [port] = free_ports(1)

    async def path() -> None:
        async with GrpcPeers(scene.here.keys) as peers:
            await scene.swap(peers, scene.partner(scene.friend, port))

    with pytest.raises(HutongError) as raised:
        scene.loop.run(path())
    assert problem(raised.value) == "no connection"
    assert raised.value.fields["address"] == f"127.0.0.1:{port}"


ENVELOPE = b"\x0a\x05\x0a\x01x\x12\x00"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"\xff\xff\xff", MALFORMED),
        (b"", MALFORMED),
        (b"\xfa\x3e\x06gossip", NOT_CANONICAL),
        (ENVELOPE + b"\xfa\x3e\x06gossip", NOT_CANONICAL),
        (b"\x0a\x09\xfa\x3e\x06gossip", NOT_CANONICAL),
    ],
)
def test_an_answer_of_garbage_is_told_as_such(scene: Scene, answer: bytes, reason: Reason) -> None:
    found = told(scene, saying(answer))
    assert found.reason == reason
    assert found.fields["where"] == f"the answer of {FRIEND}"


def test_an_answer_that_is_too_large_is_not_read(scene: Scene) -> None:
    assert "too large" in problem(told(scene, saying(bytes(5 * 1024 * 1024))))


def test_the_right_name_on_another_key_is_not_spoken_to(scene: Scene) -> None:
    heard = []

    async def listen(request: bytes, _context: object) -> bytes:
        heard.append(request)
        return b""

    forged = peer_identity(FRIEND, now=now(), life=LIFE)
    for own in (forged, scene.other.own):
        assert problem(told(scene, listen, own)) == "no connection"
    assert heard == []


def test_a_refusal_comes_with_the_partners_reason(scene: Scene) -> None:
    refused = HutongError(STALE, where="attestation-request", issued_at="2026-11-24T02:00:00+00:00")
    trailers = status.to_metadata(refused)
    found = told(scene, failing(grpc.StatusCode.FAILED_PRECONDITION, "x", trailers))
    assert found == HutongError(
        PEER_REFUSED, city=FRIEND, peer_reason="STALE", detail=refused.text("en")
    )


def test_a_refusal_that_tells_nothing_stays_so_whatever_is_put_into_it(scene: Scene) -> None:
    gossip = HutongError(NOT_RECOGNISED, why="score 79", city="330100")
    trailers = status.to_metadata(gossip)
    found = told(scene, failing(grpc.StatusCode.PERMISSION_DENIED, "score 79", trailers))
    assert found == HutongError(NOT_RECOGNISED)


HOSTILE_TEXT = "\x1b]0;owned\x07\r\n{0.__class__}%s\u202e" + "页" * 400


@pytest.mark.parametrize("code", list(grpc.StatusCode)[1:])
def test_a_hostile_error_is_one_plain_line(scene: Scene, code: grpc.StatusCode) -> None:
    fields = {"reason": HOSTILE_TEXT, "self": HOSTILE_TEXT, "city": HOSTILE_TEXT}
    for trailers in (
        (),
        (("grpc-status-details-bin", b"\xff\x00garbage"),),
        status.to_metadata(HutongError(STALE, **fields)),
    ):
        found = told(scene, failing(code, HOSTILE_TEXT, trailers))
        assert found.reason in (PEER_REFUSED, PEER_UNREACHABLE)
        assert found.text("en").isprintable()
        assert found.text("zh").isprintable()
        assert len(found.text("en")) < 1000


def test_a_partner_that_comes_back_is_found_again_without_help(scene: Scene) -> None:
    [port] = free_ports(1)
    partner = scene.partner(scene.friend, port)

    async def outcome(peers: GrpcPeers) -> object:
        return (await asyncio.gather(scene.swap(peers, partner), return_exceptions=True))[0]

    async def path() -> None:
        async with GrpcPeers(scene.here.keys) as peers:
            for _ in range(2):
                async with serving(scene, port, honest(scene.friend)):
                    # How long is gRPC's to say; the bound is the time limit of the loop.
                    while (found := await outcome(peers)) != scene.friend.keys.bundle:
                        assert isinstance(found, HutongError)
                        assert found.reason == PEER_UNREACHABLE
                        await asyncio.sleep(0.02)
                gone = await outcome(peers)
                assert isinstance(gone, HutongError)
                assert problem(gone) == "no connection"

    scene.loop.run(path())


def test_one_partners_silence_costs_its_own_places_only(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CALLS_PER_PARTNER", 3)
    slow_port, good_port = free_ports(2)
    slow = scene.partner(scene.friend, slow_port)
    good = scene.partner(scene.other, good_port)

    async def path() -> None:
        hanging = Hanging()
        async with (
            serving(scene, slow_port, hanging.serve),
            serving(scene, good_port, honest(scene.other), scene.other.own),
            GrpcPeers(scene.here.keys) as peers,
        ):
            waiting = [asyncio.ensure_future(scene.swap(peers, slow)) for _ in range(3)]
            await until(lambda: hanging.inside == 3)
            for _ in range(2 * load_limits.CIRCUIT_FAILURES):
                with pytest.raises(HutongError) as raised:
                    await scene.swap(peers, slow)
                # It is load, and not the partner: there is a hint, and nothing is held against it.
                assert raised.value.reason == PARTNER_BUSY
                assert status.code_of(raised.value) is grpc.StatusCode.RESOURCE_EXHAUSTED
                assert status.retry_after(raised.value) == load_limits.LIMIT_RETRY
            assert hanging.inside == 3
            view = peers.circuit(scene.friend.code)
            assert view is not None
            assert (view.state, view.failures) == (CircuitState.CLOSED, 0)
            # Meanwhile the other partner goes on.
            for _ in range(10):
                assert await scene.swap(peers, good) == scene.other.keys.bundle
            assert not any(each.done() for each in waiting)
            # A call that is given up gives its place back, and so does one that is answered.
            waiting[0].cancel()
            await asyncio.wait(waiting[:1])
            again = asyncio.ensure_future(scene.swap(peers, slow))
            await until(lambda: hanging.inside == 4)
            hanging.let_go.set()
            ended = await asyncio.gather(*waiting[1:], again, return_exceptions=True)
            assert [type(each) for each in ended] == [HutongError] * 3
            with pytest.raises(HutongError) as raised:
                await scene.swap(peers, slow)
            assert raised.value.reason == MALFORMED

    scene.loop.run(path())


def test_a_newer_bundle_moves_the_line_and_lets_calls_under_way_end(scene: Scene) -> None:
    old_port, new_port = free_ports(2)
    old = scene.partner(scene.friend, old_port)
    new = scene.partner(scene.friend, new_port)

    async def path() -> None:
        hanging = Hanging()

        async def slowly(request: bytes, context: object) -> bytes:
            await hanging.serve(request, context)
            return await honest(scene.friend)(request, context)

        async with (
            serving(scene, old_port, slowly),
            serving(scene, new_port, honest(scene.friend)),
            GrpcPeers(scene.here.keys) as peers,
        ):
            under_way = asyncio.ensure_future(scene.swap(peers, old))
            await until(lambda: hanging.inside == 1)
            assert await scene.swap(peers, new) == scene.friend.keys.bundle
            hanging.let_go.set()
            assert await under_way == scene.friend.keys.bundle

    scene.loop.run(path())


def test_a_line_that_moves_while_a_call_waits_to_reach_it_is_told_as_one_that_is_cut(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An endurance run answered a venue with INTERNAL: a certificate changed while nobody was there.
    gone_port, new_port = free_ports(2)
    old = scene.partner(scene.friend, gone_port)
    new = scene.partner(scene.friend, new_port)
    waits, reached = list[object](), peer_answers._reached_anew

    async def path() -> list[object]:
        moved = asyncio.Event()

        async def late(channel: grpc.aio.Channel) -> bool:
            waits.append(channel)
            await moved.wait()
            return await reached(channel)

        monkeypatch.setattr(peer_answers, "_reached_anew", late)
        async with (
            serving(scene, new_port, honest(scene.friend)),
            GrpcPeers(scene.here.keys) as peers,
        ):
            calls = (scene.swap(peers, old), peers.status_lists(old))
            waiting = [asyncio.ensure_future(call) for call in calls]
            await until(lambda: len(waits) == len(waiting))
            assert await scene.swap(peers, new) == scene.friend.keys.bundle
            await until(lambda: not peers._hanging_up)
            moved.set()
            return await asyncio.gather(*waiting, return_exceptions=True)

    for found in scene.loop.run(path()):
        assert isinstance(found, HutongError)
        assert problem(found) == "no connection"


@pytest.mark.parametrize("clock", ["", "noon", "2026-13-01T00:00:00", "9" * 500])
def test_a_clock_that_cannot_be_read_is_no_clock(scene: Scene, clock: str) -> None:
    [port] = free_ports(1)

    async def lying(request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        context.set_trailing_metadata((("hutong-time", clock),))
        return await honest(scene.friend)(request, context)

    async def path() -> BundleSwap:
        async with serving(scene, port, lying), GrpcPeers(scene.here.keys) as peers:
            return await peers.exchange_trust_bundles(
                scene.partner(scene.friend, port), (scene.here.keys.bundle,)
            )

    assert scene.loop.run(path()).their_clock is None


def test_the_request_id_follows_the_call_and_nothing_else_does(scene: Scene) -> None:
    [port] = free_ports(1)
    heard = list[dict[str, str]]()

    async def listen(request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC's own
        heard.append(dict(context.invocation_metadata()))
        return await honest(scene.friend)(request, context)

    async def path() -> None:
        async with serving(scene, port, listen), GrpcPeers(scene.here.keys) as peers:
            with structlog.contextvars.bound_contextvars(request_id="r-1", resident="somebody"):
                await scene.swap(peers, scene.partner(scene.friend, port))
            await scene.swap(peers, scene.partner(scene.friend, port))

    scene.loop.run(path())
    assert [each.get("hutong-request-id") for each in heard] == ["r-1", None]
    assert "somebody" not in repr(heard)


def test_a_socket_that_never_accepts_is_given_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PEER_DEADLINE", SOON)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = int(full.getsockname()[1])

        async def path() -> None:
            async with GrpcPeers(scene.here.keys) as peers:
                await scene.swap(peers, scene.partner(scene.friend, port))

        with pytest.raises(HutongError) as raised:
            scene.loop.run(path())
    assert problem(raised.value) in ("no answer in time", "no connection")
