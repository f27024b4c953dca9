"""One transaction's connection: writes at once, appends at the commit, and knows if it wrote."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from node.store import tables

Row = Sequence[Any]

# PostgreSQL's inserts tell how many rows they made only where they are asked to.
_COUNTED: Final = {"preserve_rowcount": True}


class Session:
    """What the repositories of one transaction share.

    Appended rows go to the database together, before the next write-time read of their table or
    at the commit: one statement for all of a batch.
    """

    def __init__(self, connection: sa.Connection) -> None:
        """Over an open transaction of `connection`."""
        self._connection = connection
        self._appended: dict[sa.Insert, list[dict[str, object]]] = {}
        self.wrote = False

    def one(self, statement: sa.Select[Any], **values: object) -> Row | None:
        """The first row."""
        return self._connection.execute(statement, values).first()

    def all(self, statement: sa.Select[Any], **values: object) -> Sequence[Row]:
        """Every row."""
        return self._connection.execute(statement, values).all()

    def write(self, statement: sa.Insert | sa.Update | sa.Delete, **values: object) -> int:
        """Write at once; how many rows were touched."""
        self.wrote = True
        return self._connection.execute(statement, values, execution_options=_COUNTED).rowcount

    def write_all(self, statement: sa.Insert, rows: Sequence[dict[str, object]]) -> None:
        """Write several rows at once."""
        if rows:
            self.wrote = True
            self._connection.execute(statement, list(rows))

    def append(self, statement: sa.Insert, row: dict[str, object]) -> None:
        """Write at the latest at the commit."""
        self.wrote = True
        self._appended.setdefault(statement, []).append(row)

    def flush(self) -> None:
        """Write what was appended."""
        appended, self._appended = self._appended, {}
        for statement, rows in appended.items():
            self._connection.execute(statement, rows)


def upsert(table: sa.Table, dialect: str, *, keep: Sequence[str] = ()) -> sa.Insert:
    """Insert, or replace all but the primary key and the columns in `keep`."""
    statement = _insert(table, dialect)
    replaced = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if not column.primary_key and column.name not in keep
    }
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns), set_=replaced
    )


def insert_new(table: sa.Table, dialect: str) -> sa.Insert:
    """Insert, or leave what is there."""
    return _insert(table, dialect).on_conflict_do_nothing()


def _insert(table: sa.Table, dialect: str) -> postgresql.Insert:
    # The two dialects' inserts have the same methods; one type stands for both.
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    found: postgresql.Insert = make(table)
    return found


class Upserts:
    """The statements whose words differ between the databases, made once for each."""

    def __init__(self, dialect: str) -> None:
        """For "sqlite" or "postgresql"."""
        self.question: Final = upsert(tables.QUESTIONS, dialect)
        self.recognition: Final = upsert(tables.RECOGNITIONS, dialect)
        self.record: Final = insert_new(tables.RECORDS, dialect)
        self.counter: Final = insert_new(tables.COUNTERS, dialect)
        self.own_scale: Final = upsert(tables.OWN_SCALES, dialect)
        self.partner: Final = upsert(
            tables.PARTNERS, dialect, keep=("state", "state_reason", "added_at")
        )
        self.partner_scale: Final = insert_new(tables.PARTNER_SCALES, dialect)
        self.agreement: Final = upsert(tables.AGREEMENTS, dialect)
        self.catalogue: Final = upsert(tables.CATALOGUES, dialect)
