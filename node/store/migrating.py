"""Changing the tables of a store while processes of the city serve with them.

Each migration is one transaction: a process killed in it has done nothing of it, and the same
command goes on from there. It holds the writers' lock, so that no use case sees half of it, and
waits for no table longer than others may wait behind it. What takes something away is run only
where no process lives that is too old for it.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy import exc

from node import limits
from node.errors import STORE_UNAVAILABLE, HutongError
from node.store.engine import has_met, is_held, is_made_already, make_engine, unavailable
from node.store.migrate import NEEDED, NEWEST, SchemaState, may_serve, prepare, schema_state
from node.store.processes import Process
from node.store.tables import DUTIES, PROCESSES
from node.store.upgrading import Chain, Kind, Step
from node.store_errors import OLDER_PROCESSES, STORE_HELD

_SQLITE: Final = "sqlite:///"
_PROCESSES: Final = sa.select(PROCESSES).order_by(PROCESSES.c.place, PROCESSES.c.process_id)
_GONE: Final = sa.delete(PROCESSES).where(PROCESSES.c.version < sa.bindparam("version"))
# The first tables that know every process; those of before know the one that has the duty.
_KNOWS_ALL: Final = "0007"
_KNOWS_DUTY: Final = "0006"
_DUTY: Final = sa.select(DUTIES.c.holder, DUTIES.c.beat).where(DUTIES.c.holder != "")

Told = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """How far the tables of a store are, and who serves with them."""

    state: SchemaState
    newest: str
    needed: str
    pending: tuple[Step, ...]
    processes: tuple[Process, ...]

    @property
    def serves(self) -> bool:
        """Whether this version may serve with the tables as they are; empty ones it makes."""
        return self.state.is_empty or may_serve(self.state)


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done, or would be, and what is left for `--contract`."""

    state: SchemaState
    done: tuple[Step, ...]
    left: tuple[Step, ...]

    @property
    def serves(self) -> bool:
        """Whether this version may serve with the tables as they are now."""
        return may_serve(self.state)


def store_status(url: str, chain: Chain | None = None) -> StoreStatus:
    """How far the tables are; who serves is watched for some seconds.

    Raises:
        HutongError: SETTING_INVALID for a URL that is none, STORE_UNAVAILABLE.

    """
    chain = chain or Chain()
    with _engine(url) as engine:
        state = _state(engine)
        with contextlib.suppress(HutongError):
            return StoreStatus(state, NEWEST, NEEDED, chain.pending(state), _living(engine, state))
        return StoreStatus(state, NEWEST, NEEDED, (), _living(engine, state))


def plan(url: str, *, contract: bool, chain: Chain | None = None) -> Migrated:
    """What `migrate` would do; nothing is changed, and who serves is not looked at.

    Raises:
        HutongError: as `migrate`.

    """
    with _engine(url) as engine:
        state = _state(engine)
        pending = (chain or Chain()).pending(state)
    count = _expansions(pending, state, contract=contract)
    reached = pending[count - 1].revision if count else state.revision
    return Migrated(SchemaState(reached, state.serves_from), pending[:count], pending[count:])


def migrate(url: str, *, contract: bool, told: Told, chain: Chain | None = None) -> Migrated:
    """Run the migrations that the store lacks: up to the first that contracts, or all of them.

    Raises:
        HutongError: SETTING_INVALID for a URL that is none, STORE_UNAVAILABLE; STORE_NEWER for
            tables of a version after this; STORE_HELD and OLDER_PROCESSES, where a migration was
            not run.

    """
    chain = chain or Chain()
    with _engine(url, made=True) as engine:
        state = _state(engine)
        pending = chain.pending(state)
        count = _expansions(pending, state, contract=contract)
        if state.is_empty:
            # Made whole or not at all: half of it would pass for an old store.
            prepare(engine)
        for step in pending[:count]:
            if step.kind is Kind.CONTRACT and not state.is_empty:
                _refuse_older(engine, step)
            _run(engine, chain, step)
            told(step)
        return Migrated(_state(engine), pending[:count], pending[count:])


def _expansions(pending: tuple[Step, ...], state: SchemaState, *, contract: bool) -> int:
    """How many of them are run; nobody serves with the tables of an empty store."""
    kinds = [step.kind for step in pending]
    if contract or state.is_empty or Kind.CONTRACT not in kinds:
        return len(pending)
    return kinds.index(Kind.CONTRACT)


def _run(engine: sa.Engine, chain: Chain, step: Step) -> None:
    for turn in range(limits.MIGRATION_TRIES):
        if turn:
            time.sleep(limits.MIGRATION_REST.total_seconds())
        try:
            with engine.execution_options(writes=True).connect() as connection, connection.begin():
                _wait_for_nobody(connection)
                if schema_state(connection).revision >= step.revision:
                    # Another was sooner.
                    return
                chain.run(connection, step)
                if step.kind is Kind.CONTRACT and step.revision > _KNOWS_ALL:
                    connection.execute(_GONE, {"version": step.serves_from})
        except exc.DBAPIError as error:
            if is_held(error):
                continue
            if turn == limits.MIGRATION_TRIES - 1 or not (has_met(error) or is_made_already(error)):
                raise
        else:
            return
    raise HutongError(STORE_HELD, revision=step.revision)


def _wait_for_nobody(connection: sa.Connection) -> None:
    """Others queue behind whoever waits for a table: never for long; its work takes as it takes."""
    if connection.dialect.name == "postgresql":
        longest = int(limits.MIGRATION_LOCK.total_seconds() * 1000)
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {longest}")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def _refuse_older(engine: sa.Engine, step: Step) -> None:
    """Raise OLDER_PROCESSES, where one lives that cannot serve once the step is done."""
    found = _living(engine, _state(engine), below=step.serves_from)
    if found:
        named = ", ".join(f"{each.place} ({each.version})" for each in found)
        raise HutongError(OLDER_PROCESSES, revision=step.revision, processes=named)


def _living(engine: sa.Engine, state: SchemaState, *, below: str = "") -> tuple[Process, ...]:
    """Those that say that they live while they are watched; `below` a version, or all."""
    first = {each.process_id: each for each in _said(engine, state, below)}
    heard: dict[str, Process] = {}
    give_up = time.monotonic() + limits.PROCESS_WATCH.total_seconds()
    while first.keys() - heard.keys() and time.monotonic() < give_up:
        time.sleep(limits.PROCESS_LOOKS.total_seconds())
        for each in _said(engine, state, below):
            known = first.setdefault(each.process_id, each)
            if each.beat != known.beat:
                heard[each.process_id] = each
    return tuple(each for name, each in first.items() if name in heard)


def _said(engine: sa.Engine, state: SchemaState, below: str) -> list[Process]:
    """What processes said last, those of versions below that one; of all where it is empty."""
    with engine.connect() as connection:
        if state.revision >= _KNOWS_ALL:
            found = [Process(*row) for row in connection.execute(_PROCESSES)]
        elif state.revision == _KNOWS_DUTY:
            rows = connection.execute(_DUTY)
            found = [Process(row[0], row[0], _KNOWS_DUTY, row[1]) for row in rows]
        else:
            found = []
    return [each for each in found if not below or each.version < below]


def _state(engine: sa.Engine) -> SchemaState:
    with engine.connect() as connection:
        return schema_state(connection)


@contextlib.contextmanager
def _engine(url: str, *, made: bool = False) -> Iterator[sa.Engine]:
    """The engine of a store; to look at one never makes a file."""
    if url.startswith(_SQLITE) and not made and not Path(url[len(_SQLITE) :]).is_file():
        raise HutongError(STORE_UNAVAILABLE, problem="there is no such file")
    engine = make_engine(url)
    try:
        yield engine
    except exc.SQLAlchemyError as error:
        raise unavailable(error) from error
    finally:
        engine.dispose()
