"""The two databases, opened so that an acknowledged write survives a power cut."""

import random
import sqlite3
import time
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.pool import QueuePool

from node import limits
from node.errors import SETTING_INVALID, STORE_UNAVAILABLE, HutongError

_READERS: Final = 4
_WAL_AGAIN_SECONDS: Final = 0.01
_SQLITE: Final = "sqlite:///"
_SERIALIZABLE: Final = "postgresql+serializable://"
_POSTGRES: Final = ("postgresql://", "postgresql+psycopg://", _SERIALIZABLE)

# Any number will do that nothing else in the database locks with.
_WRITERS_LOCK: Final = 4_101_003_301


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
        problem="write sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE, or "
        "postgresql+serializable://... for a database that speaks PostgreSQL's language",
    )


def _sqlite(url: str, busy_ms: int) -> sa.Engine:
    folder = Path(url[len(_SQLITE) :]).parent
    if not folder.is_dir():
        raise HutongError(
            SETTING_INVALID, where="settings", key="store", problem=f"there is no folder {folder}"
        )
    return _sqlite_engine(url, busy_ms)


def memory_engine(name: str) -> sa.Engine:
    """The engine of a database in this process's memory, gone with its last connection.

    Nothing of it is ever on a disk, whatever becomes of the process.
    """
    busy_ms = int(limits.STORE_BUSY.total_seconds() * 1000)
    return _sqlite_engine(f"{_SQLITE}file:/{name}?vfs=memdb&uri=true", busy_ms)


def _sqlite_engine(url: str, busy_ms: int) -> sa.Engine:
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
            "synchronous = FULL",
            "foreign_keys = ON",
            # What is deleted is overwritten, and nothing goes through a file that is not ours: an
            # erasure leaves no trace on the disk (`scrubbing`).
            "secure_delete = ON",
            "temp_store = MEMORY",
            f"cache_size = -{limits.SQLITE_CACHE_KIB}",
            f"wal_autocheckpoint = {limits.SQLITE_WAL_PAGES}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        _to_wal(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A writer takes its lock at once: no deadlock between two that read first.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _to_wal(connection: sqlite3.Connection) -> None:
    """Let the file have a write-ahead log.

    It is the one thing for which SQLite does not wait while another process does the same: two that
    open a new file at once.
    """
    give_up = time.monotonic() + limits.STORE_BUSY.total_seconds()
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorname in {"SQLITE_BUSY", "SQLITE_LOCKED"}
            if not busy or time.monotonic() > give_up:
                raise
            time.sleep(_WAL_AGAIN_SECONDS)
        else:
            return


def server_settings() -> dict[str, str]:
    """What PostgreSQL is told of each connection: how long it waits, and that a commit lasts."""
    busy_ms = int(limits.STORE_BUSY.total_seconds() * 1000)
    return {
        "lock_timeout": str(busy_ms),
        "statement_timeout": str(4 * busy_ms),
        # A process that hangs in a transaction holds the writers' lock no longer than this.
        "idle_in_transaction_session_timeout": str(4 * busy_ms),
        "synchronous_commit": "on",
    }


def _postgresql(url: str, busy_ms: int) -> sa.Engine:
    rest = url.split("://", 1)[1]
    settings = server_settings()
    try:
        engine = sa.create_engine(
            f"postgresql+psycopg://{rest}",
            pool_size=_READERS + 1,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 5,
                "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
                "tcp_user_timeout": 4 * busy_ms,
                "keepalives_idle": 5,
                "keepalives_interval": 5,
                "keepalives_count": 3,
            },
        )
    except exc.ArgumentError as error:
        raise HutongError(
            SETTING_INVALID, where="settings", key="store", problem="the URL cannot be read"
        ) from error

    # What a use case read is still so when it writes. One PostgreSQL has one writer at a time over
    # all processes of the city, as SQLite has it: nobody runs again. Databases of many machines
    # know no such lock: there writers that meet run again.
    first = (
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"
        if url.startswith(_SERIALIZABLE)
        else f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})"
    )

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("writes", False):
            connection.exec_driver_sql(first)

    return engine


def has_met(error: BaseException) -> bool:
    """Whether two transactions met, neither of which has done anything wrong."""
    return _name(error) in {"40001", "40P01"}


def is_made_already(error: BaseException) -> bool:
    """Whether another process was sooner to make a table, a column or an index."""
    return _name(error) in {"42P07", "42701", "42710"} or is_conflict(error)


def is_held(error: BaseException) -> bool:
    """Whether somebody else's lock was waited for long enough."""
    return _name(error) in {"55P03", "SQLITE_BUSY"}


def rest(turn: int) -> None:
    """Let whoever was met go first: longer each time, and by chance, so that two do not meet again.

    It blocks the thread; only writers of several processes come here.
    """
    longest = min(limits.CONFLICT_REST * 2**turn, limits.CONFLICT_REST_LONGEST)
    time.sleep(random.uniform(0, longest.total_seconds()))  # noqa: S311 - no secret


def is_conflict(error: BaseException) -> bool:
    """Whether two transactions met, so that running again may succeed."""
    return isinstance(error, exc.IntegrityError) or has_met(error)


def is_outage(error: BaseException) -> bool:
    """Whether the database itself fails, so that no use case can be written now."""
    plain = type(error) is exc.DatabaseError
    outside = isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError)
    return (plain or outside) and not is_conflict(error)


def unavailable(error: BaseException) -> HutongError:
    """What a caller is told of a failing database: neither SQL nor values."""
    name = _name(error)
    sqlite = "_".join(name.split("_")[:2])
    problem = _PLAIN.get(name) or _PLAIN.get(sqlite) or _PLAIN.get(name[:2], name)
    return HutongError(STORE_UNAVAILABLE, problem=problem)


def _name(error: BaseException) -> str:
    """SQLite's name of an error, PostgreSQL's SQLSTATE, or the class where there is neither."""
    original: Any = getattr(error, "orig", None) or error
    name = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    return str(name or type(original).__name__)


# By SQLite's name (longer ones are special cases of it), by SQLSTATE, or by the class of SQLSTATE.
_PLAIN: Final = {
    "SQLITE_BUSY": "another process holds its lock",
    "SQLITE_LOCKED": "another process holds its lock",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it may not be written to",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_IOERR": "the disk fails",
    "SQLITE_NOTADB": "the file is no database",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_CONSTRAINT": "another change came between",
    "08": "there is no connection",
    "23": "another change came between",
    "25006": "it may not be written to",
    "42501": "its role lacks a right, see `hutong store roles`",
    "25P03": "it took too long",
    "28": "it refuses the user",
    "3D": "there is no such database",
    "40": "another change came between",
    "42704": "it has no such role, see `hutong store roles`",
    "53": "the database has no room",
    "53100": "the disk is full",
    "55P03": "another process holds its lock",
    "57": "there is no connection",
    "57014": "it took too long",
    "58": "the disk fails",
    "OperationalError": "there is no connection",
}
