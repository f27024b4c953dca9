"""The command reads the frozen statements as their index says."""

import json
from pathlib import Path
from typing import Any

import pytest

from node.cli import exits
from tests.node.cli.conftest import Run

FOLDER = Path(__file__).parents[2] / "vectors"
VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "index.json").read_text("utf-8"))["vectors"]
FILES = [(vector, file) for vector in VECTORS for file in vector["files"].values()]
OPENED = ("open", "first-bundle", "next-bundle")


def _means(vector: dict[str, Any]) -> list[object]:
    given = vector["given"]
    if vector["check"] == "first-bundle":
        return ["--fingerprint", given["fingerprint"]]
    names = [given["current"]] if vector["check"] == "next-bundle" else vector["signed_by"]
    return [part for name in names for part in ("--bundle", FOLDER / f"{name}.json")]


@pytest.mark.parametrize(
    ("vector", "file"),
    [(v, f) for v, f in FILES if v["check"] in OPENED],
    ids=lambda v: str(v)[:60],
)
def test_each_vector_is_believed_or_refused_for_its_reason(
    run: Run, vector: dict[str, Any], file: str
) -> None:
    as_of = ("--audience", vector["audience"], "--at", vector["now"], "--kind", vector["statement"])
    ran = run("--json", "envelope", "verify", FOLDER / file, *_means(vector), *as_of)
    refused = vector["expected"].get("refused")
    assert ran.code == (exits.REFUSED if refused else exits.DONE)
    if refused:
        assert ran.json["error"]["reason"] == refused
    else:
        assert ran.json["steps"] == ["ok"] * 6


@pytest.mark.parametrize("file", [file for _, file in FILES])
def test_each_vector_can_be_shown(run: Run, file: str) -> None:
    ran = run("--json", "envelope", "show", FOLDER / file)
    assert ran.code in {exits.DONE, exits.REFUSED}
    if ran.code == exits.DONE:
        assert ran.json["verified"] is False
