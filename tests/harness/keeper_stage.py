"""A run of the harness for tests of its keeper, and what is seen of it from outside."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from federation.errors import HutongError
from scripts.city import City
from scripts.harnessing import records
from scripts.harnessing.bringing import bring_up, keeper_pid
from scripts.harnessing.keeper_client import Answer, ask
from scripts.harnessing.layout import Folder
from scripts.harnessing.wishes import Wish
from tests.scenarios.stage import eventually

SECONDS = 120.0


@dataclass
class Run:
    """Cities that are up, as an operator and as clients see them."""

    folder: Folder
    cities: dict[tuple[str, int], City] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan = self.folder.read_plan()
        for each in self.status():
            about, pinyin = plan[each["pinyin"]].about, each["pinyin"]
            ports = each["peer_port"], each["local_port"], 0
            directory = self.folder.city(pinyin)
            made = City(about, directory, *ports, host=each["host"])
            self.cities[pinyin, each["process"]] = made

    def ask(self, do: str, **words: object) -> Answer:
        return ask(self.folder, do, seconds=SECONDS, **words)

    def status(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("status")["cities"]
        return found

    def state(self, pinyin: str, process: int = 0) -> dict[str, Any]:
        return next(
            each for each in self.status() if (each["pinyin"], each["process"]) == (pinyin, process)
        )

    def city(self, pinyin: str, process: int = 0) -> City:
        return self.cities[pinyin, process]

    def begin(self, kind: str, city: str, **words: object) -> str:
        return str(self.ask("fault", fault={"kind": kind, "city": city, **words})["fault"])

    @contextlib.contextmanager
    def fault(self, kind: str, city: str, **words: object) -> Iterator[None]:
        """Broken inside, whole again afterwards."""
        number = self.begin(kind, city, **words)
        try:
            yield
        finally:
            recovered = self.ask("mend", fault=number)["recovered_after"]
        assert recovered is not None, self.happenings()[-1].said
        assert recovered >= 0

    def happenings(self) -> list[records.Happening]:
        return list(records.read(self.folder.faults, records.Happening))

    def reached(self, one: str, other: str) -> str:
        """ "" where one city reaches another, else why not."""
        partner = self.city(other).about.code
        try:
            self.city(one).operator("SyncPartner", city=partner)
        except HutongError as error:
            return error.reason.name
        return ""

    def meet(self) -> bool:
        """Whether each city reaches each other one."""
        names = {pinyin for pinyin, _ in self.cities}
        return not any(self.reached(a, b) for a in names for b in names if a != b)


@contextlib.contextmanager
def brought_up(wish: Wish) -> Iterator[Run]:
    """A run in a folder of its own; nothing of it is left."""
    with short_folder() as folder, bring_up(folder, wish, attached=True):
        yield Run(folder)


@contextlib.contextmanager
def short_folder() -> Iterator[Folder]:
    """A folder whose sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="ht-") as path:
        Path(path).chmod(0o755)
        yield Folder(Path(path) / "run")


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, waiting = list[int](), [pid]
    while waiting:
        each = waiting.pop()
        found.append(each)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                text = (task / "children").read_text("ascii")
                waiting += [int(word) for word in text.split()]
    return found


def commands(pids: Sequence[int]) -> list[str]:
    """What those of them that live were started as."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if state != "Z":
                found.append(" ".join(word.decode("utf-8", "replace") for word in words))
    return found


def ends_with_all(folder: Folder, act: Callable[[], object]) -> list[str]:
    """Do what must end a run; what had run. Fails where something of it still does."""
    keeper = keeper_pid(folder)
    assert keeper is not None
    pids = family(keeper)
    ran = commands(pids)
    act()
    assert eventually(lambda: not commands(pids)), commands(pids)
    return ran


def kill_keeper(folder: Folder) -> None:
    pid = keeper_pid(folder)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


# Of linux/capability.h.
_CAP_SYS_NICE: Final = 23


def may_be_first() -> bool:
    """Whether the kernel lets this process, by CAP_SYS_NICE: root of a container may not."""
    status = Path("/proc/self/status").read_text("ascii")
    held = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(held.split()[1], 16) >> _CAP_SYS_NICE & 1)


def precedence_of(pid: int) -> int:
    """The niceness of a process among all others of the machine, whichever the kernel goes by."""
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():
        return int(group.read_text("ascii").split()[-1])
    return os.getpriority(os.PRIO_PROCESS, pid)
