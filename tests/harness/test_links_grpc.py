"""gRPC calls between cities over proxies, as nodes make them; and a line that loses all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import grpc
import pytest

from scripts.harnessing import line_timing
from scripts.harnessing.choosing import NoLinks
from scripts.harnessing.links import Links, Shape
from scripts.harnessing.proxies import Proxies
from scripts.harnessing.proxy_process import Board
from tests.harness.towns_on_lines import CITIES, A, B, connect

pytestmark = pytest.mark.all

_METHOD = "/test.Echo/Echo"
# Channels with the same address would share a connection, and so a line.
_OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 100))
# What a machine may have set: a proxy that is none, and no proxy for whom we dial.
_OF_THE_MACHINE = {
    "http_proxy": "http://127.0.0.1:1",
    "https_proxy": "http://127.0.0.1:1",
    "no_proxy": "127.0.0.1",
    "no_grpc_proxy": "127.0.0.1",
}


class _Echo:
    """A city's peer port, which tells of each call that arrives."""

    def __init__(self) -> None:
        self.port = 0
        self.heard = asyncio.Queue[bytes]()

    async def echo(self, request: bytes, _context: object) -> bytes:
        await self.heard.put(request)
        return request

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = grpc.aio.server()
        method = grpc.unary_unary_rpc_method_handler(self.echo)
        server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("test.Echo", {"Echo": method})]
        )
        self.port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield
        finally:
            await server.stop(None)


@contextlib.asynccontextmanager
async def _calling(
    links: Links, echo: _Echo, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator["grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]"]:
    for name, value in {**_OF_THE_MACHINE, **links.environment(A)}.items():
        monkeypatch.setenv(name, value)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{echo.port}", options=_OPTIONS) as channel:
        yield channel.unary_unary(_METHOD, None, None)


@contextlib.asynccontextmanager
async def _proxies(echo: _Echo) -> AsyncIterator[Proxies]:
    proxies = Proxies()
    await proxies.open(CITIES)
    try:
        await proxies.peer_ports({B: (echo.port,)})
        yield proxies
    finally:
        await proxies.close()


async def _until_answered(
    call: "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]", what: bytes
) -> bytes:
    """The answer; a call may still meet the connection that was reset just now."""
    while True:
        with contextlib.suppress(grpc.aio.AioRpcError):
            return await call(what, timeout=60, wait_for_ready=True)


def test_calls_take_the_line_whatever_proxies_the_machine_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def go() -> None:
        echo = _Echo()
        async with (
            echo.serving(),
            _proxies(echo) as proxies,
            _calling(proxies, echo, monkeypatch) as call,
        ):
            large = bytes(range(256)) * 4000
            assert await call(large, timeout=60) == large
            assert (await proxies.held())["connections"] == 1

    asyncio.run(go())


def test_without_lines_no_proxy_of_the_machine_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        echo = _Echo()
        async with echo.serving(), _calling(NoLinks(), echo, monkeypatch) as call:
            assert await call(b"direct", timeout=60) == b"direct"

    asyncio.run(go())


def test_a_call_over_a_cut_line_ends_by_its_deadline_and_calls_go_on_when_it_heals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def go() -> None:
        echo = _Echo()
        async with (
            echo.serving(),
            _proxies(echo) as proxies,
            _calling(proxies, echo, monkeypatch) as call,
        ):
            assert await call(b"before", timeout=60) == b"before"
            assert await echo.heard.get() == b"before"
            await proxies.shape(A, B, Shape(cut=True))
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await call(b"meanwhile", timeout=0.3)
            assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            await proxies.shape(A, B, None)
            assert await _until_answered(call, b"after") == b"after"
            assert await echo.heard.get() == b"after"

    asyncio.run(go())


def test_an_answer_can_be_lost_though_its_question_arrived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def go() -> None:
        echo = _Echo()
        async with (
            echo.serving(),
            _proxies(echo) as proxies,
            _calling(proxies, echo, monkeypatch) as call,
        ):
            await call(b"first", timeout=60)
            await echo.heard.get()
            await proxies.shape(A, B, Shape(delay_ms=400))
            asked = call(b"asked", timeout=60)
            waiting = asyncio.ensure_future(asked.wait_for_connection())
            assert await echo.heard.get() == b"asked"
            await proxies.shape(A, B, Shape(cut=True))
            await proxies.shape(A, B, None)
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await asked
            assert error.value.code() is grpc.StatusCode.UNAVAILABLE
            waiting.cancel()

    asyncio.run(go())


def test_a_line_that_loses_all_resets_whoever_is_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_timing, "RESEND_SECONDS", 0.001)

    async def go() -> None:
        server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        board = Board(seed=0)
        proxy = (await board.answer({"do": "open", "cities": [A]}))["ports"][A]
        await board.answer({"do": "peers", "ports": {B: [port]}})
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy)
        writer.write(connect(port))
        await reader.readuntil(b"\r\n\r\n")
        lossy = {"delay_ms": 0, "jitter_ms": 0, "kbit": 0, "loss_percent": 100, "cut": False}
        await board.answer({"do": "shape", "city": A, "other": B, "shape": lossy})
        writer.write(b"never heard")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        server.close()
        board.close()

    asyncio.run(go())
