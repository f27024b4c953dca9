"""A city's state for Prometheus, as it is at each scrape: keys, store, log, cases, what is wrong.

What cannot be told now is left out, and the rest is told all the same; whether the store answered
is told itself.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TooLateError
from datetime import datetime
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from federation.errors import HutongError
from node.keys.view import KeyState, KeysView
from node.limits import SCRAPE_DEADLINE
from node.records import CaseCount, CaseKind
from node.services.assembly import UseCases
from node.services.log_findings import LogState
from node.services.measuring import Stored, owed, stored
from node.transport.partner_gauges import (
    by_city,
    circuit_gauges,
    contact_gauges,
    owed_gauges,
    partner_gauges,
)

_ENDED: Final = frozenset({KeyState.ENDED, KeyState.REVOKED})
_NONE: Final = CaseCount(0, 0)


class CityState(Collector):
    """What a city's use cases and its store say of it."""

    def __init__(self, cases: UseCases, loop: asyncio.AbstractEventLoop) -> None:
        """Of the node of these use cases, which runs in that loop."""
        self._cases = cases
        self._loop = loop

    def collect(self) -> Iterable[Metric]:
        """Called in the server's thread: registry and findings are whole and never change."""
        registry, now = self._cases.uow.registry, self._cases.here.now()
        yield _info("hutong_city", "Which city this is.", {"city": self._cases.here.city})
        yield from partner_gauges(registry)
        yield from circuit_gauges(registry, self._cases.circuits)
        read, waited = self._stored()
        keys = self._keys_view()
        if read is not None:
            found, size = read
            if size is not None:
                yield gauge("hutong_store_bytes", "How large the store's database is.", size)
            yield from contact_gauges(registry, found.contacts)
            yield from _log(found.log)
            forks = {fork.city for fork in found.log.forks}
            yield by_city(
                "log_forked",
                "1 where a partner's log forked.",
                ((city, int(city in forks)) for city in sorted(registry.partners)),
            )
            yield from _open_cases(found)
            statuses = self._cases.delivering.undelivered
            yield from owed_gauges(registry, owed(found, statuses, keys), now)
        yield from self._process(answered=read is not None, waited=waited)
        if keys is not None:
            yield from _keys(keys, self._cases.key_desk.local_end())
        degraded = GaugeMetricFamily(
            "hutong_degraded", "What `hutong doctor` warns of.", labels=("subject", "severity")
        )
        for subject, finding in sorted(self._cases.watching.all.items()):
            degraded.add_metric((subject, finding.severity.name.lower()), 1)
        yield degraded

    def _process(self, *, answered: bool, waited: float) -> Iterator[Metric]:
        backlog = self._cases.uow.backlog()
        for name, said, value in (
            ("store_answers", "1 where the store answered this scrape in time.", int(answered)),
            ("writer_waiting", "Use cases that wait for their commit.", backlog.waiting),
            ("writer_age_seconds", "How long the oldest of those has waited.", backlog.seconds),
            ("loop_wait_seconds", "How long this scrape waited for its turn in the loop.", waited),
            (
                "duty_held",
                "1 where this process does the city's timed work.",
                int(self._cases.duty.held),
            ),
        ):
            yield gauge(f"hutong_{name}", said, value)

    def _stored(self) -> tuple[tuple[Stored, int | None] | None, float]:
        """What the store says and how large it is; and how long the loop was busy.

        None where the store does not answer.
        """
        uow, now = self._cases.uow, self._cases.here.now()
        began, came = time.monotonic(), list[float]()

        async def read() -> tuple[Stored, int | None]:
            came.append(time.monotonic() - began)
            registry = uow.registry
            return await uow.read(lambda tx: stored(tx, registry, now)), await uow.size()

        found, work, longest = None, read(), SCRAPE_DEADLINE.total_seconds()
        try:
            asked = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            # The loop has ended.
            work.close()
            return None, longest
        try:
            found = asked.result(longest)
        except (HutongError, TooLateError, CancelledError):
            asked.cancel()
        return found, came[0] if came else longest

    def _keys_view(self) -> KeysView | None:
        try:
            return self._cases.key_desk.view()
        except HutongError:
            return None


def gauge(name: str, said: str, value: float) -> Metric:
    """One value without labels."""
    found = GaugeMetricFamily(name, said)
    found.add_metric((), value)
    return found


def _info(name: str, said: str, labels: dict[str, str]) -> Metric:
    found = GaugeMetricFamily(f"{name}_info", said, labels=tuple(labels))
    found.add_metric(tuple(labels.values()), 1)
    return found


def _keys(view: KeysView, local_end: datetime) -> Iterator[Metric]:
    expiry = GaugeMetricFamily(
        "hutong_key_expiry_timestamp_seconds",
        "When the last key or certificate of this city ends, by its use.",
        labels=("use",),
    )
    ends = {"local": local_end}
    for key in view.keys:
        if key.state not in _ENDED:
            use = key.use.name.lower()
            ends[use] = max(key.until, ends.get(use, key.until))
    for use, end in sorted(ends.items()):
        expiry.add_metric((use,), end.timestamp())
    yield expiry
    yield gauge("hutong_bundle_sequence", "This city's trust bundle.", view.sequence)
    yield gauge(
        "hutong_bundle_expiry_timestamp_seconds",
        "When this city's trust bundle ends.",
        view.expires_at.timestamp(),
    )


def _log(state: LogState) -> Iterator[Metric]:
    newest, cosigned = (each.size if each else 0 for each in (state.newest, state.cosigned))
    yield gauge("hutong_log_entries", "Entries of this city's log.", state.size)
    yield gauge("hutong_log_checkpoint_entries", "Those under a checkpoint.", newest)
    yield gauge("hutong_log_cosigned_entries", "Those that some partner cosigned.", cosigned)
    yield by_city(
        "cosigned_entries",
        "Entries of this city's log that a partner has cosigned.",
        state.cosigned_by.items(),
    )


def _open_cases(found: Stored) -> Iterator[Metric]:
    opened = GaugeMetricFamily("hutong_cases_open", "Cases that are open.", labels=("kind",))
    overdue = GaugeMetricFamily(
        "hutong_cases_overdue", "Open cases whose answer is past its deadline.", labels=("kind",)
    )
    for kind in CaseKind:
        count = found.cases.get(kind, _NONE)
        opened.add_metric((kind.value,), count.open)
        overdue.add_metric((kind.value,), count.late)
    yield opened
    yield overdue
