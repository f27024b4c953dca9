"""Scenarios with real cities: one to its end, and one that is broken off."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.harnessing import records
from scripts.harnessing.layout import Folder
from scripts.harnessing.records import Act, Happening, Load
from scripts.harnessing.spawning import ROOT

pytestmark = [pytest.mark.all, pytest.mark.timeout(400)]

SCENARIO = """
name = { zh = "短", en = "A short one" }
description = { zh = "结束、换密钥、暂停。", en = "A kill, a rotation, a suspension." }

[up]
cities = 2
residents = 9

[[steps]]
load = { rate = 6, for = "12s", mix = { standing = 20 } }
[[steps]]
at = "2s"
fault = { kind = "kill", city = "nanjing", down_ms = 200 }
[[steps]]
at = "5s"
rotate = { city = "zhengzhou" }
[[steps]]
withdraw = { city = "zhengzhou", residents = 1 }
[[steps]]
at = "8s"
suspend = { city = "zhengzhou", partner = "nanjing", reason = "a drill" }
[[steps]]
wait = "load"
[[steps]]
resume = { city = "zhengzhou", partner = "nanjing", reason = "it is over" }
[[steps]]
wait = "settled"
[[steps]]
check = true
[[steps]]
expect = { holds = true, faults = 1, answered = 10 }
"""


@pytest.fixture
def beside() -> Iterator[Path]:
    # Not pytest's folder: the path of a Unix socket has to be short.
    made = Path(tempfile.mkdtemp(prefix="hr"))
    (made / "short.toml").write_text(SCENARIO, "utf-8")
    yield made
    assert eventually(lambda: running(made) == []), running(made)
    shutil.rmtree(made)


def eventually(true: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + 200
    while not true() and time.monotonic() < give_up:
        time.sleep(0.1)
    return true()


def running(beside: Path) -> list[str]:
    """The command lines of the processes that name a file below a folder."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            words = (directory / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if any(word.startswith(str(beside)) for word in words):
            found.append(" ".join(words))
    return found


def playing(beside: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.harnessing", "scenario", *words, "--dir", beside / "r"],
        cwd=ROOT,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_scenario_breaks_real_cities_and_every_invariant_holds(beside: Path) -> None:
    process = playing(beside, str(beside / "short.toml"))
    said, _ = process.communicate()
    assert process.returncode == 0, said
    folder = Folder(beside / "r")
    [load] = records.read(folder.loads, Load)
    assert load.rate == 6
    assert len(list(records.read_all(folder.histories, Act))) > 20
    assert [h.kind for h in records.read(folder.faults, Happening)] == ["kill", "kill"]
    checked = records.checked_from_json(folder.findings.read_text("utf-8"))
    looked = {ruling.invariant: ruling.looked_at for ruling in checked.rulings}
    assert looked["suspension"] > 0
    assert "<svg" in folder.report.read_text("utf-8")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_scenario_that_is_broken_off_leaves_no_city_running(
    beside: Path, number: signal.Signals
) -> None:
    process = playing(beside, str(beside / "short.toml"), "--lang", "zh")
    histories = Folder(beside / "r").histories
    assert eventually(lambda: process.poll() is not None or any(histories.glob("*.jsonl")))
    assert len(running(beside)) > 4
    process.send_signal(number)
    said, _ = process.communicate()
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), said
