"""Empty stores with their tables, in a tenth of the time: thousands of tests begin with some.

The migrations run once of each kind of database and process; what they made is then made again.
Tests of the store itself, of its backups and of its roles (which own what they made) are given
databases without tables, and run them.
"""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from node.store import migrate
from node.store.engine import make_engine, memory_engine
from node.store.migrate import SchemaState

_READS = ("SELECT", "PRAGMA", "BEGIN")
_SAID = list[tuple[str, Any]]()
_TEMPLATE = "with_tables"
_WITHOUT = ("tests.node.store.", "tests.node.keeping.", "tests.node.bulk.test_least")


def migrations_are_tested(request: pytest.FixtureRequest) -> bool:
    """Whether a test, or a module of them, is given databases without tables."""
    return bool(request.module.__name__.startswith(_WITHOUT))


def told_again(make: Callable[[sa.Engine], SchemaState], engine: sa.Engine) -> SchemaState:
    """Say once more what the migrations said to the first SQLite of this process."""
    if engine.dialect.name != "sqlite":
        return make(engine)
    if not _SAID:
        _SAID.extend(_heard(make))
    with engine.execution_options(writes=True).connect() as connection, connection.begin():
        if migrate.schema_state(connection).is_empty:
            for statement, parameters in _SAID:
                connection.exec_driver_sql(statement, parameters)
        return migrate.schema_state(connection)


def _heard(make: Callable[[sa.Engine], SchemaState]) -> Iterator[tuple[str, Any]]:
    heard, engine = list[tuple[str, Any]](), memory_engine("tables-of-the-tests")

    def hear(_c: object, _u: object, statement: str, parameters: object, *_: object) -> None:
        if not statement.lstrip().upper().startswith(_READS):
            heard.append((statement, parameters or None))

    sa.event.listen(engine, "before_cursor_execute", hear)
    make(engine)
    engine.dispose()
    yield from heard


def template_of(request: pytest.FixtureRequest, connection: psycopg.Connection, uri: str) -> str:
    """The database that a new one of this test is a copy of."""
    if migrations_are_tested(request):
        return "template1"
    there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_TEMPLATE,))
    if there.fetchone() is None:
        connection.execute(f'CREATE DATABASE "{_TEMPLATE}"'.encode())
        engine = make_engine(uri.replace("/postgres?", f"/{_TEMPLATE}?"))
        migrate.prepare(engine)
        engine.dispose()
    return _TEMPLATE
