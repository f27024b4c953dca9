"""What Prometheus reads, and what health says before anything ends."""

import asyncio
import socket
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.v1 import federation_service_pb2
from node import bootstrap, limits
from node.attested import PendingRenewal
from node.clock import SystemClock
from node.errors import CANNOT_LISTEN
from node.logbook import Fork
from node.model import Contact, Delivery, Role
from node.redemptions import PendingRelease, PendingUse
from node.transport.metrics import Metrics
from node.transport.pressure import Pressure
from scripts.cities import free_ports
from scripts.secret_rules import secrets_in
from tests.node.store.test_case_rows import case as made_case
from tests.node.transport.conftest import Street
from tests.node.transport.house import (
    FRIEND,
    OTHER,
    House,
    Loop,
    call,
    failure,
    now,
    opened,
    stranger,
)
from tests.node.transport.test_off_switch import CHECK
from tests.node.transport.test_peer_port import told

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def home(loop: Loop, tmp_path: Path) -> Iterator[Street]:
    with opened(loop, tmp_path / "here") as house:
        friend, other = stranger(tmp_path / "friend", FRIEND), stranger(tmp_path / "other", OTHER)
        house.trust(friend)
        house.trust(other)
        yield Street(house, friend, other)


def made(house: House) -> Metrics:
    async def make() -> Metrics:
        metrics = Metrics()
        metrics.look_at(house.cases)
        return metrics

    return house.loop.run(make())


def node(house: House) -> bootstrap._Node:
    return bootstrap._Node(
        SystemClock(),
        house.store,
        house.keys,
        house.cases,
        house.door,
        house.ports,
        Pressure(lambda: 0.0),
    )


def scraped(metrics: Metrics) -> Samples:
    """Every sample, as Prometheus reads it."""
    [port] = free_ports(1)
    with metrics.served(f"127.0.0.1:{port}"):
        url = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(url, timeout=20) as answer:
            text = answer.read().decode()
    assert secrets_in("metrics", text.encode()) == []
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"hutong_{name}", tuple(sorted(labels.items()))))


def reached(failures: int, offset: float) -> Contact:
    return Contact(
        FRIEND,
        now(),
        reached_at=now(),
        failures=failures,
        problem="PEER_UNREACHABLE" if failures else "",
        clock_offset=timedelta(seconds=offset),
    )


def keep(house: House, contact: Contact) -> None:
    house.act(lambda tx: tx.partnerships.put_contact(contact))


def test_the_log_is_measured(home: Street) -> None:
    house = home.house
    assert of(scraped(made(house)), "log_checkpoint_entries") == 0
    own = house.loop.run(house.cases.witnessing.checkpoint())
    assert own is not None
    house.act(lambda tx: tx.checkpoints.cosign(own.size, FRIEND, b"a line"))
    house.act(lambda tx: tx.checkpoints.add_fork(Fork(OTHER, now(), b"", b"", (), "", b"")))
    samples = scraped(made(house))
    assert of(samples, "log_entries") == own.size
    assert of(samples, "log_checkpoint_entries") == own.size
    assert of(samples, "log_cosigned_entries") == own.size
    assert of(samples, "partner_cosigned_entries", city=FRIEND) == own.size
    assert of(samples, "partner_cosigned_entries", city=OTHER) == 0
    assert of(samples, "partner_log_forked", city=OTHER) == 1
    assert of(samples, "partner_log_forked", city=FRIEND) == 0


def test_each_partner_is_measured(home: Street) -> None:
    house, contact = home.house, reached(2, -1.5)
    keep(house, contact)
    house.act(lambda tx: told(tx, FRIEND))
    house.suspend(OTHER)
    samples = scraped(made(house))
    partner = house.store.registry.partners[FRIEND]
    assert of(samples, "partner_state", city=FRIEND, state="active") == 1
    assert of(samples, "partner_state", city=OTHER, state="suspended") == 1
    assert of(samples, "partner_state", city=OTHER, state="active") is None
    assert contact.reached_at is not None
    ends = partner.bundle.signing_keys[0].not_after.timestamp()
    for name, value in (
        ("signing_key_expiry_timestamp_seconds", ends),
        ("bundle_sequence", 1),
        ("bundle_issued_timestamp_seconds", partner.bundle.header.issued_at.timestamp()),
        ("bundle_expiry_timestamp_seconds", partner.bundle.header.expires_at.timestamp()),
        ("last_contact_timestamp_seconds", contact.reached_at.timestamp()),
        ("contact_failures", 2),
        ("clock_offset_seconds", -1.5),
        ("agreement_version", 0),
        ("told", 1),
    ):
        assert of(samples, f"partner_{name}", city=FRIEND) == pytest.approx(value, abs=1e-3), name
    certificate = of(samples, "partner_certificate_expiry_timestamp_seconds", city=FRIEND)
    assert certificate is not None
    assert certificate > now().timestamp()
    assert of(samples, "partner_told", city=OTHER) == 0
    for use in ("root", "signing", "tls", "local"):
        own = of(samples, "key_expiry_timestamp_seconds", use=use)
        assert own is not None
        assert own > now().timestamp()
    assert of(samples, "bundle_sequence") == 1


def test_calls_are_counted_by_who_called_and_how_they_ended(home: Street) -> None:
    metrics = made(home.house)
    tell = metrics.meter("peer")("federation.v1.FederationService", "ExchangeScales")
    for who, reason, seconds in (
        (FRIEND, "OK", 0.002),
        (FRIEND, "OK", 0.2),
        (OTHER, "OK", 0.2),
        (FRIEND, "OVERLOADED", 0.0001),
        ("", "NOT_A_PARTNER", 0.0001),
    ):
        tell(who, reason, seconds)
    samples = scraped(metrics)
    of_call = {"port": "peer", "method": "ExchangeScales"}
    assert of(samples, "calls_total", city=FRIEND, reason="OK", **of_call) == 2
    assert of(samples, "calls_total", city=FRIEND, reason="OVERLOADED", **of_call) == 1
    assert of(samples, "calls_total", city="", reason="NOT_A_PARTNER", **of_call) == 1
    assert of(samples, "call_duration_seconds_count", city="", **of_call) == 5
    assert of(samples, "call_duration_seconds_bucket", le="0.0025", city="", **of_call) == 3
    assert of(samples, "call_duration_seconds_count", city=FRIEND, **of_call) is None


def test_how_long_attestations_take_is_told_by_partner_both_ways(home: Street) -> None:
    metrics, method = made(home.house), "RequestAttestation"
    tell = metrics.meter("peer")("federation.v1.FederationService", method)
    for who, seconds in ((FRIEND, 0.002), (FRIEND, 0.2), (OTHER, 0.2)):
        tell(who, "OK", seconds)
    with metrics.watch()(FRIEND, f"/federation.v1.FederationService/{method}"):
        """It is asked."""
    samples = scraped(metrics)
    of_call = {"port": "peer", "method": method}
    assert of(samples, "call_duration_seconds_count", city=FRIEND, **of_call) == 2
    assert of(samples, "call_duration_seconds_count", city=OTHER, **of_call) == 1
    assert of(samples, "call_duration_seconds_bucket", le="0.0025", city=FRIEND, **of_call) == 1
    assert of(samples, "outgoing_call_duration_seconds_count", city=FRIEND, method=method) == 1


def test_a_scrape_of_every_city_and_every_method_stays_small(home: Street) -> None:
    metrics = made(home.house)
    service = federation_service_pb2.DESCRIPTOR.services_by_name["FederationService"]
    watch, many = metrics.watch(), 336
    for method in service.methods:
        tell = metrics.meter("peer")(service.full_name, method.name)
        for number in range(many):
            city = CityCode(f"{110000 + number}")
            tell(city, "OK", 0.01)
            with watch(city, f"/{service.full_name}/{method.name}"):
                """Each is called, too."""
    lines = generate_latest(metrics.registry).decode().count("\n")
    # One for each method and way, and a histogram of fifteen lines for each way.
    assert lines < many * (2 * len(service.methods) + 2 * 15) + 2000


def test_what_a_local_client_is_called_is_no_label(home: Street) -> None:
    metrics = made(home.house)
    tell = metrics.meter("local")("node.v1.VenueService", "Redeem")
    tell("venue/library-of-zhang-san", "OK", 0.01)
    samples = scraped(metrics)
    assert of(samples, "calls_total", port="local", city="", method="Redeem", reason="OK") == 1
    assert not [labels for _, labels in samples if "zhang" in str(labels)]


def test_no_label_holds_more_than_cities_methods_and_reasons(home: Street) -> None:
    samples = scraped(made(home.house))
    labels = {key for _, pairs in samples for key, _ in pairs}
    assert labels == {"city", "delivery", "kind", "state", "use"}


def test_a_store_that_does_not_answer_costs_its_part_only(
    home: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = home.house
    keep(house, reached(0, 0))
    metrics = made(house)

    async def hang(_: object) -> None:
        await asyncio.Event().wait()

    assert of(scraped(metrics), "store_answers") == 1
    monkeypatch.setattr("node.transport.gauges.SCRAPE_DEADLINE", timedelta(milliseconds=20))
    monkeypatch.setattr(type(house.store), "read", lambda _self, act: hang(act))
    samples = scraped(metrics)
    assert of(samples, "store_answers") == 0
    assert of(samples, "partner_contact_failures", city=FRIEND) is None
    assert of(samples, "partner_bundle_sequence", city=FRIEND) == 1


def test_what_partners_do_not_have_is_told_with_its_age(home: Street) -> None:
    house, long_ago = home.house, now() - timedelta(hours=1)
    nothing = scraped(made(house))
    for delivery in Delivery:
        which = {"city": FRIEND, "delivery": delivery.value}
        assert of(nothing, "partner_undelivered", **which) == 0, delivery
        assert of(nothing, "partner_undelivered_age_seconds", **which) == 0, delivery
    house.act(lambda tx: tx.use_questions.ask(PendingUse(b"k", "u", FRIEND, b"", long_ago)))
    for lease in ("one", "two"):
        release = PendingRelease(lease, FRIEND, long_ago)
        house.act(lambda tx, r=release: tx.use_questions.give_back(r))  # type: ignore[misc]
    house.act(lambda tx: tx.renewals.ask(PendingRenewal(FRIEND, "r", b"", long_ago)))
    # One that knows no bundle of ours, and has cosigned nothing.
    keep(house, reached(0, 0))
    house.loop.run(house.cases.witnessing.checkpoint())
    samples = scraped(made(house))
    for name, count in (("use", 1), ("release", 2), ("renewal", 1), ("bundle", 1), ("status", 0)):
        assert of(samples, "partner_undelivered", city=FRIEND, delivery=name) == count, name
        assert of(samples, "partner_undelivered", city=OTHER, delivery=name) == 0, name
    assert of(samples, "partner_undelivered", city=OTHER, delivery="checkpoint") == of(
        samples, "log_checkpoint_entries"
    )
    for name in ("use", "release", "renewal"):
        age = of(samples, "partner_undelivered_age_seconds", city=FRIEND, delivery=name)
        assert age is not None
        assert age >= 3600, name


def test_a_queue_before_the_writer_is_seen_with_its_age(home: Street) -> None:
    house, holding, let_go = home.house, threading.Event(), threading.Event()
    metrics = made(house)
    assert of(scraped(metrics), "writer_waiting") == 0
    assert of(scraped(metrics), "writer_age_seconds") == 0

    def hold(_tx: object) -> None:
        holding.set()
        let_go.wait(20)

    async def queue() -> list[asyncio.Task[None]]:
        return [asyncio.create_task(house.store.run(hold))]

    held = house.loop.run(queue())
    try:
        assert holding.wait(20)
        held += house.loop.run(queue())
        samples = scraped(metrics)
    finally:
        let_go.set()
    assert of(samples, "writer_waiting") == 2
    age = of(samples, "writer_age_seconds")
    assert age is not None
    assert age > 0

    async def end() -> None:
        await asyncio.gather(*held)

    house.loop.run(end())
    assert of(scraped(metrics), "writer_waiting") == 0


def test_cases_past_their_deadline_are_counted_before_a_timer_marks_them(home: Street) -> None:
    house = home.house
    for serial, due in ((1, now() + timedelta(days=1)), (2, now() - timedelta(seconds=1))):
        case = replace(made_case(serial), due_at=due)
        house.act(lambda tx, c=case: tx.cases.add(c))  # type: ignore[misc]
    samples = scraped(made(house))
    assert of(samples, "cases_open", kind="repair") == 2
    assert of(samples, "cases_overdue", kind="repair") == 1
    assert of(samples, "cases_open", kind="objection") == 0


def test_an_address_that_is_taken_is_told_by_its_setting(home: Street) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(HutongError) as raised, made(home.house).served(address):
            raise AssertionError("it listens")
    assert raised.value == HutongError(CANNOT_LISTEN, address=address, key="metrics_listen")


def health(house: House, service: str) -> int:
    body = health_pb2.HealthCheckRequest(service=service).SerializeToString()
    with house.as_client(house.client(Role.OPERATOR)) as channel:
        return int(health_pb2.HealthCheckResponse.FromString(call(channel, CHECK, body)).status)


def both(house: House) -> tuple[bool, bool]:
    """Whether keys and partners are in order, to a client's eyes."""
    house.loop.run(node(house).examine())
    serving = health_pb2.HealthCheckResponse.SERVING
    return (
        health(house, "hutong.keys") == serving,
        health(house, "hutong.partners") == serving,
    )


def test_health_degrades_with_a_reason_before_anything_ends_and_the_port_serves_on(
    home: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = home.house
    assert both(house) == (True, True)
    keep(house, reached(limits.FAILURES_WARNING, 0))
    assert both(house) == (True, False)
    subject = f"partner {FRIEND} contact"
    assert of(scraped(made(house)), "degraded", subject=subject, severity="warning") == 1
    assert health(house, "") == health_pb2.HealthCheckResponse.SERVING
    keep(house, reached(0, 0))
    assert both(house) == (True, True)
    assert of(scraped(made(house)), "degraded", subject=subject, severity="warning") is None
    monkeypatch.setattr("node.services.findings.EXPIRY_WARNING", timedelta(days=366))
    assert both(house) == (False, False)
    samples = scraped(made(house))
    for what in ("signing-key", f"partner {FRIEND} signing-key"):
        assert of(samples, "degraded", subject=what, severity="warning") == 1


def test_a_partner_learns_nothing_of_other_partners(home: Street) -> None:
    house = home.house
    assert both(house) == (True, True)
    with house.as_partner(home.friend.own) as channel:
        for service in ("hutong.keys", "hutong.partners"):
            body = health_pb2.HealthCheckRequest(service=service).SerializeToString()
            assert failure(channel, CHECK, body).code.name == "NOT_FOUND"


def test_a_suspended_partner_is_no_alarm(home: Street) -> None:
    house = home.house
    keep(house, replace(reached(9, 0), reached_at=now() - timedelta(days=9)))
    assert both(house) == (True, False)
    house.suspend(FRIEND)
    assert both(house) == (True, True)
