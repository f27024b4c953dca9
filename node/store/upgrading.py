"""The migrations, by Alembic: a node of which nothing is to be migrated starts without it."""

import enum
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from node.errors import HutongError
from node.store.migrate import SchemaState
from node.store_errors import STORE_NEWER

SCRIPTS: Final = Path(__file__).parent / "migrations"
# Alembic's own context is one for the whole process.
_ALONE: Final = threading.Lock()
_SERVES_FROM: Final = sa.text(
    "UPDATE node_state SET serves_from = :version WHERE serves_from < :version"
)


class Kind(enum.StrEnum):
    """What a migration does to versions of the code that are older than it."""

    EXPAND = "expand"
    """It only adds: they serve on."""
    CONTRACT = "contract"
    """It takes away or changes what some of them use: those must be gone."""


@dataclass(frozen=True, slots=True)
class Step:
    """One migration; `serves_from` is the oldest version that may serve after a contraction."""

    revision: str
    kind: Kind
    serves_from: str
    says_en: str
    says_zh: str


class Chain:
    """The migrations of a folder, one after the other."""

    def __init__(self, scripts: Path = SCRIPTS) -> None:
        """By default those of this version."""
        self._config = Config()
        self._config.set_main_option("script_location", str(scripts))
        self._config.set_main_option("path_separator", "os")
        found = ScriptDirectory.from_config(self._config).walk_revisions()
        self._steps: Final = tuple(_step(script) for script in reversed(list(found)))

    @property
    def newest(self) -> str:
        """The last of them."""
        return self._steps[-1].revision

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them, the oldest first."""
        return self._steps

    def pending(self, state: SchemaState) -> tuple[Step, ...]:
        """Those that such tables lack.

        Raises:
            HutongError: STORE_NEWER, where they are of a migration that is none of these.

        """
        known = [step.revision for step in self._steps]
        if state.is_empty:
            return self._steps
        if state.revision not in known:
            raise HutongError(STORE_NEWER, needed=state.revision, newest=self.newest)
        return self._steps[known.index(state.revision) + 1 :]

    def run(self, connection: sa.Connection, step: Step) -> None:
        """Run the one that is next, in the transaction that there is."""
        self._upgrade(connection, step.revision)
        if step.serves_from and sa.inspect(connection).has_table("processes"):
            connection.execute(_SERVES_FROM, {"version": step.serves_from})

    def make(self, connection: sa.Connection) -> None:
        """Run all of them on an empty database, in the transaction that there is."""
        self._upgrade(connection, "head")
        serves_from = max(step.serves_from for step in self._steps)
        connection.execute(_SERVES_FROM, {"version": serves_from})

    def _upgrade(self, connection: sa.Connection, revision: str) -> None:
        with _ALONE:
            self._config.attributes["connection"] = connection
            command.upgrade(self._config, revision)


def _step(script: Script) -> Step:
    module = script.module
    return Step(
        script.revision,
        Kind(module.kind),
        getattr(module, "serves_from", ""),
        script.doc.partition("\n")[0],
        module.says_zh,
    )
