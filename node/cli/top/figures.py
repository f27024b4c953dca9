"""A city in numbers: its processes added up.

Calls are added, for each process has its own. What all processes read from one store is taken once.
What a node of another version does not measure is None, and is not drawn.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from node.cli.top.window import Window

_OK: Final = "OK"
_PEER: Final = "peer"
_BY_PORT: Final = ("hutong_calls_total", "hutong_call_duration_seconds_bucket")
_OUTGOING: Final = ("hutong_outgoing_calls_total", "hutong_outgoing_call_duration_seconds_bucket")
_COSIGNING: Final = "checkpoint"
OUT: Final = "out"


@dataclass(frozen=True, slots=True)
class Calls:
    """Some calls: how many in a second, how long they take, and how many did not go well."""

    rate: float
    p50: float | None
    p99: float | None
    failed: Mapping[str, float]

    @property
    def failing(self) -> float:
        """How many in a second did not go well, whatever the reason."""
        return sum(self.failed.values())


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process of the city."""

    address: str
    problem: str
    cpu: float | None = None
    memory_bytes: float | None = None
    started: float | None = None
    does_timed_work: bool = False


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """One partner, and what goes between it and this city; times are POSIX seconds."""

    city: str
    state: str
    inward: Calls | None
    outward: Calls | None
    certificate_ends: float | None = None
    bundle_made: float | None = None
    last_contact: float | None = None
    failures: float | None = None
    undelivered: float | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that `doctor` warns of."""

    subject: str
    severity: str


@dataclass(frozen=True, slots=True)
class Figures:
    """A city at one instant; `known` says whether its rates are known yet."""

    at: datetime
    city: str
    known: bool
    processes: tuple[ProcessRow, ...]
    ports: Mapping[str, Calls]
    methods: Mapping[tuple[str, str], Calls]
    partners: tuple[PartnerRow, ...]
    alerts: tuple[Alert, ...]
    store_answers: bool | None = None
    writer_waiting: float | None = None
    writer_age_seconds: float | None = None
    log_entries: float | None = None
    log_checkpoint_entries: float | None = None
    log_cosigned_entries: float | None = None
    cases_overdue: float | None = None
    keys_end: Mapping[str, float] = field(default_factory=dict)


def figures(windows: Sequence[Window], city: str, at: datetime) -> Figures:
    """The numbers of a city, of all that answer."""
    up = [window for window in windows if window.answers]
    book = _Book(up)
    store = _one(up, "hutong_store_answers", min)
    return Figures(
        at=at,
        city=_name_of(up) or city,
        known=any(window.seconds for window in up),
        processes=tuple(_process(window) for window in windows),
        ports={port: book.calls(port=port) for port in sorted(book.ports)},
        methods={each: book.calls(port=each[0], method=each[1]) for each in sorted(book.methods)},
        partners=_partners(up, book),
        alerts=_alerts(up),
        store_answers=None if store is None else bool(store),
        writer_waiting=_one(up, "hutong_writer_waiting", sum),
        writer_age_seconds=_one(up, "hutong_writer_age_seconds", max),
        log_entries=_one(up, "hutong_log_entries", max),
        log_checkpoint_entries=_one(up, "hutong_log_checkpoint_entries", max),
        log_cosigned_entries=_one(up, "hutong_log_cosigned_entries", max),
        cases_overdue=_summed(up, "hutong_cases_overdue"),
        keys_end=_by(up, "hutong_key_expiry_timestamp_seconds", "use"),
    )


@dataclass(slots=True)
class _Tally:
    """What was counted of the calls of one port, partner and method."""

    reasons: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    buckets: dict[float, float] = field(default_factory=lambda: defaultdict(float))


class _Book:
    """All calls of all processes, by port (or outward), partner and method."""

    def __init__(self, windows: Iterable[Window]) -> None:
        self._tallies: dict[tuple[str, str, str], _Tally] = defaultdict(_Tally)
        for window in windows:
            for count, bucket in (_BY_PORT, _OUTGOING):
                for labels, rate in window.rates(count):
                    self._of(labels).reasons[labels.get("reason", "")] += rate
                for labels, rate in window.rates(bucket):
                    self._of(labels).buckets[float(labels.get("le", "inf"))] += rate
        self.measured = {port for port, _, _ in self._tallies}
        self.ports = self.measured - {OUT}
        self.tells_cities = any(city for port, city, _ in self._tallies if port == _PEER)
        self.methods = {(port, method) for port, _, method in self._tallies if port != OUT}

    def calls(self, *, port: str, city: str = "", method: str = "") -> Calls:
        """The calls of a port; of one partner or method where that is given."""
        reasons, buckets = defaultdict[str, float](float), defaultdict[float, float](float)
        for (of_port, of_city, of_method), tally in self._tallies.items():
            if of_port != port or (city and of_city != city) or (method and of_method != method):
                continue
            for reason, rate in tally.reasons.items():
                reasons[reason] += rate
            for bound, rate in tally.buckets.items():
                buckets[bound] += rate
        failed = {r: rate for r, rate in sorted(reasons.items()) if r != _OK and rate}
        return Calls(sum(reasons.values()), quantile(buckets, 0.5), quantile(buckets, 0.99), failed)

    def _of(self, labels: Mapping[str, str]) -> _Tally:
        key = (labels.get("port", OUT), labels.get("city", ""), labels.get("method", ""))
        return self._tallies[key]


def quantile(buckets: Mapping[float, float], part: float) -> float | None:
    """Where that part of what the buckets hold lies, as Prometheus reckons it; None for nothing.

    Beyond the last bound nothing is known but that it is beyond: the bound is told.
    """
    bounds = sorted(buckets)
    if not bounds or not buckets[bounds[-1]]:
        return None
    wanted, lower, below = part * buckets[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= wanted:
            if math.isinf(bound):
                return lower
            inside = buckets[bound] - below
            return lower + (bound - lower) * ((wanted - below) / inside if inside else 1.0)
        lower, below = bound, buckets[bound]
    return lower


def _process(window: Window) -> ProcessRow:
    cpu = next((rate for _, rate in window.rates("process_cpu_seconds_total")), None)
    return ProcessRow(
        window.address,
        window.problem,
        cpu,
        window.value("process_resident_memory_bytes"),
        window.value("process_start_time_seconds"),
        bool(window.value("hutong_duty_held")),
    )


def _partners(windows: Sequence[Window], book: _Book) -> tuple[PartnerRow, ...]:
    states = {
        labels["city"]: labels["state"]
        for window in windows
        for labels, value in window.values("hutong_partner_state")
        if value
    }
    kinds = {
        "certificate_ends": "certificate_expiry_timestamp_seconds",
        "bundle_made": "bundle_issued_timestamp_seconds",
        "last_contact": "last_contact_timestamp_seconds",
        "failures": "contact_failures",
    }
    known = {key: _by(windows, f"hutong_partner_{name}", "city") for key, name in kinds.items()}
    undelivered = _undelivered(windows)
    return tuple(
        PartnerRow(
            city=city,
            state=state,
            inward=book.calls(port=_PEER, city=city) if book.tells_cities else None,
            outward=book.calls(port=OUT, city=city) if OUT in book.measured else None,
            undelivered=undelivered.get(city),
            **{key: values.get(city) for key, values in known.items()},
        )
        for city, state in sorted(states.items())
    )


def _undelivered(windows: Sequence[Window]) -> dict[str, float]:
    """What partners do not have yet, by the process that knows most; entries to cosign are no news.

    Those come with every act, and are of nobody.
    """
    found = defaultdict[str, float](float)
    for window in windows:
        of_one = defaultdict[str, float](float)
        for name in ("hutong_partner_undelivered", "hutong_partner_status_changes_pending"):
            for labels, value in window.values(name):
                if labels.get("delivery") != _COSIGNING:
                    of_one[labels["city"]] += value
        for city, value in of_one.items():
            found[city] = max(found[city], value)
    return dict(found)


def _alerts(windows: Sequence[Window]) -> tuple[Alert, ...]:
    found = {
        (labels.get("subject", ""), labels.get("severity", ""))
        for window in windows
        for labels, value in window.values("hutong_degraded")
        if value
    }
    # Errors first, where a node says which are.
    ordered = sorted(found, key=lambda each: (each[1].upper() != "ERROR", each))
    return tuple(Alert(subject, severity) for subject, severity in ordered)


def _one(windows: Sequence[Window], name: str, of: Callable[[list[float]], float]) -> float | None:
    values = [value for window in windows if (value := window.value(name)) is not None]
    return of(values) if values else None


def _summed(windows: Sequence[Window], name: str) -> float | None:
    """The largest sum of any process: all read it from one store."""
    sums = [sum(value for _, value in window.values(name)) for window in windows]
    measured = any(list(window.values(name)) for window in windows)
    return max(sums) if measured else None


def _by(windows: Sequence[Window], name: str, label: str) -> dict[str, float]:
    """A gauge by one of its labels; of several processes the latest word, which is the largest."""
    found: dict[str, float] = {}
    for window in windows:
        for labels, value in window.values(name):
            found[labels[label]] = max(value, found.get(labels[label], value))
    return found


def _name_of(windows: Sequence[Window]) -> str:
    said = (labels.get("city", "") for w in windows for labels, _ in w.values("hutong_city_info"))
    return next(said, "")
