"""What plays a scenario with: the commands of the harness as processes, the keeper, the cities.

A command that is waited for writes to the same terminal, so that its own progress and tables are
seen. None outlives whoever started it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

from node import bootstrap
from node.errors import HutongError
from node.model import Role
from scripts.cities import new_id
from scripts.harnessing import bound, records
from scripts.harnessing.keeper_client import Answer, ask
from scripts.harnessing.layout import Folder
from scripts.harnessing.scenario_format import Offer, Up
from scripts.harnessing.spawning import ROOT

PROGRAM: Final = (sys.executable, "-m", "scripts.harnessing")
ANSWER_SECONDS: Final = 180.0
END_SECONDS: Final = 40.0
_CALL_SECONDS: Final = 20.0
_TRIES: Final = 5
_LOOK_SECONDS: Final = 0.05
_BEGIN_SECONDS: Final = 90.0
_LEAD: Final = "1s"
_OVERLAP: Final = "30s"


class CrewError(Exception):
    """A command of the harness that did not do what it is for."""

    def __init__(self, command: str, code: int) -> None:
        """It ended so."""
        self.command, self.code = command, code
        super().__init__(f"{command}: {code}")


class Crew:
    """Everything that a scenario is played with, for one run folder."""

    def __init__(
        self, folder: Folder, language: str = "en", program: Sequence[str] = PROGRAM
    ) -> None:
        """Act on the run in `folder`; `program` is the harness's own command."""
        self.folder, self.language, self._program = folder, language, tuple(program)
        self._loads = 0

    def words(self, command: str, *words: str) -> list[str]:
        """A command of the harness, whole; the folder is its last word."""
        return [*self._program, command, *words, "--dir", str(self.folder.root)]

    def up(self, up: Up, *, hours: float) -> None:
        """Bring the cities up, for so long at most; raises CrewError."""
        words = ["--cities", str(up.cities), "--residents", str(up.residents)]
        words += ["--seed", str(up.seed), "--for", f"{hours:g}"]
        for name, store in up.stores.items():
            words += ["--store", f"{name}={store}"]
        for name, count in up.processes.items():
            words += ["--processes", f"{name}={count}"]
        if up.links:
            words += ["--links", up.links]
        self.must("up", *words)

    def must(self, command: str, *words: str) -> None:
        """Run a command to its end; raises CrewError where it does not end well."""
        code = self.run(command, *words)
        if code:
            raise CrewError(command, code)

    def run(self, command: str, *words: str) -> int:
        """Run a command to its end; its exit code. It is ended where this is interrupted."""
        return self.wait(self.words(command, *words))

    def wait(self, words: Sequence[str]) -> int:
        """Run any command to its end; its exit code. It is ended where this is interrupted."""
        process = self._start(words)
        try:
            return process.wait()
        finally:
            end(process)

    def answer(self, command: str, *words: str) -> Answer:
        """Run a command to its end; the JSON that it printed. Raises CrewError."""
        process = self._start(self.words(command, *words), subprocess.PIPE, None)
        try:
            said = process.communicate()[0]
        finally:
            end(process)
        if process.returncode:
            raise CrewError(command, process.returncode)
        found: Answer = json.loads(said)
        return found

    def offer(self, load: Offer) -> "Background":
        """Begin a load; it goes on in the background."""
        self._loads += 1
        words = ["--rate", f"{load.rate:g}", "--for", f"{load.seconds:g}", "--seed", str(load.seed)]
        words += ["--processes", str(load.processes)]
        for name, weight in load.mix.items():
            words += ["--mix", f"{name}={weight:g}"]
        log = self.folder.root / f"load-{self._loads}.log"
        before = _size(self.folder.histories), _loads(self.folder)
        with log.open("ab") as file:
            process = self._start(self.words("load", *words), file, file)
        return Background(process, log, self.folder, *before)

    def _start(
        self,
        words: Sequence[str],
        out: IO[bytes] | int | None = None,
        log: IO[bytes] | None = None,
    ) -> subprocess.Popen[bytes]:
        # Ctrl-C is for whoever plays: what was started is ended in order.
        file = str(bound.__file__)
        return subprocess.Popen(
            [sys.executable, "-I", "-S", file, str(os.getpid()), "", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            env=os.environ | {"HUTONG_LANG": self.language},
            cwd=ROOT,
            start_new_session=True,
        )

    def ask(self, do: str, /, **words: object) -> Answer:
        """What the keeper answers; raises KeeperError.

        A fault may take as long to begin, or to be mended, as processes to end and to serve again.
        """
        return ask(self.folder, do, seconds=ANSWER_SECONDS, **words)

    def settle(self) -> None:
        """Wait until no fault is open and every process serves; raises KeeperError."""
        self.ask("settled")

    def partner(self, method: str, city: str, partner: str, reason: str) -> None:
        """Suspend or resume a partner, as an operator of the city; raises HutongError."""
        code = self.folder.read_plan()[partner].code
        fields = {"city": code, "reason": reason}
        self._call(city, Role.OPERATOR, f"OperatorService/{method}", fields)

    def rotate(self, city: str) -> None:
        """Change a city's signing keys and certificates; raises HutongError."""
        fields = {"signing": True, "tls": True, "lead": _LEAD, "overlap": _OVERLAP}
        self._call(city, Role.OPERATOR, "OperatorService/RotateKeys", fields)

    def withdraw(self, city: str, residents: int) -> int:
        """Withdraw a consent of so many residents; how many had one. Raises HutongError."""
        code = self.folder.read_plan()[city].code
        enrolled = records.read(self.folder.residents, records.Enrolled)
        found = [
            (each.resident_id, next(iter(each.consents.values())))
            for each in enrolled
            if each.city == code and each.consents
        ][:residents]
        for resident_id, consent_id in found:
            fields = {"resident_id": resident_id, "consent_id": consent_id}
            self._call(city, Role.RESIDENT, "ResidentService/WithdrawConsent", fields)
        return len(found)

    def _call(self, city: str, role: Role, method: str, fields: Mapping[str, Any]) -> None:
        """Call a city's own API; the same request again where it got no answer."""
        request = {"request_id": new_id(), **fields}
        with _client(self.folder.city(city) / "hutong.toml", role) as client:
            for left in reversed(range(_TRIES)):
                try:
                    client.call(method, request)
                except HutongError:
                    if not left:
                        raise
                    time.sleep(1)
                else:
                    return


class Background:
    """A load that goes on."""

    def __init__(
        self, process: subprocess.Popen[bytes], log: Path, folder: Folder, acts: int, loads: int
    ) -> None:
        """This process, which writes there; before it there were so many bytes, so many loads."""
        self.process, self.log = process, log
        self._folder, self._acts, self._loads = folder, acts, loads
        self.began = 0.0
        """When its first calls were seen, by the monotonic clock."""

    def wait(self) -> bool:
        """Wait until it has ended by itself; whether it came to its end.

        Its exit code does not tell: it is 1 as well where figures do not count because of a fault,
        which is what a scenario is for. A generator that failed is our own mistake.
        """
        self.process.wait()
        made = list(records.read(self._folder.loads, records.Load))
        return len(made) > self._loads and not made[-1].failed

    def begin(self) -> bool:
        """Wait until it has made its first calls; whether it has."""
        give_up = time.monotonic() + _BEGIN_SECONDS
        while _size(self._folder.histories) <= self._acts:
            if self.process.poll() is not None or time.monotonic() > give_up:
                self.began = time.monotonic()
                return _size(self._folder.histories) > self._acts
            time.sleep(_LOOK_SECONDS)
        self.began = time.monotonic()
        return True


def end(process: subprocess.Popen[bytes]) -> None:
    """See that a process has ended: first asked, then made to."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _loads(folder: Folder) -> int:
    return sum(1 for _ in records.read(folder.loads, records.Load))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.jsonl"))


@contextlib.contextmanager
def _client(settings: Path, role: Role) -> Iterator[bootstrap.LocalClient]:
    """A client of that role of the city with these settings."""
    files = bootstrap.default_client(settings, role)
    client = bootstrap.local_client(
        address=bootstrap.read_settings(settings).local_listen,
        certificate=files.certificate,
        key=files.key,
        ca=files.ca,
        timeout_seconds=_CALL_SECONDS,
    )
    try:
        yield client
    finally:
        client.close()
