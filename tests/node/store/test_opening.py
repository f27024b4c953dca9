"""Several that open a new store at the same instant: each gets it, and it is one."""

import threading
from pathlib import Path

from sqlalchemy import exc

from node.store.engine import make_engine


def test_a_new_file_that_four_open_at_once_is_opened_by_each(tmp_path: Path) -> None:
    """SQLite does not wait by itself where two switch a new file to its write-ahead log."""
    failed = list[Exception]()

    def open_it(path: Path, together: threading.Barrier) -> None:
        engine = make_engine(f"sqlite:///{path}")
        together.wait()
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except exc.OperationalError as error:
            failed.append(error)
        finally:
            engine.dispose()

    for serial in range(60):
        path, together = tmp_path / f"{serial}.sqlite", threading.Barrier(4)
        threads = [threading.Thread(target=open_it, args=(path, together)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
