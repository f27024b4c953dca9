"""The store of a node: SQLite or PostgreSQL, by SQLAlchemy Core; only here.

It guarantees that what `run` returned survives a power cut, that a use case is written whole or
not at all, and that a failing database is told as STORE_UNAVAILABLE, never as SQL.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from node import limits
from node.errors import HutongError
from node.model import Backlog
from node.ports import Clock, Transaction
from node.registry import Registry
from node.store.connection import Session
from node.store.engine import has_met, make_engine, memory_engine, rest, unavailable
from node.store.migrate import prepare
from node.store.probing import probe
from node.store.processes import Presence
from node.store.scrubbing import SCRUBBED, scrub, unscrubbed
from node.store.sizing import size
from node.store.sweeping import sweep_statements
from node.store.transaction import StoreTransaction, TransactionMaker, load_registry
from node.store.unit_of_work import Writer
from node.store.values import to_micros

T = TypeVar("T")

__all__ = ["Store", "open_room", "open_store"]

_READERS: Final = 4
_ROOMS: Final = itertools.count(1)


class Store:
    """The unit of work of one process."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        """Over a database that has every table."""
        with engine.connect() as connection, connection.begin():
            registry = load_registry(Session(connection))
        self._engine = engine
        self._clock = clock
        self._make = TransactionMaker(engine.dialect.name, registry)
        self._writer = Writer(engine, self._make)
        self._presence = Presence.of_this_process()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")
        # PostgreSQL itself holds readers to reading; SQLite's readers begin without a lock.
        self._reading = engine.execution_options(
            **({"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {})
        )

    @property
    def registry(self) -> Registry:
        """The newest registry that this process has seen."""
        return self._make.registry

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each newer registry, from whatever thread; it only passes it on."""
        self._make.on_change(listener)

    async def run(self, use_case: Callable[[Transaction], T]) -> T:
        """Run a use case and make it durable; its result is seen only then."""
        return await self._writer.run(use_case)

    async def read(self, use_case: Callable[[Transaction], T]) -> T:
        """Run a use case that writes nothing."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, use_case)

    async def refresh(self) -> None:
        """See what another process of the city changed in the registry."""
        await self.read(lambda tx: tx.registry.version)

    def backlog(self) -> Backlog:
        """What waits for a commit in this process; from whatever thread."""
        return self._writer.backlog()

    async def size(self) -> int | None:
        """How many bytes the database has; None where it does not say."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, size, self._reading)

    async def probe(self) -> None:
        """Write, and say so that this process lives.

        Raises:
            HutongError: STORE_UNAVAILABLE; STORE_OLD and STORE_NEWER for tables that this version
                may not serve with.
        """
        at = to_micros(self._clock.now())

        def alive(tx: Transaction) -> None:
            probe(_session(tx), at)
            self._presence.say(_session(tx))

        await self.run(alive)

    async def sweep(self) -> int:
        """Remove what nobody can ask for any more; how many rows."""
        removed = 0
        for statement, kept in sweep_statements():
            before = to_micros(self._clock.now() - kept)
            while True:
                count = await self.run(
                    lambda tx, s=statement, b=before: _session(tx).write(s, before=b)  # type: ignore[misc]
                )
                removed += count
                if count < limits.SWEEP_ROWS:
                    break
        heard = await self.run(lambda tx: self._presence.forget_silent(_session(tx)))
        self._presence.remember(heard)
        return removed

    async def scrub(self) -> bool:
        """Let what was removed leave the database's files; False where that has to be tried again.

        Raises:
            HutongError: STORE_UNAVAILABLE.
        """
        loop = asyncio.get_running_loop()
        upto, done = await loop.run_in_executor(self._readers, self._scrub)
        if upto is not None and done:
            await self.run(lambda tx: _session(tx).write(SCRUBBED, upto=upto))
        return done

    async def close(self) -> None:
        """Finish what waits, and let the database go."""
        if self._presence.said:
            # Who cannot say that it leaves is forgotten a little later.
            with contextlib.suppress(HutongError):
                await self.run(lambda tx: self._presence.leave(_session(tx)))
        await asyncio.to_thread(self._writer.close)
        self._readers.shutdown(wait=True)
        self._engine.dispose()

    async def __aenter__(self) -> Self:
        """It is open already."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    def _scrub(self) -> tuple[int | None, bool]:
        try:
            upto = unscrubbed(self._engine)
            return upto, upto is None or scrub(self._engine)
        except exc.SQLAlchemyError as error:
            raise unavailable(error) from error

    def _read(self, use_case: Callable[[Transaction], T]) -> T:
        turn = 0
        while True:
            try:
                return self._read_once(use_case)
            except exc.SQLAlchemyError as error:
                # Databases of many machines send readers back, too.
                turn += 1
                if turn == limits.CONFLICT_RETRIES or not has_met(error):
                    raise unavailable(error) from error
                rest(turn)

    def _read_once(self, use_case: Callable[[Transaction], T]) -> T:
        with self._reading.connect() as connection, connection.begin():
            tx = self._make.begin(connection)
            found = use_case(tx)
            registry = tx.registry
            if tx.session.wrote:
                raise TypeError("a use case that only reads has written")
        self._make.publish(registry)
        return found


def open_store(url: str, clock: Clock) -> Store:
    """Open the store at `url`, make the tables of an empty one, and start its writer.

    Raises:
        HutongError: SETTING_INVALID for a URL that is none, STORE_UNAVAILABLE; STORE_OLD and
            STORE_NEWER for tables that this version may not serve with.
    """
    return _opened(make_engine(url), clock)


@contextlib.asynccontextmanager
async def open_room(clock: Clock) -> AsyncIterator[Store]:
    """An empty store in the memory of this process, gone at the end; it never touches a disk."""
    name = f"room-{next(_ROOMS)}"
    async with await asyncio.to_thread(lambda: _opened(memory_engine(name), clock)) as store:
        yield store


def _opened(engine: sa.Engine, clock: Clock) -> Store:
    with contextlib.ExitStack() as undo:
        undo.callback(engine.dispose)
        try:
            prepare(engine)
            store = Store(engine, clock)
        except exc.SQLAlchemyError as error:
            raise unavailable(error) from error
        undo.pop_all()
    return store


def _session(tx: Transaction) -> Session:
    if not isinstance(tx, StoreTransaction):
        raise TypeError("a transaction of another store")
    return tx.session
