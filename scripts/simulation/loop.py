"""An event loop whose time is counted, not lived: where nothing is ready it is the next timer's.

It guarantees that the same coroutine with the same seed does the same things in the same order, in
every process: tasks, timers and callbacks are kept in the order in which they were made, nothing
runs in another thread, and nothing comes from outside. Sockets, signals and processes are refused.
What is left of chance is a set's order, which whoever iterates over one has to answer for.
"""

import asyncio
import contextlib
import contextvars
import gc
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, Final, NoReturn, TypeVar

from node.transport import beat

T = TypeVar("T")

# Rounds of the loop without time going by: more is a wait that never ends.
_STUCK: Final = 200_000
# Rounds after which what was left in cycles is collected, always at the same place of a run.
_COLLECTED: Final = 20_000
# Times that the tasks of a life are told to end, before that is a fault.
_TELLINGS: Final = 100


class RealWorldError(RuntimeError):
    """Something in the simulation reached for the real world."""


class StuckError(RuntimeError):
    """Nothing is left to wait for, or a wait goes round without time going by."""


class Life:
    """The tasks that were begun in one life of a city, and whether it still lives."""

    def __init__(self, name: str) -> None:
        """Enter it with `inside`."""
        self.name = name
        self.over = False
        self.tasks: dict[asyncio.Task[Any], None] = {}

    def inside(self) -> contextvars.Context:
        """A context whose tasks are this life's, and those that they begin."""
        context = contextvars.Context()
        context.run(LIFE.set, self)
        return context

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of this life, whoever begins it; a failure is whoever's who looks at it."""
        task = asyncio.get_running_loop().create_task(work, context=self.inside())
        task.add_done_callback(_seen)
        return task

    def end(self) -> None:
        """Cancel everything, as often as somebody holds on to it; it takes no time."""
        self.over = True
        self._tell(_TELLINGS)

    def _tell(self, left: int) -> None:
        if not self.tasks:
            return
        if not left:
            raise StuckError(f"{self.name} is over, and does not end: {list(self.tasks)}")
        for task in tuple(self.tasks):
            task.cancel()
        asyncio.get_running_loop().call_soon(self._tell, left - 1)


def _seen(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()


LIFE: Final[contextvars.ContextVar[Life | None]] = contextvars.ContextVar("LIFE", default=None)


class _NextTimer:
    """In the place of a selector: it never waits; time goes on by what would have been waited."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop
        self.same = 0

    def select(self, timeout: float | None) -> tuple[()]:
        loop = self._loop
        loop.rounds += 1
        if loop.acts and (act := loop.acts.pop(loop.rounds, None)) is not None:
            act()
            # What was begun by it is ready now: no time goes by.
            return ()
        if not loop.rounds % _COLLECTED:
            gc.collect(1)
        if timeout is None:
            raise StuckError("everybody waits, and nobody is waited for")
        if timeout > 0:
            loop.pass_by(timeout)
            self.same = 0
        elif self.same >= _STUCK:
            raise StuckError(f"{_STUCK} rounds at {loop.time()} s")
        else:
            self.same += 1
        return ()

    def close(self) -> None:
        """Nothing is open."""


def _refuse(*_: object, **__: object) -> NoReturn:
    raise RealWorldError("the simulation has no outside")


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop; `time` is in seconds from 0.

    `rounds` counts how often it looked what is ready: between two rounds everybody waits. What is
    in `acts` is done before the round of that number.
    """

    def __init__(self) -> None:
        """At 0."""
        super().__init__()
        self._now = 0.0
        self.rounds = 0
        self.acts: dict[int, Callable[[], object]] = {}
        self._selector = _NextTimer(self)
        self._tasks: dict[asyncio.Task[Any], None] = {}
        # Timers of one instant are one round's.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Seconds since the run began."""
        return self._now

    def pass_by(self, seconds: float) -> None:
        """Let time go on."""
        self._now += seconds

    def create_task(  # type: ignore[override] # the stub has a coroutine of a narrower kind
        self,
        coro: Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        """A task, kept in order, and with the life in which it is begun."""
        named = None if name is None else str(name)
        task = super().create_task(coro, name=named, context=context)
        life = LIFE.get() if context is None else context.get(LIFE)
        self._tasks[task] = None
        task.add_done_callback(self._forget)
        if life is not None:
            life.tasks[task] = None
            task.add_done_callback(lambda ended: life.tasks.pop(ended, None))
            if life.over:
                task.cancel()
        return task

    def call_soon_threadsafe(  # type: ignore[override] # the stub's *args are of one tuple type
        self,
        callback: Callable[..., object],
        *args: Any,  # noqa: ANN401 - whatever the callback takes
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """There is one thread."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(  # type: ignore[override] # as above
        self,
        _executor: object,
        func: Callable[..., T],
        *args: Any,  # noqa: ANN401 - whatever the function takes
    ) -> "asyncio.Future[T]":
        """Do it now: there is one thread."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - its caller's to see
            future.set_exception(error)
        return future

    def end_tasks(self) -> None:
        """Cancel what is left, in order, until nothing is."""
        self.acts.clear()
        self._selector.same = 0
        for _ in range(_TELLINGS):
            left = tuple(self._tasks)
            if not left:
                return
            for task in left:
                task.cancel()
            self.run_until_complete(asyncio.sleep(0))
            self.run_until_complete(asyncio.sleep(0))
        raise StuckError(f"these do not end: {list(self._tasks)}")

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)

    def _process_events(self, _events: object) -> None:
        """Nothing comes from outside."""

    def _write_to_self(self) -> None:
        """Nobody sleeps."""

    getaddrinfo = getnameinfo = _refuse
    create_connection = create_server = create_datagram_endpoint = _refuse
    create_unix_connection = create_unix_server = connect_accepted_socket = _refuse
    connect_read_pipe = connect_write_pipe = subprocess_exec = subprocess_shell = _refuse
    add_reader = add_writer = add_signal_handler = _refuse
    sock_recv = sock_recv_into = sock_sendall = sock_connect = sock_accept = _refuse


def run(main: Callable[[], Awaitable[T]], seed: int) -> T:
    """What `main` gives, in a loop of its own from second 0.

    Raises:
        RealWorldError: something reached for the outside.
        StuckError: nothing is left that could ever happen, and `main` has not ended.

    """
    loop = VirtualLoop()
    with _alone(loop, seed):
        try:
            return loop.run_until_complete(_first(main))
        finally:
            try:
                loop.end_tasks()
                loop.run_until_complete(loop.shutdown_asyncgens())
            finally:
                loop.close()


async def _first(main: Callable[[], Awaitable[T]]) -> T:
    return await main()


@contextlib.contextmanager
def _alone(loop: VirtualLoop, seed: int) -> Iterator[None]:
    """The process's own luck and clocks are put aside, and put back."""
    luck, collects = random.getstate(), gc.isenabled()
    clock, waits = beat.seconds, beat.wait_until

    async def wait_until(instant: float) -> None:
        await asyncio.sleep(max(instant - loop.time(), 0))

    random.seed(seed)
    beat.seconds, beat.wait_until = loop.time, wait_until
    # Where cycles are collected whenever it happens to be time, their ends come in no fixed order.
    gc.disable()
    try:
        yield
    finally:
        beat.seconds, beat.wait_until = clock, waits
        random.setstate(luck)
        if collects:
            gc.enable()
