"""`python -m scripts.harnessing.keeper FOLDER WISH`: the parent of all processes of a run.

It brings the cities up, then does what it is asked over the Unix socket of the folder (one line of
JSON each way), looks at the processes, and ends all of it when it is told to, when its hours are
over, when whoever started it goes away, or when it is killed: then the kernel ends its children.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from scripts.harnessing.choosing import choose
from scripts.harnessing.databases import DatabaseError
from scripts.harnessing.fault_book import FaultBook
from scripts.harnessing.fault_kinds import FaultError
from scripts.harnessing.fleet import Fleet, Town
from scripts.harnessing.layout import Folder
from scripts.harnessing.links import LinksError
from scripts.harnessing.members import MemberError
from scripts.harnessing.precedence import come_first
from scripts.harnessing.preparing import Progress, prepare
from scripts.harnessing.process_faults import processes_of
from scripts.harnessing.sampling import Sampler
from scripts.harnessing.wishes import Wish, WishError

LOCK: Final = "keeper.lock"
SETTLED_SECONDS: Final = 120.0
_LINE_MOST: Final = 1024 * 1024
_HOUR_SECONDS: Final = 3600.0
_LOOK_SECONDS: Final = 0.1
_BUSY: Final = 4.0
"""Processes that wait for each core of the machine, from which on deadlines pass by that alone."""
_OURS: Final = (DatabaseError, FaultError, LinksError, MemberError, WishError)

Answer = dict[str, Any]


class Keeper:
    """The keeper of one run."""

    def __init__(self, fleet: Fleet) -> None:
        """Nothing runs yet."""
        self._fleet = fleet
        self._faults = FaultBook(fleet)
        self._progress = Progress()
        self._told = asyncio.Event()
        self._connections = set[asyncio.Task[None]]()
        self._doing: dict[str, Callable[[Answer], Awaitable[Answer]]] = {
            "status": self._status,
            "progress": self._say_progress,
            "fault": self._fault,
            "mend": self._mend,
            "mend_all": self._mend_all,
            "settled": self._settled,
            "start_city": self._start_city,
            "stop_city": self._stop_city,
            "stop": self._stop,
        }

    async def run(self, hours: float, leash: int, *, attached: bool) -> None:
        """Bring up, serve the socket, and end all of it in the end.

        At the other end of `leash` is whoever started it: where that is closed before the cities
        are up, or ever where it is `attached`, nobody wants the run any more.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.tell, f"signal {number.name}")
        loop.add_reader(leash, self._leash_moved, leash, attached)
        loop.call_later(hours * _HOUR_SECONDS, self.tell, "its hours are over")
        sampler, folder = Sampler(self._fleet), self._fleet.folder
        folder.socket.unlink(missing_ok=True)
        with _short(folder.socket) as path:
            server = await asyncio.start_unix_server(self._connected, path, limit=_LINE_MOST)
        preparing = asyncio.create_task(self._prepare())
        ended = asyncio.create_task(self._told.wait())
        try:
            await asyncio.wait({preparing, ended}, return_when=asyncio.FIRST_COMPLETED)
            if self._progress.ready:
                async with sampler.looking(say):
                    await ended
            # One that failed waits to be asked why, as long as there is somebody to ask.
            await ended
        finally:
            for task in (preparing, ended):
                task.cancel()
            await asyncio.gather(preparing, ended, return_exceptions=True)
            await self._faults.close()
            await self._fleet.stop()
            # The last of it: as long as something runs the folder is seen to be in use.
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            folder.socket.unlink(missing_ok=True)
            say("nothing is left running")

    def tell(self, why: str) -> None:
        """End the run."""
        say(f"it ends: {why}")
        self._told.set()

    def _leash_moved(self, leash: int, attached: bool) -> None:  # noqa: FBT001 - of a callback
        """It was let go: nothing else ever comes over it."""
        asyncio.get_running_loop().remove_reader(leash)
        os.close(leash)
        if attached or not self._progress.ready:
            self.tell("whoever started it has gone")

    async def _prepare(self) -> None:
        try:
            await self._fleet.lay_out()
            await prepare(self._fleet, self._progress)
        except Exception as error:  # noqa: BLE001 - it is told to whoever waits
            causes = list(_causes(error))
            told = "; ".join(str(cause) or repr(cause) for cause in causes)
            self._progress.failed = told + too_busy(os.getloadavg()[0], os.cpu_count() or 1)
            say(f"the cities could not be brought up: {self._progress.failed}")
            if not all(isinstance(cause, _OURS) for cause in causes):
                say("".join(traceback.format_exception(error)))
        else:
            self._progress.ready = True
            say("all cities serve" if not self._fleet.plan.bare else "every city has its place")

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        with contextlib.suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                answer = await self._answer(line)
                writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            asked = json.loads(line)
            do = self._doing.get(str(asked.pop("do", "")))
        except (ValueError, AttributeError, TypeError):
            return {"error": "write one JSON object a line"}
        if do is None:
            return {"error": f"`do` is one of: {', '.join(self._doing)}"}
        if self._told.is_set() and do != self._stop:
            return {"error": "it is coming to its end"}
        try:
            # Whoever asked may go away: what was begun is brought to its end.
            return await asyncio.shield(asyncio.create_task(_awaited(do(asked))))
        except _OURS as error:
            return {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - the keeper goes on whatever one request does
            say("".join(traceback.format_exception(error)))
            return {"error": f"{error!r}; see keeper.log"}

    async def _status(self, _: Answer) -> Answer:
        found = await asyncio.gather(*(town.status() for town in self._fleet))
        return {
            "cities": [process for each in found for process in each],
            "links": self._fleet.links.name,
            "faults": self._faults.status(),
            "ready": self._progress.ready,
        }

    async def _say_progress(self, _: Answer) -> Answer:
        return self._progress.said()

    async def _fault(self, asked: Answer) -> Answer:
        self._must_be_up()
        return {"fault": await self._faults.begin(dict(asked.get("fault") or {}))}

    async def _mend(self, asked: Answer) -> Answer:
        return {"recovered_after": await self._faults.mend(str(asked.get("fault", "")))}

    async def _mend_all(self, _: Answer) -> Answer:
        return {"mended": await self._faults.mend_all()}

    async def _settled(self, asked: Answer) -> Answer:
        self._must_be_up()
        began, seconds = time.monotonic(), float(asked.get("seconds", SETTLED_SECONDS))
        while not await self._all_serve():
            if time.monotonic() - began > seconds:
                waiting = [m.name for m in self._fleet.members if not await m.answers()]
                open_ones = [each["fault"] for each in self._faults.status()]
                raise MemberError(
                    f"not settled within {seconds:g} s: faults that are open: "
                    f"{', '.join(open_ones) or 'none'}; not serving: {'; '.join(waiting) or 'none'}"
                )
            await asyncio.sleep(_LOOK_SECONDS)
        return {"waited": time.monotonic() - began}

    async def _all_serve(self) -> bool:
        if not self._faults.quiet:
            return False
        for member in self._fleet.members:
            if member.ended_by_itself:
                raise MemberError(f"{member.name} ended by itself; see {member.log}")
            if not member.wanted:
                pinyin = member.city.about.pinyin
                raise MemberError(
                    f"{member.name} was stopped: `scripts/harness start --city {pinyin}`"
                )
        return all(await asyncio.gather(*(m.answers() for m in self._fleet.members)))

    async def _start_city(self, asked: Answer) -> Answer:
        """As `systemctl start`: what does not come up does not run afterwards."""
        town = self._free_town(asked)
        try:
            await town.start()
        except MemberError:
            await town.end_service()
            raise
        return {}

    async def _stop_city(self, asked: Answer) -> Answer:
        """As `systemctl stop`; its PostgreSQL server, where it has one, goes on."""
        await self._free_town(asked).end_service()
        return {}

    def _free_town(self, asked: Answer) -> Town:
        """A city that no fault has hold of; raises MemberError, FaultError."""
        self._must_be_up()
        pinyin = str(asked.get("city", ""))
        if pinyin not in self._fleet.towns:
            known = ", ".join(self._fleet.towns)
            raise MemberError(f"no city {pinyin!r} is here; there are: {known}")
        town = self._fleet[pinyin]
        self._faults.refuse_taken(processes_of(town))
        return town

    async def _stop(self, _: Answer) -> Answer:
        # The answer goes out before the socket does.
        asyncio.get_running_loop().call_later(_LOOK_SECONDS, self.tell, "it was asked to")
        return {}

    def _must_be_up(self) -> None:
        if not self._progress.ready:
            raise MemberError("the cities are not up yet: wait for `scripts/harness up`")


async def _awaited(what: Awaitable[Answer]) -> Answer:
    return await what


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _causes(each)
    else:
        yield error


def too_busy(waiting: float, cores: int) -> str:
    """What is to be said where cities did not come up while so many processes waited."""
    if waiting < _BUSY * cores:
        return ""
    return (
        f"\nThis machine is busy: {waiting:.0f} processes want its {cores} cores, and a city that"
        " does not answer in time may only have to wait for one. Try again when there is less to do"
    )


def say(text: str) -> None:
    """A line of keeper.log."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    click.echo(f"{at} {text}", err=True)


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """The path, as one that fits a socket's address: from its own folder."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        yield path.name
    finally:
        os.chdir(before)


@contextlib.contextmanager
def held(folder: Folder) -> Iterator[None]:
    """Keep every other keeper out of the folder; raises BlockingIOError where one is in it."""
    with (folder.root / LOCK).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


async def keep(folder: Folder, wish: Wish, leash: int, *, attached: bool) -> None:
    """Keep a run until its end; raises WishError, LinksError."""
    links, why = choose(wish.links, seed=wish.seed)
    plan = wish.plan(links.name, asdict(why))
    folder.plan.write_text(plan.to_json(), "utf-8")
    fleet = Fleet(folder, plan, links)
    await Keeper(fleet).run(wish.hours, leash, attached=attached)


def main(words: list[str]) -> int:
    """Keep a run; the exit code."""
    root, wish, leash, attached = words
    folder = Folder(Path(root))
    come_first()
    try:
        with held(folder):
            made = Wish.from_json(wish)
            asyncio.run(keep(folder, made, int(leash), attached=attached == "attached"))
    except BlockingIOError:
        say(f"another keeper is in {folder.root}: wait until it has ended, or give another --dir")
        return 2
    except _OURS as error:
        say(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
