"""A PKCS #11 token of SoftHSM2, for tests of keys that never leave their device."""

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
)
_SERIAL = itertools.count(1)
PIN = b"2718281828"


@dataclass(frozen=True, slots=True)
class SoftToken:
    """A token that was just made."""

    module: Path
    label: str
    directory: Path


@pytest.fixture(scope="session")
def soft_hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """SoftHSM's library, and where its tokens lie: one place for all of a process."""
    module = next((Path(p) for p in _PLACES if Path(p).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.fail("SoftHSM2 is not installed: apt-get install softhsm2")
    directory = tmp_path_factory.mktemp("softhsm")
    (directory / "tokens").mkdir()
    configuration = directory / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {directory / 'tokens'}\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    yield module, directory / "tokens"
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def soft_token(soft_hsm: tuple[Path, Path]) -> SoftToken:
    """An empty token of the test's own."""
    module, tokens = soft_hsm
    label, before = f"hutong test {next(_SERIAL)}", set(tokens.iterdir())
    pins = ("--pin", PIN.decode(), "--so-pin", "31415926")
    command = ("softhsm2-util", "--init-token", "--free", "--label", label, *pins)
    subprocess.run(command, check=True, capture_output=True)
    [directory] = set(tokens.iterdir()) - before
    return SoftToken(module, label, directory)
