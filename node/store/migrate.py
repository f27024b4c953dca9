"""Bring a database's tables up to date, one process at a time."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy import exc

from node import limits
from node.store.engine import is_made_already, rest

# The revision of the newest migration. Alembic, which finds it by itself, is slow to load.
NEWEST: Final = "0006"

_VERSIONS: Final = "alembic_version"


def is_up_to_date(connection: sa.Connection) -> bool:
    """Whether a database has the tables of this version, no older and no newer ones."""
    return _revision(connection) == NEWEST


def migrate(engine: sa.Engine) -> None:
    """Run the migrations that the database lacks.

    Of two processes that start at once one makes the tables, and the other finds them: it waits for
    the writers' lock, or runs again where there is none. A database that is newer than this code is
    refused.
    """
    with engine.connect() as connection:
        if is_up_to_date(connection):
            return
    for turn in range(limits.CONFLICT_RETRIES):
        try:
            _migrate(engine)
        except exc.DBAPIError as error:
            if turn == limits.CONFLICT_RETRIES - 1 or not is_made_already(error):
                raise
            rest(turn)
        else:
            return


def _migrate(engine: sa.Engine) -> None:
    from node.store.upgrading import upgrade  # noqa: PLC0415 - slow to load, and seldom wanted

    with engine.execution_options(writes=True).connect() as connection, connection.begin():
        upgrade(connection, _revision(connection))


def _revision(connection: sa.Connection) -> str | None:
    """The revision of the tables that there are; None for none."""
    if not sa.inspect(connection).has_table(_VERSIONS):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
