"""Columns of the node's tables: texts, bytes and whole numbers, none of them null."""

import sqlalchemy as sa


def text(name: str, *, key: bool = False) -> "sa.Column[str]":
    """A text."""
    return sa.Column(name, sa.Text, primary_key=key, nullable=False)


def raw(name: str, *, key: bool = False) -> "sa.Column[bytes]":
    """Bytes."""
    return sa.Column(name, sa.LargeBinary, primary_key=key, nullable=False)


def whole(name: str, *, key: bool = False) -> "sa.Column[int]":
    """A whole number of 64 bits, which the database never makes up by itself."""
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=False, autoincrement=False)
