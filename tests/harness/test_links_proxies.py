"""Lines made of proxies: what passes them, and what whoever speaks over them sees of a shape."""

import asyncio
import contextlib
import hashlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path

import pytest

from scripts.harnessing.links import LinksError, Shape
from scripts.harnessing.proxies import Proxies
from scripts.harnessing.proxy_lines import HELD_BYTES
from tests.harness.towns_on_lines import CITIES, A, B, C, World, connect, world

pytestmark = pytest.mark.all

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3_600_000
CUT = Shape(cut=True)
# One read of the proxy comes on top of what it holds, and once more what its socket takes.
MOST_HELD = 2 * HELD_BYTES + 512 * 1024


def _run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(test)


async def _later_elsewhere(world: World) -> None:
    """Something said now over a line without a shape has arrived: what was said before is late."""
    (_, writer), (reader, _) = await world.dial(C, B)
    writer.write(b"!")
    assert await reader.readexactly(1) == b"!"


async def _is_silent(reader: asyncio.StreamReader) -> bool:
    """Nothing came here, and no end, nor an error."""
    await asyncio.sleep(0)
    return not reader._buffer and not reader.at_eof() and reader.exception() is None  # type: ignore[attr-defined]


async def _held(world: World, least: int) -> None:
    while (await world.proxies.held())["bytes"] < least:  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.01)


async def _talk(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"still talking" * 1000)
        await writer.drain()


def test_what_is_said_passes_both_ways_and_so_does_its_end() -> None:
    async def go() -> None:
        async with world() as w:
            (answers, asks), (heard, says) = await w.dial(A, B)
            asks.write(b"question")
            asks.write_eof()
            assert await heard.read() == b"question"
            says.write(b"answer")
            says.close()
            assert await answers.read() == b"answer"

    _run(go())


def test_a_connection_that_ended_is_forgotten() -> None:
    async def go() -> None:
        async with world() as w:
            (_, asks), (heard, says) = await w.dial(A, B)
            asks.close()
            assert await heard.read() == b""
            says.close()
            while (await w.proxies.held())["connections"]:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.01)

    _run(go())


def test_a_reset_is_passed_on_even_after_one_side_said_its_last() -> None:
    async def go() -> None:
        async with world() as w:
            (_, asks), (heard, says) = await w.dial(A, B)
            asks.write_eof()
            assert await heard.read() == b""
            asks.transport.abort()
            with pytest.raises(ConnectionError):
                await _talk(says)

    _run(go())


def test_what_is_said_over_a_slow_line_arrives_after_what_is_said_later_over_another() -> None:
    async def go() -> None:
        async with world() as w:
            (answers, asks), (heard, says) = await w.dial(A, B)
            await w.proxies.shape(A, B, Shape(delay_ms=HOUR))
            asks.write(b"a")
            says.write(b"b")
            await _held(w, 2)
            await _later_elsewhere(w)
            assert await _is_silent(heard)
            assert await _is_silent(answers)

    _run(go())


def test_a_line_that_is_mended_gives_at_once_what_it_held_and_in_order() -> None:
    async def go() -> None:
        async with world() as w:
            (_, asks), (heard, _) = await w.dial(A, B)
            await w.proxies.shape(A, B, Shape(delay_ms=HOUR, jitter_ms=HOUR))
            said = os.urandom(200_000)
            asks.write(said[:100_000])
            await _held(w, 100_000)
            await w.proxies.shape(A, B, Shape(delay_ms=1, jitter_ms=1))
            asks.write(said[100_000:])
            assert await heard.readexactly(len(said)) == said

    _run(go())


def test_only_what_a_city_dials_is_shaped_not_what_the_other_dials_to_it() -> None:
    async def go() -> None:
        async with world() as w:
            await w.proxies.shape(A, B, CUT)
            (_, asks), (heard, says) = await w.dial(B, A)
            asks.write(b"x")
            assert await heard.readexactly(1) == b"x"
            await w.dial(A, C)
            await w.dial(C, B)
            says.close()

    _run(go())


def test_a_narrow_line_lets_little_through_while_a_wide_one_lets_all() -> None:
    async def go() -> None:
        async with world() as w:
            (_, asks), (heard, _) = await w.dial(A, B)
            (_, wide), (heard_wide, _) = await w.dial(C, B)
            await w.proxies.shape(A, B, Shape(kbit=0.001))
            said = os.urandom(100_000)
            asks.write(said)
            await _held(w, len(said))
            wide.write(said)
            assert await heard_wide.readexactly(len(said)) == said
            assert await _is_silent(heard)
            await w.proxies.shape(A, B, None)
            assert await heard.readexactly(len(said)) == said

    _run(go())


def test_a_stream_over_a_lossy_line_is_whole() -> None:
    async def go() -> None:
        async with world() as w:
            await w.proxies.shape(A, B, Shape(loss_percent=5, jitter_ms=5))
            (_, asks), (heard, _) = await w.dial(A, B)
            said = os.urandom(300_000)
            asks.write(said)
            asks.write_eof()
            assert await heard.read() == said

    _run(go())


def test_a_cut_tells_neither_side_and_nobody_new_is_answered() -> None:
    async def go() -> None:
        async with world() as w:
            (_, asks), (heard, _) = await w.dial(A, B)
            (answers, _), (_, says) = await w.dial(A, B)
            await w.proxies.shape(A, B, CUT)
            asks.write(b"lost")
            asks.close()
            says.close()
            new, _ = await w.ask(A, B)
            await _later_elsewhere(w)
            for reader in (answers, heard, new):
                assert await _is_silent(reader)
            assert w.towns[B].arrived.empty()

    _run(go())


def test_a_line_that_heals_resets_what_it_held_and_takes_new_connections() -> None:
    async def go() -> None:
        async with world() as w:
            (answers, asks), (heard, _) = await w.dial(A, B)
            await w.proxies.shape(A, B, CUT)
            new, _ = await w.ask(A, B)
            asks.write(b"lost")
            await _later_elsewhere(w)
            await w.proxies.shape(A, B, None)
            for reader in (answers, heard, new):
                with pytest.raises(ConnectionResetError):
                    await reader.read()
            (_, asks), (heard, _) = await w.dial(A, B)
            asks.write(b"heard")
            assert await heard.readexactly(5) == b"heard"

    _run(go())


def test_a_cut_line_that_is_shaped_otherwise_has_healed() -> None:
    async def go() -> None:
        async with world() as w:
            (answers, _), _ = await w.dial(A, B)
            await w.proxies.shape(A, B, CUT)
            await w.proxies.shape(A, B, Shape(delay_ms=1))
            with pytest.raises(ConnectionResetError):
                await answers.read()
            await w.dial(A, B)

    _run(go())


@pytest.mark.parametrize(
    "shape", [None, Shape(delay_ms=1), Shape(kbit=10_000_000)], ids=["plain", "slow", "narrow"]
)
def test_a_slow_reader_stops_its_sender_and_nothing_piles_up_between(shape: Shape | None) -> None:
    async def go() -> None:
        async with world() as w:
            (_, asks), (heard, _) = await w.dial(A, B)
            await w.proxies.shape(A, B, shape)
            said = os.urandom(1024 * 1024) * 48

            async def send() -> None:
                asks.write(said)
                await asks.drain()
                asks.write_eof()

            sending = asyncio.create_task(send())
            await _held(w, HELD_BYTES)
            assert not sending.done()
            found, size = hashlib.sha256(), 0
            while part := await heard.read(1024 * 1024):
                found.update(part)
                size += len(part)
            await sending
            assert (size, found.digest()) == (len(said), hashlib.sha256(said).digest())
            assert (await w.proxies.held())["most"] <= MOST_HELD

    _run(go())


def test_a_line_that_is_cut_takes_no_more_than_it_holds() -> None:
    async def go() -> None:
        async with world() as w:
            (_, asks), _ = await w.dial(A, B)
            await w.proxies.shape(A, B, CUT)
            asks.write(bytes(16 * 1024 * 1024))
            sending = asyncio.create_task(asks.drain())
            await _held(w, HELD_BYTES)
            await _later_elsewhere(w)
            assert not sending.done()
            assert (await w.proxies.held())["most"] <= MOST_HELD
            sending.cancel()
            asks.transport.abort()

    _run(go())


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET http://example.com/ HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1:99999999 HTTP/1.1\r\n\r\n",
        b"CONNECT " + b"a" * 9000,
    ],
    ids=["tls", "http2", "get", "no-port", "no-such-port", "endless"],
)
def test_garbage_in_place_of_a_connect_is_refused(
    said: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    async def go() -> None:
        async with world() as w:
            reader, _ = await w.begin(A, said)
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")

    _run(go())
    assert f"{A} dials, and is refused: what came is no HTTP CONNECT" in capfd.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "example.com", "10.0.0.1"])
def test_what_is_no_city_is_not_dialled(host: str, capfd: pytest.CaptureFixture[str]) -> None:
    async def go() -> int:
        async with world() as w:
            port = w.towns[B].port if host != "127.0.0.1" else 1
            reader, _ = await w.begin(A, connect(port, host))
            assert (await reader.read()).startswith(b"HTTP/1.1 403 ")
            assert w.towns[B].arrived.empty()
            return port

    port = asyncio.run(go())
    assert f"{host}:{port} is no port of a city of this run" in capfd.readouterr().err


def test_a_connect_that_comes_in_pieces_with_words_behind_it_loses_none_of_them() -> None:
    async def go() -> None:
        async with world() as w:
            whole = connect(w.towns[B].port) + b"first words"
            _, asks = await w.begin(A, whole[:1])
            for place in range(1, len(whole), 7):
                await asks.drain()
                await asyncio.sleep(0)
                asks.write(whole[place : place + 7])
            heard, _ = await w.towns[B].take()
            assert await heard.readexactly(11) == b"first words"

    _run(go())


def test_a_city_that_is_down_is_told_as_such() -> None:
    async def go() -> None:
        async with world() as w:
            await w.proxies.peer_ports({B: (1,)})
            reader, _ = await w.begin(A, connect(1))
            assert (await reader.read()).startswith(b"HTTP/1.1 502 ")

    _run(go())


def test_the_proxies_end_with_their_parent_however_that_ends() -> None:
    script = (
        "import asyncio\n"
        "from scripts.harnessing.proxies import Proxies\n"
        "async def main():\n"
        "    proxies = Proxies()\n"
        "    await proxies.open(['wuhan'])\n"
        "    print(proxies.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    words = [sys.executable, "-c", script]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        proxies = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        ready, _, _ = select.select([proxies], [], [], 60)
        os.close(proxies)
        assert ready


def test_proxies_that_ended_are_told_with_what_to_do() -> None:
    async def go() -> None:
        async with world() as w:
            assert w.proxies.pid is not None
            os.kill(w.proxies.pid, signal.SIGKILL)
            with pytest.raises(LinksError, match="the process of the proxies ended"):
                await w.proxies.shape(A, B, CUT)

    _run(go())


def test_a_city_without_lines_is_told_with_those_that_have_some() -> None:
    async def go() -> None:
        async with world() as w:
            with pytest.raises(LinksError, match=", ".join(CITIES)):
                await w.proxies.shape(A, "atlantis", CUT)
            with pytest.raises(LinksError, match="atlantis"):
                await w.proxies.peer_ports({"atlantis": (1,)})
            with pytest.raises(LinksError, match="run already"):
                await w.proxies.open(CITIES)
        with pytest.raises(LinksError, match="open the lines first"):
            w.proxies.environment(A)

    _run(go())


def test_closing_ends_the_process_and_can_be_done_twice() -> None:
    async def go() -> None:
        proxies = Proxies()
        await proxies.close()
        await proxies.open(CITIES)
        pid = proxies.pid
        assert pid is not None
        await proxies.close()
        await proxies.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            pytest.fail("the process is still there")

    _run(go())
