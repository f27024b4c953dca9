"""Several processes of one city over one store, and processes that die at any instant."""

import contextlib
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from federation.merkle_log import merkle_root
from node.model import Counter
from node.store.tables import (
    ANSWERS,
    CODES,
    CONSENTS,
    COUNTERS,
    METADATA,
    REDEMPTIONS,
    RESIDENTS,
    USES,
)
from node.store.trust_tables import LOG_ENTRIES, LOG_SALTS
from tests.conftest import NewStore
from tests.node.store.rig import code, opened, resident, text_id

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.all

Worker = subprocess.Popen[str]


@pytest.fixture(params=["new_sqlite", "new_postgres", "new_serializable"])
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Also databases whose writers do not wait for each other, but run again."""
    found: NewStore = request.getfixturevalue(request.param)
    return found


@contextlib.contextmanager
def workers(what: str, url: str, count: int, limit: int, first: int = 1) -> Iterator[list[Worker]]:
    """Processes that have opened the store and begin together."""
    command = [sys.executable, "-m", "tests.node.store.workers", what, url]
    running = [
        subprocess.Popen(
            [*command, str(worker), str(limit)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for worker in range(first, first + count)
    ]
    try:
        for worker in running:
            assert first_line(worker) == "ready\n"
        for worker in running:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        yield running
    finally:
        for worker in running:
            worker.kill()
            worker.communicate()


def lines(worker: Worker) -> list[str]:
    """All that a process says until it ends."""
    assert worker.stdout is not None
    return worker.stdout.read().splitlines()


def test_a_capacity_of_n_is_never_used_more_often_by_two_processes(new_store: NewStore) -> None:
    url, limit = new_store("capacity"), 100
    with workers("redeem", url, 2, limit) as both:
        said = [lines(worker) for worker in both]
    granted = [int(line.split()[1]) for each in said for line in each if "granted" in line]
    assert len(granted) == 2, said
    assert sum(granted) == limit
    with opened(url) as desk:
        assert len(desk.rows(REDEMPTIONS)) == limit
        assert [row.used for row in desk.rows(COUNTERS)] == [limit]
        assert desk.run(
            lambda tx: tx.redemptions.count(Counter("library-card", "total", limit))
        ) is (False)


def test_a_code_is_used_up_once_by_two_processes(new_store: NewStore) -> None:
    url, count = new_store("codes"), 60
    with opened(url) as desk:
        for serial in range(1, count + 1):
            made = code(serial)
            desk.run(lambda tx, c=made: tx.consents.add_code(c))  # type: ignore[misc]
    with workers("use_codes", url, 2, count) as both:
        said = [lines(worker) for worker in both]
    assert [each[-1] for each in said] == ["done", "done"]
    used = sorted(int(line.split()[1]) for each in said for line in each[:-1])
    assert used == list(range(1, count + 1))


def test_no_step_of_two_processes_that_read_and_write_one_sum_is_lost(new_store: NewStore) -> None:
    url, times = new_store("sums"), 100
    with opened(url) as desk:
        desk.run(lambda tx: tx.residents.add(resident(1)))
        with workers("count_up", url, 2, times) as both:
            assert [lines(worker) for worker in both] == [["done"], ["done"]]
        found = desk.read(lambda tx: tx.residents.get(text_id(1)))
        assert found is not None
        assert found.points_milli == 2 * times


def test_two_processes_that_start_at_once_make_the_tables_once(new_store: NewStore) -> None:
    url = new_store("tables")
    with workers("nothing", url, 3, 0) as three:
        said = [lines(worker) for worker in three]
    assert said == [[f"tables {len(METADATA.tables) + 1}"]] * 3
    with opened(url) as desk:
        with desk.engine.connect() as connection:
            found = connection.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar()
        assert found == 1
        assert len(desk.rows(CODES)) == 1


def test_a_process_killed_at_any_instant_loses_nothing_that_it_acknowledged(
    new_store: NewStore,
) -> None:
    url, chance = new_store("kills"), random.Random(20261124)  # noqa: S311 - instants to kill at
    acknowledged = set[str]()
    for kill in range(6):
        with workers("acknowledge", url, 2, 0, first=2 * kill + 1) as both:
            for _ in range(chance.randrange(1, 120)):
                acknowledged.add(serial_of(first_line(chance.choice(both))))
            for worker in both:
                worker.kill()
            acknowledged |= {serial_of(line) for worker in both for line in lines(worker)}
        with opened(url) as desk:
            # The server may still be at the last words of the dead.
            desk.probe()
            kept = sorted(row.resident_id for row in desk.rows(RESIDENTS))
            assert acknowledged <= set(kept), kill
            for column in (CONSENTS.c.consent_id, USES.c.use_id, ANSWERS.c.request_id):
                with desk.engine.connect() as connection:
                    found = connection.execute(sa.select(column).where(column != "")).scalars()
                    assert sorted(found) == kept, column
            for numbers in (LOG_ENTRIES.c.sequence, LOG_SALTS.c.sequence):
                with desk.engine.connect() as connection:
                    counted = connection.execute(sa.select(numbers)).scalars()
                    assert sorted(counted) == list(range(len(kept))), numbers
            tree = desk.read(lambda tx: (tx.log.root(), tx.log.leaf_hashes(0, tx.log.size())))
            assert tree[0] == merkle_root(tree[1])


def first_line(worker: Worker) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline()


def serial_of(line: str) -> str:
    return text_id(int(line.removeprefix("acknowledged ")))


def test_a_killed_writer_leaves_the_lock_to_the_next(new_store: NewStore) -> None:
    url = new_store("lock")
    with workers("acknowledge", url, 1, 0) as [one]:
        first_line(one)
        one.kill()
        one.wait()
        with opened(url) as desk:
            desk.probe()
