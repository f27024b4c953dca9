"""What each role of a PostgreSQL store may do: one serves, one migrates, one reads.

Whoever serves can neither change the tables nor touch what the log has once taken in. Whoever reads
writes nothing and holds up nobody who does, and of columns of bytes, where keys, salts, codes and
passes are, sees only those that are named here: a new one is kept from it until somebody decides
otherwise.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy import exc

from node.errors import SETTING_INVALID, HutongError
from node.store import incentive_tables, record_tables, trust_tables
from node.store.engine import make_engine, server_settings, unavailable
from node.store.tables import (
    AGREEMENTS,
    DUTIES,
    METADATA,
    NODE_STATE,
    OWN_SCALES,
    PARTNER_MOVES,
    PARTNER_SCALES,
    PARTNERS,
)

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_POSTGRES: Final = "postgresql"
_REVISIONS: Final = "alembic_version"

_EVERYTHING: Final = "SELECT, INSERT, UPDATE, DELETE"
_ADDS: Final = "SELECT, INSERT"
_MOVES: Final = "SELECT, UPDATE"

# Connections that whoever reads may have at once: what is left of the server's is for the nodes.
_READERS: Final = 8
# What PostgreSQL lets everybody do: hold a lock such as the one that writers take, and write large
# objects, which belong to no table.
_FOR_EVERYBODY: Final = "^pg_(try_)?advisory_|^lo_|^lo(read|write)$"

# What whoever serves may do where that is less than everything. The log grows, and nothing of it is
# changed; one row of a table stays one row; who did what to a partner stays said.
_SERVING: Final[dict[str, str]] = {
    trust_tables.LOG_ENTRIES.name: _ADDS,
    trust_tables.LOG_TILES.name: _ADDS,
    trust_tables.LOG_STATE.name: _MOVES,
    trust_tables.LOG_SALTS.name: "SELECT, INSERT, DELETE",
    trust_tables.CHECKPOINTS.name: "SELECT, INSERT, DELETE",
    trust_tables.FORKS.name: "SELECT, INSERT, DELETE",
    incentive_tables.HISTOGRAMS.name: _ADDS,
    incentive_tables.PRIVACY_SPENDINGS.name: _ADDS,
    record_tables.PERSONS.name: "SELECT, INSERT, DELETE",
    PARTNER_MOVES.name: _ADDS,
    DUTIES.name: _MOVES,
    # Which version may serve is for whoever migrates to say.
    NODE_STATE.name: "SELECT, UPDATE ({})".format(
        ", ".join(f'"{c.name}"' for c in NODE_STATE.c if c.name not in {"row_id", "serves_from"})
    ),
}

# The columns of bytes that whoever reads may see: signed statements, and what the log commits to.
_SHOWN: Final = frozenset(
    (table.name, column)
    for table, columns in (
        (trust_tables.LOG_ENTRIES, ("commitment", "leaf_hash")),
        (trust_tables.LOG_TILES, ("hash",)),
        (trust_tables.LOG_STATE, ("peaks",)),
        (trust_tables.CHECKPOINTS, ("note",)),
        (trust_tables.COSIGNATURES, ("line",)),
        (trust_tables.PARTNER_CHECKPOINTS, ("note", "cosignature")),
        (trust_tables.FORKS, ("known", "shown", "proof", "trust_bundle")),
        (trust_tables.PARTNER_STATUS_LISTS, ("bits",)),
        (incentive_tables.HISTOGRAMS, ("envelope",)),
        (PARTNERS, ("envelope", "words")),
        (PARTNER_SCALES, ("envelope",)),
        (OWN_SCALES, ("envelope",)),
        (AGREEMENTS, ("envelope",)),
    )
    for column in columns
)


@dataclass(frozen=True, slots=True)
class Roles:
    """What the three are called in the database."""

    serve: str = "hutong_serve"
    migrate: str = "hutong_migrate"
    read: str = "hutong_read"

    def __post_init__(self) -> None:
        """Names go into SQL: only plain ones do."""
        names = (self.serve, self.migrate, self.read)
        if not all(_NAME.fullmatch(name) for name in names) or len(set(names)) != len(names):
            raise HutongError(
                SETTING_INVALID,
                where="hutong store roles",
                key="role",
                problem="write three different names of small letters, digits and underscores",
            )


def script(roles: Roles) -> str:
    """The SQL by which an administrator of the database makes all three; it can be run again."""
    lines = [
        "-- The roles of a Hutong store: run it with psql as an administrator of the database.",
        f"-- Each role then gets a password of its own: \\password {roles.serve}, and so on.",
        "BEGIN;",
        # That a table is not there yet is no news: on an empty database none is.
        "SET LOCAL client_min_messages = warning;",
        *(f"{each};" for each in (*_made(roles), *grants(roles))),
        "COMMIT;",
    ]
    return "\n".join(lines) + "\n"


def grants(roles: Roles) -> tuple[str, ...]:
    """What the owner of the tables runs after each migration, so that new ones can be used."""
    return (
        f'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{roles.serve}", "{roles.read}", PUBLIC',
        *(_granted(table, rights, roles.serve) for table, rights in _served()),
        *(_granted(table, rights, roles.read) for table, rights in _read()),
        _maintained(roles),
    )


def apply_grants(url: str, roles: Roles) -> int:
    """Run `grants` on the store, as the owner of its tables; how many statements.

    Raises:
        HutongError: SETTING_INVALID for a store that is no PostgreSQL's, STORE_UNAVAILABLE.

    """
    if not url.startswith(_POSTGRES):
        raise HutongError(
            SETTING_INVALID, where="settings", key="store", problem="only PostgreSQL has roles"
        )
    engine = make_engine(url)
    wanted = grants(roles)
    try:
        with engine.begin() as connection:
            for each in wanted:
                connection.exec_driver_sql(each)
    except exc.SQLAlchemyError as error:
        raise unavailable(error) from error
    finally:
        engine.dispose()
    return len(wanted)


def _made(roles: Roles) -> Iterator[str]:
    for name in (roles.serve, roles.migrate, roles.read):
        yield (
            f'DO $$ BEGIN CREATE ROLE "{name}" LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; '
            "END $$"
        )
    everybody = f'"{roles.serve}", "{roles.migrate}", "{roles.read}"'
    yield (
        "DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); "
        f"EXECUTE format('GRANT CONNECT ON DATABASE %I TO {everybody}', current_database()); END $$"
    )
    yield "REVOKE ALL ON SCHEMA public FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA public TO {everybody}"
    yield f'GRANT CREATE ON SCHEMA public TO "{roles.migrate}"'
    for name, value in server_settings().items():
        # A connection says so itself, but a pooler may keep that from the server.
        yield f'ALTER ROLE "{roles.serve}" SET {name} = {value}'
    yield f'ALTER ROLE "{roles.read}" CONNECTION LIMIT {_READERS}'
    yield _taken_from_everybody(f'"{roles.serve}", "{roles.migrate}"')
    for name in _names():
        yield f'ALTER TABLE IF EXISTS public."{name}" OWNER TO "{roles.migrate}"'


def _taken_from_everybody(writers: str) -> str:
    """What whoever connects may do unless it is taken away; writers keep the lock of a transaction.

    Only a superuser can take it: others are told.
    """
    return (
        "DO $$ DECLARE each regprocedure; BEGIN "  # noqa: S608 - our own names
        "IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN "
        "RAISE WARNING 'only a superuser keeps the role that reads from the lock of writers'; "
        "RETURN; END IF; "
        "FOR each IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace "
        f"AND proname ~ '{_FOR_EVERYBODY}' LOOP "
        "EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', each); END LOOP; "
        f"GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint) TO {writers}; END $$"
    )


def _names() -> Iterator[str]:
    yield from (table.name for table in METADATA.sorted_tables)
    yield _REVISIONS


def _granted(table: str, rights: str, role: str) -> str:
    """A right on a table, where there is one: the script also makes roles for an empty store."""
    return (
        f"DO $$ BEGIN IF to_regclass('public.\"{table}\"') IS NOT NULL THEN "
        f'GRANT {rights} ON public."{table}" TO "{role}"; END IF; END $$'
    )


def _served() -> Iterator[tuple[str, str]]:
    for table in METADATA.sorted_tables:
        yield table.name, _SERVING.get(table.name, _EVERYTHING)
    yield _REVISIONS, "SELECT"


def _read() -> Iterator[tuple[str, str]]:
    for table in METADATA.sorted_tables:
        columns = ", ".join(f'"{column.name}"' for column in table.c if is_shown(column))
        yield table.name, f"SELECT ({columns})"
    yield _REVISIONS, "SELECT"


def is_shown(column: "sa.Column[object]") -> bool:
    """Whether whoever reads may see a column."""
    secret = isinstance(column.type, sa.LargeBinary)
    return not secret or (column.table.name, column.name) in _SHOWN


def _maintained(roles: Roles) -> str:
    """What was erased leaves the files by VACUUM, which PostgreSQL can grant from 17 on."""
    return (
        "DO $$ BEGIN IF current_setting('server_version_num')::int >= 170000 THEN "
        f"EXECUTE 'GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO \"{roles.serve}\"'; "
        "END IF; END $$"
    )
