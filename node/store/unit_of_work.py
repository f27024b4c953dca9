"""The group-committing writer: many use cases, one transaction, one durable commit.

One thread owns the writing connection. It takes what has queued, runs each use case, commits, and
only then lets anybody see a result. What nobody waits for any more is not begun.
"""

import asyncio
import contextlib
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import TypeVar

import sqlalchemy as sa
import structlog

from node import deadlines, limits
from node.errors import OVERLOADED, STORE_UNAVAILABLE, HutongError
from node.load_errors import DEADLINE_PASSED
from node.model import Backlog
from node.ports import Transaction
from node.store.committing import Committer, Job
from node.store.transaction import TransactionMaker
from node.store.write_turns import turns_of

_LOG = structlog.get_logger()

T = TypeVar("T")


class Writer:
    """The one writer of a process."""

    def __init__(self, engine: sa.Engine, make: TransactionMaker) -> None:
        """Start the thread; `close` ends it."""
        self._committer = Committer(engine, make)
        self._turns = turns_of(engine)
        self._waiting: deque[Job] = deque()
        self._batch: Sequence[Job] = ()
        self._wake = threading.Condition()
        self._closing = False
        self._crowded = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, use_case: Callable[[Transaction], T]) -> T:
        """Queue a use case and wait until it is durable, or has failed with nothing written."""
        loop, now, ends = asyncio.get_running_loop(), time.monotonic(), None
        if (left := deadlines.left()) is not None:
            if left <= 0:
                raise HutongError(DEADLINE_PASSED)
            ends = now + left
        job = Job(use_case, loop, loop.create_future(), now, ends)
        with self._wake:
            if self._closing:
                raise HutongError(STORE_UNAVAILABLE, problem="the node is stopping")
            if len(self._waiting) >= limits.WRITER_QUEUE:
                raise HutongError(OVERLOADED, limit=str(limits.WRITER_QUEUE))
            self._waiting.append(job)
            if len(self._waiting) == 1:
                self._wake.notify()
        future = job.future
        # An error would hold this frame, and with it the job that holds the error.
        del job
        try:
            found: T = await future
        finally:
            del future
        return found

    def backlog(self) -> Backlog:
        """What waits, with what is being committed; from whatever thread."""
        with self._wake:
            jobs = [*self._batch, *self._waiting]
        return Backlog(len(jobs), time.monotonic() - jobs[0].since if jobs else 0.0)

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while self._anybody():
            # Whoever comes while another process writes is of this batch, too.
            with self._turns.mine():
                batch = self._next_batch()
                now = time.monotonic()
                live = [job for job in batch if job.is_wanted(now)]
                late = [job for job in batch if job.error is not None]
                if live:
                    self._committer.commit(live)
            self._batch = ()
            _deliver([*live, *late])
        self._committer.close()
        self._turns.close()

    def _anybody(self) -> bool:
        """Wait for somebody, and who comes with them; False once it is closed and none waits."""
        with self._wake:
            while not self._waiting and not self._closing:
                self._wake.wait()
            if self._crowded:
                self._gather()
            return bool(self._waiting)

    def _next_batch(self) -> list[Job]:
        """What waits, up to a batch."""
        with self._wake:
            count = min(len(self._waiting), limits.WRITER_BATCH)
            self._crowded = count > 1
            batch = [self._waiting.popleft() for _ in range(count)]
            self._batch = batch
            return batch

    def _gather(self) -> None:
        """Let others join, while they come."""
        for _ in range(limits.WRITER_GATHERS // limits.WRITER_LOOKS):
            before = len(self._waiting)
            if self._closing or before >= limits.WRITER_BATCH:
                return
            self._wake.wait(limits.WRITER_LOOKS.total_seconds())
            if len(self._waiting) == before:
                return


def _deliver(jobs: Sequence[Job]) -> None:
    """Wake each event loop once for all of its jobs."""
    by_loop = defaultdict[asyncio.AbstractEventLoop, list[Job]](list)
    for job in jobs:
        by_loop[job.loop].append(job)
    for loop, its in by_loop.items():
        # A loop that has ended waits for nothing; what it asked for is durable all the same.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, its)


def _resolve(jobs: Sequence[Job]) -> None:
    told = [job.tell() for job in jobs]
    gone = sum(job.error is None for job, heard in zip(jobs, told, strict=True) if not heard)
    if gone:
        # Whoever asks again gets the recorded answer.
        _LOG.info("answers_without_a_caller", count=gone)
