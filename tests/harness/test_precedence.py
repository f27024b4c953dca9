"""Who starts goes before those that serve: all threads of a process give way, and nobody else's."""

import os
import subprocess
import sys
from pathlib import Path

from scripts.harnessing.precedence import give_way

# Three threads that wait for the end of what they read; then one more is made, and it says so.
_PROCESS = """
import os, sys, threading, time
for _ in range(2):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
sys.stdin.readline()
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("another", flush=True)
sys.stdin.readline()
os._exit(0)
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
            give_way(process.pid)
            assert _niceness(process.pid) == [min(before + 5, 19)] * 3
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "another\n"
            assert _niceness(process.pid) == [min(before + 5, 19)] * 4
            if (group := Path(f"/proc/{process.pid}/autogroup")).exists():
                assert group.read_text().split()[-1] == str(min(before + 5, 19))
        finally:
            process.kill()
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_a_process_that_has_ended_gives_way_to_nobody() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    give_way(process.pid)
