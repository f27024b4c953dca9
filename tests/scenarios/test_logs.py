"""After a whole main path: what is in the logs and the stores, and what is not (rule 8)."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from federation.identifiers import parse_code
from node import data
from scripts.cities import City
from scripts.secret_rules import secrets_in
from tests.scenarios.stage import lines, store_of
from tests.scenarios.tour import Tour

pytestmark = pytest.mark.all

NAMES = [city.pinyin for city in data.cities()]

# What a line may say at all: no key of it could hold a name, a number, a code or a score.
KEYS = {
    "address",
    "again",
    "caller",
    "city",
    "event",
    "failed",
    "home",
    "level",
    "local",
    "method",
    "milliseconds",
    "next",
    "partner",
    "peer",
    "problem",
    "reason",
    "reasons",
    "request_id",
    "since",
    "steps",
    "subjects",
    "timestamp",
    "work",
}

# As docs/threat-model.md says: so that a repeated request gets the first answer.
HOLD_CODES = {"answers", "questions"}


def numbers() -> set[str]:
    return {row.document_number for name in NAMES for row in data.residents(name)}


def all_residents(tour: Tour) -> set[str]:
    return {found for residents in tour.residents.values() for found in residents.values()}


@pytest.mark.parametrize("name", NAMES)
def test_a_log_names_nobody(tour: Tour, name: str) -> None:
    city = tour.cities[name]
    # The city goes on to log: the last line may be on its way.
    text = city.log.read_text("utf-8").rpartition("\n")[0]
    assert len(text) > 10_000
    for secret in numbers() | tour.secrets | all_residents(tour):
        assert secret not in text
        assert secret.replace("-", "") not in text
    # Every line is one of ours: no library speaks past them.
    for line in map(json.loads, text.split("\n")):
        assert set(line) <= KEYS, line
    assert "[struck out]" not in text
    assert secrets_in("a log", text.encode()) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_store_holds_no_document_number(tour: Tour, name: str) -> None:
    files = list(tour.cities[name].directory.glob("hutong.sqlite*"))
    content = b"".join(file.read_bytes() for file in files)
    assert len(content) > 100_000
    for number in numbers():
        assert number.encode() not in content


@pytest.mark.parametrize("name", NAMES)
def test_codes_and_passes_are_in_kept_answers_and_questions_only(tour: Tour, name: str) -> None:
    city = tour.cities[name]
    secrets = {text.encode() for text in tour.secrets}
    secrets |= {parse_code(text, where="secret")[1] for text in tour.secrets}
    held = {table for table, content in tables(city).items() if any(s in content for s in secrets)}
    assert held <= HOLD_CODES


def tables(city: City) -> dict[str, bytes]:
    """Every table's content, run together."""
    with store_of(city) as store:
        found = {}
        for table in sa.inspect(store).get_table_names():
            rows = store.execute(sa.select(sa.text("*")).select_from(sa.table(table))).all()
            found[table] = b"\n".join(
                value if isinstance(value, bytes) else str(value).encode()
                for row in rows
                for value in row
            )
    assert "answers" in found
    return found


def test_one_request_is_found_in_the_logs_of_both_cities(tour: Tour) -> None:
    for (home, host), request_id in tour.request_ids.items():
        if home == host:
            continue
        methods = {
            name: [
                line["method"]
                for line in lines(tour.cities[name])
                if line.get("request_id") == request_id and line["event"] == "served"
            ]
            for name in (home, host)
        }
        assert methods == {home: ["RequestAttestation"], host: ["CheckEligibility"]}


def test_a_key_file_is_its_owners_alone(tour: Tour) -> None:
    for city in tour.cities:
        for path in _private(city.directory):
            assert path.stat().st_mode & 0o077 == 0, path


def _private(directory: Path) -> list[Path]:
    found = [p for p in directory.rglob("*") if p.suffix in {".pem", ".key"}]
    assert found
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_hosts_log_does_not_tell_who_was_recognised(tour: Tour, name: str) -> None:
    found = lines(tour.cities[name])
    varying = {"milliseconds", "request_id", "timestamp"}
    checked = [line for line in found if line.get("method") == "CheckEligibility"]
    outcomes = {a["outcome"] for (_, host, _), a in tour.answers.items() if host == name}
    assert len(outcomes) == 2
    plain = {
        str(sorted((key, value) for key, value in line.items() if key not in varying))
        for line in checked
        if line["caller"] == "venue/library"
    }
    assert len(plain) == 1
    assert not [line for line in found if line["event"] == "no_attestation_came"]
