"""The tables and the connections: what migrations make, and how safely they are written to."""

import subprocess
import sys
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import node.store.record_tables  # noqa: F401 - its tables are the metadata's too
from node.errors import HutongError
from node.store import open_store
from node.store.engine import make_engine
from node.store.migrate import NEWEST, prepare
from node.store.tables import CODES, METADATA, NODE_STATE, RESIDENTS
from node.store.upgrading import Chain
from node.store_errors import STORE_NEWER
from tests.conftest import NewStore
from tests.node.store.rig import MovableClock, opened, resident

# More than the readers and the writer ever take at once.
CONNECTIONS = 5
BAD_NEWS = ("name", "document_number", "penalty", "blacklist", "reason", "score")
# Why a row waits, a record changed, a case moved: of this city's own people, and told to no other.
OWN_REASONS = {("quarantine", "reason"), ("record_moves", "reason"), ("case_steps", "reason")}


def test_the_migrations_make_what_the_code_reads(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk, desk.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_newest_revision_that_the_code_names_is_the_migrations_own() -> None:
    assert Chain().newest == NEWEST


def test_a_node_of_which_nothing_is_to_be_migrated_loads_neither_alembic_nor_duckdb(
    new_sqlite: NewStore,
) -> None:
    url = new_sqlite("one")
    with opened(url):
        pass
    code = (
        "import sys, node.bootstrap\n"
        "from node.clock import SystemClock\n"
        "node.store.open_store(sys.argv[1], SystemClock())\n"
        "print(sorted({'alembic', 'duckdb', 'psycopg', 'opendp'} & sys.modules.keys()))\n"
        "import os; os._exit(0)\n"
    )
    words = [sys.executable, "-u", "-c", code, url]
    found = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout == "[]\n"


def test_opening_again_changes_nothing(new_store: NewStore) -> None:
    url = new_store("one")
    with opened(url) as desk:
        desk.run(lambda tx: tx.residents.add(resident(1)))
        prepare(desk.engine)
    with opened(url) as desk:
        assert [len(desk.rows(table)) for table in (RESIDENTS, NODE_STATE, CODES)] == [1, 1, 1]


def test_a_database_that_is_newer_than_the_code_is_refused_and_not_touched(
    new_store: NewStore,
) -> None:
    url = new_store("one")
    with opened(url) as desk:
        desk.execute("UPDATE alembic_version SET version_num = '9999'")
        desk.execute("UPDATE node_state SET serves_from = '9998'")
        with pytest.raises(HutongError) as refused:
            open_store(url, MovableClock())
        assert refused.value == HutongError(STORE_NEWER, needed="9998", newest=NEWEST)
        with desk.engine.connect() as connection:
            found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        assert found == "9999"


def test_a_migration_that_fails_leaves_no_table_behind(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(new_store("one"))

    @sa.event.listens_for(engine, "before_cursor_execute")
    def fail(*arguments: object) -> None:
        if "INSERT INTO node_state" in str(arguments[2]):
            raise LookupError

    with pytest.raises(LookupError):
        prepare(engine)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_every_connection_of_a_sqlite_store_is_durable(new_sqlite: NewStore) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    with opened(new_sqlite("one")) as desk, ExitStack() as held:
        for _ in range(CONNECTIONS):
            connection = held.enter_context(desk.engine.connect())
            found = {p: connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in wanted}
            assert found == wanted


@pytest.mark.all
def test_every_connection_of_a_postgresql_store_is_durable_and_never_waits_for_ever(
    new_postgres: NewStore,
) -> None:
    wanted = {
        "synchronous_commit": "on",
        "lock_timeout": "5s",
        "statement_timeout": "20s",
        "idle_in_transaction_session_timeout": "20s",
    }
    url = new_postgres("one")
    with opened(url) as desk, ExitStack() as held:
        name = url.split("?", maxsplit=1)[0].rsplit("/", maxsplit=1)[1]
        desk.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        desk.engine.dispose()
        for _ in range(CONNECTIONS):
            connection = held.enter_context(desk.engine.connect())
            found = {s: connection.exec_driver_sql(f"SHOW {s}").scalar() for s in wanted}
            assert found == wanted


def test_no_table_has_a_column_for_a_name_a_number_or_bad_news_of_a_visitor() -> None:
    columns = {(t.name, c.name) for t in METADATA.sorted_tables for c in t.columns}
    assert {(t, c) for t, c in columns if c in BAD_NEWS} == OWN_REASONS
    visitors = {c for t, c in columns if t in {"recognitions", "decisions", "redemptions"}}
    assert not any(word in column for column in visitors for word in ("points", "refus", "record"))
