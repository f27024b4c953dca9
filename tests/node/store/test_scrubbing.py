"""What was removed leaves the database's own files, however long somebody still reads it."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from node.ports import Transaction
from node.store.engine import make_engine
from node.store.tables import NODE_STATE
from tests.conftest import NewStore
from tests.node.leavings import in_files
from tests.node.store.rig import HOME, Desk, opened, record, resident

SECRET = bytes(range(100, 132))
WORD = "文书 that-nobody-else-has"
NEEDLES = {"secret": SECRET, "word": WORD}


def keep(tx: Transaction) -> None:
    """Someone with records, among others."""
    for serial in range(1, 200):
        tx.residents.add(resident(serial))
        tx.records.add([record(serial, serial)])
    tx.residents.add(replace(resident(200), secret=SECRET))
    tx.records.add([replace(record(1000 + i, 200), evidence=WORD) for i in range(50)])


def erase(tx: Transaction) -> int:
    return tx.removal.erase(replace(resident(200), secret=SECRET), HOME, b"p" * 32, ())


def scrub(desk: Desk) -> bool:
    return desk._runner.run(desk.store.scrub())


def counts(desk: Desk) -> tuple[int, int]:
    (row,) = desk.rows(NODE_STATE)
    return row.removals, row.scrubbed


def test_every_connection_overwrites_what_it_deletes_and_spills_nowhere(
    new_sqlite: NewStore,
) -> None:
    with opened(new_sqlite("one")) as desk, desk.engine.connect() as connection:
        for pragma, value in (("secure_delete", 1), ("temp_store", 2)):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_what_was_removed_is_in_no_file_after_a_scrub_and_was_before(
    new_sqlite: NewStore, tmp_path: Path
) -> None:
    with opened(new_sqlite("one")) as desk:
        desk.run(keep)
        desk.run(erase)
        assert set(in_files(tmp_path, NEEDLES)) == set(NEEDLES)
        assert scrub(desk) is True
        assert in_files(tmp_path, NEEDLES) == {}
        assert counts(desk) == (1, 1)


def test_a_reader_of_what_was_before_is_waited_for_another_time(
    new_sqlite: NewStore, tmp_path: Path
) -> None:
    url = new_sqlite("one")
    with opened(url) as desk:
        desk.run(keep)
        other = make_engine(url)
        with other.connect() as reader, reader.begin():
            reader.execute(sa.text("SELECT count(*) FROM records")).scalar_one()
            desk.run(erase)
            assert scrub(desk) is False
            assert counts(desk) == (1, 0)
        assert scrub(desk) is True
        assert in_files(tmp_path, NEEDLES) == {}
        assert counts(desk) == (1, 1)
        other.dispose()


def test_a_process_that_died_before_the_scrub_is_made_up_for_by_the_next(
    new_sqlite: NewStore, tmp_path: Path
) -> None:
    """The files as a power cut left them: the log of what was before beside the store."""
    with opened(new_sqlite("one")) as desk:
        desk.run(keep)
        desk.run(erase)
        after = tmp_path / "after"
        after.mkdir()
        for path in sorted(tmp_path.glob("one.sqlite*")):
            (after / path.name).write_bytes(path.read_bytes())
    assert set(in_files(after, NEEDLES)) == set(NEEDLES)
    with opened(f"sqlite:///{after / 'one.sqlite'}") as desk:
        assert counts(desk) == (1, 0)
        assert scrub(desk) is True
        assert in_files(after, NEEDLES) == {}


def test_with_nothing_removed_nothing_is_done(new_sqlite: NewStore, tmp_path: Path) -> None:
    with opened(new_sqlite("one")) as desk:
        desk.run(keep)
        before = (tmp_path / "one.sqlite-wal").read_bytes()
        assert scrub(desk) is True
        assert (tmp_path / "one.sqlite-wal").read_bytes() == before


@pytest.mark.all
def test_postgresql_gives_the_room_of_dead_rows_free_and_keeps_its_timeouts(
    new_postgres: NewStore,
) -> None:
    vacuumed = sa.text("SELECT relname FROM pg_stat_user_tables WHERE last_vacuum IS NOT NULL")
    with opened(new_postgres("one")) as desk:
        desk.run(keep)
        desk.run(erase)
        assert scrub(desk) is True
        assert counts(desk) == (1, 1)
        with desk.engine.connect() as connection:
            found = set(connection.execute(vacuumed).scalars())
            assert {"residents", "records", "record_moves", "log_salts", "answers"} <= found
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "20s"
