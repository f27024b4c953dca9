"""Whether a store can be written now, into tables that this version can use."""

from typing import Final

import sqlalchemy as sa

from node.errors import HutongError
from node.store.connection import Session
from node.store.migrate import NEEDED
from node.store.tables import NODE_STATE
from node.store_errors import STORE_OLD

_WRITE: Final = sa.update(NODE_STATE).values(probed_at=sa.bindparam("at"))
_REVISION: Final = sa.select(sa.column("version_num", sa.String)).select_from(
    sa.table("alembic_version")
)


def probe(session: Session, at: int) -> None:
    """Write for the sake of writing.

    Raises STORE_OLD for tables of an earlier version: somebody put an old copy back under a node
    that runs. Of later ones each transaction asks by itself who may serve with them.
    """
    found = session.one(_REVISION)
    revision = "" if found is None else str(found[0])
    if revision < NEEDED:
        raise HutongError(STORE_OLD, found=revision or "-", needed=NEEDED)
    session.write(_WRITE, at=at)
