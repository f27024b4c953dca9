"""What a backup needs of the store: every row of it as of one instant, and a way to put them back.

A value is a text, bytes, a whole number or nothing, as `node.store.tables` has it; both databases
give and take the same.
"""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

Value = str | bytes | int | None
Rows = Sequence[Sequence[Value]]


class Kind(enum.Enum):
    """What a column holds."""

    TEXT = "text"
    BYTES = "bytes"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class TableForm:
    """A table: its columns in the order in which rows have them, and how many rows it has."""

    name: str
    columns: tuple[tuple[str, Kind], ...]
    rows: int

    def place(self, column: str) -> int:
        """Which value of a row is that column's."""
        return [name for name, _ in self.columns].index(column)


class StoreDump(Protocol):
    """The whole store as it was at one instant, while others write."""

    @property
    def schema(self) -> str:
        """The revision of its tables."""

    def tables(self) -> tuple[TableForm, ...]:
        """Every table, the log's first."""

    def rows(self, table: TableForm) -> Iterator[Rows]:
        """The rows of a table in the order of its key, a portion at a time."""


class UnknownSchemaError(Exception):
    """The tables of a backup are of a revision that this version does not know."""


class NotEmptyError(Exception):
    """The store to restore to has tables already."""
