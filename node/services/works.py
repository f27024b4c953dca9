"""Whether the timed work of a city gets done: since when a part fails or hangs here, and why.

A part that fails is tried again and hurts nobody at once; one that has failed for long, or that
hangs, is found here before it is missed.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from federation.errors import HutongError
from node import limits
from node.errors import INTERNAL
from node.model import Finding, Severity
from node.services.findings import Remedy
from node.services.here import Here

Act = Callable[[], Awaitable[object]]

_LOG: Final[Remedy] = (
    "原因见日志中的 periodic_work_failed。",
    "The log says why, under periodic_work_failed.",
    "journalctl -u hutong -g periodic_work_failed -n 20",
)
_RESTART: Final[Remedy] = (
    "请重启节点：未完成的会从中断处继续。",
    "Restart the node: what was not done goes on from where it was.",
    "systemctl restart hutong",
)


@dataclass(slots=True)
class Work:
    """One part: since when it runs or fails, and why; None where it does not."""

    runs: datetime | None = None
    fails: datetime | None = None
    tried: datetime | None = None
    reason: str = ""


class Works:
    """The timed work that this process does."""

    def __init__(self, here: Here) -> None:
        """Nothing was done yet."""
        self._here = here
        self._works: dict[str, Work] = {}

    def noted(self, name: str, act: Act) -> Act:
        """`act`, with a note of how it went each time."""
        work = self._works.setdefault(name, Work())

        async def note() -> None:
            work.runs = work.tried = self._here.now()
            try:
                await act()
            except HutongError as error:
                self._failed(work, error.reason.name)
                raise
            except Exception:
                self._failed(work, INTERNAL.name)
                raise
            else:
                work.fails, work.reason = None, ""
            finally:
                work.runs = None

        return note

    def findings(self) -> Iterator[Finding]:
        """What has failed or run for too long; of each part at most one."""
        now = self._here.now()
        for name, work in sorted(self._works.items()):
            if work.runs is not None and now - work.runs >= limits.WORK_HANGS:
                since = _time(work.runs)
                yield _finding(
                    name,
                    f"自 {since} 起一直在执行。",
                    f"It has been running since {since}.",
                    _RESTART,
                )
            elif work.fails is not None and self._still_fails(work, now):
                since = _time(work.fails)
                yield _finding(
                    name,
                    f"自 {since} 起未能完成（{work.reason}）。",
                    f"It has not been done since {since} ({work.reason}).",
                    _LOG,
                )

    def _failed(self, work: Work, reason: str) -> None:
        work.fails = work.fails or work.tried
        work.reason = reason

    def _still_fails(self, work: Work, now: datetime) -> bool:
        """Whether it failed for long, and was tried of late: another process may have it now."""
        tried = work.tried or now
        long = work.fails is not None and now - work.fails >= limits.WORK_FAILS
        return long and now - tried < limits.WORK_FAILS


def _finding(name: str, zh: str, en: str, remedy: Remedy) -> Finding:
    return Finding(f"work {name}", Severity.WARNING, zh, en, *remedy)


def _time(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S UTC")
