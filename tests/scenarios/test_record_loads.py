"""Real loads into a real node: killed half-way, cut by hand, at once, and put right again."""

import csv
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from federation.errors import HutongError
from node import data
from node.cli import exits
from node.files import parse_indicators
from node.indicators import Indicator
from node.model import Role
from node.store.record_tables import PERSONS, QUARANTINE, RECORDS
from scripts.cities import Cities, City, new_id
from tests.node.services.world import fictional_id
from tests.scenarios.stage import store_of

pytestmark = [pytest.mark.all, pytest.mark.timeout(300)]

OFFICE = "credit-office"
HEADING = ("record_number", "indicator", "document_number", "occurred_on", "evidence")
OPTIONAL = ("action", "source", "revision", "disclosure_class", "area", "ends_on")
ROWS, EVERY, PERSONS_COUNT = 100_000, 100, 5_000
DAY = "2026-01-15"


@dataclass
class Ended:
    """A command line that came to its end."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was printed
        return json.loads(self.out)


class Loading:
    """A command line that runs."""

    def __init__(self, city: City, *arguments: object) -> None:
        line = [sys.executable, "-m", "node.cli", "--settings", city.settings, *arguments]
        self.process = subprocess.Popen(
            [str(each) for each in line],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self) -> Ended:
        out, err = self.process.communicate(timeout=240)
        return Ended(self.process.returncode, out, err)


def run(city: City, *arguments: object) -> Ended:
    return Loading(city, "--lang", "en", *arguments).ended()


def load(city: City, path: Path) -> tuple[object, ...]:
    return ("--lang", "en", "--json", "records", "load", path, "--department", OFFICE)


@pytest.fixture(scope="module")
def indicators() -> tuple[Indicator, Indicator]:
    """One of this office that adds, and one of others."""
    city = data.city("zhengzhou")
    content = data.path("zhengzhou/indicators.toml").read_bytes()
    found = parse_indicators("i", content, city=city.code, version=1).indicators.values()
    own = next(i for i in found if OFFICE in i.departments and i.effect_milli > 0)
    return own, next(i for i in found if OFFICE not in i.departments)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[City]:
    with Cities(tmp_path, ["zhengzhou"]) as cities:
        cities.start()
        found = cities["zhengzhou"]
        found.load_rules()
        found.client(Role.DEPARTMENT, OFFICE)
        # Where the command line looks for it.
        assert run(found, "client", "issue", "--role", "department", "--name", OFFICE).code == 0
        yield found


def write(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, (*HEADING, *OPTIONAL), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(place: int, indicator: Indicator) -> dict[str, str]:
    return {
        "record_number": f"n-{place}",
        "indicator": indicator.indicator_id,
        "document_number": fictional_id(place % PERSONS_COUNT),
        "occurred_on": DAY,
        "evidence": f"文书 {place}",
    }


def bad(place: int, indicators: tuple[Indicator, Indicator]) -> dict[str, str]:
    """The same row, bad in one of ten ways."""
    own, other = indicators
    ways: tuple[dict[str, str], ...] = (
        {"indicator": "no-such-thing"},
        {"indicator": other.indicator_id},
        {"disclosure_class": "D" if own.disclosure_class.value != "D" else "A"},
        {"occurred_on": "2026-02-30"},
        {"occurred_on": "2999-01-01"},
        {"document_number": ""},
        {"document_number": "999999199001010000"},
        {"evidence": ""},
        {"record_number": "n-1", "evidence": f"of {place}"},
        {"action": "correct", "revision": "1"},
    )
    return row(place, own) | ways[place // EVERY % len(ways)]


def file_of(tmp_path: Path, indicators: tuple[Indicator, Indicator], count: int = ROWS) -> Path:
    rows = [
        bad(place, indicators) if place % EVERY == 0 else row(place, indicators[0])
        for place in range(count)
    ]
    return write(tmp_path / "records.csv", rows)


def taken(city: City, load_id: str) -> int:
    try:
        answer = city.department(OFFICE, "GetRecordLoad", load_id=load_id)
    except HutongError:
        return 0
    return int(answer["load"]["rows_taken"])


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < give_up, "it never came"
        time.sleep(0.02)


def load_id_of(path: Path) -> str:
    from node.files import open_records  # noqa: PLC0415 - few want it

    with open_records(str(path)) as found:
        return found.load_id(OFFICE)


def stored(city: City) -> tuple[Counter[str], int]:
    """How many wait for each reason, and how many records there are."""
    with store_of(city) as connection:
        reasons = connection.execute(sa.select(QUARANTINE.c.reason)).scalars()
        waiting = Counter(reasons)
        count = connection.execute(sa.select(sa.func.count()).select_from(RECORDS)).scalar_one()
    return waiting, int(count)


def check_all(city: City, count: int) -> None:
    """Every good row is in, once; each bad one waits, with its own reason."""
    waiting, records = stored(city)
    each = count // EVERY // 10
    assert records == count - count // EVERY
    assert waiting == dict.fromkeys(
        (
            "INDICATOR_UNKNOWN",
            "INDICATOR_NOT_YOURS",
            "ROW_CLASS_WRONG",
            "ROW_DAY_IMPOSSIBLE",
            "ROW_DAY_FUTURE",
            "ROW_DOCUMENT_MISSING",
            "DOCUMENT_INVALID",
            "ROW_EVIDENCE_MISSING",
            "RECORD_NUMBER_USED",
            "RECORD_UNKNOWN",
        ),
        each,
    )
    with store_of(city) as connection:
        numbers = set(connection.execute(sa.select(RECORDS.c.record_number)).scalars())
    assert numbers == {f"n-{place}" for place in range(count) if place % EVERY}


def test_a_hundred_thousand_rows_one_in_a_hundred_bad_killed_twice_on_the_way(
    home: City, tmp_path: Path, indicators: tuple[Indicator, Indicator]
) -> None:
    resident = home.enrol("RESIDENT_ID", fictional_id(7))
    path = file_of(tmp_path, indicators)
    load_id = load_id_of(path)
    for part in (0.2, 0.6):
        running = Loading(home, *load(home, path))
        until(lambda least=part * ROWS: taken(home, load_id) > least)  # type: ignore[misc]
        home.kill()
        cut = running.ended()
        assert cut.code == exits.UNREACHABLE, cut.err
        home.start()
        home.wait()
        assert part * ROWS < taken(home, load_id) < ROWS
    last = run(home, *load(home, path)[2:])
    assert last.code == exits.REFUSED, last.err
    said = last.json["load"]
    assert (said["rows_taken"], said["unchanged_count"]) == (str(ROWS), "0")
    assert (said["accepted_count"], said["quarantined_count"]) == ("99000", "1000")
    assert sum(last.json["waiting_by_reason"].values()) == 1000
    check_all(home, ROWS)
    with store_of(home) as connection:
        persons = connection.execute(sa.select(sa.func.count()).select_from(PERSONS)).scalar_one()
    # Some never come but without their document, or with a bad number.
    assert persons == PERSONS_COUNT - 2 * (PERSONS_COUNT // EVERY // 10)
    mine = sum(1 for place in range(7, ROWS, PERSONS_COUNT) if place % EVERY)
    standing = home.resident("GetStanding", resident_id=resident)
    assert int(standing["points_milli"]) == mine * indicators[0].effect_milli
    # The same file again changes nothing.
    again = run(home, *load(home, path)[2:])
    assert again.json["load"] == said
    check_all(home, ROWS)
    told = home.log.read_bytes() + last.out.encode() + last.err.encode()
    for file in home.directory.glob("**/*.sqlite*"):
        told += file.read_bytes()
    assert fictional_id(8).encode() not in told


def test_two_loads_of_one_file_at_once_take_each_row_once(
    home: City, tmp_path: Path, indicators: tuple[Indicator, Indicator]
) -> None:
    path = file_of(tmp_path, indicators, 10_000)
    for ended in [each.ended() for each in [Loading(home, *load(home, path)) for _ in range(2)]]:
        assert ended.code == exits.REFUSED, ended.err
        assert ended.json["load"]["accepted_count"] == "9900"
        assert ended.json["load"]["unchanged_count"] == "0"
    check_all(home, 10_000)


def test_a_load_that_is_cut_by_hand_says_how_to_go_on_and_goes_on(
    home: City, tmp_path: Path, indicators: tuple[Indicator, Indicator]
) -> None:
    path = file_of(tmp_path, indicators, 30_000)
    load_id = load_id_of(path)
    running = Loading(home, "--lang", "en", *load(home, path)[3:])
    until(lambda: taken(home, load_id) > 2000)
    running.process.send_signal(signal.SIGINT)
    cut = running.ended()
    assert cut.code == exits.INTERRUPTED, cut.err
    assert "run the same command again" in cut.err
    assert "Traceback" not in cut.err
    last = run(home, *load(home, path)[3:])
    assert last.code == exits.REFUSED
    assert "goes on with row" in last.err
    assert "29700 rows taken, 0 unchanged, 300 put into quarantine" in last.out
    check_all(home, 30_000)


def test_rows_that_wait_are_mended_one_by_one_or_in_a_spreadsheet(
    home: City, tmp_path: Path, indicators: tuple[Indicator, Indicator]
) -> None:
    path = file_of(tmp_path, indicators, 1_000)
    own = indicators[0].indicator_id
    assert run(home, *load(home, path)[3:]).code == exits.REFUSED
    at = ("--department", OFFICE)
    rows = run(home, "--json", "quarantine", "list", *at).json["rows"]
    assert [each["line"] for each in rows] == [str(p + 1) for p in range(0, 1000, EVERY)]
    fix = ("quarantine", "fix")
    still = run(home, *fix, rows[0]["row_id"], "--set", "indicator=still-not", *at)
    assert still.code == exits.REFUSED
    assert "still-not" in still.out
    [row_id] = [
        each["row_id"]
        for each in run(home, "--json", "quarantine", "list", *at).json["rows"]
        if each["row"]["indicator"] == "still-not"
    ]
    fixed = run(home, *fix, row_id, "--set", f"indicator={own}", *at)
    assert fixed.code == exits.DONE, fixed.err
    number = ("--set", f"document_number={fictional_id(1)}")
    assert run(home, *fix, rows[5]["row_id"], *number, *at).code == exits.USAGE
    assert run(home, *fix, rows[5]["row_id"], "--document-number", fictional_id(1), *at).code == 0
    given_up = run(home, "quarantine", "discard", rows[9]["row_id"], "--reason", "a slip", *at)
    assert given_up.code == exits.DONE

    sheet = tmp_path / "sheet.csv"
    assert run(home, "quarantine", "export", sheet, *at).code == exits.DONE
    assert sheet.stat().st_mode & 0o777 == 0o600
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 7
    assert not any(each["document_number"] for each in found)
    for place, each in enumerate(found):
        assert each["problem"]
        each |= {"indicator": own, "occurred_on": DAY, "evidence": "e", "disclosure_class": ""}
        each |= {"record_number": f"m-{place}"}
        if each["reason"] == "DOCUMENT_INVALID":
            each["document_number"] = fictional_id(2)
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    mended = run(home, *load(home, sheet)[3:])
    assert mended.code == exits.DONE, mended.out
    assert "7 rows taken" in mended.out
    again = run(home, *load(home, sheet)[3:])
    assert "7 rows taken" in again.out
    assert stored(home) == (Counter(), 990 + 9)
    assert "No row waits" in run(home, "quarantine", "list", *at).out


def test_parquet_json_lines_and_csv_of_the_same_rows_are_one_set_of_records(
    home: City, tmp_path: Path, indicators: tuple[Indicator, Indicator]
) -> None:
    rows = [row(place, indicators[0]) for place in range(1_234)]
    table = write(tmp_path / "a.csv", rows)
    lines, parquet = tmp_path / "b.jsonl", tmp_path / "c.parquet"
    lines.write_text("\n".join(json.dumps(each) for each in rows), "utf-8")
    duckdb.sql(
        f"COPY (SELECT * REPLACE (CAST(occurred_on AS DATE) AS occurred_on) FROM "  # noqa: S608
        f"read_csv('{table}', all_varchar=true)) TO '{parquet}' (FORMAT parquet)"
    )
    first, *others = (run(home, *load(home, path)[2:]) for path in (parquet, table, lines))
    assert first.json["load"]["accepted_count"] == "1234"
    for other in others:
        assert (other.code, other.json["load"]["unchanged_count"]) == (exits.DONE, "1234")
    assert stored(home) == (Counter(), 1_234)


def test_a_file_with_a_mistake_is_refused_before_anything_is_sent(
    home: City, tmp_path: Path, indicators: tuple[Indicator, Indicator]
) -> None:
    path = write(tmp_path / "r.csv", [row(place, indicators[0]) for place in range(2_000)])
    with path.open("a", encoding="utf-8") as file:
        file.write('n-1,"open\n')
    found = run(home, *load(home, path)[3:])
    assert found.code == exits.REFUSED
    assert "line 2002" in found.err
    assert stored(home) == (Counter(), 0)


def test_a_message_that_is_too_large_is_refused_and_the_node_lives_on(
    home: City, indicators: tuple[Indicator, Indicator]
) -> None:
    client = home.client(Role.DEPARTMENT, OFFICE)
    upload = "DepartmentService/LoadRecords"
    huge = {"record_number": "n-1", "evidence": "x" * 2_000_000}
    many = [row(place, indicators[0]) for place in range(501)]
    requests: tuple[list[dict[str, object]], ...] = (
        [{"load_id": new_id(), "rows": [huge], "is_last": True}],
        [{"load_id": new_id(), "rows": many, "is_last": True}],
        [],
        [{"load_id": "no id"}],
        [{"load_id": new_id()}, {"load_id": new_id()}],
    )
    for request in requests:
        with pytest.raises(HutongError):
            client.upload(upload, request)
    assert stored(home) == (Counter(), 0)
    answer = client.upload(upload, [{"load_id": new_id(), "rows": many[:500], "is_last": True}])
    assert answer["load"]["accepted_count"] == "500"
