"""How far everybody is scored, and a resident's standing, from a node that runs in this process."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from node import data
from node.cli import exits
from node.model import DocumentKind
from tests.node.catalogue import OFFICE, changed, indicator, made_catalogue, rows_of
from tests.node.cli.conftest import Ran, Run
from tests.node.services.world import fictional_id
from tests.node.transport.house import House, Loop, opened

NUMBER = fictional_id(830_000)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    loop = Loop()
    with opened(loop, tmp_path_factory.mktemp("house") / "here") as made:
        scale = data.path("zhengzhou/scale.toml").read_bytes()
        load = made.cases.catalogue.load_scale
        made.act(partial(load, file_name="scale.toml", content=scale))
        yield made
    loop.close()


def at(run: Run, house: House, *arguments: object) -> Ran:
    # The node's log would be among what the command prints.
    with capture_logs():
        return run("--settings", house.directory / "hutong.toml", *arguments)


def test_a_new_catalogue_is_seen_before_everybody_is_counted_by_it(
    run: Run, house: House, tmp_path: Path
) -> None:
    house.act(lambda tx: tx.administration.put_indicators(made_catalogue()))
    cases, rows = house.cases, rows_of(NUMBER, 16, "s", "2026-01-15")
    house.act(lambda tx: cases.recording.load(tx, OFFICE, rows))
    kind = DocumentKind.RESIDENT_ID
    resident = house.act(lambda tx: cases.residents.enrol(tx, kind, NUMBER)).resident_id
    assert "version 1" in at(run, house, "score", "status").out
    assert at(run, house, "--json", "score", "status").json == {
        "version": 1,
        "waiting_count": "0",
    }
    stricter = changed(made_catalogue(), indicator("add-16", 4))
    house.act(lambda tx: tx.administration.put_indicators(stricter))
    waits = at(run, house, "--lang", "zh", "score", "status")
    assert (waits.code, "尚有 1 名居民" in waits.out) == (exits.DONE, True)
    shown = at(run, house, "resident", "standing", resident)
    assert "104 = base 100, records +4" in shown.out
    house.loop.run(cases.rescoring.walk())
    assert at(run, house, "--json", "score", "status").json["waiting_count"] == "0"
    exported = at(run, house, "resident", "standing", resident, "--export", "mine.json")
    assert exported.code == exits.DONE, exported.err
    found = json.loads((tmp_path / "mine.json").read_text("utf-8"))
    assert (found["score_milli"], found["catalogue_version"]) == (104_000, 2)
