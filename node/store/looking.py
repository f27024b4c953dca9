"""Whether a store can be opened, and of which version its tables are: seen without changing either.

It is for who looks while the node may be down. A SQLite file is opened so that nothing is made
beside it: what another user made there would lock the node out.
"""

import shlex
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import exc

from node.errors import HutongError
from node.model import Finding, Severity
from node.services.findings import Remedy
from node.store.engine import make_engine, unavailable
from node.store.migrate import NEWEST

_SQLITE: Final = "sqlite:///"
_SUBJECT: Final = "schema"
_TABLE: Final = "alembic_version"
_VERSION: Final = f"SELECT version_num FROM {_TABLE}"  # noqa: S608 - of constants
_HAS_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE name = ?"


def schema_finding(url: str) -> Finding:
    """The finding on the store at `url`."""
    try:
        found = _of_file(Path(url.removeprefix(_SQLITE))) if _is_file(url) else _of_server(url)
    except (exc.SQLAlchemyError, sqlite3.Error) as error:
        return _unreadable(url, unavailable(error))
    except HutongError as error:
        return _unreadable(url, error)
    if found is None:
        said = (
            "尚无数据表，首次启动时建立。",
            "There are no tables yet; the first start makes them.",
        )
        return Finding(_SUBJECT, Severity.OK, *said)
    if found == NEWEST:
        return Finding(_SUBJECT, Severity.OK, f"版本 {found}。", f"Revision {found}.")
    if found < NEWEST:
        return Finding(_SUBJECT, Severity.WARNING, *_texts(found), *_BEHIND)
    return Finding(_SUBJECT, Severity.ERROR, *_texts(found), *_AHEAD)


def _is_file(url: str) -> bool:
    return url.startswith(_SQLITE)


def _of_file(file: Path) -> str | None:
    """The revision in a SQLite file; without a write-ahead log it is as if it never changed."""
    if not file.is_file():
        return None
    alone = not file.with_name(f"{file.name}-wal").exists()
    uri = f"file:{quote(str(file))}?mode=ro" + ("&immutable=1" if alone else "")
    connection = sqlite3.connect(uri, uri=True)
    try:
        if not connection.execute(_HAS_TABLE, (_TABLE,)).fetchone():
            return None
        row = connection.execute(_VERSION).fetchone()
    finally:
        connection.close()
    return None if row is None else str(row[0])


def _of_server(url: str) -> str | None:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table(_TABLE):
                return None
            row = connection.execute(sa.text(_VERSION)).first()
            return None if row is None else str(row[0])
    finally:
        engine.dispose()


def _texts(found: str) -> tuple[str, str]:
    return (
        f"数据表版本为 {found}，本程序需要 {NEWEST}。",
        f"Its tables are of revision {found}; this program needs {NEWEST}.",
    )


def _unreadable(url: str, error: HutongError) -> Finding:
    return Finding(
        "store",
        Severity.ERROR,
        error.text("zh"),
        error.text("en"),
        "请检查数据库是否在运行、文件是否可读。",
        "See whether the database runs, and whether the file can be read.",
        _look(url),
    )


def _look(url: str) -> str:
    """What to type to see for oneself; a password never is in it."""
    if _is_file(url):
        return f"ls -l {shlex.quote(url.removeprefix(_SQLITE))}"
    try:
        found = sa.make_url(url)
    except exc.ArgumentError:
        return "hutong doctor"
    host, port = found.host or "localhost", found.port or 5432
    return f"pg_isready -h {shlex.quote(host)} -p {port}"


_BEHIND: Final[Remedy] = (
    "节点启动时自行升级：请重启节点。",
    "A node brings them up to date when it starts: restart it.",
    "systemctl restart hutong",
)
_AHEAD: Final[Remedy] = (
    "它们由更新的版本建立：请装回该版本，或恢复升级前的备份。",
    "A newer version made them: install that one again, or restore the backup from before it.",
    "systemctl status hutong",
)
