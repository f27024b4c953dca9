"""The group-committing writer: many use cases, one transaction, one durable commit.

One thread owns the writing connection. It takes what has queued, runs each use case, commits, and
only then lets anybody see a result. A use case that fails after it wrote spoils the batch: all is
rolled back and each is run again alone, so that nobody pays for a neighbour. Only a database that
fails, fails them all.
"""

import asyncio
import contextlib
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from node import limits
from node.errors import OVERLOADED, STORE_UNAVAILABLE, HutongError
from node.ports import Transaction
from node.store.engine import is_conflict, is_outage, unavailable
from node.store.transaction import StoreTransaction, TransactionMaker

T = TypeVar("T")


class _SpoiledError(Exception):
    """A use case of a batch failed after it wrote."""


@dataclass(slots=True)
class _Job:
    """One use case on its way, and what came of it."""

    use_case: Callable[[Transaction], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: object = None
    error: BaseException | None = None


class Writer:
    """The one writer of a process."""

    def __init__(self, engine: sa.Engine, make: TransactionMaker) -> None:
        """Start the thread; `close` ends it."""
        self._engine = engine.execution_options(writes=True)
        self._make = make
        self._waiting: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._crowded = False
        self._connection: sa.Connection | None = None
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, use_case: Callable[[Transaction], T]) -> T:
        """Queue a use case and wait until it is durable, or has failed with nothing written."""
        loop = asyncio.get_running_loop()
        job = _Job(use_case, loop, loop.create_future())
        with self._wake:
            if self._closing:
                raise HutongError(STORE_UNAVAILABLE, problem="the node is stopping")
            if len(self._waiting) >= limits.WRITER_QUEUE:
                raise HutongError(OVERLOADED, limit=str(limits.WRITER_QUEUE))
            self._waiting.append(job)
            if len(self._waiting) == 1:
                self._wake.notify()
        found: T = await job.future
        return found

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            live = [job for job in batch if not job.future.cancelled()]
            if live:
                self._run(live)
                _deliver(live)
        if self._connection is not None:
            self._connection.close()

    def _next_batch(self) -> list[_Job]:
        """What waits, up to a batch; nothing once the writer is closed and the queue empty."""
        with self._wake:
            while not self._waiting and not self._closing:
                self._wake.wait()
            if self._crowded:
                self._gather()
            count = min(len(self._waiting), limits.WRITER_BATCH)
            self._crowded = count > 1
            return [self._waiting.popleft() for _ in range(count)]

    def _gather(self) -> None:
        """Let others join, while they come."""
        for _ in range(limits.WRITER_GATHERS // limits.WRITER_LOOKS):
            before = len(self._waiting)
            if self._closing or before >= limits.WRITER_BATCH:
                return
            self._wake.wait(limits.WRITER_LOOKS.total_seconds())
            if len(self._waiting) == before:
                return

    def _run(self, jobs: Sequence[_Job]) -> None:
        try:
            self._together(jobs)
        except Exception as error:  # noqa: BLE001 - its caller's to see; the writer lives on
            if is_outage(error):
                _fail(jobs, unavailable(error))
                return
            for place, job in enumerate(jobs):
                outage = self._alone(job)
                if outage is not None:
                    _fail(jobs[place:], outage)
                    return

    def _together(self, jobs: Sequence[_Job]) -> None:
        with self._transaction() as tx:
            for job in jobs:
                tx.session.wrote = False
                job.result, job.error = None, None
                try:
                    job.result = job.use_case(tx)
                except exc.SQLAlchemyError:
                    raise
                except Exception as error:
                    # Whatever a use case raises is its caller's to see; the writer lives on.
                    if tx.session.wrote:
                        raise _SpoiledError from error
                    job.error = error

    def _alone(self, job: _Job) -> HutongError | None:
        """Run one use case by itself, again after a conflict; the error of a failing database."""
        for _ in range(limits.CONFLICT_RETRIES):
            try:
                with self._transaction() as tx:
                    job.result, job.error = job.use_case(tx), None
            except exc.SQLAlchemyError as error:
                job.error = found = unavailable(error)
                if is_outage(error):
                    return found
                if not is_conflict(error):
                    return None
            except Exception as error:  # noqa: BLE001 - its caller's to see; the writer lives on
                job.error = error
                return None
            else:
                return None
        return None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[StoreTransaction]:
        with self._connected() as connection, connection.begin():
            tx = self._make.begin(connection)
            yield tx
            tx.finish()
            registry = tx.registry
        self._make.publish(registry)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        """A connection; to a file it stays open until something goes wrong on it.

        One over a network may have died since: it is taken from the pool, which tries it first.
        """
        connection, self._connection = self._connection or self._engine.connect(), None
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if self._engine.dialect.name == "sqlite":
            self._connection = connection
        else:
            connection.close()


def _fail(jobs: Sequence[_Job], error: HutongError) -> None:
    for job in jobs:
        job.error = error


def _deliver(jobs: Sequence[_Job]) -> None:
    """Wake each event loop once for all of its jobs."""
    by_loop = defaultdict[asyncio.AbstractEventLoop, list[_Job]](list)
    for job in jobs:
        by_loop[job.loop].append(job)
    for loop, its in by_loop.items():
        # A loop that has ended waits for nothing; what it asked for is durable all the same.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, its)


def _resolve(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
