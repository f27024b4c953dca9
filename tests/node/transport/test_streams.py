"""Streams of our own: parsed, refused, ended and told as calls are."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from federation.errors import MALFORMED, NOT_CANONICAL, HutongError
from node import limits
from node.errors import INTERNAL, NOT_A_PARTNER, STORE_UNAVAILABLE
from node.transport import status
from node.transport.calls import Around, Call, service_handler
from node.transport.running import Running, stopping
from node.transport.shares import PARTNER, Share
from node.transport.streams import Streams, WholeWrites
from tests.node.transport.house import Loop
from tests.node.transport.partners import until

ONE: Final = health_pb2.DESCRIPTOR.services_by_name["Health"]
MANY: Final = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"]
OFF: Final = HutongError(NOT_A_PARTNER, city="330100")
Answer = health_pb2.HealthCheckResponse
BIG: Final = 256 * 1024
_AIO: Final[Any] = grpc.aio  # its stubs lack what ends a stream
EOF: Final = _AIO.EOF


@dataclass
class OpenGate:
    """Lets everybody in until it is shut."""

    shut: bool = False
    shuts_behind: bool = False
    share: Share = field(default_factory=lambda: Share("330100", PARTNER, time.monotonic))

    @property
    def inside(self) -> int:
        return self.share.inside

    def allowed(self, _context: object, _service: str, _method: str) -> str:
        if self.shut:
            raise OFF
        return "330100"

    def shown(self, context: object) -> object:
        return context

    def enter(self, _shown: object) -> Share:
        self.share.enter()
        return self.share

    def caller(self, shown: object, service: str, method: str) -> str:
        found = self.allowed(shown, service, method)
        self.shut = self.shuts_behind
        return found

    def request_id(self, _context: object, _request: object) -> str:
        return ""


@dataclass
class Servicer:
    """Streams of both kinds, which note how they ended."""

    closed: list[str] = field(default_factory=list)
    size: int = 0
    amid_the_first: Callable[[], None] | None = None

    async def Watch(self, _call: Call, request: Any) -> AsyncIterator[Any]:  # noqa: ANN401, N802 - as gRPC has it
        try:
            if request.service == "fault":
                raise RuntimeError("of ours")
            if self.amid_the_first is not None:
                asyncio.get_running_loop().call_soon(self.amid_the_first)
            yield Answer(status=1).SerializeToString()
            while self.size:
                yield bytes(self.size)
            await asyncio.Event().wait()
        finally:
            self.closed.append("Watch")

    async def ServerReflectionInfo(  # noqa: N802 - as gRPC has it
        self, _call: Call, requests: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        try:
            async for request in requests:
                yield reflection_pb2.ServerReflectionResponse(valid_host=request.host)
        finally:
            self.closed.append("ServerReflectionInfo")


@dataclass
class Stage:
    """A port with streams, and a way to it."""

    gate: OpenGate
    servicer: Servicer
    streams: Streams
    running: Running
    channel: Any
    told: list[tuple[str, str]]

    def watch(self, service: str = "") -> Any:  # noqa: ANN401 - gRPC's own
        body = health_pb2.HealthCheckRequest(service=service).SerializeToString()
        return self.channel.unary_stream("/grpc.health.v1.Health/Watch", None, None)(body)

    def talk(self) -> Any:  # noqa: ANN401 - gRPC's own
        return self.channel.stream_stream(f"/{MANY.full_name}/ServerReflectionInfo", None, None)()


@contextlib.asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    gate, servicer, running = OpenGate(), Servicer(), Running()
    told = list[tuple[str, str]]()

    def meter(_service: str, method: str) -> Callable[[str, str, float], None]:
        return lambda _who, reason, _seconds: told.append((method, reason))

    streams = Streams(gate.allowed)
    around = Around(streams, meter=meter)
    server: Any = grpc.aio.server()
    server.add_generic_rpc_handlers(
        [service_handler(each, servicer, gate, running, around) for each in (ONE, MANY)]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Stage(gate, servicer, streams, running, channel, told)
    finally:
        await server.stop(None)
    assert (gate.inside, streams.count) == (0, 0)


def play(loop: Loop, act: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
    async def path() -> None:
        async with staged() as stage:
            await asyncio.wait_for(act(stage), 20)

    loop.run(path())


async def how(stream: Any) -> HutongError | None:  # noqa: ANN401 - gRPC's own
    """How a stream ends."""
    try:
        while await stream.read() is not EOF:
            pass
    except grpc.aio.AioRpcError as error:
        return status.from_metadata(error.trailing_metadata())
    return None


def shut(stage: Stage) -> None:
    stage.gate.shut = True
    stage.streams.look_soon()


def test_both_kinds_of_streams_end_with_the_right_to_them_and_their_work_is_closed(
    loop: Loop,
) -> None:
    async def act(stage: Stage) -> None:
        watch, talk = stage.watch(), stage.talk()
        assert Answer.FromString(await watch.read()).status == 1
        asked = reflection_pb2.ServerReflectionRequest(host="a").SerializeToString()
        await talk.write(asked)
        answer = reflection_pb2.ServerReflectionResponse.FromString(await talk.read())
        assert answer.valid_host == "a"
        shut(stage)
        assert [await how(watch), await how(talk)] == [OFF, OFF]
        await until(lambda: stage.streams.count == 0)
        assert sorted(stage.servicer.closed) == ["ServerReflectionInfo", "Watch"]
        assert sorted(stage.told) == [
            ("ServerReflectionInfo", NOT_A_PARTNER.name),
            ("Watch", NOT_A_PARTNER.name),
        ]

    play(loop, act)


def test_who_is_suspended_between_the_gate_and_the_stream_gets_no_stream(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        stage.gate.shuts_behind = True
        assert await how(stage.watch()) == OFF
        assert stage.servicer.closed == []

    play(loop, act)


def test_a_stream_that_is_full_of_unread_answers_ends_its_work_all_the_same(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        stage.servicer.size = BIG
        watch = stage.watch()
        await watch.read()
        shut(stage)
        await until(lambda: stage.streams.count == 0)
        await until(lambda: stage.servicer.closed == ["Watch"])
        assert await how(watch) == OFF

    play(loop, act)


def test_a_stream_ends_well_when_its_caller_has_asked_all(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        talk = stage.talk()
        await talk.done_writing()
        assert await how(talk) is None
        assert stage.told == [("ServerReflectionInfo", "OK")]

    play(loop, act)


def test_a_stream_whose_caller_hangs_up_is_closed(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        watch = stage.watch()
        await watch.read()
        watch.cancel()
        await until(lambda: stage.servicer.closed == ["Watch"])
        await until(lambda: stage.told == [("Watch", "CANCELLED")])

    play(loop, act)


def test_garbage_and_unknown_fields_are_refused_in_streams_too(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        for garbage, reason in ((b"\xff", MALFORMED), (b"\xba\x3e\x01x", NOT_CANONICAL)):
            talk = stage.talk()
            await talk.write(garbage)
            found = await how(talk)
            assert found is not None
            assert found.reason == reason
            watch = stage.channel.unary_stream("/grpc.health.v1.Health/Watch", None, None)(garbage)
            found = await how(watch)
            assert found is not None
            assert found.reason == reason

    play(loop, act)


def test_a_fault_of_ours_is_told_without_what_it_was(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        found = await how(stage.watch("fault"))
        assert found is not None
        assert found.reason == INTERNAL
        assert "of ours" not in found.text("en")

    play(loop, act)


def test_a_port_that_stops_says_so_to_its_streams_and_takes_no_new_one(loop: Loop) -> None:
    async def act(stage: Stage) -> None:
        watch = stage.watch()
        await watch.read()
        await stage.running.drain(timedelta(0))
        stage.streams.end(stopping())
        for stream in (watch, stage.watch()):
            found = await how(stream)
            assert found is not None
            assert found.reason == STORE_UNAVAILABLE

    play(loop, act)


def test_a_port_without_streams_refuses_to_have_a_method_that_streams() -> None:
    with contextlib.suppress(TypeError):
        service_handler(ONE, Servicer(), OpenGate(), Running())
        raise AssertionError("it was made")


def test_a_stream_that_ends_amid_its_first_message_is_told_why(loop: Loop) -> None:
    """gRPC would refuse to send the end, and the caller would wait for ever."""

    async def act(stage: Stage) -> None:
        stage.servicer.amid_the_first = lambda: stage.streams.end(stopping())
        for _ in range(20):
            found = await how(stage.watch())
            assert found is not None
            assert found.reason == STORE_UNAVAILABLE

    play(loop, act)


class SlowLine:
    """A context over a line that takes its time."""

    def __init__(self) -> None:
        self.taken = asyncio.Event()
        self.written = list[object]()

    async def write(self, message: object) -> None:
        await self.taken.wait()
        self.written.append(message)


def test_a_stream_that_ends_amid_a_message_lets_that_go_out_first(loop: Loop) -> None:
    """An end said on top of it would never be sent, and the caller would wait for ever."""

    async def path() -> None:
        line = SlowLine()
        context: Any = line
        writing = asyncio.ensure_future(WholeWrites(context).write("news"))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.sleep(0)
        assert not writing.done()
        line.taken.set()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert line.written == ["news"]

    loop.run(path())


def test_a_caller_that_reads_nothing_is_not_waited_for(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAM_WRITE", timedelta(0))

    async def path() -> None:
        line = SlowLine()
        context: Any = line
        writing = asyncio.ensure_future(WholeWrites(context).write("news"))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        line.taken.set()

    loop.run(path())
