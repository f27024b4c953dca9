"""A city's store in the memory of the simulation: the real code over SQLite, without its threads.

A disk outlives the store: a crash loses what was not committed, and what was committed stays, be it
told to anybody or not. Between commit and answer some time goes by, in which a city can die.
"""

import asyncio
import contextlib
import random
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any, Final, NoReturn, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.pool import StaticPool

from federation.errors import HutongError
from node import deadlines, limits
from node.errors import OVERLOADED
from node.load_errors import DEADLINE_PASSED
from node.ports import Clock, Transaction
from node.store import Store
from node.store import statuses as drawn
from node.store.committing import Committer, Job
from node.store.connection import Session
from node.store.engine import memory_engine, unavailable
from node.store.migrate import prepare
from node.store.processes import Presence
from node.store.transaction import TransactionMaker, load_registry
from scripts.simulation.loop import LIFE, Life

T = TypeVar("T")

# Seconds from a use case to its commit, from the commit to its answer, and of a read: an SSD's.
_COMMIT: Final = (0.0002, 0.003)
_ANSWER: Final = (0.0, 0.001)
_READ: Final = (0.0, 0.001)
_PAGE_BYTES: Final = 1024
_MOST_PAGES: Final = 1_073_741_823
"""As SQLite has it by itself."""

Told = Callable[[int, int], None]
"""Hears of a commit: of how many use cases, and how many of them failed."""


class CrashedError(Exception):
    """The city is down, or crashed before it answered; what it did until then counts."""


class Disk:
    """What of a city outlives it: a database in memory."""

    def __init__(self, source: sqlite3.Connection | None = None) -> None:
        """With every table, and nothing in them; or with all that `source` has."""
        self._raw = sqlite3.connect(":memory:", check_same_thread=False)
        self._raw.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        (source or _template()).backup(self._raw)
        self._raw.isolation_level = None
        # As `node.store.engine` has it, as far as there is a file or not.
        self._raw.execute("PRAGMA foreign_keys = ON")
        self._raw.execute("PRAGMA secure_delete = ON")
        creator: Any = lambda: self._raw  # noqa: E731 - the pool's stub is narrower than the pool
        # One dialect for all: statements are compiled for each that there is.
        self.engine = sa.Engine(StaticPool(creator), _dialect(), sa.make_url("sqlite://"))

        @sa.event.listens_for(self.engine, "begin")
        def begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    def fill(self) -> None:
        """No room is left: what needs more is refused by the database itself."""
        [pages] = self._raw.execute("PRAGMA page_count").fetchone()
        self._raw.execute(f"PRAGMA max_page_count = {pages}")

    def free(self) -> None:
        """There is room again."""
        self._raw.execute(f"PRAGMA max_page_count = {_MOST_PAGES}")

    def copied(self) -> "Disk":
        """A disk with what this one has now."""
        return Disk(self._raw)

    def close(self) -> None:
        """Forget it all."""
        self.engine.dispose()
        self._raw.close()


@cache
def _dialect() -> sa.Dialect:
    engine = sa.create_engine("sqlite://")
    # From its first connection on it knows what it can.
    engine.connect().close()
    engine.dispose()
    return engine.dialect


@cache
def _template() -> sqlite3.Connection:
    """An empty database with every table, made once."""
    made = memory_engine("the-template-of-the-simulation")
    prepare(made)
    source: Any = made.raw_connection().driver_connection
    found = sqlite3.connect(":memory:", check_same_thread=False)
    source.backup(found)
    made.dispose()
    # Small pages: most tables of most cities stay almost empty.
    found.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    found.execute("VACUUM")
    return found


class SimStore(Store):
    """The unit of work of one life of a city."""

    def __init__(
        self, disk: Disk, clock: Clock, life: Life, chance: random.Random, told: Told
    ) -> None:
        """Over what is on the disk; `told` hears of each commit."""
        engine = disk.engine
        with engine.connect() as connection, connection.begin():
            registry = load_registry(Session(connection))
        self._engine = engine
        self._clock = clock
        self._make = TransactionMaker(engine.dialect.name, registry)
        self._presence = Presence("simulated", "simulated")
        # Nobody writes while somebody reads, in one thread: what is read needs no transaction.
        self._looking = engine.connect()
        self._committer = Committer(engine, self._make)
        self._life = life
        self._chance = chance
        self._told = told
        self._waiting: deque[Job] = deque()
        self._due = False
        self.most_waiting = 0

    @property
    def waiting(self) -> int:
        """How many use cases wait for their commit."""
        return len(self._waiting)

    async def run(self, use_case: Callable[[Transaction], T]) -> T:
        """Run a use case and make it durable; its result is seen only then."""
        self._must_live()
        if len(self._waiting) >= limits.WRITER_QUEUE:
            raise HutongError(OVERLOADED, limit=str(limits.WRITER_QUEUE))
        loop, left = asyncio.get_running_loop(), deadlines.left()
        if left is not None and left <= 0:
            raise HutongError(DEADLINE_PASSED)
        ends = None if left is None else loop.time() + left
        job = Job(use_case, loop, loop.create_future(), loop.time(), ends)
        self._waiting.append(job)
        self.most_waiting = max(self.most_waiting, len(self._waiting))
        if not self._due:
            self._due = True
            loop.call_later(self._chance.uniform(*_COMMIT), self._commit)
        found: T = await job.future
        self._must_live()
        return found

    async def read(self, use_case: Callable[[Transaction], T]) -> T:
        """Run a use case that writes nothing; what it saw may be old when it is told."""
        self._must_live()
        found = self._looked(use_case)
        await asyncio.sleep(self._chance.uniform(*_READ))
        self._must_live()
        return found

    async def scrub(self) -> bool:
        """There is no file that could keep anything."""
        return True

    def crash(self) -> None:
        """Nothing more is committed; who waits from outside of the city is told that it is down."""
        left, self._waiting = self._waiting, deque()
        for job in left:
            if not job.future.done():
                job.future.set_exception(CrashedError())
                # Who waits inside of the city is cancelled, and asks for nothing.
                job.future.exception()
        self._committer.close()
        self._looking.close()

    async def close(self) -> None:
        """Finish what waits."""
        while self._waiting:
            self._commit()
        self._committer.close()
        self._looking.close()

    def _looked(self, use_case: Callable[[Transaction], T]) -> T:
        try:
            tx = self._make.begin(self._looking)
            found = use_case(tx)
            registry = tx.registry
        except exc.SQLAlchemyError as error:
            raise unavailable(error) from error
        if tx.session.wrote:
            raise TypeError("a use case that only reads has written")
        self._make.publish(registry)
        return found

    def _commit(self) -> None:
        self._due = False
        if self._life.over:
            return
        batch = [
            self._waiting.popleft() for _ in range(min(len(self._waiting), limits.WRITER_BATCH))
        ]
        loop = asyncio.get_running_loop()
        live = [job for job in batch if job.is_wanted(loop.time())]
        late = [job for job in batch if job.error is not None]
        if live:
            with _drawing(self._chance.randbytes):
                self._committer.commit(live)
            self._told(len(live), sum(job.error is not None for job in live))
        for job in (*live, *late):
            loop.call_later(self._chance.uniform(*_ANSWER), self._answer, job)
        if self._waiting:
            self._due = True
            loop.call_later(self._chance.uniform(*_COMMIT), self._commit)

    def _answer(self, job: Job) -> None:
        if not self._life.over:
            job.tell()
        elif not job.future.done():
            job.future.set_exception(CrashedError())
            job.future.exception()

    def _must_live(self) -> None:
        """Nothing of a city that is down goes on; who asks it from outside is told."""
        if self._life.over:
            refuse()


def refuse() -> NoReturn:
    """End who is a part of a city that is down; tell who is not."""
    life = LIFE.get()
    if life is not None and life.over:
        raise asyncio.CancelledError
    raise CrashedError


@contextlib.asynccontextmanager
async def sim_room(
    clock: Clock, life: Life, chance: random.Random, told: Told
) -> AsyncIterator[SimStore]:
    """An empty store, gone at the end, for one trial."""
    disk = Disk()
    try:
        store = SimStore(disk, clock, life, chance, told)
        yield store
        await store.close()
    finally:
        disk.close()


@contextlib.contextmanager
def _drawing(token: Callable[[int], bytes]) -> Iterator[None]:
    """What the store draws meanwhile comes from there."""
    before, drawn.draw = drawn.draw, token
    try:
        yield
    finally:
        drawn.draw = before
