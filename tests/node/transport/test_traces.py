"""Traces: a call that crosses is one, a partner cannot force any, and none names anybody."""

import asyncio
import contextlib
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from federation import codec
from federation.envelope import Envelope
from federation.errors import NOT_RECOGNISED, HutongError
from federation.v1 import federation_service_pb2 as pb
from node.transport.calls import REQUEST_ID_HEADER
from node.transport.outgoing import unwatched
from node.transport.peers import GrpcPeers
from node.transport.traces import TRACEPARENT, Credits, Traces
from scripts.cities import free_ports
from tests.node.transport.house import FRIEND, HERE, OTHER, Loop, Sharing, opened, stranger
from tests.node.transport.partners import Scene, serving, until

SERVICE = "federation.v1.FederationService"
ASK = "RequestAttestation"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Seen:
    """A city whose spans are kept in memory."""

    def __init__(self, ratio: float = 1.0) -> None:
        self._kept = InMemorySpanExporter()
        self.traces = Traces(HERE, ratio, SimpleSpanProcessor(self._kept))

    def called(self, said: object, who: str = FRIEND, error: Exception | None = None) -> None:
        """A partner calls, and says that of its trace."""
        span = self.traces.of_partners(SERVICE, ASK)
        with contextlib.suppress(Exception), span(with_(said), who):
            if error is not None:
                raise error

    def calls(self, city: str = FRIEND) -> str:
        """This city calls; what it says of its trace."""
        watch = self.traces.watch(unwatched)
        with watch(city, f"/{SERVICE}/{ASK}") as metadata:  # type: ignore[arg-type]
            return dict(metadata)[TRACEPARENT]

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._kept.get_finished_spans())

    @property
    def trace_ids(self) -> list[str]:
        return [f"{own(span).trace_id:032x}" for span in self.spans]


def own(span: ReadableSpan) -> SpanContext:
    found = span.get_span_context()
    assert found is not None
    return found


def with_(said: object) -> Any:  # noqa: ANN401 - what a handler sees of its call
    metadata = () if said is None else ((TRACEPARENT, said),)
    return SimpleNamespace(invocation_metadata=lambda: metadata)


def said(trace_id: str = TRACE, flags: str = "01") -> str:
    return f"00-{trace_id}-{SPAN}-{flags}"


def check(seen: Seen, said: object = None) -> Any:  # noqa: ANN401 - a context
    """A venue checks somebody."""
    span = seen.traces.of_clients("node.v1.VenueService", "CheckEligibility")
    return span(with_(said), "venue/library")


@pytest.fixture(autouse=True)
def no_trace_is_left() -> Iterator[None]:
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


def test_a_call_goes_on_with_the_trace_of_the_partner_that_made_it() -> None:
    seen = Seen()
    seen.called(said())
    [span] = seen.spans
    assert seen.trace_ids == [TRACE]
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == SPAN
    assert span.name == ASK


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "gossip",
        said().upper(),
        said() + "-more",
        said() + "\n",
        "01" + said()[2:],
        "ff" + said()[2:],
        said("0" * 32),
        f"00-{TRACE}-{'0' * 16}-01",
        said("4bf92f3577b34da6a3ce929d0e0e473g"),
        said("41010119900101001X".ljust(32, "0")),
        said("٤" * 32),
        "0" * 100_000,
        b"\xff\x00",
    ],
)
def test_what_is_no_trace_is_as_if_nothing_had_been_said(hostile: object) -> None:
    seen = Seen()
    seen.called(hostile)
    [span] = seen.spans
    assert span.parent is None
    assert not hostile or str(hostile) not in span.to_json()
    assert seen.trace_ids != [TRACE]


def test_a_trace_that_the_partner_does_not_record_is_not_recorded() -> None:
    seen = Seen()
    seen.called(said(flags="00"))
    seen.called(said(flags="fe"))
    assert seen.spans == []


@pytest.mark.parametrize("ratio", [0.0, 0.01, 0.1])
def test_a_partner_that_chooses_its_numbers_has_no_more_recorded_than_the_ratio(
    ratio: float,
) -> None:
    seen = Seen(ratio)
    for number in range(1, 2001):
        # The lowest there are: whatever the ratio, a sampler takes them.
        seen.called(said(f"{1:016x}{number:016x}"))
    assert len(seen.spans) <= ratio * 2000


def test_one_partner_s_flood_of_traces_costs_no_other_its_own() -> None:
    seen = Seen(0.5)
    for number in range(1, 501):
        seen.called(said(f"{1:016x}{number:016x}"))
    before = len(seen.spans)
    for number in range(1, 5):
        seen.called(said(f"{2:016x}{number:016x}"), OTHER)
    assert len(seen.spans) == before + 2


def test_honest_numbers_are_hardly_ever_lost_and_the_same_in_both_cities() -> None:
    chance, account = random.Random(8), Credits(0.1)  # noqa: S311 - no secret
    wanted = [chance.random() < 0.1 for _ in range(20_000)]
    recorded = sum(account.take(FRIEND, wanted=each) for each in wanted)
    assert recorded > 0.9 * sum(wanted)
    here, there = Seen(0.2), Seen(0.2)
    for _ in range(300):
        there.called(here.calls())
    assert set(there.trace_ids) <= set(here.trace_ids)
    assert len(there.trace_ids) > 0.5 * len(here.trace_ids) > 0


def test_a_client_s_own_trace_is_not_gone_on_with() -> None:
    seen = Seen()
    with check(seen, said()):
        told = seen.calls()
    assert TRACE not in told
    assert TRACE not in seen.trace_ids
    assert len(set(seen.trace_ids)) == 1


def test_a_call_to_a_partner_is_part_of_the_call_that_it_serves() -> None:
    here, there = Seen(), Seen()
    with check(here):
        there.called(here.calls(), HERE)
    asked, checked = here.spans
    [answered] = there.spans
    assert len({*here.trace_ids, *there.trace_ids}) == 1
    for child, parent in ((asked, checked), (answered, asked)):
        assert child.parent is not None
        assert child.parent.span_id == own(parent).span_id
    assert checked.parent is None


LISTS = f"/{SERVICE}/GetStatusLists"


@dataclass
class Lists:
    """A partner that streams its lists, and tells them only when it is let go."""

    there: Seen
    began: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False

    async def serve(self, _request: bytes, context: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - gRPC's own
        with self.there.traces.of_partners(SERVICE, "GetStatusLists")(context, HERE):
            self.began.set()
            await self.let_go.wait()
            if self.fails:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
            for _ in range(3):
                yield pb.GetStatusListsResponse(
                    status_list=codec.envelope_to_wire(Envelope("x", b"", ()))
                ).SerializeToString()


@pytest.mark.parametrize(
    ("how", "reason"), [("whole", "OK"), ("let go", "CANCELLED"), ("cut", "PEER_UNREACHABLE")]
)
def test_a_stream_is_one_span_in_each_city_from_its_beginning_to_its_end(
    scene: Scene, how: str, reason: str
) -> None:
    here, there = Seen(), Seen()
    [port] = free_ports(1)

    async def path() -> None:
        lists = Lists(there, fails=how == "cut")
        watch = here.traces.watch(unwatched)
        async with (
            serving(scene, port, lists.serve, streams=True),
            GrpcPeers(scene.here.keys, watch) as peers,
        ):
            with check(here):
                asked = asyncio.ensure_future(peers.status_lists(scene.partner(scene.friend, port)))
                await lists.began.wait()
                # While it lasts neither has ended.
                assert (here.spans, there.spans) == ([], [])
                if how == "let go":
                    asked.cancel()
                else:
                    lists.let_go.set()
                with contextlib.suppress(HutongError, asyncio.CancelledError):
                    assert len(await asked) == 3
            await until(lambda: len(there.spans) == 1)

    scene.loop.run(path())
    asked, checked = here.spans
    [answered] = there.spans
    assert len({*here.trace_ids, *there.trace_ids}) == 1
    for child, parent in ((asked, checked), (answered, asked)):
        assert child.parent is not None
        assert child.parent.span_id == own(parent).span_id
    assert (asked.name, answered.name) == ("GetStatusLists", "GetStatusLists")
    assert (asked.attributes or {})["hutong.reason"] == reason


def test_a_stream_that_a_partner_asks_for_is_served_within_its_trace(
    loop: Loop, tmp_path: Path
) -> None:
    seen = Seen()
    with opened(loop, tmp_path / "here", sharing=Sharing(spans=seen.traces.of_partners)) as house:
        friend = stranger(tmp_path / "friend", FRIEND)
        house.trust(friend)
        with house.as_partner(friend.own) as channel:
            call = channel.unary_stream(LISTS, None, None)
            with pytest.raises(grpc.RpcError, match="no agreement in force"):
                list(call(b"", metadata=((TRACEPARENT, said()),), timeout=20))
    [span] = seen.spans
    assert (span.name, f"{own(span).trace_id:032x}") == ("GetStatusLists", TRACE)
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == SPAN
    assert (span.attributes or {})["hutong.reason"] == "AGREEMENT_NOT_ACTIVE"


def test_after_a_call_nothing_goes_on_with_its_trace() -> None:
    seen = Seen()
    seen.called(said())
    assert TRACE not in seen.calls()


def test_the_id_of_the_call_is_sent_beside_the_trace() -> None:
    structlog.contextvars.bind_contextvars(request_id="the id")
    watch = Seen().traces.watch(unwatched)
    with watch(FRIEND, f"/{SERVICE}/{ASK}") as metadata:
        assert dict(metadata)[REQUEST_ID_HEADER] == "the id"
        assert TRACEPARENT in dict(metadata)


def test_logs_of_a_recorded_call_bear_the_number_of_its_trace() -> None:
    Seen(0.0).called(said())
    assert "trace_id" not in structlog.contextvars.get_contextvars()
    Seen().called(said())
    assert structlog.contextvars.get_contextvars()["trace_id"] == TRACE


KNOWN: Mapping[str, Callable[[object], bool]] = {
    "rpc.system": lambda value: value == "grpc",
    "rpc.service": lambda value: value == SERVICE,
    "rpc.method": lambda value: value == ASK,
    "hutong.caller": lambda value: value == FRIEND,
    "hutong.called": lambda value: value == FRIEND,
    "hutong.reason": lambda value: value in {"OK", "NOT_RECOGNISED", "INTERNAL"},
}


def test_a_span_says_who_what_and_how_it_ended_and_nothing_else() -> None:
    seen, secret = Seen(), "410101199001010017"
    seen.called(said())
    seen.called(said(), error=HutongError(NOT_RECOGNISED, document=secret))
    seen.called(said(), error=LookupError(secret))
    seen.calls()
    assert len(seen.spans) == 4
    for span in seen.spans:
        told = span.attributes or {}
        assert [key for key, value in told.items() if not KNOWN[key](value)] == []
        assert (span.events, span.links, span.status.description) == ((), (), None)
        assert dict(span.resource.attributes) == {"service.name": "hutong", "hutong.city": HERE}
        assert secret not in span.to_json()
    assert [(span.attributes or {})["hutong.reason"] for span in seen.spans] == [
        "OK",
        "NOT_RECOGNISED",
        "INTERNAL",
        "OK",
    ]
    assert [span.status.is_ok for span in seen.spans] == [True, True, False, True]


def test_transactions_are_spans_of_calls_that_are_recorded_and_of_no_others() -> None:
    class Store:
        async def run(self, use_case: Callable[[Any], Any]) -> object:
            return use_case(None)

        read = run

    seen, store = Seen(), Store()
    over: Any = seen.traces.over(store)  # type: ignore[arg-type]

    def drive(act: Any) -> None:  # noqa: ANN401 - a coroutine that never waits
        with contextlib.suppress(StopIteration):
            act.send(None)

    drive(over.run(lambda _: None))
    assert seen.spans == []
    with seen.traces.of_partners(SERVICE, ASK)(with_(said()), FRIEND):
        drive(over.run(lambda _: None))
        drive(over.read(lambda _: None))
    written, looked, call = seen.spans
    assert (written.name, looked.name, call.name) == ("write", "read", ASK)
    for each in (written, looked):
        assert each.parent is not None
        assert each.parent.span_id == own(call).span_id


def test_a_node_without_traces_loads_nothing_of_them() -> None:
    script = (
        "import sys, node.bootstrap\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert found.stdout.strip() == b"[]"
