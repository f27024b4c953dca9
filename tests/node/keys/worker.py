"""Processes of one city that change its keys: `python -m tests.node.keys.worker ACTION FOLDER`.

race   says "ready", waits for a line, rotates, and says what came of it
kill   rotates again and again, each time killed at the next touch of the disk, and goes on after
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from federation.errors import HutongError
from federation.identifiers import uuid8
from federation.messages import TrustBundle
from node.clock import SystemClock
from node.keys import FileKeys, KeyFolder
from node.keys.bundles import read_published
from node.keys.planning import Plan, Wanted, rotation
from node.keys.workshop import Workshop
from tests.node.keys.make import CITY

BOTH = Wanted(signing=True, tls=True)
_TOUCHES = ("open", "fsync", "replace", "rename", "unlink", "mkdir")


def say(text: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def rotate(folder: KeyFolder, label: str) -> int:
    """The sequence of the bundle that came of it."""
    clock = SystemClock()

    def plan(base: TrustBundle) -> Plan:
        return rotation(base, BOTH, clock.now())

    workshop = Workshop(CITY, folder, clock)
    done = workshop.carry_out(plan, uuid8(label.encode()), after=1, may_draft=False)
    return done.bundle.sequence if done else 0


def race(folder: KeyFolder) -> None:
    """Rotate at the same instant as others."""
    say("ready")
    sys.stdin.readline()
    try:
        say(str(rotate(folder, f"race of {os.getpid()}")))
    except HutongError as error:
        say(error.reason.name)


def kill(folder: KeyFolder) -> None:
    """Be killed at each touch of the disk in turn, until one run is not."""
    at = 0
    while True:
        copy = folder.root.parent.parent / f"copy-{at}"
        shutil.copytree(folder.root.parent, copy)
        killed = run_killed(KeyFolder(copy), at)
        check(KeyFolder(copy), killed=killed)
        shutil.rmtree(copy)
        if not killed:
            say(f"killed {at} times")
            return
        at += 1


def run_killed(folder: KeyFolder, at: int) -> bool:
    """Rotate in a child that kills itself at its touch number `at`; whether it came to that."""
    child = os.fork()
    if child == 0:
        arm(at)
        rotate(folder, "the one rotation")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.waitstatus_to_exitcode(status):
        raise SystemExit("the child failed")
    return False


def arm(at: int) -> None:
    """Kill this process at its touch number `at` of the disk."""
    count = 0

    def armed(real: Callable[..., object]) -> Callable[..., object]:
        def touch(*args: object, **named: object) -> object:
            nonlocal count
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            return real(*args, **named)

        return touch

    for name in _TOUCHES:
        setattr(os, name, armed(getattr(os, name)))


def check(folder: KeyFolder, *, killed: bool) -> None:
    """The old bundle or the new one counts; the node starts, goes on, and leaves nothing over."""
    ring = FileKeys(folder)
    ring.probe(SystemClock())
    found = len(ring.published)
    if found not in (1, 2) or (not killed and found != 2):
        raise SystemExit(f"{found} bundles")
    # The same request again: what was done is found, or done now.
    if rotate(folder, "the one rotation") != 2:
        raise SystemExit("it did not go on")
    newest = read_published(folder)[-1].bundle
    kept = list(names(folder))
    if len(newest.signing_keys) != 2 or kept != [2, 2, 2, 0]:
        raise SystemExit(f"left over: {kept}")


def names(folder: KeyFolder) -> Iterator[int]:
    """How many files there are of each kind."""
    for pattern in ("signing*.pem", "peer*.pem", "peer*.crt", ".*.part"):
        yield len(list(folder.root.glob(pattern)))


if __name__ == "__main__":
    {"race": race, "kill": kill}[sys.argv[1]](KeyFolder(Path(sys.argv[2])))
