"""Whether a store can be written now, into tables that this version can use."""

from typing import Final

import sqlalchemy as sa

from node.errors import STORE_UNAVAILABLE, HutongError
from node.store.connection import Session
from node.store.migrate import NEWEST
from node.store.tables import NODE_STATE

_WRITE: Final = sa.update(NODE_STATE).values(probed_at=sa.bindparam("at"))
_REVISION: Final = sa.select(sa.column("version_num", sa.String)).select_from(
    sa.table("alembic_version")
)


def probe(session: Session, at: int) -> None:
    """Write for the sake of writing.

    Raises STORE_UNAVAILABLE, also for tables of an earlier version: somebody put an old copy back
    under a node that runs. Later ones another process of the city brought, and they serve both.
    """
    found = session.one(_REVISION)
    revision = "none" if found is None else str(found[0])
    if found is None or revision < NEWEST:
        raise HutongError(
            STORE_UNAVAILABLE,
            problem=f"its tables are of revision {revision}, and this version needs {NEWEST}: "
            "start the node again, and it brings them up to date",
        )
    session.write(_WRITE, at=at)
