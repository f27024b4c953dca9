"""The two databases, opened so that an acknowledged write survives a power cut."""

import sqlite3
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.pool import QueuePool

from node import limits
from node.errors import SETTING_INVALID, STORE_UNAVAILABLE, HutongError

_READERS: Final = 4
_SQLITE: Final = "sqlite:///"
_POSTGRES: Final = ("postgresql://", "postgresql+psycopg://")


def make_engine(url: str) -> sa.Engine:
    """The engine of a store's URL; raises SETTING_INVALID for another kind of URL."""
    busy_ms = int(limits.STORE_BUSY.total_seconds() * 1000)
    if url.startswith(_SQLITE):
        return _sqlite(url, busy_ms)
    if url.startswith(_POSTGRES):
        return _postgresql(url, busy_ms)
    raise HutongError(
        SETTING_INVALID,
        where="settings",
        key="store",
        problem="write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE",
    )


def _sqlite(url: str, busy_ms: int) -> sa.Engine:
    folder = Path(url[len(_SQLITE) :]).parent
    if not folder.is_dir():
        raise HutongError(
            SETTING_INVALID, where="settings", key="store", problem=f"there is no folder {folder}"
        )
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=_READERS + 1,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # Transactions begin where `begin` says, not where the driver guesses.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {busy_ms}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A writer takes its lock at once: no deadlock between two that read first.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: str, busy_ms: int) -> sa.Engine:
    rest = url.split("://", 1)[1]
    try:
        return sa.create_engine(
            f"postgresql+psycopg://{rest}",
            pool_size=_READERS + 1,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 5,
                "options": f"-c lock_timeout={busy_ms} -c statement_timeout={4 * busy_ms}",
            },
        )
    except exc.ArgumentError as error:
        raise HutongError(
            SETTING_INVALID, where="settings", key="store", problem="the URL cannot be read"
        ) from error


def is_conflict(error: BaseException) -> bool:
    """Whether two transactions met, so that running again may succeed."""
    if isinstance(error, exc.IntegrityError):
        return True
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state in {"40001", "40P01"}


def unavailable(error: BaseException) -> HutongError:
    """What a caller is told of a failing database: neither SQL nor values."""
    original: Any = getattr(error, "orig", None) or error
    name = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    first = str(original).splitlines()[0][:100] if str(original) else type(original).__name__
    problem = _PLAIN.get(str(name), first if isinstance(original, sqlite3.Error) else str(name))
    return HutongError(STORE_UNAVAILABLE, problem=problem)


_PLAIN: Final = {
    "SQLITE_BUSY": "another process holds its lock",
    "SQLITE_LOCKED": "another process holds its lock",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it may not be written to",
    "SQLITE_IOERR": "the disk fails",
    "SQLITE_NOTADB": "the file is no database",
    "SQLITE_CORRUPT": "the file is damaged",
    "55P03": "another process holds its lock",
    "57014": "it took too long",
    "53100": "the disk is full",
    "None": "there is no connection",
}
