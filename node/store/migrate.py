"""Which tables a database has, which versions of the code may serve with them, and making them.

Tables are named by their newest migration, and so is a version of the code: by the newest that it
brings. A migration that only adds (expands) leaves older versions serving. One that takes away
(contracts) says in the same transaction which version may serve from then on, and every
transaction of an older one is refused. What changes tables that are there is `migrating`.
"""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy import exc

from node import limits
from node.errors import HutongError
from node.store.engine import is_made_already, rest
from node.store_errors import STORE_NEWER, STORE_OLD

# The newest migration. Alembic, which finds it by itself, is slow to load.
NEWEST: Final = "0007"

# The oldest tables that this version serves with: what comes after only takes away what it does not
# use any more.
NEEDED: Final = "0007"

_REVISIONS: Final = "alembic_version"
_REVISION: Final = sa.text("SELECT version_num FROM alembic_version")
_SERVES_FROM: Final = sa.text("SELECT serves_from FROM node_state")
# The first tables that say by themselves who may serve with them.
SAID_FROM: Final = "0007"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The tables of a database: their newest migration, and the oldest version that may serve."""

    revision: str
    serves_from: str

    @property
    def is_empty(self) -> bool:
        """Whether there are no tables."""
        return not self.revision


def schema_state(connection: sa.Connection) -> SchemaState:
    """The tables that there are."""
    if not sa.inspect(connection).has_table(_REVISIONS):
        return SchemaState("", "")
    revision = str(connection.execute(_REVISION).scalar() or "")
    if revision < SAID_FROM:
        return SchemaState(revision, revision)
    return SchemaState(revision, str(connection.execute(_SERVES_FROM).scalar_one()))


def check(state: SchemaState) -> None:
    """Raise STORE_OLD or STORE_NEWER, where this version may not serve with such tables."""
    if state.revision < NEEDED:
        raise HutongError(STORE_OLD, found=state.revision or "-", needed=NEEDED)
    refuse_newer(state.serves_from)


def refuse_newer(serves_from: str) -> None:
    """Raise STORE_NEWER, where only versions from that one on may serve, and this is older."""
    if serves_from > NEWEST:
        raise HutongError(STORE_NEWER, needed=serves_from, newest=NEWEST)


def may_serve(state: SchemaState) -> bool:
    """Whether this version may serve with such tables."""
    return state.revision >= NEEDED and state.serves_from <= NEWEST


def prepare(engine: sa.Engine) -> None:
    """Make the tables of an empty database; others are left as they are, or refused.

    Of two processes that start at once one makes the tables, and the other finds them: it waits for
    the writers' lock, or runs again where there is none.

    Raises:
        HutongError: STORE_OLD, STORE_NEWER.

    """
    with engine.connect() as connection:
        state = schema_state(connection)
    for turn in range(limits.CONFLICT_RETRIES):
        if not state.is_empty:
            break
        try:
            state = _make(engine)
        except exc.DBAPIError as error:
            if turn == limits.CONFLICT_RETRIES - 1 or not is_made_already(error):
                raise
            rest(turn)
    check(state)


def _make(engine: sa.Engine) -> SchemaState:
    from node.store.upgrading import Chain  # noqa: PLC0415 - slow to load, and seldom wanted

    with engine.execution_options(writes=True).connect() as connection, connection.begin():
        if schema_state(connection).is_empty:
            Chain().make(connection)
        return schema_state(connection)
