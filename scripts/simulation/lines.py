"""Lines between simulated cities: gRPC's channels and contexts, as far as both sides look at them.

The bytes are those that a socket would carry, and the handlers are those of the peer port with its
gate: who calls is known by the certificate. Nothing is given over but bytes and metadata.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Final, Protocol

import grpc

from federation.identifiers import CityCode
from federation.v1 import federation_service_pb2, trial_service_pb2
from node.ports import UnitOfWork
from node.services.assembly import UseCases
from node.transport.calls import Around, service_handler
from node.transport.federation import FederationServicer
from node.transport.gates import PeerGate
from node.transport.running import Running
from node.transport.shares import PARTNER, Shares
from node.transport.streams import Streams
from node.transport.trial import TrialServicer
from scripts.simulation.loop import Life
from scripts.simulation.network import Network
from scripts.simulation.pipes import Pipe

Trace = Callable[..., None]
Metadata = Iterable[tuple[str, Any]]

_EOF: Final[object] = getattr(grpc.aio, "EOF")  # noqa: B009 - the stubs lack it
_TRIES_AGAIN: Final = 0.1
"""Seconds until a line to a city that is down is tried again, as `node.transport.peers` has it."""


class There(Protocol):
    """A city, as others see it."""

    code: CityCode
    life: Life
    port: "SimPort | None"


@dataclass(frozen=True, slots=True)
class Answered:
    """How a call ended on the other side."""

    data: bytes = b""
    code: grpc.StatusCode = grpc.StatusCode.OK
    details: str = ""
    trailing: Metadata = ()

    def error(self) -> grpc.aio.AioRpcError:
        """As the caller's side tells it."""
        nothing: Any = ()
        trailing: Any = tuple(self.trailing)
        return grpc.aio.AioRpcError(self.code, nothing, trailing, self.details, None)


_DOWN: Final = Answered(code=grpc.StatusCode.UNAVAILABLE, details="no connection")
_LATE: Final = Answered(code=grpc.StatusCode.DEADLINE_EXCEEDED, details="no answer")


class SimPort:
    """The peer port of one life of a city, without a socket."""

    def __init__(self, cases: UseCases, uow: UnitOfWork) -> None:
        """Made in the loop that serves it."""
        clock = asyncio.get_running_loop().time
        gate = PeerGate(cases.here, uow, Shares(PARTNER, clock))
        streams = Streams(gate.allowed)
        uow.on_change(streams.look_soon)
        around, running = Around(streams, fresh=gate.fresh), Running()
        federation = federation_service_pb2.DESCRIPTOR.services_by_name["FederationService"]
        trial = trial_service_pb2.DESCRIPTOR.services_by_name["TrialService"]
        self._services = (
            service_handler(federation, FederationServicer(cases), gate, running, around),
            service_handler(trial, TrialServicer(cases), gate, running, around),
        )

    def handler(self, path: str) -> Any:  # noqa: ANN401 - gRPC's, of one of its kinds
        """The handler of a method; raises KeyError for one that there is not."""
        details: Any = SimpleNamespace(method=path, invocation_metadata=())
        for service in self._services:
            found = service.service(details)
            if found is not None:
                return found
        raise KeyError(path)


@dataclass(slots=True)
class _Context:
    """What a handler sees of its call."""

    certificate: bytes
    metadata: Metadata
    back: Pipe | None = None
    serializer: Callable[[Any], bytes] = bytes
    ends: float | None = None
    ended: Answered = field(default_factory=Answered)

    def auth_context(self) -> dict[str, list[bytes]]:
        """Who calls, as TLS would say."""
        return {"ssl_tls_version": [b"TLSv1.3"], "x509_pem_cert": [self.certificate]}

    def peer(self) -> str:
        """The connection that it came on: cities have one to each other."""
        return "simulated"

    def time_remaining(self) -> float | None:
        """How long the caller still waits."""
        return None if self.ends is None else self.ends - asyncio.get_running_loop().time()

    def invocation_metadata(self) -> Metadata:
        """What came with the call."""
        return self.metadata

    def set_trailing_metadata(self, trailing: Metadata) -> None:
        """What leaves with the answer."""
        self.ended = replace(self.ended, trailing=trailing)

    def set_code(self, code: grpc.StatusCode) -> None:
        """How the call ends."""
        self.ended = replace(self.ended, code=code)

    def set_details(self, details: str) -> None:
        """Why it ends so."""
        self.ended = replace(self.ended, details=details)

    async def write(self, message: Any) -> None:  # noqa: ANN401 - bytes, or a message
        """One of the answers of a stream."""
        if self.back is None:
            raise TypeError("a call of one answer does not stream")
        await self.back.put(self.serializer(message))


@dataclass(frozen=True, slots=True)
class Line:
    """From one city to another, under the certificate that the first shows."""

    network: Network
    trace: Trace
    here: CityCode
    certificate: bytes
    there: There

    def unary_unary(self, path: str, *_: object) -> Callable[..., "_UnaryCall"]:
        """As a channel has it."""
        return lambda data, timeout, metadata=(): _UnaryCall(self, path, data, timeout, metadata)

    def unary_stream(self, path: str, *_: object) -> Callable[..., "_StreamCall"]:
        """As a channel has it."""
        return lambda data, metadata=(): _StreamCall(self, path, data, metadata)

    stream_stream = unary_stream

    async def channel_ready(self) -> None:
        """Wait until the other city can be reached, for as long as that may be."""
        there = self.there.code
        while True:
            await self.network.travel(self.here, there)
            if self.there.port is not None:
                await self.network.travel(there, self.here)
                return
            await asyncio.sleep(_TRIES_AGAIN)

    async def close(self, grace: float | None = None) -> None:
        """Calls that are under way go on."""

    def sent(self, path: str, data: bytes) -> None:
        """Count and trace what leaves."""
        traffic = self.network.traffic[self.here, self.there.code, path]
        traffic.calls += 1
        traffic.bytes_there += len(data)
        self._note("sent", path, data)

    def came_back(self, path: str, answered: Answered) -> None:
        """Count and trace what came."""
        traffic = self.network.traffic[self.here, self.there.code, path]
        traffic.answers += 1
        traffic.bytes_back += len(answered.data) + sum(len(v) for _, v in answered.trailing)
        self._note(answered.code.name, path, answered.data)

    def failed(self, path: str, answered: Answered) -> grpc.aio.AioRpcError:
        """Count and trace that nothing came, and the error that says so."""
        self.network.traffic[self.here, self.there.code, path].failed += 1
        self._note(answered.code.name, path, b"")
        return answered.error()

    def serve(
        self, path: str, work: Callable[[Any], Coroutine[Any, Any, Any]], context: _Context
    ) -> "asyncio.Task[Answered]":
        """Begin a handler in the other city, as it lives now."""
        port, queue = self.there.port, self.network.serving[self.there.code]

        async def served() -> Answered:
            if port is None:
                return _DOWN
            queue.change(1, asyncio.get_running_loop().time())
            try:
                found = await work(port.handler(path))
            finally:
                queue.change(-1, asyncio.get_running_loop().time())
            return replace(context.ended, data=bytes(found or b""))

        return self.there.life.spawn(served())

    def give_up(self, task: "asyncio.Task[Answered]") -> None:
        """End a handler whose caller has gone; it takes a while until the other city knows."""
        if not task.done():
            way = self.network.way(self.here, self.there.code)
            asyncio.get_running_loop().call_later(way, task.cancel)

    def _note(self, what: str, path: str, data: bytes) -> None:
        method = path.rpartition("/")[2]
        said = hashlib.sha256(data).hexdigest()[:16]
        self.trace(what, here=self.here, there=self.there.code, method=method, said=said)


class _UnaryCall:
    """One request and one answer, from the moment that somebody waits for it."""

    def __init__(
        self, line: Line, path: str, data: bytes, timeout: float, metadata: Metadata
    ) -> None:
        self._line = line
        self._path = path
        self._data = data
        self._timeout = timeout
        self._metadata = metadata
        self._trailing: Metadata = ()

    def __await__(self) -> Generator[Any, None, bytes]:
        return self._go().__await__()

    async def trailing_metadata(self) -> Metadata:
        """What came with the answer."""
        return self._trailing

    async def _go(self) -> bytes:
        line, loop = self._line, asyncio.get_running_loop()
        queue = line.network.asking[line.here]
        line.sent(self._path, self._data)
        queue.change(1, loop.time())
        try:
            async with asyncio.timeout(self._timeout):
                answered = await self._there_and_back()
        except TimeoutError:
            raise line.failed(self._path, _LATE) from None
        finally:
            queue.change(-1, loop.time())
        if answered is _DOWN:
            raise line.failed(self._path, _DOWN)
        line.came_back(self._path, answered)
        if answered.code is not grpc.StatusCode.OK:
            raise answered.error()
        self._trailing = answered.trailing
        return answered.data

    async def _there_and_back(self) -> Answered:
        line, network, there = self._line, self._line.network, self._line.there.code
        await network.travel(line.here, there, lost=network.weather.lost)
        if network.happens(network.weather.twice):
            late = network.way(line.here, there) * network.chance.uniform(0, 4)
            # Whatever becomes of the other city until then; the second answer is nobody's.
            asyncio.get_running_loop().call_later(late, self._served)
        serving = self._served()
        try:
            await asyncio.wait({serving})
        finally:
            line.give_up(serving)
        answered = _DOWN if serving.cancelled() else serving.result()
        await network.travel(there, line.here, lost=network.weather.answer_lost)
        return answered

    def _served(self) -> "asyncio.Task[Answered]":
        # gRPC sends how long the caller waits, and not until when.
        ends = asyncio.get_running_loop().time() + self._timeout
        context = _Context(self._line.certificate, self._metadata, ends=ends)

        async def work(handler: Any) -> Any:  # noqa: ANN401 - gRPC's own
            return await handler.unary_unary(self._data, context)

        return self._line.serve(self._path, work, context)


class _StreamCall:
    """Answers to one request or to many, as they come."""

    def __init__(
        self, line: Line, path: str, requests: bytes | AsyncIterator[bytes], metadata: Metadata
    ) -> None:
        self._line = line
        self._path = path
        self._requests = requests
        there, here = line.there.code, line.here
        self._forth = Pipe(line.network, here, there)
        self._back = Pipe(line.network, there, here)
        context = _Context(line.certificate, metadata, self._back)
        self._driving = asyncio.create_task(self._drive(context), name=f"stream to {there}")

    async def read(self) -> object:
        """The next answer; the end; or the error that ended it."""
        found = await self._back.get()
        if isinstance(found, bytes):
            self._line.came_back(self._path, Answered(found))
            return found
        ended: Any = found
        if ended is _DOWN:
            raise self._line.failed(self._path, _DOWN)
        self._line.came_back(self._path, ended)
        if ended.code is not grpc.StatusCode.OK:
            raise ended.error()
        return _EOF

    def cancel(self) -> None:
        """Wait for no more."""
        self._driving.cancel()

    async def _drive(self, context: _Context) -> None:
        line, network, loop = self._line, self._line.network, asyncio.get_running_loop()
        queue = network.asking[line.here]
        queue.change(1, loop.time())
        sending = loop.create_task(self._send())
        serving: asyncio.Task[Answered] | None = None
        try:
            await network.travel(line.here, line.there.code, lost=network.weather.lost)
            serving = line.serve(self._path, lambda handler: self._serve(handler, context), context)
            await asyncio.wait({serving})
            await self._back.put(_DOWN if serving.cancelled() else serving.result())
        finally:
            queue.change(-1, loop.time())
            sending.cancel()
            if serving is not None:
                line.give_up(serving)

    async def _send(self) -> None:
        """The requests, as there is room for them; who asks for one sends one."""
        if isinstance(self._requests, bytes):
            self._line.sent(self._path, self._requests)
            await self._forth.put(self._requests)
        else:
            async for data in self._requests:
                self._line.sent(self._path, data)
                await self._forth.put(data)
        await self._forth.put(None)

    async def _serve(self, handler: Any, context: _Context) -> None:  # noqa: ANN401 - gRPC's own
        if handler.response_serializer is not None:
            context.serializer = handler.response_serializer
        if handler.request_streaming:
            await handler.stream_stream(self._received(), context)
        else:
            await handler.unary_stream(await self._forth.get(), context)

    async def _received(self) -> AsyncIterator[bytes]:
        while isinstance(data := await self._forth.get(), bytes):
            yield data
