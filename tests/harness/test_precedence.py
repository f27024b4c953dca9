"""Who starts goes before those that serve: all threads of a process do, and nobody else's."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.harnessing import precedence
from scripts.harnessing.precedence import STEPS, give_way, go_behind, go_first, may_go_first
from scripts.harnessing.spawning import ROOT

# Three threads that wait for the end of what they read; then one more is made, and it says so.
_PROCESS = """
import os, sys, threading
for _ in range(2):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
sys.stdin.readline()
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("another", flush=True)
sys.stdin.readline()
os._exit(0)
"""

# As a user who is not root: from whom the kernel takes one such word at a time.
_AT_ONCE = """
import asyncio, os, subprocess
from pathlib import Path
from scripts.harnessing.precedence import give_way

if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
waiting = ["/bin/sh", "-c", "echo; read -r _"]
kept = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
processes = [subprocess.Popen(waiting, **kept) for _ in range(4)]
# Who has changed its user may not write for its children until the program has taken their place.
for each in processes:
    each.stdout.readline()

async def all_at_once():
    await asyncio.gather(*(give_way(each.pid) for each in processes))

asyncio.run(all_at_once())
for each in processes:
    group = Path(f"/proc/{each.pid}/autogroup")
    grouped = group.read_text().split()[-1] if group.exists() else ""
    print(os.getpriority(os.PRIO_PROCESS, each.pid), grouped)
    each.kill()
"""


def _niceness(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [
        int(each.joinpath("stat").read_text().rpartition(")")[2].split()[16]) for each in threads
    ]


class Three:
    """A process of three threads."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid, self._in, self._out = process.pid, process.stdin, process.stdout
        assert self._out.readline() == "ready\n"

    def one_more(self) -> None:
        """It makes one more."""
        self._in.write("\n")
        self._in.flush()
        assert self._out.readline() == "another\n"

    def is_at(self, niceness: int) -> bool:
        """Whether all of it is, also among sessions."""
        group = Path(f"/proc/{self.pid}/autogroup")
        grouped = not group.exists() or group.read_text().split()[-1] == str(niceness)
        return grouped and set(_niceness(self.pid)) == {niceness}


@pytest.fixture
def three() -> Iterator[Three]:
    with subprocess.Popen(
        [sys.executable, "-c", _PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Three(process)
        finally:
            process.kill()


@contextlib.contextmanager
def _own_kept() -> Iterator[int]:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    yield own
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


@pytest.mark.skipif(not may_go_first(), reason="this user may not put a process first")
def test_who_starts_is_first_and_who_serves_is_as_all_else_of_this_machine(three: Three) -> None:
    with _own_kept() as own:
        go_first(three.pid)
        three.one_more()
        assert three.is_at(max(own - STEPS, -20))
        asyncio.run(give_way(three.pid))
        assert three.is_at(own)


def test_where_nobody_may_go_first_every_thread_of_who_serves_gives_way_also_those_to_come(
    monkeypatch: pytest.MonkeyPatch, three: Three
) -> None:
    monkeypatch.setattr(precedence, "may_go_first", lambda: False)
    with _own_kept() as own:
        go_first(three.pid)
        assert set(_niceness(three.pid)) == {own}
        asyncio.run(give_way(three.pid))
        three.one_more()
        assert three.is_at(min(own + STEPS, 19))


def test_who_is_to_be_behind_is_so_whoever_may_go_first(three: Three) -> None:
    with _own_kept() as own:
        asyncio.run(go_behind(three.pid))
        assert three.is_at(min(own + STEPS, 19))


def test_several_give_way_at_once_also_where_nobody_is_root() -> None:
    behind = str(min(os.getpriority(os.PRIO_PROCESS, 0) + STEPS, 19))
    grouped = behind if Path("/proc/self/autogroup").exists() else ""
    said = subprocess.run(
        [sys.executable, "-c", _AT_ONCE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == [f"{behind} {grouped}"] * 4


def test_a_process_that_has_ended_gives_way_to_nobody() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    go_first(process.pid)
    asyncio.run(give_way(process.pid))
