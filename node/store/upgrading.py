"""The migrations, by Alembic: a node of which nothing is to be migrated starts without it."""

import threading
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from node.errors import STORE_UNAVAILABLE, HutongError

SCRIPTS: Final = Path(__file__).parent / "migrations"
# Alembic's own context is one for the whole process.
_ALONE: Final = threading.Lock()


def upgrade(connection: sa.Connection, found: str | None) -> None:
    """Bring tables of the revision `found`, None for no tables, to the newest.

    Raises:
        HutongError: STORE_UNAVAILABLE, where the revision is none of this version's.

    """
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
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
