"""The command as a shell runs it: its streams closed, full, cut off, or knowing no Chinese."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "node.cli")
ROOT = Path(__file__).parents[3]


def _run(arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "HUTONG_", "PYTHON"))}
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$@" {arguments}', "-", *COMMAND],
        cwd=ROOT,
        env=clean | {"LANG": "en_GB.UTF-8"} | environment,
        capture_output=True,
        check=False,
    )


@pytest.mark.all
def test_a_reader_that_goes_away_is_no_error() -> None:
    ran = _run("--help | true")
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.all
def test_a_closed_output_is_no_traceback() -> None:
    assert _run("--help >&-").stderr == b""
    assert _run("partner list --settings none.toml 2>&-").returncode == 3


@pytest.mark.all
def test_a_full_disk_is_said() -> None:
    ran = _run("--help >/dev/full")
    assert ran.returncode == 1
    assert b"No space left" in ran.stderr
    assert b"Traceback" not in ran.stderr


@pytest.mark.all
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk", "utf-8"])
def test_chinese_on_any_terminal_is_no_error(encoding: str) -> None:
    ran = _run("--lang zh partner list --settings none.toml", PYTHONIOENCODING=encoding)
    assert ran.returncode == 3
    assert b"Traceback" not in ran.stderr
    assert b"none.toml" in ran.stderr
    shown = _run("--json partner list --settings none.toml", PYTHONIOENCODING=encoding, LC_ALL="C")
    assert "配置文件" in json.loads(shown.stdout.decode(encoding))["error"]["text_zh"]


@pytest.mark.all
def test_a_locale_without_chinese_speaks_english() -> None:
    ran = _run("partner list --settings none.toml", LC_ALL="C", LANG="zh_CN.UTF-8")
    assert ran.stderr.startswith(b"Error: There is no settings file")
