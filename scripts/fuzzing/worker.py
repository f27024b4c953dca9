"""One process that searches one target, guided by what of our code an input reaches (atheris).

It says how far it is in lines of JSON on standard output; what libFuzzer says goes to standard
error. A fault ends nothing: it is written down, and the search goes on.
"""

import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from scripts.fuzzing import findings

_TELL_EVERY: Final = 1024
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_MIB: Final = 1024 * 1024
_TIMEOUT_SECONDS: Final = 20
RSS_LIMIT_MIB: Final = 2048

# Whose every error is told in words, which no input makes another way of.
_TABLES: Final = ("federation.errors", "node.errors")


@dataclass(frozen=True, slots=True)
class Job:
    """What one process is to do: so many inputs of a target, or so many seconds.

    `module` is where the target is, of those that `targets` knows.
    """

    target: str
    module: str
    corpus: str
    findings: str
    inputs: int
    seconds: float

    def to_json(self) -> str:
        """As an argument of the command line."""
        return json.dumps(asdict(self))


class Search:
    """Runs a target on each input, and tells of it."""

    def __init__(self, job: Job, run: Callable[[bytes], object]) -> None:
        """Of that target."""
        self._job = job
        self._run = run
        self._done = 0
        self._found = dict[str, int]()
        self._ends = time.monotonic() + job.seconds
        self._began = time.process_time()

    def one(self, data: bytes) -> None:
        """One input."""
        try:
            self._run(data)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - also what a library raises as a panic
            self._keep(data, error)
        self._done += 1
        if self._done % _TELL_EVERY == 0 or self._done >= self._job.inputs:
            self.tell()

    def _keep(self, data: bytes, error: BaseException) -> None:
        where = findings.where_of(error)
        if len(data) < self._found.get(where, sys.maxsize):
            self._found[where] = len(data)
            findings.keep(Path(self._job.findings), self._job.target, data, error)

    def end(self, *_: object) -> None:
        """Say how far it is and end the process at once: what is not told is not counted."""
        self._ends = 0.0
        self.tell()

    def tell(self, **more: object) -> None:
        """Say how far it is, and end the process where the job is done."""
        said = {
            "done": self._done,
            "rss_mib": round(resident() / _MIB, 1),
            "seconds": round(time.process_time() - self._began, 2),
            **more,
        }
        os.write(sys.stdout.fileno(), json.dumps(said).encode() + b"\n")
        if self._done >= self._job.inputs or time.monotonic() >= self._ends:
            # libFuzzer has no way back: what it found is in its corpus already.
            os._exit(0)


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE


def options(job: Job, longest: int) -> list[str]:
    """What libFuzzer is told."""
    return [
        f"-max_len={longest}",
        # Whoever ends it hears how far it was: both are handled here.
        "-handle_term=0",
        "-handle_int=0",
        f"-timeout={_TIMEOUT_SECONDS}",
        f"-rss_limit_mb={RSS_LIMIT_MIB}",
        # What takes long is changed less often: more inputs for the same time.
        "-entropic_scale_per_exec_time=1",
        f"-artifact_prefix={job.corpus}.",
        "-report_slow_units=5",
        job.corpus,
    ]


def unguided(modules: Iterable[str]) -> list[str]:
    """Those whose branches do not tell that they were reached: loaded too early, or elsewhere."""
    loaders = {name: type(sys.modules[name].__loader__).__name__ for name in modules}
    return [name for name, loader in loaders.items() if "Atheris" not in loader]


def main() -> None:
    """Do the job of the command line."""
    job = Job(**json.loads(sys.argv[1]))
    # What a terminal tells every process is for the one that runs these, and ends them by SIGTERM.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    import atheris  # noqa: PLC0415 - only here, where it changes how modules are loaded

    with atheris.instrument_imports(include=["federation", "node"], exclude=_TABLES):
        from scripts.fuzzing.sources import read_by  # noqa: PLC0415 - as above
        from scripts.fuzzing.targets import beginning, find_in  # noqa: PLC0415 - as above

        # What it searches is loaded when it is asked for: that must be here too.
        target = find_in(job.module, job.target)
    corpus = Path(job.corpus)
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = [seed[: target.longest] for seed in beginning(target)]
    for place, seed in enumerate(seeds):
        (corpus / f"seed-{place:04d}").write_bytes(seed)
    source = read_by(target, seeds)
    if blind := unguided(source):
        sys.exit(f"{target.name}: nothing tells what an input reaches in {', '.join(blind)}")
    # What is loaded stays: to look for garbage in it takes a tenth of the time.
    gc.collect()
    gc.freeze()
    search = Search(job, target.run)
    search.tell(source=source)
    signal.signal(signal.SIGTERM, search.end)
    atheris.Setup([sys.argv[0], *options(job, target.longest)], search.one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
