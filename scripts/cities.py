"""Real cities on this machine: one process each, on loopback, with real keys and real input.

Shared by the demo, the benches and the tests; it speaks to the nodes only as any client does.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from node import data
from scripts.city import PID, STOP_SECONDS, Answer, City, b64, free_ports, new_id
from scripts.partnering import Befriended, agree, befriend

__all__ = [
    "Answer",
    "Befriended",
    "Cities",
    "City",
    "agree",
    "b64",
    "befriend",
    "free_ports",
    "new_id",
]

_PAIRS_AT_ONCE: Final = 2


class Cities:
    """Several cities, started together and stopped together, whatever happens."""

    def __init__(self, directory: Path, codes: Iterable[str | data.City] = ()) -> None:
        """Cities of these codes below `directory`; the five of the shipped data without any.

        One of scripts.towns is given itself: the data knows no code of a made city.
        """
        chosen = [
            code if isinstance(code, data.City) else data.city(code) for code in codes
        ] or list(data.cities())
        ports = iter(free_ports(3 * len(chosen)))
        self.cities = {
            about.pinyin: City(
                about, directory / about.pinyin, next(ports), next(ports), next(ports)
            )
            for about in chosen
        }

    def __enter__(self) -> Self:
        """Nothing runs yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing runs any more."""
        self.stop()

    def __getitem__(self, pinyin: str) -> City:
        """The city of that name."""
        return self.cities[pinyin]

    def __iter__(self) -> Iterator[City]:
        """The cities, in the order of the data."""
        return iter(self.cities.values())

    def start(self, stores: dict[str, str] | None = None) -> None:
        """Make and start every city, and wait until each serves."""
        for city in self:
            city.init((stores or {}).get(city.about.pinyin))
        for city in self:
            city.start()
        for city in self:
            city.wait()

    def stop(self) -> None:
        """Stop every city, all at once."""
        for city in self:
            city.forget_clients()
            if city.process is not None and city.process.poll() is None:
                city.process.terminate()
        for city in self:
            with contextlib.suppress(subprocess.TimeoutExpired):
                city.stop()

    def leave_up(self) -> None:
        """Let the processes go on after this one; `stop_left_up` finds them."""
        for city in self:
            city.forget_clients()
            city.process = None

    def connect(
        self,
        freshness_seconds: int | None = None,
        done: Callable[[Befriended], None] = lambda _: None,
    ) -> int:
        """Make every pair partners with the shipped agreement in force; how many agreements.

        Each pair goes the whole way, from a spoken code to the trial exchange; `done` is told of
        each that came to its end.
        """
        pairs = list(itertools.combinations(self, 2))

        def whole(pair: tuple[City, City]) -> None:
            befriended = befriend(*pair)
            agree(*pair, freshness_seconds)
            done(befriended)

        with ThreadPoolExecutor(_PAIRS_AT_ONCE) as pool:
            list(pool.map(whole, pairs))
        return len(pairs)


def stop_left_up(directory: Path) -> int:
    """Stop the cities below `directory` that an earlier run left up; how many."""
    stopped = 0
    for file in directory.glob(f"*/{PID}"):
        pid = int(file.read_text("ascii"))
        if _serves(pid, file.parent / "hutong.toml"):
            os.kill(pid, signal.SIGTERM)
            give_up = time.monotonic() + STOP_SECONDS
            while _serves(pid, file.parent / "hutong.toml") and time.monotonic() < give_up:
                time.sleep(0.05)
            stopped += 1
        file.unlink()
    return stopped


def _serves(pid: int, settings: Path) -> bool:
    """Whether the process of that id is the node of these settings: ids are used again."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return str(settings).encode() in arguments.split(b"\0")
