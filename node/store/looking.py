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
from node.store.migrate import NEEDED, NEWEST, SAID_FROM, SchemaState, schema_state

_SQLITE: Final = "sqlite:///"
_SUBJECT: Final = "schema"
_TABLE: Final = "alembic_version"
_VERSION: Final = f"SELECT version_num FROM {_TABLE}"  # noqa: S608 - of constants
_SERVES_FROM: Final = "SELECT serves_from FROM node_state"
_NOTHING: Final = SchemaState("", "")
_HAS_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE name = ?"


def schema_finding(url: str) -> Finding:
    """The finding on the store at `url`."""
    try:
        found = _of_file(Path(url.removeprefix(_SQLITE))) if _is_file(url) else _of_server(url)
    except (exc.SQLAlchemyError, sqlite3.Error) as error:
        return _unreadable(url, unavailable(error))
    except HutongError as error:
        return _unreadable(url, error)
    if found.is_empty:
        said = (
            "尚无数据表，首次启动时建立。",
            "There are no tables yet; the first start makes them.",
        )
        return Finding(_SUBJECT, Severity.OK, *said)
    if found.serves_from > NEWEST:
        return Finding(_SUBJECT, Severity.ERROR, *_texts(found.revision), *_AHEAD)
    if found.revision < NEWEST:
        severity = Severity.ERROR if found.revision < NEEDED else Severity.WARNING
        return Finding(_SUBJECT, severity, *_texts(found.revision), *_BEHIND)
    said = f"版本 {found.revision}。", f"Revision {found.revision}."
    return Finding(_SUBJECT, Severity.OK, *said)


def _is_file(url: str) -> bool:
    return url.startswith(_SQLITE)


def _of_file(file: Path) -> SchemaState:
    """The tables in a SQLite file; without a write-ahead log it is as if it never changed."""
    if not file.is_file():
        return _NOTHING
    alone = not file.with_name(f"{file.name}-wal").exists()
    uri = f"file:{quote(str(file))}?mode=ro" + ("&immutable=1" if alone else "")
    connection = sqlite3.connect(uri, uri=True)
    try:
        if not connection.execute(_HAS_TABLE, (_TABLE,)).fetchone():
            return _NOTHING
        row = connection.execute(_VERSION).fetchone()
        revision = "" if row is None else str(row[0])
        if revision < SAID_FROM:
            return SchemaState(revision, revision)
        return SchemaState(revision, str(connection.execute(_SERVES_FROM).fetchone()[0]))
    finally:
        connection.close()


def _of_server(url: str) -> SchemaState:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return schema_state(connection)
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
    # A socket's folder stands behind the question mark.
    host = found.host or str(found.query.get("host", "localhost"))
    port = found.port or str(found.query.get("port", "5432"))
    return f"pg_isready -h {shlex.quote(host)} -p {shlex.quote(str(port))}"


_BEHIND: Final[Remedy] = (
    "请升级数据表，各进程可照常服务；然后重启节点。",
    "Bring them on, while processes serve; then restart the node.",
    "hutong migrate",
)
_AHEAD: Final[Remedy] = (
    "更新的版本移除了本版所用的内容：请装回该版本，或恢复升级前的备份。",
    "A newer version took away what this one uses: install that, or restore a backup from before.",
    "hutong store status",
)
