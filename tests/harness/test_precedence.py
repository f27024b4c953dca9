"""Who starts goes before those that serve: all threads of a process give way, and nobody else's."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.harnessing import precedence
from scripts.harnessing.precedence import BEHIND, give_way, go_along
from scripts.harnessing.spawning import ROOT
from tests.harness.keeper_stage import may_be_first

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

# Who comes first has a child; the child gives way. Each says where its session and its threads are.
_KEEPER = """
import asyncio, os, subprocess, sys, threading
from pathlib import Path
from scripts.harnessing.precedence import come_first, give_way, go_along

def where(pid):
    group = Path(f"/proc/{pid}/autogroup")
    grouped = group.read_text().split()[-1] if group.exists() else ""
    return os.getpriority(os.PRIO_PROCESS, pid), grouped

if sys.argv[1:] and os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
threading.Thread(target=threading.Event().wait, daemon=True).start()
come_first()
print(*where(os.getpid()), flush=True)
waiting = ["/bin/sh", "-c", "echo; read -r _"]
kept = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
child = subprocess.Popen(waiting, **kept)
child.stdout.readline()
go_along(child.pid)
print(*where(child.pid))
asyncio.run(give_way(child.pid))
print(*where(child.pid), flush=True)
child.kill()
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


def test_every_thread_of_a_process_that_serves_gives_way_also_those_to_come() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with subprocess.Popen(
        [sys.executable, "-c", _PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            assert set(_niceness(process.pid)) == {before}
            asyncio.run(give_way(process.pid))
            assert _niceness(process.pid) == [min(before + BEHIND, 19)] * 3
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "another\n"
            assert _niceness(process.pid) == [min(before + BEHIND, 19)] * 4
            if (group := Path(f"/proc/{process.pid}/autogroup")).exists():
                assert group.read_text().split()[-1] == str(min(before + BEHIND, 19))
        finally:
            process.kill()
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def _grouped(niceness: int) -> str:
    return f"{niceness} {niceness}" if Path("/proc/self/autogroup").exists() else f"{niceness} "


def _said(*words: str) -> list[str]:
    said = subprocess.run(
        [sys.executable, "-c", _KEEPER, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    return said.stdout.splitlines()


def test_where_one_may_be_first_who_serves_is_where_all_else_of_the_machine_is() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    first = max(own - BEHIND, -20) if may_be_first() else own
    assert _said() == [*map(_grouped, (first, first, first + BEHIND))]


def test_where_one_may_not_be_first_who_serves_gives_way_to_all_else() -> None:
    own = max(os.getpriority(os.PRIO_PROCESS, 0), 0)
    behind = min(own + BEHIND, 19)
    assert _said("as nobody") == [*map(_grouped, (own, own, behind))]


def test_several_give_way_at_once_also_where_nobody_is_root() -> None:
    behind = str(min(os.getpriority(os.PRIO_PROCESS, 0) + BEHIND, 19))
    grouped = behind if Path("/proc/self/autogroup").exists() else ""
    said = subprocess.run(
        [sys.executable, "-c", _AT_ONCE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == [f"{behind} {grouped}"] * 4


def test_a_process_that_has_ended_gives_way_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    monkeypatch.setattr(precedence, "_own", lambda: -1)
    go_along(process.pid)
    asyncio.run(give_way(process.pid))
