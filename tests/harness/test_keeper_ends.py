"""Whatever becomes of a run's keeper, or of whoever brings a run up, nothing is left running."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.harnessing.bringing import bring_up, keeper_pid, take_down
from scripts.harnessing.keeper_client import KeeperError, ask
from scripts.harnessing.layout import Folder
from scripts.harnessing.spawning import ROOT
from scripts.harnessing.wishes import Wish
from tests.harness.keeper_stage import Run, ends_with_all, kill_keeper, short_folder
from tests.scenarios.stage import eventually

pytestmark = pytest.mark.all

WISH = Wish(2, {"nanjing": "postgresql"}, residents=2, links="proxies")


def test_a_keeper_that_is_killed_takes_everything_with_it() -> None:
    with short_folder() as folder:
        bring_up(folder, WISH)
        run = Run(folder)
        run.begin("flood", "nanjing", other="zhengzhou", numbers={"rate": 10.0})
        run.begin("pause", "zhengzhou")
        ran = ends_with_all(folder, lambda: kill_keeper(folder))
        for part in ("node_process", "postgres -D", "proxy_process", "hostile_process"):
            assert any(part in command for command in ran), part
        assert keeper_pid(folder) is None
        [place] = folder.root.glob("machines/*/postgresql.place")
        files = Path(place.read_text("utf-8"))
        assert files.is_dir()
        # Nothing is left to be ended; what was left on the disk goes.
        assert take_down(folder) is False
        assert not files.exists()


def test_down_ends_everything_also_what_is_broken() -> None:
    with short_folder() as folder:
        bring_up(folder, WISH)
        run = Run(folder)
        run.begin("garbage", "nanjing")
        run.begin("pause", "zhengzhou")
        ends_with_all(folder, lambda: take_down(folder))
        # What it left can be looked at.
        assert folder.plan.exists()
        assert folder.residents.exists()
        assert not folder.socket.exists()


def test_an_attached_run_ends_with_whoever_brought_it_up() -> None:
    with short_folder() as folder:
        up = bring_up(folder, Wish(2, residents=0, links="none"), attached=True)
        ends_with_all(folder, lambda: os.close(up.leash))


def test_a_run_ends_when_its_hours_are_over() -> None:
    with short_folder() as folder:
        with pytest.raises(KeeperError, match="its hours are over"):
            bring_up(folder, Wish(2, residents=0, links="none", hours=1 / 3600))
        assert keeper_pid(folder) is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_up_that_is_interrupted_leaves_nothing(number: signal.Signals) -> None:
    with short_folder() as folder:
        words = ["up", "--cities", "3", "--residents", "500", "--dir", str(folder.root)]
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.harnessing", *words],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert eventually(lambda: _nodes_run(folder))
            ran = ends_with_all(folder, lambda: process.send_signal(number))
            assert any("node_process" in command for command in ran)
            assert process.wait(60) != 0
        finally:
            process.kill()
            process.wait()


def _nodes_run(folder: Folder) -> bool:
    try:
        said = ask(folder, "progress")
    except KeeperError:
        return False
    return any(each["stage"] == "rules" for each in said["stages"])


def test_a_keeper_that_hangs_is_killed_with_all_that_runs() -> None:
    with short_folder() as folder:
        bring_up(folder, Wish(2, residents=0, links="none"))
        pid = keeper_pid(folder)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)

        def act() -> None:
            with pytest.raises(KeeperError, match="was killed"):
                take_down(folder, seconds=1)

        ends_with_all(folder, act)
