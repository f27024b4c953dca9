"""One transaction's connection: writes at once, appends at the commit, and knows if it wrote.

Statements are written in SQLAlchemy Core, compiled once, and run by the driver itself: on hot paths
that halves the cost of a statement. Values need no conversion: `tables` has integers, texts and
bytes only, which both drivers give back as they took them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc

from node.store import incentive_tables, record_tables, tables, trust_tables

# Rows of one insert: SQLite takes 32,766 parameters, and a longer statement is no faster.
_ROWS_AT_ONCE: Final = 64

# The same for rows that come by the thousand: each statement gives the interpreter away once.
_LONG_ROWS_AT_ONCE: Final = 256

Row = Sequence[Any]
Statement = sa.Select[Any] | sa.Insert | sa.Update | sa.Delete


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in a database's own words; `places` is None where its parameters have names."""

    sql: str
    constants: Mapping[str, object]
    places: tuple[str, ...] | None

    def parameters(self, values: Mapping[str, object]) -> object:
        """The values, in the form that the driver takes."""
        found = {**self.constants, **values} if self.constants else values
        return found if self.places is None else [found[name] for name in self.places]


@lru_cache(maxsize=512)
def _compile(statement: Statement, dialect: sa.Dialect, columns: tuple[str, ...]) -> _Compiled:
    # An insert names the columns that it is given; other statements, and an insert of several rows,
    # have their parameters inside.
    plain = isinstance(statement, sa.Insert) and not statement._multi_values  # noqa: SLF001
    names = list(columns) if plain else None
    compiled: Any = statement.compile(dialect=dialect, column_keys=names)
    constants = {name: value for name, value in compiled.params.items() if name not in columns}
    places = tuple(compiled.positiontup) if compiled.positional else None
    return _Compiled(str(compiled), constants, places)


@lru_cache(maxsize=512)
def _compile_many(
    statement: sa.Insert, dialect: sa.Dialect, columns: tuple[str, ...], count: int
) -> _Compiled:
    """An insert of `count` rows; the parameters of row i are its columns' names with `_i`."""
    rows: list[dict[str, Any]] = [
        {name: sa.bindparam(f"{name}_{i}") for name in columns} for i in range(count)
    ]
    return _compile(
        statement.values(rows), dialect, tuple(f"{n}_{i}" for i in range(count) for n in columns)
    )


@lru_cache(maxsize=512)
def _compile_rows(
    statement: sa.Insert, dialect: sa.Dialect, columns: tuple[str, ...], count: int
) -> tuple[_Compiled, tuple[str, ...]]:
    """An insert of `count` rows, and the names of its values; none where their order says it."""
    compiled = _compile_many(statement, dialect, columns, count)
    names = tuple(f"{name}_{i}" for i in range(count) for name in columns)
    return compiled, () if compiled.places == names else names


@lru_cache(maxsize=512)
def _in_order(statement: sa.Insert, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names in the order of the table, in which the statement takes them."""
    return tuple(column.name for column in statement.table.columns if column.name in names)


class Session:
    """What the repositories of one transaction share.

    Appended rows go to the database together, before the next write-time read of their table or
    at the commit: one statement for all of a batch.
    """

    def __init__(self, connection: sa.Connection) -> None:
        """Over an open transaction of `connection`."""
        self._connection = connection
        self._dialect = connection.dialect
        driver: Any = connection.connection.dbapi_connection
        self._driver = driver
        self._cursor: Any = driver.cursor()
        self._appended: dict[sa.Insert, list[dict[str, object]]] = {}
        self.wrote = False

    def one(self, statement: sa.Select[Any], /, **values: object) -> Row | None:
        """The first row."""
        self._execute(statement, values)
        found: Row | None = self._cursor.fetchone()
        return found

    def all(self, statement: sa.Select[Any], /, **values: object) -> Sequence[Row]:
        """Every row."""
        self._execute(statement, values)
        found: Sequence[Row] = self._cursor.fetchall()
        return found

    def write(self, statement: sa.Insert | sa.Update | sa.Delete, /, **values: object) -> int:
        """Write at once; how many rows were touched."""
        self.wrote = True
        self._execute(statement, values)
        return int(self._cursor.rowcount)

    def write_all(self, statement: sa.Insert, rows: Sequence[dict[str, object]]) -> None:
        """Write several rows at once; each names the same columns."""
        if not rows:
            return
        self.wrote = True
        columns, start = _in_order(statement, tuple(rows[0])), 0
        while start < len(rows):
            # Powers of two: few statements, each compiled once, and few calls of the driver, at
            # each of which other threads take the interpreter.
            count = min(1 << (len(rows) - start).bit_length() - 1, _ROWS_AT_ONCE)
            compiled, names = _compile_rows(statement, self._dialect, columns, count)
            values = [row[name] for row in rows[start : start + count] for name in columns]
            if names:
                self._run(compiled, dict(zip(names, values, strict=True)))
            else:
                self._send(compiled.sql, values)
            start += count

    def write_each(self, statement: sa.Update, rows: Sequence[Mapping[str, object]]) -> int:
        """Write by one statement again and again; each row of values names the same parameters.

        How many rows of the table were touched in all.
        """
        if not rows:
            return 0
        self.wrote = True
        compiled = _compile(statement, self._dialect, tuple(rows[0]))
        parameters = [compiled.parameters(row) for row in rows]
        try:
            self._cursor.executemany(compiled.sql, parameters)
        except self._dialect.loaded_dbapi.Error as error:
            raise self._translated(compiled.sql, error) from error
        return int(self._cursor.rowcount)

    def write_rows(
        self, statement: sa.Insert, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]
    ) -> None:
        """Write many rows at once, as `write_all`; each has the values of `columns`, in order."""
        start = 0
        while start < len(rows):
            self.wrote = True
            count = min(1 << (len(rows) - start).bit_length() - 1, _LONG_ROWS_AT_ONCE)
            compiled, names = _compile_rows(statement, self._dialect, columns, count)
            values = list(chain.from_iterable(rows[start : start + count]))
            self._send(compiled.sql, dict(zip(names, values, strict=True)) if names else values)
            start += count

    def append(self, statement: sa.Insert, row: dict[str, object]) -> None:
        """Write at the latest at the commit."""
        self.wrote = True
        self._appended.setdefault(statement, []).append(row)

    def flush(self) -> None:
        """Write what was appended."""
        appended, self._appended = self._appended, {}
        for statement, rows in appended.items():
            self.write_all(statement, rows)

    def flush_to(self, statement: sa.Insert) -> None:
        """Write what was appended, if some of it was by that statement; before a read of it."""
        if statement in self._appended:
            self.flush()

    def _execute(self, statement: Statement, values: Mapping[str, object]) -> None:
        self._run(_compile(statement, self._dialect, tuple(values)), values)

    def _run(self, compiled: _Compiled, values: Mapping[str, object]) -> None:
        self._send(compiled.sql, compiled.parameters(values))

    def _send(self, sql: str, parameters: object) -> None:
        try:
            self._cursor.execute(sql, parameters)
        except self._dialect.loaded_dbapi.Error as error:
            raise self._translated(sql, error) from error

    def _translated(self, sql: str, error: Any) -> exc.DBAPIError:  # noqa: ANN401 - each driver has its own class
        """The driver's error as SQLAlchemy tells it, without the values of the statement."""
        if self._dialect.is_disconnect(error, self._driver, self._cursor):
            self._connection.invalidate()
        base = self._dialect.loaded_dbapi.Error
        told: Any = exc.DBAPIError.instance(
            sql, None, error, base, hide_parameters=True, dialect=self._dialect
        )
        found: exc.DBAPIError = told
        return found


def upsert(table: sa.Table, dialect: str, *, keep: Sequence[str] = ()) -> sa.Insert:
    """Insert, or replace all but the primary key and the columns in `keep`."""
    statement = _insert(table, dialect)
    replaced = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if not column.primary_key and column.name not in keep
    }
    found: sa.Insert = statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns), set_=replaced
    )
    return found


def insert_new(table: sa.Table, dialect: str) -> sa.Insert:
    """Insert, or leave what is there."""
    found: sa.Insert = _insert(table, dialect).on_conflict_do_nothing()
    return found


def _insert(table: sa.Table, dialect: str) -> Any:  # noqa: ANN401 - each dialect has its own class
    # The two dialects' inserts have the same methods. A node loads the one that it needs.
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415 - slow to load
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment] # noqa: PLC0415 - the same
    return insert(table)


class Upserts:
    """The statements whose words differ between the databases, made once for each."""

    def __init__(self, dialect: str) -> None:
        """For "sqlite" or "postgresql"."""
        self.question: Final = upsert(tables.QUESTIONS, dialect)
        self.recognition: Final = upsert(tables.RECOGNITIONS, dialect)
        self.record_load: Final = upsert(record_tables.RECORD_LOADS, dialect)
        self.quarantined: Final = upsert(record_tables.QUARANTINE, dialect)
        self.use_release: Final = insert_new(incentive_tables.USE_RELEASES, dialect)
        self.histogram: Final = insert_new(incentive_tables.HISTOGRAMS, dialect)
        self.counter: Final = insert_new(tables.COUNTERS, dialect)
        self.own_scale: Final = upsert(tables.OWN_SCALES, dialect)
        self.partner: Final = upsert(tables.PARTNERS, dialect)
        self.invitation: Final = upsert(tables.INVITATIONS, dialect)
        self.joining: Final = insert_new(tables.JOININGS, dialect)
        self.contact: Final = upsert(tables.CONTACTS, dialect)
        self.partner_scale: Final = insert_new(tables.PARTNER_SCALES, dialect)
        self.agreement: Final = upsert(tables.AGREEMENTS, dialect)
        self.catalogue: Final = upsert(tables.CATALOGUES, dialect)
        self.indicators: Final = upsert(tables.INDICATOR_CATALOGUES, dialect)
        self.checkpoint: Final = insert_new(trust_tables.CHECKPOINTS, dialect)
        self.cosignature: Final = upsert(trust_tables.COSIGNATURES, dialect)
        self.partner_checkpoint: Final = insert_new(trust_tables.PARTNER_CHECKPOINTS, dialect)
        self.fork: Final = insert_new(trust_tables.FORKS, dialect)
        self.status_feed: Final = insert_new(trust_tables.STATUS_FEEDS, dialect)
        self.status_ended: Final = insert_new(trust_tables.STATUS_ENDED, dialect)
        self.visit: Final = insert_new(trust_tables.VISITS, dialect)
        self.partner_status_list: Final = upsert(trust_tables.PARTNER_STATUS_LISTS, dialect)
