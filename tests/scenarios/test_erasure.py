"""Erased from a real city: no file and no row leads to the person, whatever kills the node."""

import base64
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from federation.errors import HutongError
from node import data
from node.cli import exits
from node.config import read_settings
from node.errors import FIELD_INVALID, UNKNOWN
from node.model import Role
from scripts.cities import Cities, City, new_id
from tests.node import leavings
from tests.scenarios.stage import ENDS, SCENARIO, check, count, digest, eventually, store_of

pytestmark = pytest.mark.all

CODE = "410100"
# Rows of one person, so that to erase them takes longer than a kill takes to come.
MANY = 300_000
FEW = 3_000
KILLS = 5


@contextlib.contextmanager
def standing(directory: Path, store: str | None) -> Iterator[City]:
    """One city with its residents and their records."""
    with Cities(directory, (CODE,)) as cities:
        city = cities["zhengzhou"]
        city.environment = {k: v for k, v in os.environ.items() if not k.startswith("HUTONG_")}
        cities.start({"zhengzhou": store} if store else None)
        city.load_rules()
        for row in data.residents("zhengzhou"):
            city.enrol(row.document_kind, row.document_number)
        city.load_records()
        yield city


@contextlib.contextmanager
def engine_of(city: City) -> Iterator[sa.Engine]:
    url = read_settings(city.settings).store_url
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        yield engine
    finally:
        engine.dispose()


def excellent() -> data.FictionalResident:
    return next(r for r in data.residents("zhengzhou") if "excellent" in r.label)


def visited(city: City, resident: str) -> dict[str, object]:
    """A resident who visits and uses an incentive at home; what leads there."""
    shown = city.code(resident, city.consent(resident, CODE, [SCENARIO], ENDS))
    answer = check(city, shown)
    opened = next(d["decision_id"] for d in answer["decisions"] if d["eligible"])
    city.venue("library", "Redeem", request_id=new_id(), decision_id=opened)
    with engine_of(city) as engine:
        leads = leavings.identifiers(engine, CODE, resident)
    assert any(name.startswith("recognition") for name in leads)
    return leads | {"shown": digest(shown)}


def receipts_of(city: City, resident: str) -> dict[str, tuple[dict[str, str], str]]:
    """What the resident asks for receipts with, and the receipts, by kind."""
    client = city.client(Role.RESIDENT)
    entries = client.call("HistoryService/ListHistory", {"resident_id": resident})["entries"]
    ids = {entry["kind"]: entry["subject_id"] for entry in entries}
    found = {}
    for name, field, kind in (
        ("Attestation", "attestation_id", "HISTORY_KIND_ATTESTED"),
        ("Consent", "consent_id", "HISTORY_KIND_CONSENT_GIVEN"),
    ):
        asked = {"resident_id": resident, field: ids[kind]}
        answer = client.call(f"HistoryService/Get{name}Receipt", asked)
        found[name] = (asked, base64.b64decode(answer["receipt"]).decode())
    return found


def hutong(city: City, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """The command, as somebody with a pipe runs it."""
    return subprocess.run(
        [sys.executable, "-m", "node.cli", "--settings", str(city.settings), *arguments],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        env=city.environment,
    )


def erase(city: City, resident: str, number: str) -> int:
    answer = city.resident("EraseResident", resident_id=resident, document_number=number)
    return int(answer["row_count"])


def test_no_file_of_the_city_holds_anything_of_who_was_erased(tmp_path: Path) -> None:
    with standing(tmp_path, None) as city:
        about = excellent()
        resident = city.enrol(about.document_kind, about.document_number)
        leads = visited(city, resident)
        assert set(leavings.in_files(city.directory, leads)) == set(leads)
        refused = hutong(city, "resident", "erase", resident, typed=about.document_number)
        assert refused.returncode == exits.USAGE
        other = data.residents("zhengzhou")[-1].document_number
        with pytest.raises(HutongError) as wrong:
            erase(city, resident, other)
        assert wrong.value.reason == FIELD_INVALID
        assert other not in str(wrong.value.fields)
        receipts = receipts_of(city, resident)
        entries = count(city, "SELECT count(*) FROM log_entries")
        done = hutong(city, "resident", "erase", resident, "--yes", typed=about.document_number)
        assert done.returncode == exits.DONE, done.stderr
        gone = leads | {"number": about.document_number}
        # At once, but where another reader was in the way: then the timer does it.
        assert eventually(lambda: leavings.in_files(city.directory, gone) == {})
        # That the attestation ended, and the erasure.
        assert count(city, "SELECT count(*) FROM log_entries") == entries + 2
        for name, asked in receipts.items():
            with pytest.raises(HutongError) as gone_too:
                city.client(Role.RESIDENT).call(f"HistoryService/Get{name}Receipt", asked[0])
            assert gone_too.value.reason == UNKNOWN
            # Whoever has one goes on to have it: it holds, though the city can make none.
            said = hutong(city, "receipt", "verify", "-", "--json", typed=asked[1])
            assert said.returncode == exits.DONE, said.stdout
        city.stop()
        assert leavings.in_files(city.directory, gone) == {}


def test_no_row_of_the_city_holds_anything_of_who_was_erased(
    store: str | None, tmp_path: Path
) -> None:
    with standing(tmp_path, store) as city:
        about = excellent()
        resident = city.enrol(about.document_kind, about.document_number)
        leads = visited(city, resident)
        with engine_of(city) as engine:
            assert set(leavings.in_rows(engine, leads)) == set(leads)
            assert erase(city, resident, about.document_number) > 0
            assert leavings.in_rows(engine, leads) == {}
        assert erase(city, resident, about.document_number) == 0
        unscrubbed = "SELECT count(*) FROM node_state WHERE scrubbed < removals"
        assert eventually(lambda: count(city, unscrubbed) == 0)
        log = city.log.read_bytes()
        assert about.document_number.encode() not in log
        assert resident.encode() not in log
        assert city.enrol(about.document_kind, about.document_number) != resident


def test_a_node_killed_while_it_erases_has_erased_all_or_nothing(
    store: str | None, tmp_path: Path
) -> None:
    with standing(tmp_path, store) as city:
        about = excellent()
        for kill in range(KILLS):
            resident = city.enrol(about.document_kind, about.document_number)
            city.code(resident, city.consent(resident, CODE, [SCENARIO], ENDS))
            crowded(city, resident, MANY)
            with engine_of(city) as engine:
                leads = leavings.identifiers(engine, CODE, resident)
            leads = {name: lead for name, lead in leads.items() if "use_id" not in name}
            before = rows(city, resident)
            assert before > MANY
            with contextlib.suppress(HutongError):
                killed(city, resident, about.document_number, 0.05 * kill)
            assert rows(city, resident) in (0, before)
            erase(city, resident, about.document_number)
            assert rows(city, resident) == 0
            with engine_of(city) as engine:
                assert leavings.in_rows(engine, leads) == {}
            if store is None:
                gone = leads | {"number": about.document_number}
                found = lambda g=gone: leavings.in_files(city.directory, g)  # noqa: E731
                assert eventually(lambda f=found: f() == {})  # type: ignore[misc]


def crowded(city: City, resident: str, many: int) -> None:
    """Many uses of one standing, as of many years."""
    insert = sa.text(
        "INSERT INTO uses (use_id, resident_id, host, used_at, outcome, scenarios, refusal) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) "
        "SELECT 'use-' || i, :resident, '330100', 0, 1, '', '' FROM n"
    )
    with store_of(city) as store:
        store.execute(insert, {"many": many, "resident": resident})


def rows(city: City, resident: str) -> int:
    named = ("residents", "uses", "consents")
    return sum(
        count(city, f"SELECT count(*) FROM {table} WHERE resident_id = :who", who=resident)  # noqa: S608
        for table in named
    )


def killed(city: City, resident: str, number: str, after: float) -> None:
    """An erasure, and SIGKILL so many seconds after it began; then the node serves again."""
    client = city.client(Role.RESIDENT)
    asked = {"resident_id": resident, "document_number": number}

    def ask() -> None:
        with contextlib.suppress(HutongError):
            client.call("ResidentService/EraseResident", asked)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(after)
    city.kill()
    asking.join()
    city.start()
    city.wait()


def test_retention_is_run_and_tried_at_the_command_line(store: str | None, tmp_path: Path) -> None:
    with standing(tmp_path, store) as city:
        # The timer of a city that never ran it would, a minute after the start.
        assert hutong(city, "retention", "run").returncode == exits.DONE
        resident = city.enrol(excellent().document_kind, excellent().document_number)
        crowded(city, resident, FEW)
        tried = hutong(city, "retention", "run", "--dry-run", "--lang", "en")
        assert tried.returncode == exits.DONE, tried.stderr
        assert str(FEW) in tried.stdout
        assert count(city, "SELECT count(*) FROM uses WHERE used_at = 0") == FEW
        done = hutong(city, "retention", "run", "--lang", "en")
        assert done.returncode == exits.DONE, done.stderr
        assert count(city, "SELECT count(*) FROM uses WHERE used_at = 0") == 0
        again = hutong(city, "retention", "run", "--lang", "zh")
        assert "没有需要删除的内容" in again.stdout
