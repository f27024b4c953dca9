"""Records as Parquet, read by DuckDB a few rows at a time; nothing is fetched from anywhere."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb

from node.files.reading import mistake
from node.files.record_columns import Values, check_columns

_ROWS_AT_ONCE: Final = 1000
_SETTINGS: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": "1GB",
    "threads": "1",
}
_TEXT: Final = "'"
_NAME: Final = '"'
_INSTANTS: Final = "TIMESTAMP"
_NESTED: Final = ("[]", "STRUCT", "MAP", "UNION", "BLOB", "BOOLEAN")


def read_parquet(file: str, path: Path) -> Iterator[Values]:
    """Each row, by column; raises FILE_INVALID."""
    with _opened(file, path) as (connection, name):
        columns = _columns(file, connection, name)
        try:
            found = connection.execute(f"SELECT {', '.join(columns.values())} FROM {name}")  # noqa: S608 - quoted names
            while rows := found.fetchmany(_ROWS_AT_ONCE):
                for row in rows:
                    yield dict(zip(columns, row, strict=True))
        except duckdb.Error as error:
            raise _broken(file) from error


@contextmanager
def _opened(file: str, path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A connection in memory, and what it calls the file.

    DuckDB reads a path as a pattern, or an address, where it looks like one: the file goes by a
    name of our own.
    """
    with tempfile.TemporaryDirectory(prefix="hutong-") as directory:
        link = Path(directory) / "records.parquet"
        link.symlink_to(path.absolute())
        with duckdb.connect(":memory:", config=dict(_SETTINGS)) as connection:
            source = f"read_parquet({_quoted(str(link), _TEXT)}, hive_partitioning = false)"
            try:
                connection.execute(f"CREATE VIEW records AS SELECT * FROM {source}")  # noqa: S608 - quoted
            except duckdb.Error as error:
                raise _broken(file) from error
            yield connection, "records"


def _columns(file: str, connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    """Each column, and the expression of its text; raises FILE_INVALID."""
    try:
        described: list[Any] = connection.execute(f"DESCRIBE {name}").fetchall()
    except duckdb.Error as error:
        raise _broken(file) from error
    kinds = {str(column): str(kind) for column, kind, *_ in described}
    check_columns(file, "its columns", list(kinds))
    for column, kind in kinds.items():
        if any(word in kind for word in _NESTED):
            problem = f"the column {column} is of type {kind}; write texts, numbers or days"
            raise mistake(file, "its columns", problem)
    return {column: _text(column, kind) for column, kind in kinds.items()}


def _text(column: str, kind: str) -> str:
    quoted = _quoted(column, _NAME)
    text = f"CAST({quoted} AS VARCHAR)"
    if kind.startswith(_INSTANTS):
        # Days that a library wrote as instants are days again; any other instant stays one.
        text = f"regexp_replace({text}, ' 00:00:00$', '')"
    return f"coalesce({text}, '')"


def _quoted(text: str, quote: str) -> str:
    return quote + text.replace(quote, quote * 2) + quote


def _broken(file: str) -> Exception:
    problem = "it is no whole Parquet file; write or copy it again"
    return mistake(file, "whole file", problem)
