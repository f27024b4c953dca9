"""Every row of the store, as of one instant; and an empty store that such rows are put into.

A dump is one read transaction, while the node goes on writing. A load is one transaction too: an
empty database stays empty, or holds everything.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc

from federation.errors import HutongError
from node.errors import STORE_UNAVAILABLE
from node.ports.keeping import Kind, NotEmptyError, Rows, TableForm, UnknownSchemaError
from node.store.connection import Session
from node.store.engine import make_engine, unavailable
from node.store.log_snapshot import LogSnapshot
from node.store.migrate import check, schema_state
from node.store.upgrading import Chain

_SQLITE: Final = "sqlite:///"
_VERSIONS: Final = "alembic_version"
# A whole city takes longer than a use case may.
_NO_HURRY: Final = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)
_SNAPSHOT: Final = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
# The log is verified as it goes by: what was signed of it comes before its entries.
_FIRST: Final = ("checkpoints", "log_state", "log_entries", "log_tiles")
_KINDS: Final[tuple[tuple[type[sa.types.TypeEngine[Any]], Kind], ...]] = (
    (sa.LargeBinary, Kind.BYTES),
    (sa.Text, Kind.TEXT),
    (sa.Integer, Kind.WHOLE),
)


class Dump:
    """The whole store as of one instant."""

    def __init__(self, connection: sa.Connection, portion: int) -> None:
        """Over a transaction that sees one state of the database."""
        self._connection = connection
        self._portion = portion
        # It is the first look: from here on the transaction sees one instant.
        state = schema_state(connection)
        check(state)
        self.schema = state.revision
        # As they are: what a migration is still to take away belongs to the store, too.
        self._tables = _reflected(connection)

    def tables(self) -> tuple[TableForm, ...]:
        """Every table, the log's first."""
        names = (*_FIRST, *sorted(self._tables.keys() - set(_FIRST)))
        return tuple(self._form(self._tables[name]) for name in names)

    def rows(self, table: TableForm) -> Iterator[Rows]:
        """The rows of a table in the order of its key, a portion at a time."""
        of = self._tables[table.name]
        statement = sa.select(of).order_by(*of.primary_key.columns)
        streamed = statement.execution_options(yield_per=self._portion)
        try:
            with self._connection.execute(streamed) as found:
                for portion in found.partitions():
                    yield [tuple(row) for row in portion]
        except exc.SQLAlchemyError as error:
            raise unavailable(error) from error

    def _form(self, table: sa.Table) -> TableForm:
        counted = sa.select(sa.func.count()).select_from(table)
        rows = int(self._connection.execute(counted).scalar_one())
        return TableForm(table.name, _columns(table), rows)


def _reflected(connection: sa.Connection) -> dict[str, sa.Table]:
    """The tables that there are, by name."""
    found = sa.MetaData()
    found.reflect(bind=connection)
    return {name: table for name, table in found.tables.items() if name != _VERSIONS}


def _columns(table: sa.Table) -> tuple[tuple[str, Kind], ...]:
    return tuple((column.name, _kind(column)) for column in table.columns)


def _kind(column: "sa.Column[Any]") -> Kind:
    return next(kind for of, kind in _KINDS if isinstance(column.type, of))


@contextlib.contextmanager
def open_dump(url: str, portion: int) -> Iterator[Dump]:
    """The store at `url`, as of now; so many rows are handed over at a time.

    Raises:
        HutongError: SETTING_INVALID, STORE_UNAVAILABLE, STORE_OLD, STORE_NEWER.

    """
    if url.startswith(_SQLITE) and not Path(url[len(_SQLITE) :]).is_file():
        raise HutongError(STORE_UNAVAILABLE, problem="there is no such file")
    engine = make_engine(url)
    postgresql = engine.dialect.name == "postgresql"
    options: dict[str, Any] = _SNAPSHOT if postgresql else {}
    try:
        with engine.execution_options(**options).connect() as connection, connection.begin():
            for setting in _NO_HURRY if postgresql else ():
                connection.exec_driver_sql(setting)
            yield Dump(connection, portion)
    except exc.SQLAlchemyError as error:
        raise unavailable(error) from error
    finally:
        engine.dispose()


class Load:
    """An empty store that is filled, in one transaction."""

    def __init__(self, connection: sa.Connection, schema: str, tables: Sequence[TableForm]) -> None:
        """Make its tables; raises UnknownSchemaError, or ValueError where `tables` are others."""
        self._chain = Chain()
        revisions = [step.revision for step in self._chain.steps]
        if schema not in revisions:
            raise UnknownSchemaError(schema)
        for step in self._chain.steps[: revisions.index(schema) + 1]:
            self._chain.run(connection, step)
        self._connection = connection
        self._session = Session(connection)
        made = _reflected(connection)
        if {t.name: set(t.columns) for t in tables} != {
            name: set(_columns(table)) for name, table in made.items()
        }:
            raise UnknownSchemaError(schema)
        # Each made once: it is compiled once, too.
        self._inserts = {name: sa.insert(table) for name, table in made.items()}
        self._columns = {name: tuple(table.columns.keys()) for name, table in made.items()}
        for table in made.values():
            # What migrations put in is in the backup as it became.
            connection.execute(sa.delete(table))

    def put(self, table: TableForm, rows: Rows) -> None:
        """Put rows into a table."""
        # In the order in which this table has them: migrations add columns at the end.
        columns = self._columns[table.name]
        places = [table.place(column) for column in columns]
        ordered = [tuple(row[place] for place in places) for row in rows]
        self._session.write_rows(self._inserts[table.name], columns, ordered)

    def finish(self) -> LogSnapshot:
        """Bring the tables up to date; the log as it lies then."""
        for step in self._chain.pending(schema_state(self._connection)):
            self._chain.run(self._connection, step)
        return LogSnapshot(Session(self._connection), self._connection.dialect.name)


@contextlib.contextmanager
def open_load(url: str, schema: str, tables: Sequence[TableForm]) -> Iterator[Load]:
    """An empty store at `url`; what was put in is kept where the body ends without an error.

    Raises:
        NotEmptyError: it has tables already.
        UnknownSchemaError: this version has no tables of that revision, or others.
        HutongError: SETTING_INVALID, STORE_UNAVAILABLE.

    """
    engine = make_engine(url)
    try:
        with engine.execution_options(writes=True).connect() as connection, connection.begin():
            for setting in _NO_HURRY if engine.dialect.name == "postgresql" else ():
                connection.exec_driver_sql(setting)
            if sa.inspect(connection).get_table_names():
                raise NotEmptyError
            yield Load(connection, schema, tables)
    except exc.SQLAlchemyError as error:
        # SQLAlchemy's words, and the driver's, may quote a row.
        raise unavailable(error) from error
    finally:
        # With its last connection SQLite's own log goes into the file.
        engine.dispose()
