"""Who does the timed work of a city: one of its processes, whichever has the duty.

Who has it says so in the store at each look. Where nobody has said anything new for some looks of
another process, that one takes it over. Looks are counted and no clock is read: those of two
processes may differ, and jump.

A process that hung and comes back does timed work until its next look, beside whoever took over:
whatever is timed must be such that done twice it changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from federation.errors import HutongError
from node import limits
from node.model import DutyMark, Finding, Severity
from node.ports import UnitOfWork
from node.services.here import Here

_NOBODY: Final = ""
_LOG = structlog.get_logger()


class Duty:
    """Whether this process does the timed work."""

    def __init__(self, here: Here, uow: UnitOfWork) -> None:
        """For a process of the city of `here`; `tick` is called twice a second."""
        self._here = here
        self._uow = uow
        self._name = ""
        self._ends = False
        self._held = asyncio.Event()
        self._seen: DutyMark | None = None
        self._looks = 0

    @property
    def held(self) -> bool:
        """Whether this process has the duty."""
        return self._held.is_set()

    def findings(self) -> tuple[Finding, ...]:
        """What `doctor` says of it; that nobody has it would be told as work that fails."""
        if self.held:
            said = ("本进程承担本市的定时工作。", "This process does the city's timed work.")
        else:
            said = ("定时工作由另一进程承担。", "Another process does the city's timed work.")
        return (Finding("duty", Severity.OK, *said),)

    def once(self, act: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        """`act` as one process of the city does it: it waits until this one has the duty."""

        async def when_held() -> None:
            await self._held.wait()
            await act()

        return when_held

    async def tick(self) -> None:
        """Say that the duty is held, take it where nobody does, or see that another has it.

        Raises STORE_UNAVAILABLE: who cannot say that it has the duty does not have it.
        """
        held = False
        try:
            held = not self._ends and await self._look()
        finally:
            self._note(held=held and not self._ends)

    def end(self) -> None:
        """Begin nothing timed any more: the process ends. What is under way goes on."""
        self._ends = True
        self._note(held=False)

    async def close(self) -> None:
        """Let another process have the duty at once, if this one had it."""
        self.end()
        try:
            await self._uow.run(lambda tx: tx.duty.leave(self._name))
        except HutongError as error:
            # It is taken over a little later.
            _LOG.info("duty_not_left", reason=error.reason.name)

    async def _look(self) -> bool:
        self._name = self._name or self._here.new_id(self._here.now())
        mark = await self._uow.read(lambda tx: tx.duty.mark())
        self._looks = self._looks + 1 if mark == self._seen else 0
        self._seen = mark
        if mark.holder in {_NOBODY, self._name} or self._looks >= limits.DUTY_LOOKS:
            said = await self._uow.run(lambda tx: tx.duty.take(self._name, mark))
            self._seen, self._looks = None, 0
            return said
        return False

    def _note(self, *, held: bool) -> None:
        if held and not self.held:
            _LOG.info("duty_taken")
            self._held.set()
        elif self.held and not held:
            _LOG.info("duty_lost")
            self._held.clear()
