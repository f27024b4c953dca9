"""Metrics for Prometheus, by its own HTTP server on a thread: calls, and a city's state.

No label ever holds a resident, a code or a name: only city codes, methods and reasons. A stranger
makes none: a city is told only of whom the gate has let in, and a reason by this city's own table.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import start_http_server

from federation.errors import HutongError
from node.errors import CANNOT_LISTEN
from node.services.assembly import UseCases
from node.transport.gauges import CityState
from node.transport.listening import Meter, Told
from node.transport.outgoing import Watch, watched
from node.transport.pressure import Pressure

PEER: Final = "peer"
LOCAL: Final = "local"
_BUCKETS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# What visitors wait for: of this it is told by partner how long it takes. A histogram is fifteen
# lines, and of each partner and method one would be a scrape of a hundred thousand.
_TIMED_BY_CITY: Final = frozenset({"RequestAttestation"})
# Of the port that this city's own clients call: what they are called is nobody's business.
_NOBODY: Final = ""

_Bound = tuple[Callable[[], None], Callable[[float], None]]


class Metrics:
    """What a node measures, and where it is read."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        # When a counter began is what Prometheus sees for itself: it would double the lines.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry(auto_describe=False)
        self._calls = Counter(
            "hutong_calls",
            "Calls that ended, by how; the city is the partner that called, on the peer port.",
            ("port", "city", "method", "reason"),
            registry=registry,
        )
        self._seconds = Histogram(
            "hutong_call_duration_seconds",
            "How long calls took that ended; of attestations by the partner that called.",
            ("port", "city", "method"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._outgoing = Counter(
            "hutong_outgoing_calls",
            "Calls to partners that ended, by how.",
            ("city", "method", "reason"),
            registry=registry,
        )
        self._outgoing_seconds = Histogram(
            "hutong_outgoing_call_duration_seconds",
            "How long calls to partners took that ended; of attestations by partner.",
            ("city", "method"),
            buckets=_BUCKETS,
            registry=registry,
        )
        ProcessCollector(registry=registry)

    def meter(self, port: str) -> Meter:
        """What counts the calls of a port; on the hot path it only looks one thing up."""
        by_city = port == PEER

        def of_method(_service: str, method: str) -> Told:
            known: dict[tuple[str, str], _Bound] = {}

            def tell(who: str, reason: str, seconds: float) -> None:
                key = (who if by_city else _NOBODY, reason)
                bound = known.get(key)
                if bound is None:
                    bound = known[key] = (
                        self._calls.labels(port, key[0], method, reason).inc,
                        self._seconds.labels(port, _timed(key[0], method), method).observe,
                    )
                count, observe = bound
                count()
                observe(seconds)

            return tell

        return of_method

    def watch(self) -> Watch:
        """What counts the calls to partners."""
        known: dict[tuple[str, str, str], _Bound] = {}

        def hear(city: str, method: str, reason: str, seconds: float) -> None:
            key = (city, method, reason)
            bound = known.get(key)
            if bound is None:
                bound = known[key] = (
                    self._outgoing.labels(*key).inc,
                    self._outgoing_seconds.labels(_timed(city, method), method).observe,
                )
            count, observe = bound
            count()
            observe(seconds)

        return watched(hear)

    def look_at(self, cases: UseCases) -> None:
        """Tell the state of a city, too, as it is at each scrape; called in its loop."""
        self.registry.register(CityState(cases, asyncio.get_running_loop()))

    def look_at_pressure(self, pressure: Pressure) -> None:
        """Tell how long calls wait, and which part of them is turned away."""
        for name, said, value in (
            ("wait_seconds", "How long calls wait before they begin.", lambda: pressure.wait),
            ("turned_away_ratio", "The part that is turned away.", lambda: pressure.level),
        ):
            gauge = Gauge(f"hutong_calls_{name}", said, registry=self.registry)
            gauge.set_function(value)

    @contextlib.contextmanager
    def served(self, address: str) -> Iterator[None]:
        """Listen at HOST:PORT while the body runs; raises CANNOT_LISTEN.

        Who can reach it can read it: there is no TLS and no password.
        """
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


def _timed(city: str, method: str) -> str:
    """By which city it is told how long a method takes."""
    return city if method in _TIMED_BY_CITY else _NOBODY
