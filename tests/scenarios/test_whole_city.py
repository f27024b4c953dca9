"""The whole city is looked at, tried and scored from the command line while its node serves."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node import data
from scripts.cities import Cities
from scripts.city import City

pytestmark = [pytest.mark.all, pytest.mark.timeout(300)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[City]:
    with Cities(tmp_path, ["zhengzhou"]) as cities:
        cities.start()
        found = cities["zhengzhou"]
        found.load_rules()
        for each in data.residents("zhengzhou"):
            found.enrol(each.document_kind, each.document_number)
        found.load_records()
        yield found


def run(city: City, *arguments: object, code: int = 0) -> Any:  # noqa: ANN401 - whatever was printed
    line = [sys.executable, "-m", "node.cli", "--json", "--settings", city.settings, *arguments]
    ended = subprocess.run([str(e) for e in line], capture_output=True, text=True, check=False)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def test_a_change_is_tried_verified_and_kept_while_the_node_serves(
    home: City, tmp_path: Path
) -> None:
    residents = len(data.residents("zhengzhou"))
    found = run(home, "score", "verify")
    assert (found["compared"], found["different"]) == (residents, 0)
    shipped = data.path("zhengzhou/scale.toml").read_text("utf-8")
    tried = tmp_path / "scale.toml"
    tried.write_text(shipped.replace("base = 100", "base = 110"), "utf-8")
    rehearsed = run(home, "score", "rehearse", "--scale", tried)
    assert rehearsed["residents"] == residents
    assert 0 < rehearsed["moved"] < residents
    assert rehearsed["lose"] == 0
    # Tried again by who reads the file, it is put in force: what was foreseen is what comes.
    run(home, "scale", "load", tried)
    foreseen = run(home, "score", "rehearse", "--scale", tried)
    assert foreseen["moved"] == 0
    before = {m["after"]: 0 for m in rehearsed["moves"]}
    for move in rehearsed["moves"]:
        before[move["after"]] += move["residents"]
    assert {m["before"]: m["residents"] for m in foreseen["moves"]} == before
    run(home, "score", "rescore")
    assert run(home, "score", "verify")["different"] == 0
    assert run(home, "score", "status")["waiting_count"] in {0, "0"}
