"""Playing a scenario against a keeper and commands that only note what they are told."""

import io
import json
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from scripts.harnessing import records
from scripts.harnessing.crew import Background, Crew
from scripts.harnessing.endurance import Course, endure
from scripts.harnessing.layout import Folder
from scripts.harnessing.playing import play
from scripts.harnessing.records import Load
from scripts.harnessing.scenario_files import Scenario
from scripts.harnessing.spawning import ROOT
from tests.harness.fake_harness import note

PROGRAM = (sys.executable, "-m", "tests.harness.fake_harness")
HEAD = """
name = { zh = "名", en = "A name" }
description = { zh = "说明", en = "what for" }
"""
STEPS = """
[[steps]]
load = { rate = 5, for = "300ms", mix = { standing = 2 } }
[[steps]]
at = "100ms"
fault = { kind = "pause", city = "nanjing" }
for = "1s"
[[steps]]
fault = { kind = "cut", city = "nanjing", other = "*" }
[[steps]]
mend = "cut"
[[steps]]
wait = "load"
[[steps]]
mend = true
[[steps]]
wait = "settled"
[[steps]]
check = true
[[steps]]
expect = { holds = true, answered = 10, answered_by = { hangzhou = 10 }, errors = 0 }
"""
LONG = '[[steps]]\nload = { rate = 5, for = "90s" }\n[[steps]]\nwait = "load"\n'

pytestmark = pytest.mark.all


@dataclass
class Rig:
    """A run's folder, and who notes what is done there."""

    beside: Path
    failing: str = ""

    @property
    def folder(self) -> Folder:
        return Folder(self.beside / "r")

    def calls(self) -> list[dict[str, Any]]:
        path = self.beside / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def done(self) -> list[str]:
        return [call["what"] for call in self.calls() if call["what"] != "status"]

    def fail(self, command: str, code: int) -> None:
        (self.beside / "fail").write_text(f"{command} {code}", "ascii")


class Keeper(socketserver.StreamRequestHandler):
    rig: Rig

    def handle(self) -> None:
        asked = json.loads(self.rfile.readline())
        faults = [{"fault": "1", "kind": "cut", "city": "nanjing", "since": 0}]
        answers = {"status": {"cities": [], "faults": faults}, "fault": {"fault": "1"}}
        note(self.rig.beside, asked["do"], asked=asked)
        answer = answers.get(asked["do"], {})
        if asked["do"] == self.rig.failing:
            answer = {"error": "the keeper has had enough"}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


@pytest.fixture
def rig() -> Iterator[Rig]:
    # Not pytest's folder: the path of a Unix socket has to be short.
    made = Rig(Path(tempfile.mkdtemp(prefix="hs")))
    made.folder.root.mkdir()
    handler = type("Noting", (Keeper,), {"rig": made})
    with socketserver.ThreadingUnixStreamServer(str(made.folder.socket), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()
    shutil.rmtree(made.beside)


def played(rig: Rig, steps: str, *, keep: bool = False, language: str = "en") -> tuple[int, str]:
    scenario, said = Scenario.parse(HEAD + steps, "mine.toml"), io.StringIO()
    console = Console(file=said, width=200)
    code = play(scenario, Crew(rig.folder, language, PROGRAM), console, keep=keep)
    return code, said.getvalue()


def eventually(true: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + 60
    while not true() and time.monotonic() < give_up:
        time.sleep(0.02)
    return true()


def lives(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_steps_are_taken_in_the_order_of_the_file(rig: Rig) -> None:
    code, said = played(rig, STEPS)
    assert code == 0, said
    assert rig.done() == [
        *("up", "load", "fault", "fault", "mend", "mend_all", "settled", "check"),
        *("mend_all", "settled", "report", "down"),
    ]
    calls = {call["what"]: call for call in rig.calls()}
    assert calls["load"]["words"][:4] == ["--rate", "5", "--for", "0.3"]
    assert "standing=2" in calls["load"]["words"]
    faults = [c["asked"]["fault"] for c in rig.calls() if c["what"] == "fault"]
    assert [(f["kind"], f["other"], f["seconds"]) for f in faults] == [
        ("pause", "", 1.0),
        ("cut", "*", 0.0),
    ]
    assert "step 2 of 9: fault: pause nanjing for 1 s (0.1 s after the load began)" in said
    assert "A name: passed" in said


def test_both_languages_say_every_step(rig: Rig) -> None:
    code, said = played(rig, STEPS, language="zh")
    assert code == 0
    assert "第 2/9 步：故障：pause nanjing，持续 1 秒（负载开始后 0.1 秒）" in said
    assert "名：通过" in said


def test_cities_are_brought_up_as_the_file_says(rig: Rig) -> None:
    up = (
        '[up]\ncities = 4\nlinks = "proxies"\nresidents = 60\nseed = 7\n'
        'stores = { hangzhou = "postgresql" }\nprocesses = { hangzhou = 2 }\n'
    )
    played(rig, "[[steps]]\ncheck = true\n" + up)
    words = " ".join(rig.calls()[0]["words"])
    assert words.startswith("--cities 4 --residents 60 --seed 7 --for ")
    assert words.endswith("--store hangzhou=postgresql --processes hangzhou=2 --links proxies")


@pytest.mark.parametrize("command", ["up", "load", "check", "report", "down"])
def test_a_command_that_fails_leaves_nothing_running(rig: Rig, command: str) -> None:
    rig.fail(command, 3)
    code, said = played(rig, STEPS)
    assert rig.done()[-1] == "down"
    assert code == 1, said
    assert ("there is no report" in said) == (command in {"up", "report"})
    assert not [call for call in rig.calls() if "pid" in call and lives(call["pid"])]
    if command not in {"up", "down"}:
        assert "report" in rig.done()


@pytest.mark.parametrize("command", ["fault", "mend", "mend_all", "settled"])
def test_a_keeper_that_refuses_ends_the_steps_and_not_the_check(rig: Rig, command: str) -> None:
    rig.failing = command
    code, said = played(rig, STEPS)
    assert code == 1
    assert "the keeper has had enough" in said
    assert "the steps that are left are not taken" in said
    assert rig.done()[-3:] == ["check", "report", "down"]


def test_a_broken_invariant_and_a_broken_expectation_end_with_1(rig: Rig) -> None:
    steps = STEPS + '[[steps]]\nexpect = { answered = 11, errors_only_with = ["nanjing"] }\n'
    code, said = played(rig, steps)
    assert code == 1
    assert "at least 11 calls were to be answered, and 10 were" in said
    rig.fail("check", 1)
    code, said = played(rig, "[[steps]]\ncheck = true\n")
    assert code == 1
    assert "an invariant is broken" in said


@pytest.mark.parametrize("failed", [False, True])
def test_a_load_with_a_generator_that_failed_is_a_failed_step(rig: Rig, failed: bool) -> None:
    records.append(rig.folder.loads, [Load(1, 2, 5, {}, 1, 1, 2, failed=failed)])
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"]) as process:
        load = Background(process, rig.beside / "load-1.log", rig.folder, 0, 0)
        # Of both the exit code is 1: it is so, too, where figures do not count because of a fault.
        assert load.wait() is not failed


def test_what_is_to_be_kept_goes_on(rig: Rig) -> None:
    code, said = played(rig, STEPS, keep=True)
    assert code == 0
    assert "down" not in rig.done()
    assert f"scripts/harness down --dir {rig.folder.root}" in said


def test_what_could_not_come_up_is_not_kept(rig: Rig) -> None:
    rig.fail("up", 1)
    code, _ = played(rig, STEPS, keep=True)
    assert (code, rig.done()) == (1, ["up", "down"])


def playing(rig: Rig, steps: str) -> "subprocess.Popen[str]":
    """Another process that plays, as the command does."""
    file = rig.beside / "mine.toml"
    file.write_text(HEAD + steps, "utf-8")
    script = (
        "import sys; from pathlib import Path; from rich.console import Console;"
        "from scripts.harnessing.crew import Crew; from scripts.harnessing.layout import Folder;"
        "from scripts.harnessing.playing import play;"
        "from scripts.harnessing.scenario_files import read;"
        "crew = Crew(Folder(Path(sys.argv[2])), 'en', sys.argv[3:]);"
        "sys.exit(play(read(Path(sys.argv[1])), crew, Console(width=200)))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, str(file), str(rig.folder.root), *PROGRAM],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _loading(rig: Rig) -> bool:
    return any(rig.folder.histories.glob("*.jsonl"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_scenario_that_is_broken_off_leaves_nothing_running(
    rig: Rig, number: signal.Signals
) -> None:
    process = playing(rig, LONG)
    assert eventually(lambda: _loading(rig))
    process.send_signal(number)
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 128 + number, said
    assert rig.done() == ["up", "load", "down"]
    assert not [call for call in rig.calls() if "pid" in call and lives(call["pid"])]
    assert "Nothing is left running." in said


def test_a_second_ctrl_c_does_not_break_off_the_cleaning(rig: Rig) -> None:
    process = playing(rig, LONG)
    assert eventually(lambda: _loading(rig))
    for _ in range(20):
        process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 128 + signal.SIGINT, said
    assert rig.done()[-1] == "down"


def test_a_scenario_that_is_killed_is_cleaned_up_after(rig: Rig) -> None:
    process = playing(rig, LONG)
    assert eventually(lambda: _loading(rig))
    process.kill()
    process.communicate(timeout=100)
    assert eventually(lambda: rig.done()[-1] == "down")
    pids = [call["pid"] for call in rig.calls() if call["what"] == "load"]
    assert eventually(lambda: not any(map(lives, pids)))


def endured(rig: Rig, course: Course) -> tuple[int, str]:
    said = io.StringIO()
    console = Console(file=said, width=200)
    return endure(course, Crew(rig.folder, "en", PROGRAM), console), said.getvalue()


BRIEF = Course(minutes=0.02, cities=3, fault_every=0.5, plain=True, safeties=False)


def test_an_endurance_run_finds_the_peak_breaks_checks_ends_and_reports_in_this_order(
    rig: Rig,
) -> None:
    code, said = endured(rig, BRIEF)
    assert rig.done() == [
        *("up", "load", "load", "fault", "fault", "settled", "check"),
        *("mend_all", "settled", "down", "report"),
    ]
    loads = [call["words"] for call in rig.calls() if call["what"] == "load"]
    assert loads[0] == ["--find-peak", "--processes", "2", "--json"]
    assert loads[1][:4] == ["--rate", "30", "--for", "1.2"]
    # Figures of a second do not count, and a run that shows nothing is not good.
    assert (code, "A promise was broken" in said) == (1, True), said


def test_a_peak_that_is_known_is_not_looked_for(rig: Rig) -> None:
    endured(rig, replace(BRIEF, peak=10.0))
    assert [c["words"][1] for c in rig.calls() if c["what"] == "load"] == ["6"]


@pytest.mark.parametrize("command", ["up", "load", "check", "report", "down"])
def test_an_endurance_run_that_fails_leaves_nothing_running(rig: Rig, command: str) -> None:
    rig.fail(command, 3)
    code, said = endured(rig, BRIEF)
    assert code == 1, said
    assert "down" in rig.done()
    assert not [call for call in rig.calls() if "pid" in call and lives(call["pid"])]
