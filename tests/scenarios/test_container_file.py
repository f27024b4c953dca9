"""The container file: what it says, and that what it copies is enough for a node to live on."""

import json
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from node.cli import exits
from node.cli.app import TREE
from node.cli.session import Session
from node.cli.shape import Group
from node.config import Settings
from scripts.cities import free_ports
from tests.scenarios.stage import ROOT

FILE = ROOT / "docs/operating/Containerfile"
PAGE = ROOT / "docs/operating/container.md"
HOME = "/opt/hutong"
DATA = "/var/lib/hutong"
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of the file, of the stage that has that number."""

    stage: int
    word: str
    rest: str


def instructions() -> list[Instruction]:
    lines = [line for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    found, stage = list[Instruction](), 0
    for line in filter(None, whole.splitlines()):
        word, _, rest = line.partition(" ")
        stage += word == "FROM"
        found.append(Instruction(stage, word, " ".join(rest.split())))
    return found


def of(word: str, stage: int = 0) -> list[str]:
    return [i.rest for i in instructions() if i.word == word and stage in (0, i.stage)]


def copied() -> list[str]:
    """What is copied out of the checkout."""
    return [p for rest in of("COPY", 1) for p in rest.split()[:-1]]


def test_what_it_copies_is_there_and_kept_by_git() -> None:
    assert not [rest for rest in of("COPY", 1) if rest.startswith("--")]
    listed = ["git", "-c", "safe.directory=*", "ls-files", "--error-unmatch", *copied()]
    assert subprocess.run(listed, cwd=ROOT, check=False, capture_output=True).returncode == 0
    for rest in of("COPY", 1):
        *sources, target = rest.split()
        # Each lands where it lies here, so that the folder looks like a checkout.
        assert sources == [target] or target == "./", rest
    assert of("COPY", 2) == [f"--from=build {HOME} {HOME}"]
    assert of("ADD") == []


def test_it_ends_as_another_user_than_root_and_writes_one_folder() -> None:
    [user] = of("USER", 2)
    assert user.isdigit()
    assert int(user) > 0
    [made] = of("RUN", 2)
    assert f"--uid {user}" in made
    assert f"install -d -o hutong -g hutong -m 0700 {DATA}" in made
    assert of("VOLUME") == of("WORKDIR", 2) == [DATA]
    # What comes after the user is no step of root's.
    order = [i.word for i in instructions() if i.stage == 2]
    assert "RUN" not in order[order.index("USER") :]
    assert f"HUTONG_SETTINGS={DATA}/hutong.toml" in of("ENV", 2)[0]


def test_everything_is_pinned_and_installed_by_hashes() -> None:
    assert [rest for rest in of("FROM") if rest.split()[0] != "${BASE}"] == []
    [base] = of("ARG")
    assert re.fullmatch(r"BASE=python:3\.\d+-slim-[a-z]+", base)
    installs = [rest for rest in of("RUN") if re.search(r"pip|apt|curl|wget|setup", rest)]
    assert installs == ["scripts/setup"]
    assert "--require-hashes" in (ROOT / "scripts/setup").read_text("utf-8")


def test_its_ports_are_those_of_the_settings_and_it_hears_signals() -> None:
    names = ("peer_listen", "local_listen", "onboarding_listen")
    ports = [str(Settings.model_fields[n].default).rpartition(":")[2] for n in names]
    assert of("EXPOSE") == [" ".join(ports)]
    assert of("STOPSIGNAL") == ["SIGTERM"]
    # In exec form: no shell stands between the engine and the node.
    assert json.loads(of("ENTRYPOINT")[0]) == ["hutong"]
    assert json.loads(of("CMD")[0]) == ["serve"]
    assert "--stop-timeout 20" in PAGE.read_text("utf-8")


def test_the_commands_of_the_page_are_commands_of_ours() -> None:
    root = Group(TREE)
    context = click.Context(root, info_name="hutong", obj=Session("en"))
    page = PAGE.read_text("utf-8").replace("\\\n", " ")
    typed = re.findall(r"(?m)^podman (?:run|exec) .*? hutong ([a-z].*)$", page)
    typed = [re.sub(r"^hutong ", "", each) for each in typed]
    assert len(typed) >= 3
    for each in [*typed, " ".join(probe()[1:])]:
        assert root.get_command(context, each.split()[0]) is not None, each


def probe() -> list[str]:
    """The health check's command."""
    [rest] = of("HEALTHCHECK")
    return [str(word) for word in json.loads(rest.partition("CMD ")[2])]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What the image has of ours, in a folder of its own, with an environment of its own.

    Packages are not installed again: those of this environment are seen from there.
    """
    made = tmp_path / "opt"
    for path in copied():
        source, target = ROOT / path, made / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    venv = [sys.executable, "-m", "venv", "--without-pip", str(made / ".venv")]
    subprocess.run(venv, check=True)
    site = next((made / ".venv/lib").glob("python*/site-packages"))
    # The packages come from the folder, not by a .pth of it, which would lead to the checkout.
    (site / "seen.pth").write_text(f"{made}\n{sysconfig.get_path('purelib')}\n", "utf-8")
    return made


def everything(folder: Path) -> dict[str, float]:
    """Each file with its time; a bytecode cache too would be one that was written."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime for path in sorted(folder.rglob("*"))
    }


@pytest.mark.all
def test_what_is_copied_is_enough_for_a_node_that_writes_one_folder(
    image: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    peer, local, onboarding = free_ports(3)
    environment = {
        "PATH": f"{image}/.venv/bin",
        "HUTONG_SETTINGS": str(data / "hutong.toml"),
        "HUTONG_ONBOARDING_LISTEN": f"127.0.0.1:{onboarding}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    hutong = [f"{image}/.venv/bin/python", "-P", "-m", "node.cli"]

    def run(*words: str) -> int:
        done = subprocess.run(
            [*hutong, *words], cwd=data, env=environment, check=False, timeout=_SECONDS
        )
        return done.returncode

    before = everything(image)
    address = ("--peer-address", f"127.0.0.1:{peer}", "--local-address", f"127.0.0.1:{local}")
    assert run("init", "--city", "hangzhou", *address, ".") == exits.DONE
    with subprocess.Popen([*hutong, "serve"], cwd=data, env=environment) as node:
        try:
            give_up = time.monotonic() + _SECONDS
            while run("health") != exits.DONE:
                assert node.poll() is None
                assert time.monotonic() < give_up
            assert run(*probe()[1:]) == exits.DONE
            node.send_signal(signal.SIGTERM)
            assert node.wait(_SECONDS) == exits.DONE
        finally:
            node.kill()
    assert run(*probe()[1:]) == exits.UNREACHABLE
    assert everything(image) == before
    assert (data / "hutong.sqlite").exists()
