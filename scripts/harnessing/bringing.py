"""A run is brought up and taken down: the keeper is started, watched while it prepares, and ended.

Until the cities are up the keeper is on a leash: it ends where whoever brings them up goes away.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from scripts.harnessing import databases, namespaces
from scripts.harnessing.keeper_client import Answer, KeeperError, ask, short_path
from scripts.harnessing.layout import Folder, Plan
from scripts.harnessing.links import LinksError
from scripts.harnessing.spawning import ROOT
from scripts.harnessing.wishes import Wish, WishError

_LOOK_SECONDS: Final = 0.1
_SAID: Final = re.compile(r"\d{4}-\d\d-\d\dT")
"""How each line of `keeper.say` begins."""
_BEGIN_SECONDS: Final = 90.0
_END_SECONDS: Final = 120.0
_ASK_SECONDS: Final = 10.0
_CREDENTIALS: Final = struct.Struct("3i")

# Keepers that this process started: they go on when nobody here thinks of them any more.
_STARTED: Final = list["subprocess.Popen[bytes]"]()


@dataclass
class Up:
    """Cities that are up. Where they were brought up `attached`, they end with this process."""

    folder: Folder
    plan: Plan
    leash: int = -1

    def __enter__(self) -> Self:
        """They are up already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take them down."""
        take_down(self.folder)
        if self.leash >= 0:
            os.close(self.leash)
            self.leash = -1


def bring_up(
    folder: Folder,
    wish: Wish,
    told: Callable[[Answer], None] = lambda _: None,
    *,
    attached: bool = False,
    again: bool = False,
) -> Up:
    """Bring cities up in a folder, and return when all of them serve.

    `told` hears of the progress some times a second: {"stages": [{"stage", "done", "of"}], ...}.
    With `again` what an earlier run left in the folder is thrown away. Whatever ends this before
    it returns (an error, Ctrl-C, SIGKILL) ends what was started; `attached`, at any time.

    Raises:
        WishError: it cannot be, or the folder is in use; what to write instead.
        KeeperError: the cities did not come up.

    """
    wish.places()
    clear(folder, again=again)
    near, leash = os.pipe()
    try:
        keeper = _start(folder, wish, near, attached=attached)
    except BaseException:
        os.close(leash)
        raise
    finally:
        os.close(near)
    try:
        _wait(folder, keeper, told)
    except BaseException:
        os.close(leash)
        _ended(keeper)
        raise
    if not attached:
        os.close(leash)
        leash = -1
    return Up(folder, folder.read_plan(), leash)


def take_down(folder: Folder, seconds: float = _END_SECONDS) -> bool:
    """End all that runs in a folder; whether something did.

    A keeper that has not ended after so many seconds is killed, and its children with it: that
    raises KeeperError.
    """
    pid = keeper_pid(folder)
    if pid is None:
        _sweep(folder)
        return False
    with contextlib.suppress(KeeperError):
        ask(folder, "stop", seconds=min(seconds, _ASK_SECONDS))
    give_up = time.monotonic() + seconds
    while _runs(pid):
        if time.monotonic() > give_up:
            # Its children end with it.
            os.kill(pid, signal.SIGKILL)
            _sweep(folder)
            raise KeeperError("the keeper did not end in time, and was killed; see keeper.log")
        time.sleep(_LOOK_SECONDS)
    return True


def keeper_pid(folder: Folder) -> int | None:
    """Which process listens in a folder, whether it answers or not; None where none does."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(short_path(folder))
            size = _CREDENTIALS.size
            said = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    except OSError:
        return None
    return int(_CREDENTIALS.unpack(said)[0])


def clear(folder: Folder, *, again: bool) -> None:
    """Make the folder empty; with `again` what an earlier run left in it is thrown away.

    Raises:
        WishError: where a keeper listens there, whether it answers or not, or where the folder
            has something in it that is to stay.

    """
    if keeper_pid(folder) is not None:
        raise WishError(
            f"cities run in {folder.root} already: take them down with "
            f"`scripts/harness down --dir {folder.root}`, or give another --dir"
        )
    root = folder.root
    if root.is_dir() and any(root.iterdir()):
        if not (folder.plan.exists() or folder.keeper_log.exists()):
            raise WishError(f"{root} holds something else than a run; give another --dir")
        if not again:
            raise WishError(
                f"{root} holds an earlier run: throw it away with `--again`, or give another --dir"
            )
        _sweep(folder)
        shutil.rmtree(root)
    root.mkdir(parents=True, exist_ok=True)


def _sweep(folder: Folder) -> None:
    """Take away what a keeper that was killed left on the machine: files of servers, namespaces."""
    databases.sweep(folder.machines)
    # A folder without a plan had no lines yet; those of a run that goes on are left alone.
    with contextlib.suppress(OSError, LookupError, ValueError, TypeError, LinksError):
        if folder.read_plan().links == "namespaces":
            namespaces.sweep()


def _start(folder: Folder, wish: Wish, leash: int, *, attached: bool) -> "subprocess.Popen[bytes]":
    how = "attached" if attached else "detached"
    words = [str(folder.root.resolve()), wish.to_json(), str(leash), how]
    with folder.keeper_log.open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "scripts.harnessing.keeper", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            pass_fds=(leash,),
            start_new_session=True,
        )
    _STARTED.append(keeper)
    return keeper


def _wait(
    folder: Folder, keeper: "subprocess.Popen[bytes]", told: Callable[[Answer], None]
) -> None:
    """Wait until all cities serve; raises KeeperError where they never will."""
    give_up = time.monotonic() + _BEGIN_SECONDS
    answered = False
    while True:
        if keeper.poll() is not None:
            raise KeeperError(_last_words(folder))
        try:
            said = ask(folder, "progress", seconds=_END_SECONDS)
        except KeeperError:
            # Its socket is the first thing that it makes, once it has found out about the lines,
            # and the first that goes.
            if answered:
                _ended(keeper)
                raise KeeperError(_last_words(folder)) from None
            if time.monotonic() > give_up:
                raise
        else:
            answered = True
            told(said)
            if said["failed"]:
                raise KeeperError(f"{said['failed']}\nSee {folder.keeper_log}")
            if said["ready"]:
                return
        time.sleep(_LOOK_SECONDS)


def _last_words(folder: Folder) -> str:
    said = folder.keeper_log.read_text("utf-8", errors="replace").strip().splitlines()
    if said and _SAID.match(said[-1]):
        # It came to its end in order: why is among what it said itself, and not what it logged.
        said = [line for line in said if _SAID.match(line)]
    return "the keeper ended: " + ("\n".join(said[-2:]) or "it said nothing")


def _ended(keeper: "subprocess.Popen[bytes]") -> None:
    """See that the keeper ends, now that its leash is loose."""
    try:
        keeper.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()


def _runs(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has buried yet has."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def stages(said: Answer) -> list[tuple[str, int, int]]:
    """Each stage of a progress that has begun: its name, how much is done, of how much."""
    found: list[dict[str, Any]] = said["stages"]
    return [(each["stage"], each["done"], each["of"]) for each in found]
