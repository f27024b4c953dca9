"""Several processes that search, each one target at a time, until every target has had its inputs.

The target that needs the least time comes next, so that as many as possible are done early; one
that nobody has searched yet has a short turn before, which tells how fast it is. What a process did
is taken down when it ends, and also when it was interrupted or died: the next run goes on from
there.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scripts.fuzzing import findings
from scripts.fuzzing.sources import ROOT
from scripts.fuzzing.state import Progress, State
from scripts.fuzzing.targets import module_of
from scripts.fuzzing.worker import Job

# One process searches a target for so long at most: what it did is taken down then, and another
# may have its turn.
_TURN_SECONDS: Final = 600.0
_FIRST_SECONDS: Final = 10.0
_ARTIFACTS: Final = ("crash-", "timeout-", "oom-")
_LOG_LINES: Final = 30
_LOOK: Final = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """Inputs that each target is to have had, and seconds of this run for each."""

    targets: Sequence[str]
    corpus: Path
    runs: int
    jobs: int = 1
    seconds: float = float("inf")

    @property
    def findings(self) -> Path:
        """Where what is found is written."""
        return self.corpus / "findings"


@dataclass(slots=True)
class Running:
    """One process and what it has said."""

    target: str
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    worked: float = 0.0
    """Seconds of a processor that it took, without loading."""
    samples: list[float] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    def turn(self) -> Progress:
        """What it did."""
        return Progress.turn(self.done, self.worked, self.samples, self.source)


class Fleet:
    """The processes of one run."""

    def __init__(self, plan: Plan, state: State, tell: Callable[[str], object]) -> None:
        """`tell` hears a line whenever a process ends."""
        self.plan, self.state = plan, state
        self.running = dict[str, Running]()
        self.failed = list[str]()
        self._tell = tell
        self._spent = dict.fromkeys(plan.targets, 0.0)
        self._lock = threading.Lock()
        self._processes = dict[str, "subprocess.Popen[bytes]"]()
        self._stopped = False

    def run(self, look: Callable[[], object]) -> None:
        """Search until nothing is left to do; `look` is called now and then."""
        threads = [threading.Thread(target=self._work) for _ in range(self.plan.jobs)]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                look()
                time.sleep(_LOOK)
        finally:
            self.stop()
            for thread in threads:
                thread.join()
            look()

    def stop(self) -> None:
        """End what runs; what it did is taken down."""
        with self._lock:
            self._stopped = True
            for process in self._processes.values():
                process.terminate()

    def done(self, target: str) -> int:
        """Inputs of a target so far, those of the running process with them."""
        running = self.running.get(target)
        return self.state.of(target).inputs + (running.done if running else 0)

    def _next(self) -> Running | None:
        with self._lock:
            left = [
                name
                for name in self.plan.targets
                if name not in self.running
                and name not in self.failed
                and self.state.of(name).inputs < self.plan.runs
                and self._spent[name] < self.plan.seconds
            ]
            if self._stopped or not left:
                return None
            name = min(left, key=lambda name: self.state.of(name).left(self.plan.runs))
            found = self.running[name] = Running(name)
            return found

    def _work(self) -> None:
        while (running := self._next()) is not None:
            try:
                code = self._search(running)
            finally:
                self._took(running)
            if code and not self._stopped:
                self._died(running.target, code)

    def _search(self, running: Running) -> int:
        plan, name = self.plan, running.target
        corpus, done = plan.corpus / name, self.state.of(name)
        longest = _TURN_SECONDS if done.inputs else _FIRST_SECONDS
        job = Job(
            name,
            module_of(name),
            str(corpus),
            str(plan.findings),
            plan.runs - done.inputs,
            min(plan.seconds - self._spent[name], longest),
        )
        corpus.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "scripts.fuzzing.worker", job.to_json()]
        with (
            self._log(name).open("wb") as log,
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log) as process,
        ):
            with self._lock:
                self._processes[name] = process
                if self._stopped:
                    process.terminate()
            for line in process.stdout or ():
                self._heard(running, line)
            return process.wait()

    def _heard(self, running: Running, line: bytes) -> None:
        try:
            said = json.loads(line)
            running.done, sample = int(said["done"]), float(said["rss_mib"])
            running.worked = float(said["seconds"])
            running.source = said.get("source", running.source)
        except (ValueError, KeyError, TypeError):
            # A library's own words on standard output.
            return
        if not running.done:
            # What came before was loading.
            running.began = time.monotonic()
            return
        running.samples.append(sample)

    def _took(self, running: Running) -> None:
        name = running.target
        with self._lock:
            self._processes.pop(name, None)
            # Loading takes seconds that are no search: a short turn must not count as none.
            self._spent[name] += max(running.seconds, 1.0)
            turn = running.turn()
            done = self.state.add(name, turn)
            del self.running[name]
        self._tell(
            f"{name}: {turn.inputs:,} inputs, {turn.rate:,.0f}/s; {done.inputs:,} in all, "
            f"{done.peak_mib:,.0f} MiB at most"
        )

    def _died(self, name: str, code: int) -> None:
        """A process that fell over: the input that it fell over is a finding, or it never began."""
        left = [path for kind in _ARTIFACTS for path in self.plan.corpus.glob(f"{name}.{kind}*")]
        log = self._log(name).read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]
        for path in left:
            kind = path.name.removeprefix(f"{name}.").partition("-")[0]
            told = "\n".join((*log, f"the process ended with {code}: {kind}"))
            findings.write(self.plan.findings, name, path.read_bytes(), f"{kind} {code}", told)
            path.unlink()
        if not left:
            self.failed.append(name)
            self._tell(f"{name} ended with {code}; its last words:\n" + "\n".join(log))

    def _log(self, name: str) -> Path:
        return self.plan.corpus / f"{name}.log"
