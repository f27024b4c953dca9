"""A backup or a restore that is killed leaves nothing, or a whole one; neither needs memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.all

# A part of rows, what encryption and SQLite keep at hand, and some; the backup has thrice it.
_MOST_KIB = 32 * 1024
_ROWS = 30_000


def ran(module: str, *arguments: object) -> str:
    words = [sys.executable, "-m", f"tests.node.keeping.{module}", *map(str, arguments)]
    found = subprocess.run(words, capture_output=True, text=True, check=False, timeout=110)
    assert found.returncode == 0, found.stdout + found.stderr[-3000:]
    return found.stdout


def test_a_backup_that_is_killed_leaves_none_or_a_whole_one(tmp_path: Path) -> None:
    assert ran("kills", "backup", tmp_path / "here", "") == ""


def test_a_restore_that_is_killed_leaves_no_node_or_a_whole_one(tmp_path: Path) -> None:
    assert ran("kills", "restore", tmp_path / "here", "") == ""


def test_a_restore_to_a_server_that_is_killed_leaves_no_node_or_a_whole_one(
    tmp_path: Path, postgres: str
) -> None:
    assert ran("kills", "restore", tmp_path / "here", postgres) == ""


def test_a_large_store_takes_no_more_memory(tmp_path: Path) -> None:
    found = json.loads(ran("memory", tmp_path / "here", _ROWS))
    assert found.pop("bytes") > 3 * _MOST_KIB * 1024
    assert {act: grown for act, grown in found.items() if grown > _MOST_KIB} == {}
