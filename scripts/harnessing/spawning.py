"""Processes of a run: each is a child of the keeper, and none outlives it."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_BOUND: Final = Path(__file__).with_name("bound.py")


@dataclass(frozen=True, slots=True)
class Child:
    """One process that was started."""

    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """Its id."""
        return self.process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    async def wait(self) -> int:
        """Wait until it ends; its exit code."""
        return await self.process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; nothing where it has ended."""
        if self.runs:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    def kill(self) -> None:
        """End it at once."""
        self.send(signal.SIGKILL)


class Spawner:
    """Starts processes that end with this one, even where it is killed."""

    async def start(
        self,
        command: Sequence[str],
        log: Path,
        *,
        cwd: Path = ROOT,
        user: str = "",
        environment: Mapping[str, str] | None = None,
        reads: bool = False,
    ) -> Child:
        """Start a command, with what it says in `log`; where it `reads`, over a pipe each way."""
        if threading.current_thread() is not threading.main_thread():
            # The kernel binds a child to the thread that started it.
            raise RuntimeError("children are started by the main thread")
        bound = [sys.executable, "-I", "-S", str(_BOUND), str(os.getpid()), user]
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *bound,
                *command,
                stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
                stdout=subprocess.PIPE if reads else file,
                stderr=file,
                cwd=cwd,
                env=None if environment is None else dict(environment),
                # Ctrl-C is for the keeper, which stops them in order.
                start_new_session=True,
            )
        return Child(process)
