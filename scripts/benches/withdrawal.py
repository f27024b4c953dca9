"""How soon a withdrawal at home is in force in the host city: two real nodes on this machine.

Measured from the resident's call until a venue of the host city, asked again and again with the
visitor pass, is told that the resident is not recognised. The issue asks for less than a second at
p99; the ratio is to that.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from node import data
from scripts.benches.figures import Figure
from scripts.cities import Answer, Cities, City, agree, befriend, new_id

_LIMIT_SECONDS: Final = 1.0
_GIVE_UP_SECONDS: Final = 30.0
_AT_ONCE: Final = 8
_SINGLES: Final = 60
_CROWDS: Final = 8
_VENUE: Final = "library"
_SCENARIO: Final = "library.deposit_free"


def run(rounds: int) -> list[Figure]:
    """Seconds from the withdrawal to its effect: one at a time, and eight at once."""
    directory = tempfile.TemporaryDirectory(prefix="hutong-bench-")
    with directory as path, Cities(Path(path), ("410100", "330100")) as cities:
        home, host = cities["zhengzhou"], cities["hangzhou"]
        residents = _stage(cities, home, host)
        singles = [
            _withdrawn(home, host, residents[i % len(residents)]) for i in range(_SINGLES * rounds)
        ]
        crowd = list[float]()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in range(_CROWDS * rounds):
                some = residents[:_AT_ONCE]
                visitors = list(pool.map(lambda r: _visitor(home, host, r), some))
                crowd += pool.map(lambda v: _seconds(home, host, *v), visitors)
    return [*_figures("one at a time", singles), *_figures(f"{_AT_ONCE} at once", crowd)]


def _stage(cities: Cities, home: City, host: City) -> list[str]:
    """Both cities as partners; the residents of the home city whom the host recognises."""
    cities.start()
    for city in cities:
        city.load_rules()
    befriend(home, host)
    agree(host, home)
    found = [
        home.enrol(row.document_kind, row.document_number)
        for row in data.residents("zhengzhou")
        if "excellent" in row.label or "outstanding" in row.label
    ]
    home.load_records()
    return found


def _figures(name: str, seconds: list[float]) -> list[Figure]:
    against = f"{_LIMIT_SECONDS:g} s allowed"
    ordered, figures = sorted(seconds), list[Figure]()
    for percent in (50, 99):
        value = ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
        label = f"withdrawal in force at the host, {name}, p{percent} of {len(ordered)}"
        figures.append(Figure(label, value, "s", value / _LIMIT_SECONDS, against, [value]))
    return figures


def _withdrawn(home: City, host: City, resident: str) -> float:
    return _seconds(home, host, *_visitor(home, host, resident))


def _visitor(home: City, host: City, resident: str) -> tuple[str, str, str]:
    """A resident who was recognised just now: with the consent, and the visitor pass."""
    ends = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    consent = home.consent(resident, host.about.code, [_SCENARIO], ends)
    checked = _check(host, presentation_code=home.code(resident, consent))
    if checked["outcome"] != "RECOGNITION_OUTCOME_RECOGNISED":
        raise RuntimeError(f"not recognised: {checked['outcome']}")
    return resident, consent, str(checked["visitor_pass"])


def _seconds(home: City, host: City, resident: str, consent: str, visitor_pass: str) -> float:
    began = time.monotonic()
    home.resident("WithdrawConsent", request_id=new_id(), resident_id=resident, consent_id=consent)
    while (
        _check(host, visitor_pass=visitor_pass)["outcome"] != "RECOGNITION_OUTCOME_NOT_RECOGNISED"
    ):
        if time.monotonic() - began > _GIVE_UP_SECONDS:
            raise RuntimeError("it did not arrive")
    return time.monotonic() - began


def _check(host: City, **shown: object) -> Answer:
    return host.venue(_VENUE, "CheckEligibility", request_id=new_id(), **shown)
