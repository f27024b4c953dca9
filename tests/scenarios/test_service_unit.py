"""The unit of systemd: it is well formed and narrow, and the node says what the unit waits for."""

import ctypes
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.cli import exits
from scripts.cities import Cities
from scripts.city import City
from tests.scenarios.stage import ROOT

UNIT = ROOT / "docs/operating/hutong.service"
# Of ten times ten points of exposure, as `systemd-analyze security` counts: 2.0 is narrow.
EXPOSED_MOST = 20
OLD = tuple(int(part) for part in os.uname().release.split(".")[:2]) < (6, 3)
_NO_NEW_PRIVILEGES, _NO_EXECUTABLE_DATA, _REFUSE_GAIN = 38, 65, 1

pytestmark = pytest.mark.all


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with Cities(tmp_path, ("330100",)) as cities:
        city = cities["hangzhou"]
        city.init()
        yield city


def test_the_unit_is_well_formed(tmp_path: Path) -> None:
    installed = tmp_path / "hutong.service"
    command = f"{Path(sys.executable).parent / 'hutong'} serve"
    text = UNIT.read_text("utf-8").replace("/opt/hutong/.venv/bin/hutong serve", command)
    assert command in text
    installed.write_text(text, "utf-8")
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(installed)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, [x for x in found.stderr.splitlines() if "hutong" in x]) == (0, [])


def test_the_unit_is_narrow() -> None:
    words = ["security", "--offline=true", f"--threshold={EXPOSED_MOST}", "--no-pager", str(UNIT)]
    found = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_what_starting_again_does_not_mend_is_not_started_again(city: City) -> None:
    [codes] = re.findall(r"(?m)^RestartPreventExitStatus=(.*)$", UNIT.read_text("utf-8"))
    kept = {int(code) for code in codes.split()}
    assert kept == {exits.USAGE, exits.REFUSED, exits.NOT_ALLOWED, exits.BROKEN_LOG}
    with city.settings.open("a", encoding="utf-8") as settings:
        settings.write('\npeer_listne = "0.0.0.0:7443"\n')
    words = [sys.executable, "-m", "node.cli", "serve", "--settings", str(city.settings)]
    found = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert found.returncode in kept
    assert "peer_listen" in found.stderr


def test_systemd_hears_when_it_serves_that_it_lives_and_that_it_stops(
    city: City, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        city.environment = os.environ | {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "200000",
        }
        city.start()
        said = [manager.recv(4096).decode() for _ in range(6)]
        ready = next(text for text in said if text.startswith("READY=1\n"))
        assert ready.endswith(f"partners at 127.0.0.1:{city.peer_port}")
        assert said.count("WATCHDOG=1") >= 4
        # Whoever waited for that may call at once.
        with socket.create_connection((city.host, city.local_port), timeout=10):
            pass
        assert city.stop() == 0
        while not (text := manager.recv(4096).decode()).startswith("STOPPING=1"):
            assert text == "WATCHDOG=1"


def test_a_manager_that_is_gone_stops_no_node(city: City, tmp_path: Path) -> None:
    city.environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "nobody")}
    city.start()
    city.wait()
    assert city.stop() == 0


def test_a_node_serves_where_memory_is_never_writable_and_executable(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = ctypes.CDLL(None, use_errno=True)

    def narrow() -> None:
        if process.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            os._exit(97)
        # Linux can refuse such memory from 6.3 on; before that systemd's filter does it.
        if process.prctl(_NO_EXECUTABLE_DATA, _REFUSE_GAIN, 0, 0, 0) and not OLD:
            os._exit(98)

    plain = subprocess.Popen

    def narrowed(*words: object, **options: object) -> object:
        return plain(*words, **(options | {"preexec_fn": narrow}))  # type: ignore[call-overload]

    monkeypatch.setattr("scripts.city.subprocess.Popen", narrowed)
    city.start()
    city.wait()
    city.load_rules()
    assert city.process is not None
    status = Path(f"/proc/{city.process.pid}/status").read_text("ascii")
    assert "NoNewPrivs:\t1" in status
    assert city.stop() == 0
