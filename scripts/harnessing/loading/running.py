"""A load as the harness makes it: its generators are processes of their own, and are told to end.

Nothing of it is left running: a generator ends as soon as whoever started it does.
"""

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from scripts.harnessing import records
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading import offers
from scripts.harnessing.loading.buckets import quantile_ms
from scripts.harnessing.loading.cast import Cast
from scripts.harnessing.loading.concessions import CONCESSIONS
from scripts.harnessing.loading.offers import Offer, Target
from scripts.harnessing.records import Act, Load
from scripts.harnessing.spawning import ROOT

_READY_SECONDS: Final = 60.0
_END_SECONDS: Final = 60.0
_SOON: Final = 0.3

# Of the steady window: the first of a load meets cold caches and visitors without passes, and the
# last of it is met by no further journeys.
_WARM_UP, _WARM_UP_MOST = 0.2, 10.0
_COOL_DOWN, _COOL_DOWN_MOST = 0.05, 5.0


class LoadError(Exception):
    """A load that could not be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load is, over all its generators."""

    seconds: float
    """Since it began."""
    due: int
    """Journeys that were due."""
    calls: int
    in_flight: int
    failed: dict[str, int]
    """Calls that did not go well, by what they came to."""
    calls_a_second: float
    """Lately."""
    p50_ms: float | None
    """Of all calls so far, to some per cent; None before the first."""
    p99_ms: float | None


@dataclass
class _Told:
    """What one generator said last."""

    ready: bool = False
    ended: bool = False
    due: int = 0
    calls: int = 0
    in_flight: int = 0
    failed: Counter[str] = field(default_factory=Counter)


class Offered:
    """A load that runs: begin it, follow it, stop it, wait for it.

    As a context manager it begins on entering, and is stopped and waited for on leaving.
    """

    def __init__(
        self, folder: Folder, offer: Offer, targets: Sequence[Target] | None = None
    ) -> None:
        """Nothing runs yet; `targets` are those that the keeper names, unless others are given."""
        self._folder = folder
        self._offer = offer
        self._targets = targets
        self._processes = list[subprocess.Popen[bytes]]()
        self._told = list[_Told]()
        self._said: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self._latency = Counter[int]()
        self._began = 0.0
        self._stopped_at: float | None = None
        self._load: Load | None = None
        self._name = f"{offer.purpose}-{time.time_ns() // 1_000_000}"

    @property
    def histories(self) -> tuple[Path, ...]:
        """The files with what its generators did."""
        return tuple(
            self._folder.histories / f"{self._name}-{place}.jsonl"
            for place in range(self._offer.generators)
        )

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes of its generators."""
        return tuple(process.pid for process in self._processes)

    def acts(self) -> Iterator[Act]:
        """What its generators did so far."""
        for path in self.histories:
            yield from records.read(path, Act)

    def begin(self) -> None:
        """Start the generators, and let them begin together.

        Raises:
            KeeperError: where nothing was brought up.
            NobodyError: where there is nobody to make a load with.
            LoadError: where a generator did not become ready.

        """
        targets = offers.targets(self._folder) if self._targets is None else self._targets
        shares = self._offer.generators
        for place in range(shares):
            Cast.read(self._folder, (place, shares))
        try:
            for place in range(shares):
                self._start(place, targets)
            self._wait_ready()
        except BaseException:
            self._kill()
            raise
        self._began = time.time() + _SOON
        for process in self._processes:
            _write(process, f"go {self._began!r}\n")

    def _start(self, place: int, targets: Sequence[Target]) -> None:
        job = {
            "folder": str(self._folder.root.resolve()),
            "offer": asdict(self._offer),
            "place": place,
            "name": f"{self._name}-{place}",
            "targets": [asdict(each) for each in targets],
        }
        with (self._folder.root / "load.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "scripts.harnessing.loading", json.dumps(job)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # Ctrl-C is for whoever started it; the end of its input ends a generator.
                start_new_session=True,
            )
        self._processes.append(process)
        self._told.append(_Told())
        if process.stdout is None:
            raise LoadError("a generator without output")
        threading.Thread(target=self._read, args=(place, process.stdout), daemon=True).start()

    def _read(self, place: int, said: IO[bytes]) -> None:
        for line in said:
            self._said.put((place, line))
        self._said.put((place, b""))

    def _hear(self, seconds: float) -> None:
        """Take in what the generators say, for a while, or until there is something."""
        with contextlib.suppress(queue.Empty):
            place, line = self._said.get(timeout=seconds)
            told = self._told[place]
            if not line:
                told.ended = True
                return
            found: dict[str, Any] = json.loads(line)
            told.ready = told.ready or bool(found.get("ready"))
            told.due = found.get("due", told.due)
            told.calls = found.get("calls", told.calls)
            told.in_flight = found.get("in_flight", told.in_flight)
            told.failed = Counter(found.get("failed", told.failed))
            self._latency.update({int(k): n for k, n in found.get("latency", {}).items()})

    def _wait_ready(self) -> None:
        give_up = time.monotonic() + _READY_SECONDS
        while not all(each.ready for each in self._told):
            if any(each.ended for each in self._told) or time.monotonic() > give_up:
                raise LoadError(f"a generator did not become ready; see {self._log}")
            self._hear(0.1)

    @property
    def _log(self) -> Path:
        return self._folder.root / "load.log"

    def follow(self, every: float = 0.5) -> Iterator[Progress]:
        """How far it is, every so many seconds, until it has ended."""
        before, then = 0, self._began
        while not all(each.ended for each in self._told):
            until = time.monotonic() + every
            while (left := until - time.monotonic()) > 0:
                self._hear(left)
                if all(each.ended for each in self._told):
                    break
            now, calls = time.time(), sum(each.calls for each in self._told)
            yield self._progress(now, (calls - before) / max(now - then, 1e-9))
            before, then = calls, now

    def _progress(self, now: float, calls_a_second: float) -> Progress:
        return Progress(
            seconds=now - self._began,
            due=sum(each.due for each in self._told),
            calls=sum(each.calls for each in self._told),
            in_flight=sum(each.in_flight for each in self._told),
            failed=dict(sum((each.failed for each in self._told), Counter[str]())),
            calls_a_second=calls_a_second,
            p50_ms=quantile_ms(self._latency, 0.5),
            p99_ms=quantile_ms(self._latency, 0.99),
        )

    def stop(self) -> None:
        """Begin no further journey; `wait` waits for those on their way."""
        if self._stopped_at is None:
            self._stopped_at = time.time()
        for process in self._processes:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()

    def wait(self) -> Load:
        """Wait until it has ended; what was offered, as it is kept in the folder.

        Raises:
            LoadError: where a generator failed; what the others did is kept.

        """
        if self._load is not None:
            return self._load
        while not all(each.ended for each in self._told):
            self._hear(0.5)
        codes = [process.wait(_END_SECONDS) for process in self._processes]
        self._close()
        load = load_of(self._offer, self._began, self._stopped_at)
        self._load = replace(load, failed=any(codes))
        records.append(self._folder.loads, [self._load])
        if any(codes):
            raise LoadError(f"a generator ended with {max(codes, key=abs)}; see {self._log}")
        return self._load

    def _kill(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self._close()

    def _close(self) -> None:
        for process in self._processes:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def __enter__(self) -> Self:
        """Begin it."""
        self.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it where it still runs, and wait."""
        if self._load is None:
            self.stop()
            self.wait()


def _write(process: "subprocess.Popen[bytes]", words: str) -> None:
    if process.stdin is None:
        raise LoadError("a generator without input")
    process.stdin.write(words.encode())
    process.stdin.flush()


def load_of(offer: Offer, began: float, stopped_at: float | None = None) -> Load:
    """What was offered, with its steady window; `stopped_at` where it was stopped early."""
    ended = began + offer.seconds
    if stopped_at is not None:
        ended = max(began, min(ended, stopped_at))
    seconds = ended - began
    return Load(
        began=began,
        ended=ended,
        rate=offer.rate,
        mix=dict(offer.mix),
        seed=offer.seed,
        steady_from=began + min(_WARM_UP * seconds, _WARM_UP_MOST),
        steady_until=ended - min(_COOL_DOWN * seconds, _COOL_DOWN_MOST),
        concessions=tuple(CONCESSIONS),
        purpose=offer.purpose,
        generators=offer.generators,
    )
