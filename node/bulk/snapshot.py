"""A columnar copy of the city, in one file of DuckDB: residents, records, and what they come to.

It is laid out once, by resident: then whoever sums by resident has few of them in hand at a time.
DuckDB keeps the least and the greatest of each column for each 122,880 rows: where no record has
had its day, the days of a block tell so, and nobody looks at its rows.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import duckdb

from node import bulk_limits
from node.bulk.errors import WORKSPACE_UNUSABLE, HutongError
from node.bulk.expression import Question, indicator_rows
from node.ports.bulk import RECORD_COLUMNS, RESIDENT_COLUMNS, CityCopy

Progress = Callable[[str, int, int], None]
"""Told what is going on, how much of it is done, and how much there is."""

_FILE: Final = "city.duckdb"
_PORTION: Final = "portion.csv"
_TYPES: Final = {
    "resident_id": "VARCHAR",
    "person": "BIGINT",
    "points_milli": "BIGINT",
    "shared_milli": "BIGINT",
    "commendations": "VARCHAR",
    "recount_on": "DATE",
    "counted_by": "BIGINT",
    "indicator_id": "VARCHAR",
    "occurred_on": "DATE",
    "ends_on": "DATE",
    "disputed": "TINYINT",
    "overdue": "TINYINT",
}

# As Spark has it: the last day of a month that has no such day.
_ADD_MONTHS: Final = (
    "CREATE OR REPLACE MACRO add_months(day, months) AS CAST(day + to_months(months) AS DATE)"
)


class Snapshot:
    """One copy of a city; its tables are named here and nowhere else.

    `residents` (who, and what is kept of them), `records` (who, indicator, days and marks), and
    `codes`, the number of each indicator id. `who` counts the residents from 0.
    """

    def __init__(self, directory: Path) -> None:
        """An empty copy in that directory; `close` lets it go."""
        self.directory = directory
        self.connection = _connected(directory)

    def close(self) -> None:
        """Let the file go."""
        self.connection.close()

    def load(self, copy: CityCopy, progress: Progress) -> None:
        """Take everything over, and lay it out by resident.

        Raises:
            HutongError: WORKSPACE_UNUSABLE where the disk is full; what the copy raises.
        """
        residents, records = copy.resident_count(), copy.record_count()
        self.run(_created("kept", RESIDENT_COLUMNS))
        self.run(_created("arrived", RECORD_COLUMNS))
        done = 0
        for block in portions(copy.residents()):
            done += self._take(block, "kept", RESIDENT_COLUMNS)
            progress("residents", done, residents)
        done = 0
        for block in portions(copy.records()):
            done += self._take(block, "arrived", RECORD_COLUMNS)
            progress("records", done, records)
        progress("layout", 0, 1)
        self.lay_out()
        progress("layout", 1, 1)

    def lay_out(self) -> None:
        """Make `residents`, `codes` and `records` of the tables `kept` and `arrived`."""
        self.run(
            "CREATE TABLE residents AS SELECT CAST(row_number() OVER (ORDER BY person) - 1 AS "
            "INTEGER) AS who, * REPLACE (coalesce(commendations, '') AS commendations) FROM kept"
        )
        self.run("DROP TABLE kept")
        self.run(
            "CREATE TABLE codes AS SELECT indicator_id, CAST(row_number() OVER () AS INTEGER) AS "
            "indicator FROM (SELECT DISTINCT indicator_id FROM arrived)"
        )
        self.run(
            "CREATE TABLE records AS "
            "SELECT who, indicator, occurred_on, ends_on, disputed, overdue FROM arrived "
            "JOIN residents USING (person) JOIN codes USING (indicator_id) ORDER BY who"
        )
        self.run("DROP TABLE arrived")

    def indicators(self, question: Question, name: str) -> None:
        """Make the table of a catalogue's indicators that occur in the records."""
        words = question.commendations.words
        columns = ", ".join(f"{word} BIGINT" for word in words)
        self.run(
            f"CREATE OR REPLACE TEMP TABLE listed (indicator_id VARCHAR, effect INTEGER, "
            f"shared INTEGER, months INTEGER{', ' if words else ''}{columns})"
        )
        rows = indicator_rows(question.catalogue)
        if rows:
            places = ", ".join("?" * (4 + len(words)))
            self.connection.executemany(f"INSERT INTO listed VALUES ({places})", rows)
        self.run(
            f"CREATE OR REPLACE TABLE {name} AS SELECT indicator, listed.* EXCLUDE (indicator_id) "
            "FROM listed JOIN codes USING (indicator_id)"
        )

    def run(self, sql: str) -> None:
        """Run a statement; raises WORKSPACE_UNUSABLE where there is no room for what it makes."""
        try:
            self.connection.execute(sql)
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise self._full(error) from error

    @contextlib.contextmanager
    def in_one_plan(self) -> Iterator[None]:
        """Sum in one plan, and not in hundreds.

        DuckDB would cut a sum by `who` into a plan for each run of blocks. Where the days of its
        records are looked at too, that takes ten times as long for 247 million of them.
        """
        self.run("SET disabled_optimizers = 'partitioned_execution'")
        try:
            yield
        finally:
            self.run("RESET disabled_optimizers")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Every row of an answer that is small."""
        self.run(sql)
        return self.connection.fetchall()

    def some_rows(self, sql: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of an answer that may be large, in portions; nothing else may run meanwhile."""
        self.run(sql)
        while portion := self.connection.fetchmany(size):
            yield portion

    def one(self, sql: str) -> tuple[Any, ...]:
        """The only row of an answer."""
        return self.rows(sql)[0]

    def _take(self, block: bytes, table: str, columns: tuple[str, ...]) -> int:
        file = self.directory / _PORTION
        try:
            file.write_bytes(block)
        except OSError as error:
            raise self._full(error) from error
        typed = ", ".join(f"'{name}': '{_TYPES[name]}'" for name in columns)
        before = int(self.one(f"SELECT count(*) FROM {table}")[0])
        self.run(
            f"INSERT INTO {table} SELECT * FROM read_csv('{_quoted(file)}', header = false, "
            f"auto_detect = false, delim = ',', quote = '\"', escape = '\"', columns = {{{typed}}})"
        )
        file.unlink()
        return int(self.one(f"SELECT count(*) FROM {table}")[0]) - before

    def _full(self, error: Exception) -> HutongError:
        # What the library says may quote a row: only its kind is told.
        return HutongError(
            WORKSPACE_UNUSABLE,
            path=str(self.directory.parent),
            problem=f"there is no room, or the disk fails ({type(error).__name__})",
        )


def portions(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, joined to some that are worth the trouble of a load."""
    waiting, size = list[bytes](), 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= bulk_limits.PORTION_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def memory_bytes() -> int:
    """What the engine may use: half of the machine, and no more than its own limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(machine // 2, bulk_limits.ENGINE_BYTES)


def _connected(directory: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        str(directory / _FILE),
        config={
            "memory_limit": f"{memory_bytes() // 2**20}MiB",
            "temp_directory": str(directory),
            "preserve_insertion_order": False,
            # Nothing is fetched from anywhere.
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    connection.execute(_ADD_MONTHS)
    return connection


def _created(table: str, columns: tuple[str, ...]) -> str:
    return f"CREATE TABLE {table} ({', '.join(f'{name} {_TYPES[name]}' for name in columns)})"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
