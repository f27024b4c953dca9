"""Several processes of one city change its keys at once, and are killed while they do."""

import subprocess
import sys
from pathlib import Path

import pytest

from node.keys import FileKeys
from tests.node.keys.make import cabinet

pytestmark = pytest.mark.all
ROOT = Path(__file__).resolve().parents[3]


def worker(action: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.node.keys.worker", action, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_of_two_processes_that_rotate_at_one_instant_one_wins_and_the_other_is_told(
    tmp_path: Path,
) -> None:
    made = cabinet(tmp_path)
    processes = [worker("race", tmp_path) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = sorted(process.communicate()[0] for process in processes)
    assert said == ["2\n", "KEYS_CHANGED\n", "KEYS_CHANGED\n", "KEYS_CHANGED\n"]
    assert made.newest.sequence == 2
    assert len(made.newest.signing_keys) == 2
    # The ring of another process sees it at its next look.
    made.ring.reload()
    assert FileKeys(made.folder).bundle == made.ring.bundle
    assert len(made.files("signing*")) == 2


def test_killed_anywhere_in_a_rotation_a_city_has_one_bundle_and_goes_on(tmp_path: Path) -> None:
    cabinet(tmp_path / "city")
    process = worker("kill", tmp_path / "city")
    said = process.communicate()[0]
    assert process.returncode == 0, said
    assert int(said.split()[1]) > 20
