"""Traces for OpenTelemetry: a call that crosses is one trace in both cities.

Loaded only where traces are on. A span is named by its method and holds a city code, a service, a
method and a reason: no resident, no client, no code, and nothing of a message.

What a partner says of its trace (W3C traceparent, version 00) is taken as far as it costs nothing:

1. Of whom the gate let in; what does not parse is as if nothing had been said.
2. A trace that the partner does not record is not recorded here.
3. One that it records is recorded where the trace's own number falls below this city's ratio, as
   the partner's sampler has it, and while no more than that ratio of the partner's calls were: by
   choosing numbers it gains nothing.

A local client's trace is not gone on with: its numbers would tell the home city which venue asks.
"""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final, TypeVar

import grpc
import structlog
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from federation.identifiers import CityCode
from node import limits
from node.errors import INTERNAL
from node.model import Backlog
from node.ports import Transaction, UnitOfWork
from node.registry import Registry
from node.transport.endings import ended
from node.transport.listening import Context, Span
from node.transport.outgoing import Metadata, Watch
from node.transport.trace_export import Telling

T = TypeVar("T")

TRACEPARENT: Final = "traceparent"
_SAID: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SERVER: Final = trace.SpanKind.SERVER
_CLIENT: Final = trace.SpanKind.CLIENT


def to_collector(endpoint: str) -> SpanProcessor:
    """Brings spans to an OTLP collector, on a thread of its own, and drops what it cannot take."""
    exporter = OTLPSpanExporter(
        endpoint=endpoint,
        timeout=limits.TRACES_DEADLINE.total_seconds(),
        compression=grpc.Compression.NoCompression,
    )
    return BatchSpanProcessor(
        Telling(exporter),
        max_queue_size=limits.TRACES_QUEUE,
        schedule_delay_millis=limits.TRACES_EVERY.total_seconds() * 1000,
        max_export_batch_size=limits.TRACES_BATCH,
        export_timeout_millis=limits.TRACES_DEADLINE.total_seconds() * 1000,
    )


class Traces:
    """The spans of one process of a city."""

    def __init__(self, city: CityCode, ratio: float, processor: SpanProcessor) -> None:
        """Record that part of the calls; `processor` takes the spans that ended."""
        self._by_ratio = TraceIdRatioBased(ratio)
        self._credits = Credits(ratio)
        self._provider = TracerProvider(
            sampler=ParentBased(self._by_ratio),
            # Nothing of the machine, the process or the environment is told beside it.
            resource=Resource({"service.name": "hutong", "hutong.city": city}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("hutong")

    def of_partners(self, service: str, method: str) -> Span:
        """What is around the calls of a method of the peer port."""
        attributes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}

        def around(context: Context, who: str) -> AbstractContextManager[object]:
            parent = self._parent(context, who)
            return self._current(method, _SERVER, parent, {**attributes, "hutong.caller": who})

        return around

    def of_clients(self, service: str, method: str) -> Span:
        """What is around the calls of a method of the local port; each begins a trace."""
        attributes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}

        def around(_context: Context, _who: str) -> AbstractContextManager[object]:
            return self._current(method, _SERVER, contexts.Context(), attributes)

        return around

    def watch(self, inner: Watch) -> Watch:
        """What is around each call to a partner: within `inner`, whose metadata is sent too."""

        @contextlib.contextmanager
        def around(city: CityCode, path: str) -> Iterator[Metadata]:
            _, service, method = path.split("/")
            span = self._tracer.start_span(
                method,
                kind=_CLIENT,
                attributes={
                    "rpc.system": "grpc",
                    "rpc.service": service,
                    "rpc.method": method,
                    "hutong.called": city,
                },
            )
            with ended(lambda reason: _end(span, reason)), inner(city, path) as metadata:
                yield (*metadata, (TRACEPARENT, _say(span.get_span_context())))

        return around

    def over(self, store: UnitOfWork) -> UnitOfWork:
        """The store, whose transactions are spans of the calls that are recorded."""
        return _TracedStore(store, self._inside)

    def close(self) -> None:
        """Bring what is left, as far as that goes soon: nobody waits for a collector that hangs."""
        last = threading.Thread(target=self._provider.shutdown, name="last-traces", daemon=True)
        last.start()
        last.join(limits.TRACES_LAST.total_seconds())

    def _parent(self, context: Context, who: str) -> contexts.Context:
        """What the call goes on with: a trace of the caller's, or none."""
        said = dict(context.invocation_metadata() or ()).get(TRACEPARENT)
        found = _SAID.fullmatch(said) if isinstance(said, str) else None
        if found is None:
            return contexts.Context()
        trace_id, span_id, flags = (int(part, 16) for part in found.groups())
        if not trace_id or not span_id:
            return contexts.Context()
        chosen = (trace_id & TraceIdRatioBased.TRACE_ID_LIMIT) < self._by_ratio.bound
        recorded = self._credits.take(who, wanted=bool(flags & 1) and chosen)
        remote = trace.SpanContext(
            trace_id, span_id, is_remote=True, trace_flags=trace.TraceFlags(int(recorded))
        )
        return trace.set_span_in_context(trace.NonRecordingSpan(remote), contexts.Context())

    def _inside(self, name: str) -> AbstractContextManager[object]:
        return self._current(name, trace.SpanKind.INTERNAL, None, {})

    @contextlib.contextmanager
    def _current(
        self,
        name: str,
        kind: trace.SpanKind,
        parent: contexts.Context | None,
        attributes: dict[str, str],
    ) -> Iterator[None]:
        span = self._tracer.start_span(name, parent, kind, attributes)
        token = contexts.attach(trace.set_span_in_context(span))
        if span.is_recording() and kind is _SERVER:
            trace_id = f"{span.get_span_context().trace_id:032x}"
            structlog.contextvars.bind_contextvars(trace_id=trace_id)
        try:
            with ended(lambda reason: _end(span, reason)):
                yield
        finally:
            contexts.detach(token)


class Credits:
    """How many of each partner's traces may still be recorded.

    Each of its calls that has a trace adds the ratio, each that is recorded takes one; what was not
    used is kept up to a bound, since honest numbers fall unevenly.
    """

    def __init__(self, ratio: float) -> None:
        """Nobody has called yet."""
        self._ratio = ratio
        self._left: dict[str, float] = {}

    def take(self, who: str, *, wanted: bool) -> bool:
        """Count a call of a partner, and say whether it is recorded where that is wanted."""
        left = min(self._left.get(who, 0.0) + self._ratio, limits.TRACES_CREDIT)
        recorded = wanted and left >= 1
        self._left[who] = left - recorded
        return recorded


class _TracedStore:
    """A store whose transactions are spans where the call that makes them is recorded."""

    def __init__(
        self, store: UnitOfWork, span: Callable[[str], AbstractContextManager[object]]
    ) -> None:
        self._store = store
        self._span = span

    @property
    def registry(self) -> Registry:
        return self._store.registry

    def on_change(self, listener: Callable[[], None]) -> None:
        self._store.on_change(listener)

    async def run(self, use_case: Callable[[Transaction], T]) -> T:
        if not trace.get_current_span().is_recording():
            return await self._store.run(use_case)
        with self._span("write"):
            return await self._store.run(use_case)

    async def read(self, use_case: Callable[[Transaction], T]) -> T:
        if not trace.get_current_span().is_recording():
            return await self._store.read(use_case)
        with self._span("read"):
            return await self._store.read(use_case)

    def backlog(self) -> Backlog:
        return self._store.backlog()

    async def size(self) -> int | None:
        return await self._store.size()

    async def probe(self) -> None:
        await self._store.probe()

    async def sweep(self) -> int:
        return await self._store.sweep()

    async def scrub(self) -> bool:
        return await self._store.scrub()


def _say(own: trace.SpanContext) -> str:
    return f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags & 1:02x}"


def _end(span: trace.Span, reason: str) -> None:
    span.set_attribute("hutong.reason", reason)
    if reason == INTERNAL.name:
        span.set_status(trace.StatusCode.ERROR)
    span.end()
