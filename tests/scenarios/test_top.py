"""`hutong top` over two real processes of one city: added up, and told apart when one dies."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.cli import exits
from scripts.cities import Cities, City, free_ports
from tests.node.cli.conftest import Run, run
from tests.scenarios.stage import ROOT
from tests.scenarios.test_two_processes import twin

__all__ = ["run"]

pytestmark = pytest.mark.all

Both = tuple[City, City, list[str]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Two processes of one city over one store, and where each gives its metrics."""
    root = tmp_path_factory.mktemp("top")
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    with Cities(root, ("410100",)) as cities:
        one = cities["zhengzhou"]
        one.init(f"sqlite:///{root}/hutong.sqlite")
        measured(one, addresses[0])
        one.start()
        one.wait()
        two = twin(one, root / "second")
        measured(two, addresses[1])
        two.start()
        try:
            two.wait()
            yield one, two, addresses
        finally:
            two.stop()


def measured(city: City, address: str) -> None:
    city.environment = os.environ | {"HUTONG_METRICS_LISTEN": address}


def calling(cities: tuple[City, ...], enough: threading.Event) -> None:
    while not enough.wait(0.02):
        for city in cities:
            city.operator("GetDescriptor")


def looked_at(run: Run, both: Both, *arguments: str) -> tuple[int, str]:
    """A frame, while each process that lives is called."""
    one, two, addresses = both
    alive = tuple(city for city in (one, two) if city.process is not None)
    enough = threading.Event()
    thread = threading.Thread(target=calling, args=(alive, enough))
    thread.start()
    try:
        wanted = [word for address in addresses for word in ("--metrics", address)]
        ran = run("top", "--once", *arguments, *wanted)
    finally:
        enough.set()
        thread.join()
    return ran.code, ran.out


def test_a_line_that_breaks_is_said_and_it_goes_on(both: Both) -> None:
    _, two, addresses = both
    process = subprocess.Popen(
        [sys.executable, "-m", "node.cli", "top", "--json", "--every", "0.2",
         "--metrics", addresses[1]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    read = process.stdout.readline
    try:
        assert json.loads(read())["processes"][0]["problem"] == ""
        two.kill()
        while not json.loads(read())["processes"][0]["problem"]:
            pass
        two.start()
        two.wait()
        while json.loads(read())["processes"][0]["problem"]:
            pass
    finally:
        process.terminate()
        assert process.wait(20) == exits.DONE
        process.stdout.close()


def test_two_processes_are_added_up_and_one_that_dies_is_named(
    run: Run, both: Both, tmp_path: Path
) -> None:
    code, out = looked_at(run, both, "--json")
    found = json.loads(out)
    assert (code, found["city"], found["known"]) == (exits.DONE, "410100", True)
    assert [row["problem"] for row in found["processes"]] == ["", ""]
    # Of timed work there is one, and each was called.
    assert sum(row["does_timed_work"] for row in found["processes"]) == 1
    [method] = [row for row in found["methods"] if row["method"] == "GetDescriptor"]
    assert method["rate"] == found["ports"]["local"]["rate"] > 0
    assert found["ports"]["local"]["failed"] == {}
    assert found["store_answers"] is True
    both[1].kill()
    code, out = looked_at(run, both)
    assert code == exits.DONE
    assert "Zhengzhou (410100)" in out
    assert "processes 1/2" in out
    assert f"{both[2][1]} does not answer" in out
    assert "GetDescriptor" in out


def watched(*arguments: str, keys: bytes = b"", number: int = 0) -> tuple[int, bytes, bool]:
    """Run `hutong top` at a terminal, press keys or send a signal once it has drawn twice.

    The exit code, what was drawn, and whether the terminal was left as it was found.
    """
    near, far = pty.openpty()
    termios.tcsetwinsize(far, (24, 80))
    before = termios.tcgetattr(far)
    process = subprocess.Popen(
        # Ctrl-C is for whose terminal it is.
        ["setsid", "--ctty", sys.executable, "-m", "node.cli", "top", "--every", "0.2", *arguments],
        cwd=ROOT,
        stdin=far,
        stdout=far,
        stderr=far,
        env=os.environ | {"TERM": "xterm-256color", "LANG": "en_GB.UTF-8"},
    )
    seen, sent, give_up = b"", False, time.monotonic() + 60
    try:
        while process.poll() is None and time.monotonic() < give_up:
            seen += _drawn(near)
            if not sent and seen.count(b"hutong ") >= 2:
                sent = True
                if number:
                    process.send_signal(number)
                else:
                    os.write(near, keys)
        code, after = process.wait(10), termios.tcgetattr(far)
        seen += _drawn(near)
    finally:
        process.kill()
        process.wait()
        os.close(near)
        os.close(far)
    return code, seen, before == after


def _drawn(near: int) -> bytes:
    return os.read(near, 65536) if select.select([near], [], [], 0.05)[0] else b""


@pytest.mark.parametrize(("keys", "number"), [(b"q", 0), (b"\x03", 0), (b"", signal.SIGTERM)])
def test_it_ends_cleanly_and_leaves_the_terminal_as_it_was(
    both: Both, keys: bytes, number: int
) -> None:
    address = both[2][0]
    code, seen, restored = watched("--metrics", address, keys=keys, number=number)
    assert (code, restored) == (exits.DONE, True)
    assert b"processes 1/1" in seen
    # The screen of before is back, and so is the cursor.
    assert b"\x1b[?1049l" in seen
    assert b"\x1b[?25h" in seen
