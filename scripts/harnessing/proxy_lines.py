"""Connections through the proxy of a line, and how they are shaped while they are open.

Each direction of a connection is a `Flow`: what one end says waits there until it is due and until
the other end takes more. A full flow stops reading from its source, so that a slow reader stops
its sender, through the proxy as without it. The opening of a connection, and its end, wait in the
same flow: on a line that is cut nobody is told of either.
"""

import asyncio
import contextlib
import enum
import random
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Final, cast

from scripts.harnessing.line_timing import SEGMENT, Way
from scripts.harnessing.links import Shape

HELD_BYTES: Final = 512 * 1024
"""What a flow holds before it stops its source; one read more may come on top."""

_READY: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
_MARK_BYTES: Final = 40
_NOBODY: Final = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"
# Closes at once and with a reset, whatever was not sent yet.
_RESETS: Final = struct.pack("ii", 1, 0)


class Mark(enum.Enum):
    """What is said besides bytes."""

    OPEN = enum.auto()
    """The other end is to be dialled."""
    EOF = enum.auto()
    """No more is said this way."""
    CLOSED = enum.auto()
    RESET = enum.auto()


@dataclass(slots=True)
class _Item:
    """Bytes or a mark on their way."""

    said: float
    what: memoryview | Mark
    due: float = 0.0
    lost: bool = False

    @property
    def size(self) -> int:
        return _MARK_BYTES if isinstance(self.what, Mark) else len(self.what)


class End(asyncio.Protocol):
    """One end of a connection: the socket to whoever dialled, or to whom was dialled."""

    def __init__(self) -> None:
        """Not connected yet."""
        self.transport: asyncio.Transport | None = None
        self.is_full = False
        self.out: Flow | None = None
        """What this end says."""
        self.into: Flow | None = None
        """What is said to it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be connected."""
        # A transport of uvloop is one by what it can do, not by its class.
        self.transport = cast("asyncio.Transport", transport)
        if self.out:
            self.out.connection.answered()

    def data_received(self, data: bytes) -> None:
        """Say so to the other end."""
        if self.out:
            self.out.take(data)

    def eof_received(self) -> bool:
        """No more comes; what is said to this end still goes."""
        if self.out:
            self.out.mark(Mark.EOF)
        return self.out is not None

    def pause_writing(self) -> None:
        """Take no more for now."""
        self.is_full = True

    def resume_writing(self) -> None:
        """Take more again."""
        self.is_full = False
        if self.into:
            self.into.flush()

    def connection_lost(self, error: Exception | None) -> None:
        """Be gone."""
        self.transport = None
        if self.into:
            self.into.drop()
        if self.out:
            self.out.mark(Mark.RESET if error else Mark.CLOSED)
            self.out.connection.forget()

    def reset(self) -> None:
        """Be gone at once; whoever is there is told by a reset."""
        transport, self.transport = self.transport, None
        if transport is not None:
            with contextlib.suppress(OSError, AttributeError):
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _RESETS
                )
            transport.abort()


class Flow:
    """One direction of a connection."""

    def __init__(self, connection: "Connection", way: Way, source: End, sink: End) -> None:
        """What `source` says to `sink`."""
        self.connection = connection
        self.is_over = False
        """Whether nobody listens, or no more is said."""
        self._is_dropped = False
        self._way, self._source, self._sink = way, source, sink
        self._items = deque[_Item]()
        self._held = 0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False
        self._loop = asyncio.get_running_loop()

    def take(self, data: bytes) -> None:
        """Pass bytes on, when they are due."""
        if self._is_dropped:
            return
        sink = self._sink
        if self._way.shape is None and not self._items and sink.transport and not sink.is_full:
            sink.transport.write(data)
        else:
            now, whole = self._loop.time(), memoryview(data)
            step = len(data) if self._way.shape is None else SEGMENT
            for start in range(0, len(data), step):
                self._put(_Item(now, whole[start : start + step]))
            self.flush()
        self.connection.line.most = max(self.connection.line.most, self.held)

    def mark(self, mark: Mark) -> None:
        """Pass a mark on, after all that was said before it."""
        if not self._is_dropped:
            self._put(_Item(self._loop.time(), mark))
            self.flush()

    @property
    def held(self) -> int:
        """Bytes that wait here, and before the socket to the sink."""
        transport = self._sink.transport
        return self._held + (transport.get_write_buffer_size() if transport else 0)

    def retime(self) -> None:
        """The line was shaped anew: what waits is due as if it had always been so."""
        items, self._items, self._held = self._items, deque(), 0
        for item in items:
            self._put(item)
        self.flush()

    def flush(self) -> None:
        """Say what is due, as far as the sink takes it."""
        self._wake(None)
        while self._items and self._open:
            item = self._items[0]
            if item.due > self._loop.time():
                self._wake(item.due)
                break
            self._items.popleft()
            self._held -= item.size
            if item.lost:
                self.connection.reset()
            else:
                self._say(item.what)
        self._heed()

    def drop(self) -> None:
        """Nobody listens any more."""
        self.is_over = self._is_dropped = True
        self._held = 0
        self._items.clear()
        self._wake(None)

    @property
    def _open(self) -> bool:
        """Whether something can be said now."""
        if self._way.shape is not None and self._way.shape.cut:
            return False
        if self._items[0].what is Mark.OPEN:
            return True
        return self._sink.transport is not None and not self._sink.is_full

    def _put(self, item: _Item) -> None:
        after = self._items[-1].due if self._items else 0.0
        item.due, item.lost = self._way.passage(item.said, item.size, after)
        self._items.append(item)
        self._held += item.size

    def _say(self, what: memoryview | Mark) -> None:
        transport = self._sink.transport
        if what is Mark.OPEN:
            self.connection.dial()
        elif transport is None:
            return
        elif isinstance(what, memoryview):
            transport.write(what)
        elif what is Mark.EOF:
            transport.write_eof()
            self.is_over = True
            self.connection.close_if_ended()
        elif what is Mark.CLOSED:
            transport.close()
        else:
            self._sink.reset()

    def _heed(self) -> None:
        """Stop the source where too much is held; let it go on where little is."""
        source = self._source.transport
        if source is None or source.is_closing():
            return
        if not self._stopped and self._held >= HELD_BYTES:
            self._stopped = True
            source.pause_reading()
        elif self._stopped and self._held <= HELD_BYTES // 2:
            self._stopped = False
            source.resume_reading()

    def _wake(self, at: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if at is None else self._loop.call_at(at, self.flush)


class Connection:
    """One connection over a line, from whoever dialled to the port that was dialled."""

    def __init__(self, line: "Line", caller: End, address: tuple[str, int]) -> None:
        """A connection that a caller asked for; it is dialled when the asking has arrived."""
        self.line, self._address = line, address
        self._caller, self._called = caller, End()
        self._dialling: asyncio.Task[None] | None = None
        asks = Flow(self, line.ways[0], caller, self._called)
        answers = Flow(self, line.ways[1], self._called, caller)
        caller.out, caller.into = asks, answers
        self._called.out, self._called.into = answers, asks
        self.flows = (asks, answers)
        line.connections.add(self)
        asks.mark(Mark.OPEN)

    def dial(self) -> None:
        """Connect to whom was asked for."""
        if self._dialling is None:
            self._dialling = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self._called, *self._address)
        except OSError:
            _, answers = self.flows
            answers.take(_NOBODY)
            answers.mark(Mark.CLOSED)

    def answered(self) -> None:
        """Whom was dialled is there."""
        if self not in self.line.connections:
            self._called.reset()
            return
        asks, answers = self.flows
        answers.take(_READY)
        asks.flush()

    def reset(self) -> None:
        """Break it, and tell both ends by a reset."""
        for flow in self.flows:
            flow.drop()
        for end in (self._caller, self._called):
            end.reset()
        self.line.connections.discard(self)

    def close_if_ended(self) -> None:
        """Close both ends where neither says any more."""
        if all(flow.is_over for flow in self.flows):
            for end in (self._caller, self._called):
                if end.transport is not None:
                    end.transport.close()

    def forget(self) -> None:
        """Be no more of the line once both ends are gone."""
        if self._caller.transport is None and self._called.transport is None:
            self.line.connections.discard(self)


@dataclass(slots=True)
class Line:
    """What one city dials another over."""

    ways: tuple[Way, Way]
    """What is asked, and what is answered."""
    connections: set[Connection] = field(default_factory=set)
    most: int = 0
    """The most bytes that were ever held for one direction of one of them."""

    @classmethod
    def seeded(cls, seed: int, city: str, other: str) -> "Line":
        """A line whose jitter and losses are the same ones for the same seed."""

        def way(name: str) -> Way:
            return Way(random.Random(f"{seed}/{city}/{other}/{name}"))  # noqa: S311 - no secret

        return cls((way("asks"), way("answers")))

    def reshape(self, shape: Shape | None, now: float) -> None:
        """Be so from now on, for open connections too; those that were cut are reset."""
        before = self.ways[0].shape
        for way in self.ways:
            way.reshape(shape, now)
        healed = before is not None and before.cut and not (shape is not None and shape.cut)
        for connection in tuple(self.connections):
            if healed:
                connection.reset()
            else:
                for flow in connection.flows:
                    flow.retime()

    def dial(self, caller: End, address: tuple[str, int]) -> None:
        """Make a connection for whoever dialled; where nobody answers they are told."""
        Connection(self, caller, address)
