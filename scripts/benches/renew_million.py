"""A city's night: a host renews a million recognitions with their home city, as an operator does.

Two real nodes over mutual TLS. The rows of residents, consents and recognitions come by bulk, as
the nodes would have made them; from then on it is `hutong renewal run`. Amid it the host's node is
killed and started again, and the same command goes on. In the end both books are counted.
"""

import contextlib
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from federation.identifiers import CityCode, uuid7s
from node import data
from scripts.benches import crowd
from scripts.benches.figures import Figure
from scripts.benches.rig import SCENARIO
from scripts.cities import Cities, City, agree, befriend, new_id

RESIDENTS = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
# An attestation lives for a day: those of yesterday's morning are due.
_CHECKED_BEFORE = timedelta(hours=18)
_ENDS_AFTER = timedelta(hours=6)
_SPREAD_SECONDS = 3600
_PORTION = 50_000
_LOOKS_SECONDS = 0.2
_COUNTED_IN_A_SECOND = 250_000


def run(_rounds: int, *, residents: int) -> list[Figure]:
    """One night: minutes, items in a second, memory, sizes."""
    with (
        tempfile.TemporaryDirectory(prefix="hutong-bench-") as directory,
        Cities(Path(directory), ("410100", "330100")) as cities,
    ):
        home, host = cities["zhengzhou"], cities["hangzhou"]
        for city in cities:
            city.environment = os.environ | {"HUTONG_LOG_LEVEL": "warning"}
        cities.start()
        for city in cities:
            city.load_rules()
        befriend(home, host)
        agree(host, home)
        first_visit(home, host)
        cities.stop()
        fill(home, host, residents)
        for city in cities:
            city.start()
        for city in cities:
            city.wait()
        return _night(home, host, residents)


def _night(home: City, host: City, residents: int) -> list[Figure]:
    peaks = {city.about.pinyin: 0.0 for city in (home, host)}
    ended = threading.Event()
    looker = threading.Thread(target=_look, args=((home, host), peaks, ended), daemon=True)
    looker.start()
    began = time.perf_counter()
    _cut(host, residents)
    host.start()
    host.wait()
    summed = _renewal(host)
    # What an earlier answer is still to come for is asked about anew by now at the latest.
    seconds = time.perf_counter() - began
    ended.set()
    looker.join()
    repeated = _check(home, host, residents, summed)
    items = residents / seconds
    sizes = {city.about.pinyin: _mib(city) for city in (home, host)}
    return [
        _figure(f"renew-million: {residents:,} residents", seconds / 60, "min"),
        _figure("renew-million: both cities, a kill included", items, "items/s"),
        _figure("renew-million: attested to twice by the kill", float(repeated), "items"),
        *(_figure(f"renew-million: memory of {n}, at most", v, "MiB") for n, v in peaks.items()),
        *(_figure(f"renew-million: store of {n}", v, "MiB") for n, v in sizes.items()),
    ]


def _figure(name: str, value: float, unit: str) -> Figure:
    return Figure(name, value, unit, None, None, [value])


def command(host: City, *arguments: str) -> "subprocess.Popen[str]":
    """An operator's command at the host's node, under way."""
    return subprocess.Popen(
        [sys.executable, "-m", "node.cli", *arguments, "--settings", str(host.settings), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=host.environment,
    )


def _cut(host: City, residents: int) -> None:
    """Let it run until a third is renewed, and kill the host's node."""
    with command(host, "renewal", "run") as running:
        while running.poll() is None:
            if renewed(host) >= residents // 3:
                host.kill()
                break
            # To count a million takes a while: it is not to be done all the time.
            time.sleep(max(_LOOKS_SECONDS, residents / _COUNTED_IN_A_SECOND))
        running.communicate()
    if host.process is not None:
        raise RuntimeError("it was at its end before it could be killed: give it more --residents")
    host.forget_clients()


def _renewal(host: City) -> dict[str, Any]:
    with command(host, "renewal", "run") as running:
        said, _ = running.communicate()
    found: dict[str, Any] = json.loads(said)
    if running.returncode:
        raise RuntimeError(f"hutong renewal run: {found}")
    return found


def _check(home: City, host: City, residents: int, summed: dict[str, Any]) -> int:
    """Count both books; how many were attested to twice, of batches whose answers were lost."""
    kept = number(
        host, "SELECT COUNT(*) FROM recognitions WHERE ended_at IS NULL AND agreement_version = 1"
    )
    fresh = renewed(host)
    pending = number(host, "SELECT COUNT(*) FROM renewals")
    attested = number(home, "SELECT COUNT(*) FROM attestations WHERE batch_id <> ''")
    twice = number(host, "SELECT COUNT(*) - COUNT(DISTINCT attestation_id) FROM recognitions")
    if (kept, fresh, pending, twice) != (residents + 1, residents, 0, 0) or int(summed["failed"]):
        raise RuntimeError(f"{kept} stand, {fresh} are renewed, {pending} wait, {twice} twice")
    if attested < residents:
        raise RuntimeError(f"{attested} attestations for {residents} residents")
    return attested - residents


def renewed(host: City) -> int:
    """How many recognitions were renewed since the rows were filled in."""
    since = _micros(datetime.now(UTC) - _CHECKED_BEFORE / 2)
    # The visitor of the first visit was checked just now, too.
    return number(host, f"SELECT COUNT(*) - 1 FROM recognitions WHERE checked_at > {since}")  # noqa: S608 - a number


def number(city: City, query: str) -> int:
    """The one number that a query of a city's store gives."""
    with contextlib.closing(sqlite3.connect(_store(city), timeout=60)) as store:
        return int(store.execute(query).fetchone()[0])


def _store(city: City) -> Path:
    return city.directory / "hutong.sqlite"


def _mib(city: City) -> float:
    found = city.directory.glob("hutong.sqlite*")
    return sum(path.stat().st_size for path in found) / 1024**2


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICRO


def first_visit(home: City, host: City) -> None:
    """One visitor by the whole way: the rows of all others are like this one's."""
    residents = {
        row.label: home.enrol(row.document_kind, row.document_number)
        for row in data.residents("zhengzhou")
    }
    home.load_records()
    resident = next(found for label, found in residents.items() if "excellent" in label)
    ends = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    consent = home.consent(resident, host.about.code, [SCENARIO], ends)
    host.venue(
        "library",
        "CheckEligibility",
        request_id=new_id(),
        presentation_code=home.code(resident, consent),
    )


def fill(home: City, host: City, residents: int) -> None:
    """So many residents of the home city, each recognised by the host yesterday and due today."""
    code = CityCode(host.about.code)
    with contextlib.closing(sqlite3.connect(_store(host))) as store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(recognitions)")]
        [like] = store.execute("SELECT * FROM recognitions").fetchall()
        marks = ", ".join("?" * len(columns))
        for begin in range(0, residents, _PORTION):
            count = min(_PORTION, residents - begin)
            pseudonyms = crowd.enrol(_store(home), code, SCENARIO, count)
            with store:
                store.executemany(
                    f"INSERT INTO recognitions VALUES ({marks})",  # noqa: S608 - question marks
                    _recognitions(dict(zip(columns, like, strict=True)), pseudonyms),
                )


def _recognitions(like: dict[str, object], pseudonyms: Sequence[bytes]) -> Iterator[list[object]]:
    """Rows as the host keeps after first visits of yesterday."""
    now = datetime.now(UTC)
    before = now - _CHECKED_BEFORE
    ids, attestations = (uuid7s(before, secrets.token_bytes(10 * len(pseudonyms))) for _ in "ab")
    for recognition_id, attestation_id, pseudonym in zip(
        ids, attestations, pseudonyms, strict=True
    ):
        later = timedelta(seconds=secrets.randbelow(_SPREAD_SECONDS))
        changed: dict[str, object] = {
            "recognition_id": recognition_id,
            "attestation_id": attestation_id,
            "pseudonym": pseudonym,
            "pass_digest": secrets.token_bytes(32),
            "status_index": str(secrets.randbits(32)),
            "checked_at": _micros(before + later),
            "expires_at": _micros(now + _ENDS_AFTER + later),
        }
        yield list((like | changed).values())


def _look(cities: Sequence[City], peaks: dict[str, float], ended: threading.Event) -> None:
    """The most memory that each node had, its killed process too."""
    while not ended.wait(_LOOKS_SECONDS):
        for city in cities:
            if city.process is not None:
                name = city.about.pinyin
                peaks[name] = max(peaks[name], _peak_mib(city.process.pid))


def _peak_mib(pid: int) -> float:
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    return 0.0
