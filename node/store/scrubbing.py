"""What was removed leaves the database's own files, too.

SQLite overwrites what it deletes (`secure_delete`); older copies are in the write-ahead log until a
checkpoint empties it. PostgreSQL gives the room of dead rows free with VACUUM; it does not
overwrite it, and its own logs and backups are whoever's who runs it: the manual says so.
"""

import sqlite3
from typing import Final

import sqlalchemy as sa

from node import record_limits
from node.store.tables import METADATA, NODE_STATE

_STATE: Final = sa.select(NODE_STATE.c.removals, NODE_STATE.c.scrubbed)
SCRUBBED: Final = (
    sa.update(NODE_STATE)
    .where(NODE_STATE.c.scrubbed < sa.bindparam("upto"))
    .values(scrubbed=sa.bindparam("upto"))
)

# What operators decided names no resident.
_OTHERS: Final = frozenset(
    {
        "own_scales",
        "partners",
        "partner_moves",
        "partner_scales",
        "contacts",
        "invitations",
        "joinings",
        "agreements",
        "catalogues",
        "indicator_catalogues",
    }
)


def unscrubbed(engine: sa.Engine) -> int | None:
    """How often something was removed, where not all of its traces are gone; else None."""
    with engine.connect() as connection, connection.begin():
        removals, scrubbed = connection.execute(_STATE).one()
    return int(removals) if scrubbed < removals else None


def scrub(engine: sa.Engine) -> bool:
    """Let the traces of what was removed go; False where somebody still reads what was before."""
    if engine.dialect.name == "postgresql":
        _vacuum(engine)
        return True
    return _truncate(engine)


def _truncate(engine: sa.Engine) -> bool:
    """Move SQLite's write-ahead log into the file, and empty it."""
    with engine.connect() as connection:
        driver = connection.connection.cursor()
        before = driver.execute("PRAGMA busy_timeout").fetchone()[0]
        try:
            driver.execute(f"PRAGMA busy_timeout = {record_limits.SCRUB_BUSY_MS}")
            busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError:
            busy = True
        finally:
            driver.execute(f"PRAGMA busy_timeout = {before}")
            driver.close()
    return not busy


def _vacuum(engine: sa.Engine) -> None:
    names = ", ".join(t.name for t in METADATA.sorted_tables if t.name not in _OTHERS)
    with engine.connect() as pooled:
        connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
        try:
            # It takes as long as the tables are large.
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql(f"VACUUM {names}")
        finally:
            # Nobody gets a connection without its timeout.
            connection.invalidate()
