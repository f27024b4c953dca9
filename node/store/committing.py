"""Use cases in transactions: many in one, and each alone where one of them spoils it.

A use case that fails after it wrote spoils the batch: all is rolled back and each is run again
alone, so that nobody pays for a neighbour. Only a database that fails, fails them all.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from node import limits
from node.errors import HutongError
from node.load_errors import DEADLINE_PASSED
from node.ports import Transaction
from node.store.engine import has_met, is_conflict, is_outage, rest, unavailable
from node.store.transaction import StoreTransaction, TransactionMaker


class _SpoiledError(Exception):
    """A use case of a batch failed after it wrote."""


@dataclass(slots=True)
class Job:
    """One use case on its way, and what came of it.

    `ends` is when its caller's deadline is over, by the same clock as `since`.
    """

    use_case: Callable[[Transaction], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    since: float
    """When it was queued, by the clock of whoever commits it."""
    ends: float | None = None
    result: object = None
    error: BaseException | None = None

    def is_wanted(self, now: float) -> bool:
        """Whether somebody waits for it at `now`, before it begins; whose time is over is told."""
        if self.ends is not None and now >= self.ends:
            self.error = HutongError(DEADLINE_PASSED)
        return self.error is None and not self.future.cancelled()

    def tell(self) -> bool:
        """Let the caller see what came of it, in the job's loop; False where it has gone."""
        if self.future.done():
            return False
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)
        return True


class Committer:
    """Commits what use cases write; of one thread."""

    def __init__(self, engine: sa.Engine, make: TransactionMaker) -> None:
        """Nothing is connected yet; `close` lets the connection go."""
        self._engine = engine.execution_options(writes=True)
        self._make = make
        self._connection: sa.Connection | None = None

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()

    def commit(self, jobs: Sequence[Job]) -> None:
        """Run them; each then has its result, durable, or its error, with nothing written."""
        for turn in range(limits.CONFLICT_RETRIES):
            try:
                self._together(jobs)
            except Exception as error:  # noqa: BLE001 - its caller's to see; the writer lives on
                if is_outage(error):
                    _fail(jobs, unavailable(error))
                    return
                # Whoever met a writer of another process spoiled nothing, and runs again with all.
                if not has_met(error):
                    break
                rest(turn)
            else:
                return
        self._each_alone(jobs)

    def _each_alone(self, jobs: Sequence[Job]) -> None:
        for place, job in enumerate(jobs):
            outage = self._alone(job)
            if outage is not None:
                _fail(jobs[place:], outage)
                return

    def _together(self, jobs: Sequence[Job]) -> None:
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
                    job.error = _kept(error)

    def _alone(self, job: Job) -> HutongError | None:
        """Run one use case by itself, again after a conflict; the error of a failing database."""
        for turn in range(limits.CONFLICT_RETRIES):
            try:
                with self._transaction() as tx:
                    job.result, job.error = job.use_case(tx), None
            except exc.SQLAlchemyError as error:
                job.error = found = unavailable(error)
                if is_outage(error):
                    return found
                if not is_conflict(error):
                    return None
                if has_met(error):
                    rest(turn)
            except Exception as error:  # noqa: BLE001 - its caller's to see; the writer lives on
                job.error = _kept(error)
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


def _kept(error: Exception) -> Exception:
    """The error, as its caller is to see it.

    Where it came from is told of a fault only: a refusal would hold the frame that holds all of the
    batch, and each job its refusal, until the collector comes by.
    """
    return error.with_traceback(None) if isinstance(error, HutongError) else error


def _fail(jobs: Sequence[Job], error: HutongError) -> None:
    for job in jobs:
        job.error = error
