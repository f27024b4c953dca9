"""A city's store as it is at one instant, in a SQLite file of the checker's own.

Whatever the store is, and whether the node serves or not: nothing is written to it, and nothing of
it is believed. What is looked at afterwards stays as it was, however the city goes on.
"""

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from node.store.engine import make_engine
from node.store.incentive_tables import CHECKS
from node.store.record_tables import RECORDS
from node.store.tables import METADATA
from node.store.trust_tables import LOG_ENTRIES

SQLITE: Final = "sqlite:///"
_ROWS: Final = 5000
_WAITS: Final = 30

# Of every module that adds tables to METADATA: a copy that lacked some would show nothing wrong.
_WHOLE: Final = (CHECKS, RECORDS, LOG_ENTRIES)

# What invariants look things up by, and a node does not.
_INDEXES: Final = (
    "CREATE INDEX checking_log_at ON log_entries (at, kind)",
    "CREATE INDEX checking_salts ON log_salts (sequence, subject)",
    "CREATE INDEX checking_answers ON answers (request_id)",
    "CREATE INDEX checking_subjects ON answers (subject, caller)",
    "CREATE INDEX checking_attestations ON attestations (attestation_id)",
    "CREATE INDEX checking_consents ON consents (pseudonym, host)",
    "CREATE INDEX checking_codes ON codes (consent_id, used_at)",
)


class StoreMissingError(Exception):
    """A city of the plan has no store that can be looked at; the text says which, and why."""


def copy_store(url: str, target: Path) -> None:
    """Copy the store at `url` to a new file; raises StoreMissingError."""
    if url.startswith(SQLITE):
        _copy_file(Path(url[len(SQLITE) :]), target)
    else:
        _copy_rows(url, target)
    with contextlib.closing(sqlite3.connect(target)) as made:
        # It is ours alone, and gone after the check.
        made.execute("PRAGMA synchronous = OFF")
        for statement in _INDEXES:
            made.execute(statement)
        made.commit()


def _copy_file(source: Path, target: Path) -> None:
    if not source.is_file():
        raise StoreMissingError(f"there is no store {source}: bring the cities up first")
    try:
        _backup(source, target)
    except sqlite3.DatabaseError as error:
        raise StoreMissingError(
            f"the store {source} cannot be read ({error}): it is damaged, or locked for long"
        ) from error


def _backup(source: Path, target: Path) -> None:
    # All pages in one step: one instant, while the node goes on.
    with (
        contextlib.closing(sqlite3.connect(source, timeout=_WAITS)) as store,
        contextlib.closing(sqlite3.connect(target)) as made,
    ):
        store.backup(made)


def _copy_rows(url: str, target: Path) -> None:
    store = make_engine(url)
    made = sa.create_engine(f"{SQLITE}{target}")
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        METADATA.create_all(made)
        with (
            store.execution_options(**options).connect() as reading,
            reading.begin(),
            made.begin() as writing,
        ):
            # A large city takes longer than a use case may.
            reading.exec_driver_sql("SET LOCAL statement_timeout = 0")
            for table in METADATA.sorted_tables:
                for rows in _portions(reading, table):
                    writing.execute(sa.insert(table), rows)
    except sa.exc.SQLAlchemyError as error:
        where = sa.make_url(url).render_as_string(hide_password=True)
        raise StoreMissingError(
            f"the store {where} cannot be read ({type(error).__name__}): "
            "a PostgreSQL server of the harness runs only while its cities are up; "
            "run `scripts/harness check` before `scripts/harness down`"
        ) from error
    finally:
        store.dispose()
        made.dispose()


def _portions(reading: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, object]]]:
    found = reading.execution_options(yield_per=_ROWS).execute(sa.select(table)).mappings()
    rows = iter(found)
    while some := [dict(row) for row in itertools.islice(rows, _ROWS)]:
        yield some
