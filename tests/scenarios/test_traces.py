"""A call that crosses is one trace at a real collector; one that hangs or is away costs nothing."""

import base64
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as services

from scripts.cities import Cities, City, free_ports
from tests.scenarios.stage import check, enrolled, eventually, lines, of_standing, store_of, visit

pytestmark = pytest.mark.all


@dataclass(frozen=True, slots=True)
class Span:
    """A span, as a collector has it."""

    city: str
    name: str
    kind: int
    trace_id: bytes
    span_id: bytes
    parent: bytes


@dataclass
class Collector(services.TraceServiceServicer):
    """Takes what comes; while `hangs` is set it answers nothing."""

    came: list[bytes] = field(default_factory=list)
    hangs: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def Export(self, request: Any, _context: object) -> Any:  # noqa: ANN401, N802 - gRPC's own
        if self.hangs.is_set():
            self.let_go.wait(60)
        self.came.append(request.SerializeToString())
        return pb.ExportTraceServiceResponse()

    @property
    def spans(self) -> list[Span]:
        found = list[Span]()
        for each in tuple(self.came):
            for resource in pb.ExportTraceServiceRequest.FromString(each).resource_spans:
                told = {a.key: a.value.string_value for a in resource.resource.attributes}
                found += [
                    Span(
                        told["hutong.city"], s.name, s.kind, s.trace_id, s.span_id, s.parent_span_id
                    )
                    for scope in resource.scope_spans
                    for s in scope.spans
                ]
        return found

    def named(self, name: str, kind: int) -> list[Span]:
        return [span for span in self.spans if (span.name, span.kind) == (name, kind)]


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    server, made = grpc.server(ThreadPoolExecutor(4)), Collector()
    services.add_TraceServiceServicer_to_server(made, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield made, f"http://127.0.0.1:{port}"
    finally:
        made.let_go.set()
        server.stop(None).wait()


def traced(city: City, endpoint: str) -> None:
    city.environment = os.environ | {
        "HUTONG_TRACES_ENDPOINT": endpoint,
        "HUTONG_TRACES_RATIO": "1",
    }


SERVER, CLIENT = 2, 3


def test_a_visit_is_one_trace_over_both_cities_and_names_nobody(
    collector: tuple[Collector, str], tmp_path: Path
) -> None:
    kept, endpoint = collector
    with Cities(tmp_path, ("410100", "330100")) as cities:
        home, host = cities["zhengzhou"], cities["hangzhou"]
        for city in cities:
            traced(city, endpoint)
        cities.start()
        for city in cities:
            city.load_rules()
        cities.connect()
        residents = enrolled(home)
        resident = of_standing(residents, "excellent")[0]
        code = visit(home, host, resident)
        answer = check(host, code)
        assert answer["outcome"] == "RECOGNITION_OUTCOME_RECOGNISED"
        assert eventually(lambda: bool(kept.named("CheckEligibility", SERVER)))
        assert eventually(lambda: bool(kept.named("RequestAttestation", SERVER)))
        personal = [code, code.replace("-", ""), answer["visitor_pass"], *residents.values()]
        personal += [text for row in secrets_of(home) for text in row]
        for city in cities:
            assert city.stop() == 0
    [checked] = kept.named("CheckEligibility", SERVER)
    [asked] = kept.named("RequestAttestation", CLIENT)
    [attested] = kept.named("RequestAttestation", SERVER)
    assert (checked.city, asked.city, attested.city) == ("330100", "330100", "410100")
    assert checked.parent == b""
    assert (asked.parent, attested.parent) == (checked.span_id, asked.span_id)
    whole = [span for span in kept.spans if span.trace_id == checked.trace_id]
    assert {span.city for span in whole if span.name == "write"} == {"330100", "410100"}
    # Every span of it hangs on another of it, in whichever city.
    known = {span.span_id for span in whole}
    assert [span for span in whole if span.parent and span.parent not in known] == []
    everything = b"".join(kept.came)
    assert len(personal) > 10
    assert all(len(text) > 20 for text in personal)
    assert [text for text in personal if text.encode() in everything] == []


def secrets_of(city: City) -> list[tuple[str, ...]]:
    """What must be in no trace: the ids and pseudonyms of a city's consents, in every form."""
    # Nobody has a row, too, which is empty.
    asked = "SELECT consent_id, pseudonym FROM consents WHERE consent_id <> ''"
    with store_of(city) as store:
        rows = store.execute(sa.text(asked)).all()
    assert rows
    return [
        (
            consent,
            bytes(pseudonym).hex(),
            base64.b64encode(bytes(pseudonym)).decode(),
            base64.urlsafe_b64encode(bytes(pseudonym)).decode(),
        )
        for consent, pseudonym in rows
    ]


@pytest.mark.parametrize("how", ["hangs", "away"])
def test_a_collector_that_takes_nothing_costs_no_call_and_no_stop(
    collector: tuple[Collector, str], tmp_path: Path, how: str
) -> None:
    kept, endpoint = collector
    kept.hangs.set()
    if how == "away":
        endpoint = f"http://127.0.0.1:{free_ports(1)[0]}"
    with Cities(tmp_path, ("410100",)) as cities:
        city = cities["zhengzhou"]
        traced(city, endpoint)
        cities.start()
        city.load_rules()
        resident = of_standing(enrolled(city), "excellent")[0]
        assert check(city, visit(city, city, resident))["outcome"].endswith("_RECOGNISED")
        assert eventually(lambda: said(city).count("traces_not_delivered") == 1)
        assert check(city, visit(city, city, resident))["outcome"].endswith("_RECOGNISED")
        assert city.stop() == 0
    # Once, however often it was tried; and the library's own words are not there.
    assert said(city).count("traces_not_delivered") == 1
    assert "StatusCode" not in city.log.read_text("utf-8")


def said(city: City) -> list[str]:
    return [str(line["event"]) for line in lines(city) if "event" in line]
