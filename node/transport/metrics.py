"""Metrics for Prometheus, by its own HTTP server on a thread: a city's state at each scrape.

No label ever holds a resident, a code or a name: only city codes, methods and reasons.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TooLateError
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import start_http_server
from prometheus_client.registry import Collector

from federation.errors import HutongError
from federation.identifiers import CityCode
from node.errors import CANNOT_LISTEN
from node.keys.view import KeyState
from node.limits import SCRAPE_DEADLINE
from node.model import Contact
from node.registry import Partner, PartnerState, Registry
from node.services.assembly import UseCases
from node.services.delivering import Undelivered
from node.services.log_findings import LogState, log_state
from node.services.partner_findings import certificates_end, signing_keys_end
from node.transport.calls import Meter, Told

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ENDED: Final = frozenset({KeyState.ENDED, KeyState.REVOKED})


class Metrics:
    """What a node measures, and where it is read."""

    def __init__(self, cases: UseCases) -> None:
        """Of the node of these use cases; made in its loop."""
        self.registry = CollectorRegistry(auto_describe=False)
        self._calls = Counter(
            "hutong_calls",
            "Calls that ended, by how.",
            ("port", "method", "reason"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "hutong_call_duration_seconds",
            "How long calls took that ended.",
            ("port", "method"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_City(cases, asyncio.get_running_loop()))
        ProcessCollector(registry=self.registry)

    def meter(self, port: str) -> Meter:
        """What counts the calls of a port; on the hot path it only looks one thing up."""

        def of_method(_service: str, method: str) -> Told:
            observe = self._seconds.labels(port, method).observe
            counts: dict[str, Callable[[], None]] = {}

            def tell(reason: str, seconds: float) -> None:
                count = counts.get(reason)
                if count is None:
                    count = counts[reason] = self._calls.labels(port, method, reason).inc
                count()
                observe(seconds)

            return tell

        return of_method

    @contextlib.contextmanager
    def served(self, address: str) -> Iterator[None]:
        """Listen at HOST:PORT while the body runs, not at all where it is ""; raises CANNOT_LISTEN.

        Who can reach it can read it: there is no TLS and no password.
        """
        if not address:
            yield
            return
        host, _, port = address.rpartition(":")
        try:
            server, thread = start_http_server(int(port), host.strip("[]"), self.registry)
        except OSError as error:
            raise HutongError(CANNOT_LISTEN, address=address, key="metrics_listen") from error
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _City(Collector):
    """Partners, keys and what is degraded, as they are at the scrape."""

    def __init__(self, cases: UseCases, loop: asyncio.AbstractEventLoop) -> None:
        self._cases = cases
        self._loop = loop

    def collect(self) -> Iterable[Metric]:
        """Called in the server's thread: registry and findings are whole and never change."""
        registry = self._cases.uow.registry
        yield from _partners(registry)
        contacts, log = self._stored()
        yield from _contacts(registry, contacts)
        if log is not None:
            yield from _log(log)
        yield from _undelivered(self._cases.delivering.undelivered, self._cases.here.now())
        yield from self._keys()
        held = int(self._cases.duty.held)
        yield _gauge("hutong_duty_held", "1 where this process does the city's timed work.", held)
        degraded = GaugeMetricFamily(
            "hutong_degraded", "What `hutong doctor` warns of.", labels=("subject",)
        )
        for subject in sorted(self._cases.watching.all):
            degraded.add_metric((subject,), 1)
        yield degraded

    def _stored(self) -> tuple[Mapping[CityCode, Contact], LogState | None]:
        """Nothing where the store does not answer: the rest is told all the same."""

        async def read() -> tuple[Mapping[CityCode, Contact], LogState | None]:
            uow = self._cases.uow
            registry = uow.registry
            return await uow.read(lambda tx: (tx.partnerships.contacts(), log_state(tx, registry)))

        work = read()
        try:
            asked = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            # The loop has ended.
            work.close()
            return {}, None
        try:
            return asked.result(SCRAPE_DEADLINE.total_seconds())
        except (HutongError, TooLateError, CancelledError):
            asked.cancel()
            return {}, None

    def _keys(self) -> Iterator[Metric]:
        gauge = GaugeMetricFamily(
            "hutong_key_expiry_timestamp_seconds",
            "When the last key or certificate of this city ends, by its use.",
            labels=("use",),
        )
        view = self._cases.key_desk.view()
        ends: dict[str, datetime] = {}
        for key in view.keys:
            if key.state not in _ENDED:
                use = key.use.name.lower()
                ends[use] = max(key.until, ends.get(use, key.until))
        for use, end in sorted(ends.items()):
            gauge.add_metric((use,), end.timestamp())
        yield gauge
        yield _gauge("hutong_bundle_sequence", "This city's trust bundle.", view.sequence)
        yield _gauge(
            "hutong_bundle_expiry_timestamp_seconds",
            "When this city's trust bundle ends.",
            view.expires_at.timestamp(),
        )


def _gauge(name: str, said: str, value: float) -> Metric:
    gauge = GaugeMetricFamily(name, said)
    gauge.add_metric((), value)
    return gauge


def _by_city(
    name: str, said: str, values: Iterable[tuple[CityCode, float | None]]
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"hutong_partner_{name}", said, labels=("city",))
    for city, value in values:
        if value is not None:
            gauge.add_metric((city,), value)
    return gauge


def _seconds(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()


def _partners(registry: Registry) -> Iterator[Metric]:
    partners = sorted(registry.partners.items())
    state = GaugeMetricFamily(
        "hutong_partner_state", "1 for the state of a partner.", labels=("city", "state")
    )
    for city, partner in partners:
        state.add_metric((city, partner.state.value), 1)
    yield state
    heard = [(c, p) for c, p in partners if p.state is not PartnerState.ENDED]

    def each(name: str, said: str, value: Callable[[Partner], float | None]) -> GaugeMetricFamily:
        return _by_city(name, said, ((city, value(partner)) for city, partner in heard))

    yield each(
        "certificate_expiry_timestamp_seconds",
        "When the last certificate of a partner ends.",
        lambda p: _seconds(certificates_end(p)),
    )
    yield each(
        "signing_key_expiry_timestamp_seconds",
        "When the last signing key of a partner ends.",
        lambda p: _seconds(signing_keys_end(p)),
    )
    yield each("bundle_sequence", "A partner's trust bundle.", lambda p: p.bundle.sequence)
    yield each(
        "bundle_issued_timestamp_seconds",
        "When a partner's trust bundle was made.",
        lambda p: p.bundle.header.issued_at.timestamp(),
    )
    yield each(
        "bundle_expiry_timestamp_seconds",
        "When a partner's trust bundle ends.",
        lambda p: p.bundle.header.expires_at.timestamp(),
    )
    yield each("told", "1 where a partner has our last word.", lambda p: p.told >= p.sequence)
    yield each(
        "agreement_version",
        "The version of the agreement that both cities have signed; 0 without any.",
        lambda p: signed.agreement.version if (signed := registry.signed_agreement(p.city)) else 0,
    )


def _contacts(registry: Registry, contacts: Mapping[CityCode, Contact]) -> Iterator[Metric]:
    known = [(city, contacts[city]) for city in sorted(registry.partners) if city in contacts]
    yield _by_city(
        "last_contact_timestamp_seconds",
        "When a partner was last reached.",
        ((city, _seconds(contact.reached_at)) for city, contact in known),
    )
    yield _by_city(
        "contact_failures",
        "Failures to reach a partner since.",
        ((city, contact.failures) for city, contact in known),
    )
    yield _by_city(
        "clock_offset_seconds",
        "How far a partner's clock is ahead.",
        ((city, _offset(contact)) for city, contact in known),
    )


def _undelivered(missing: Mapping[CityCode, Undelivered], now: datetime) -> Iterator[Metric]:
    yield _by_city(
        "status_changes_pending",
        "Changes of status lists that a partner does not have yet.",
        ((city, each.count) for city, each in sorted(missing.items())),
    )
    yield _by_city(
        "status_pending_seconds",
        "For how long a partner has lacked changes of status lists.",
        ((city, (now - each.since).total_seconds()) for city, each in sorted(missing.items())),
    )


def _log(state: LogState) -> Iterator[Metric]:
    newest, cosigned = (each.size if each else 0 for each in (state.newest, state.cosigned))
    yield _gauge("hutong_log_entries", "Entries of this city's log.", state.size)
    yield _gauge("hutong_log_checkpoint_entries", "Those under a checkpoint.", newest)
    yield _gauge("hutong_log_cosigned_entries", "Those that some partner cosigned.", cosigned)
    yield _by_city(
        "cosigned_entries",
        "Entries of this city's log that a partner has cosigned.",
        state.cosigned_by.items(),
    )
    yield _by_city(
        "log_forked",
        "1 where a partner's log forked.",
        ((fork.city, 1) for fork in state.forks),
    )


def _offset(contact: Contact) -> float | None:
    offset = contact.clock_offset
    return None if offset is None else offset.total_seconds()
