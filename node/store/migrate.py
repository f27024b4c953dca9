"""Bring a database's tables up to date, one process at a time."""

import threading
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import exc

from node import limits
from node.errors import STORE_UNAVAILABLE, HutongError
from node.store.engine import is_made_already, rest

_SCRIPTS: Final = Path(__file__).parent / "migrations"
# Alembic's own context is one for the whole process.
_ALONE: Final = threading.Lock()


def is_up_to_date(connection: sa.Connection) -> bool:
    """Whether a database has the tables of this version, no older and no newer ones."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(config).get_current_head()


def migrate(engine: sa.Engine) -> None:
    """Run the migrations that the database lacks.

    Of two processes that start at once one makes the tables, and the other finds them: it waits for
    the writers' lock, or runs again where there is none. A database that is newer than this code is
    refused.
    """
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
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    with engine.execution_options(writes=True).connect() as connection, connection.begin():
        found = MigrationContext.configure(connection).get_current_revision()
        scripts = ScriptDirectory.from_config(config)
        if found is not None and found not in {s.revision for s in scripts.walk_revisions()}:
            raise HutongError(
                STORE_UNAVAILABLE,
                problem=f"its tables are of revision {found}, which this version does not know; "
                "run the newer version of hutong",
            )
        config.attributes["connection"] = connection
        with _ALONE:
            command.upgrade(config, "head")
