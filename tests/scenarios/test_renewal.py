"""A host renews thousands, and a node of either city is killed amid it: nothing is lost or doubled.

On SQLite files: the rows of thousands come by bulk.
"""

import json
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scripts.benches.renew_million import command, fill, first_visit, number, renewed
from scripts.cities import Cities, City
from tests.scenarios.stage import eventually, settled

pytestmark = pytest.mark.all

PEOPLE = 12_000
AMID = 2_000
_SECONDS = 120


@pytest.fixture
def cities(tmp_path: Path) -> Iterator[Cities]:
    """Two cities that stand still, with thousands of recognitions that are due."""
    with settled(tmp_path, ("410100", "330100")) as made:
        home, host = made["zhengzhou"], made["hangzhou"]
        first_visit(home, host)
        made.stop()
        fill(home, host, PEOPLE)
        for city in (home, host):
            city.start()
        for city in (home, host):
            city.wait()
        yield made


def amid(host: City) -> "subprocess.Popen[str]":
    """A renewal of which some batches are kept, and others are not."""
    running = command(host, "renewal", "run")
    give_up = time.monotonic() + _SECONDS
    while renewed(host) < AMID and time.monotonic() < give_up:
        time.sleep(0.02)
    return running


def goes_on(host: City) -> dict[str, str]:
    """What the same command says to the end."""
    with command(host, "renewal", "run") as running:
        said, _ = running.communicate(timeout=_SECONDS)
    assert running.returncode == 0, said
    found: dict[str, str] = json.loads(said)
    return found


def books_agree(home: City, host: City) -> None:
    """Each is renewed by an attestation of its own that the home city gave, and gave once."""
    assert number(host, "SELECT count(*) FROM renewals") == 0
    assert number(host, "SELECT count(*) FROM recognitions WHERE ended_at IS NOT NULL") == 0
    assert number(home, "SELECT count(*) FROM attestations WHERE batch_id <> ''") == PEOPLE
    given = set(column(home, "SELECT attestation_id FROM attestations"))
    kept = column(host, "SELECT attestation_id FROM recognitions")
    assert len(kept) == len(set(kept)) == PEOPLE + 1
    assert set(kept) <= given
    # One entry for each batch, whichever of them was answered twice.
    batches = number(home, "SELECT count(*) FROM attestation_batches")
    received = "SELECT count(*) FROM log_entries WHERE kind = 'received'"
    issued = "SELECT count(DISTINCT log_sequence) FROM attestation_batches"
    assert (batches, number(home, issued)) == (PEOPLE // 1000, PEOPLE // 1000)
    assert number(host, received) >= batches


def column(city: City, query: str) -> list[str]:
    with closing(sqlite3.connect(city.directory / "hutong.sqlite")) as store:
        return [row[0] for row in store.execute(query)]


def test_a_host_killed_amid_a_renewal_goes_on_and_nobody_is_attested_to_twice(
    cities: Cities,
) -> None:
    home, host = cities["zhengzhou"], cities["hangzhou"]
    with amid(host) as running:
        host.kill()
        running.communicate(timeout=_SECONDS)
    assert running.returncode == 5
    assert 0 < renewed(host) < PEOPLE
    host.forget_clients()
    host.start()
    host.wait()
    assert goes_on(host)["failed"] == "0"
    books_agree(home, host)


def test_a_home_city_killed_amid_a_renewal_gives_the_first_answers_when_it_is_back(
    cities: Cities,
) -> None:
    home, host = cities["zhengzhou"], cities["hangzhou"]
    with amid(host) as running:
        home.kill()
        said, _ = running.communicate(timeout=_SECONDS)
    assert running.returncode == 3
    told = json.loads(said)
    assert int(told["failed"]) == PEOPLE - renewed(host)
    assert told["problem_zh"]
    home.forget_clients()
    home.start()
    home.wait()
    assert eventually(lambda: goes_on(host)["failed"] == "0")
    books_agree(home, host)
