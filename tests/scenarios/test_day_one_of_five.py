"""Day one of five cities of the harness, from nothing to ten agreements: by the page alone."""

import itertools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from node import data
from scripts.harnessing.wishes import Wish
from tests.harness.keeper_stage import Run, brought_up
from tests.scenarios.five import NAMES, ON_POSTGRESQL, services
from tests.scenarios.pages import OPERATING, Terminal, Typist
from tests.scenarios.stage import ROOT

# Some two hundred commands, each a process of its own.
pytestmark = [pytest.mark.all, pytest.mark.long, pytest.mark.timeout(1800)]

PAGE: Final = f"{OPERATING}day-one.md"


@dataclass(frozen=True, slots=True)
class Part:
    """A city as the page has it."""

    pinyin: str
    first_port: int
    officer: str
    scale: str


INVITES: Final = Part("zhengzhou", 7443, "li", "shangding")
JOINS: Final = Part("hangzhou", 8443, "wang", "qianjiang")


def played_by(run: Run, part: Part, pinyin: str) -> Iterator[tuple[str, str]]:
    """What is typed in the place of what the page says of one of its two cities."""
    place, about, said = run.state(pinyin), data.city(pinyin), data.city(part.pinyin)
    folder, settings = place["folder"], f"{place['folder']}/hutong.toml"
    yield said.name_en, about.name_en
    yield said.pinyin, about.pinyin
    yield said.code, about.code
    ports = (place["peer_port"], place["local_port"], place["onboarding_port"])
    for number, port in enumerate(ports):
        yield f"127.0.0.1:{part.first_port + number}", f"{place['host']}:{port}"
    yield f"$PWD/var/{part.pinyin}", folder
    yield f"var/{part.pinyin}", folder
    # In earnest there is a service in its place, as the page says; and a database, where one is.
    store = f's#^store = .*#store = "{place["store"]}"#'
    edits = f"sed -i '{store}' {settings}; " if place["store"] else ""
    yield f"hutong serve 2>var/{part.pinyin}.log &", f"{edits}systemctl start hutong"
    # Whoever began as the one that joins has that officer; each city has one.
    officer = INVITES.officer if pinyin == INVITES.pinyin else JOINS.officer
    yield f"--operator {part.officer}", f"--operator {officer}"
    scale = tomllib.loads(data.path(f"{pinyin}/scale.toml").read_text("utf-8"))
    yield part.scale, scale["scale_id"]


def typist(run: Run, folder: Path, one: str, other: str, *, both: bool = True) -> Typist:
    """Whoever types the page for two cities, the first of which invites; or for the second only."""
    places = {
        **dict(played_by(run, INVITES, one)),
        **dict(played_by(run, JOINS, other)),
        "hangzhou-zhengzhou.toml": data.agreement(one, other).name,
    }
    seats = ((INVITES, one), (JOINS, other)) if both else ((JOINS, other),)
    return Typist(
        {
            data.city(part.pinyin).name_en: Terminal(
                folder, pinyin, places, machine=services(run, pinyin)
            )
            for part, pinyin in seats
        }
    )


def test_five_cities_come_from_nothing_to_ten_agreements_by_the_page_alone(tmp_path: Path) -> None:
    (tmp_path / "node").symlink_to(ROOT / "node")
    with brought_up(Wish(5, {ON_POSTGRESQL: "postgresql"}, residents=0, bare=True)) as run:
        typist(run, tmp_path, INVITES.pinyin, JOINS.pinyin).type(PAGE)
        for name in NAMES:
            if name not in {INVITES.pinyin, JOINS.pinyin}:
                for heading in ("1. ", "2. "):
                    typist(run, tmp_path, INVITES.pinyin, name, both=False).type(PAGE, heading)
        for pair in itertools.combinations(NAMES, 2):
            if set(pair) != {INVITES.pinyin, JOINS.pinyin}:
                found = typist(run, tmp_path, *pair)
                for heading in ("4. ", "5. "):
                    found.type(PAGE, heading)
        for name in NAMES:
            terminal = Terminal(tmp_path, name)
            assert terminal.follow("hutong partner list").count(" active ") == 4
            assert terminal.follow("hutong agreement list").count("in force") == 4
