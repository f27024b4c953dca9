"""Nobody is erased by a slip: what goes is said first, and it is asked once more."""

from pathlib import Path
from typing import Any

import click
import pytest

from node.cli import exits
from node.cli.calling import Node
from tests.node.cli.conftest import Run

RESIDENT = "018f0000-0000-7000-8000-000000000001"
NUMBER = "999999196001010016"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a node was asked; it has removed seven rows."""
    found = list[dict[str, Any]]()

    def ask(_node: Node, method: str, **request: object) -> dict[str, Any]:
        found.append({"method": method, **request})
        return {"row_count": "7"}

    monkeypatch.setattr(Node, "ask", ask)
    return found


@pytest.fixture
def prompts(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each prompt of the terminal hid what was typed."""
    hidden = list[bool]()

    def prompt(_text: str, *, hide_input: bool = False, **_: object) -> str:
        hidden.append(hide_input)
        return NUMBER

    monkeypatch.setattr(click, "prompt", prompt)
    return hidden


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, prompts: list[bool]) -> None:
    monkeypatch.setattr("node.cli.commands.retention.sys", _Terminal())


class _Terminal:
    """A `sys` whose input is a terminal."""

    class stdin:  # noqa: N801 - it stands for sys.stdin
        @staticmethod
        def isatty() -> bool:
            return True


def test_a_pipe_without_yes_erases_nobody(
    run: Run, node_folder: Path, asked: list[dict[str, Any]]
) -> None:
    ran = run(
        "--settings", node_folder / "hutong.toml", "resident", "erase", RESIDENT, stdin=NUMBER
    )
    assert ran.code == exits.USAGE
    assert "--yes" in ran.err
    assert asked == []


def test_who_says_no_is_not_erased(
    run: Run,
    node_folder: Path,
    asked: list[dict[str, Any]],
    terminal: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(click, "confirm", lambda *_, **__: False)
    ran = run("--settings", node_folder / "hutong.toml", "resident", "erase", RESIDENT)
    assert ran.code == exits.INTERRUPTED
    assert asked == []
    assert "cannot be undone" in ran.err
    assert NUMBER not in ran.out + ran.err


def test_who_says_yes_is_erased_by_a_number_that_nobody_saw(
    run: Run,
    node_folder: Path,
    asked: list[dict[str, Any]],
    terminal: None,
    prompts: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(click, "confirm", lambda *_, **__: True)
    ran = run("--settings", node_folder / "hutong.toml", "resident", "erase", RESIDENT)
    assert ran.code == exits.DONE
    assert prompts == [True]
    assert asked == [
        {"method": "EraseResident", "resident_id": RESIDENT, "document_number": NUMBER}
    ]
    assert "7" in ran.out
    assert NUMBER not in ran.out + ran.err


def test_nothing_typed_erases_nobody(
    run: Run, node_folder: Path, asked: list[dict[str, Any]]
) -> None:
    settings = node_folder / "hutong.toml"
    ran = run("--settings", settings, "resident", "erase", RESIDENT, "--yes", stdin="\n")
    assert ran.code == exits.USAGE
    assert asked == []
