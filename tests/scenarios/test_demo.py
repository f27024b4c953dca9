"""What a newcomer runs first: it tells the whole story, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.all, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]


def demo(temporary: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.demo_cities", *arguments],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def running(temporary: Path) -> list[str]:
    """The command lines of the processes that name a file below `temporary`."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            words = (directory / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if any(word.startswith(str(temporary)) for word in words):
            found.append(" ".join(words))
    return found


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            (
                "A refusal tells the host nothing",
                "the same answer",
                "It was told; by the agreement it could have gone on for 300 s",
                "steps hold. Node.js",
                "Backdated by an hour: the entry is not in the log",
                "Zhengzhou: 5 renewed, 0 ended, 0 failed",
                "only the resident's app puts the two cities' parts together",
                "42 incentives, each opened by a decision that the host signed",
                "was held for the resident, released, and is free",
                "Zhengzhou does not count this use now, and does not say why",
                "knows neither the venue nor the kind",
                "suspended after",
            ),
        ),
        (
            "zh",
            (
                "拒绝不透露任何信息",
                "同一答复",
                "这是推送的结果",
                "步全部通过。Node.js",
                "把时间改早一小时：该条目不在日志中",
                "郑州：续期 5，终止 0，失败 0",
                "只有居民本人的应用把两地记录合在一起",
                "共 42 项；每项由到访城市签名的决定开放",
                "随后退回，名额已释放",
                "郑州 现不登记此项使用，也不说明原因",
                "不知道服务点，也不知道类别",
                "毫秒后被暂停",
            ),
        ),
    ],
)
def test_the_demo_tells_the_whole_path_and_leaves_nothing_running(
    tmp_path: Path, language: str, told: tuple[str, ...]
) -> None:
    process = demo(tmp_path, "--lang", language)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert [words for words in told if words not in output] == []
    assert running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_broken_off_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = demo(tmp_path, "--lang", "en")
    assert process.stdout is not None
    for line in process.stdout:
        if "Five cities" in line:
            break
    assert running(tmp_path)
    process.send_signal(number)
    output, _ = process.communicate()
    assert process.returncode in {130, 143}, output
    assert running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
