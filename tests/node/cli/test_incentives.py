"""`hutong incentives diff`, against a node in this process: it tells, and changes nothing."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from node import data
from node.cli import exits
from tests.node.cli.conftest import Ran, Run
from tests.node.transport.house import House

SHIPPED = data.path("zhengzhou/incentives.toml").read_text("utf-8")
BAND = 'minimum_band = "excellent"\ncommendations = ["blood-donor"]\n'
ONE = SHIPPED.split("[[incentives]]")[1]


def at(run: Run, house: House, *arguments: object, stdin: str = "") -> Ran:
    with capture_logs():
        return run("--settings", house.directory / "hutong.toml", *arguments, stdin=stdin)


def swapped(old: str, new: str) -> str:
    assert old in SHIPPED
    return SHIPPED.replace(old, new, 1)


def test_the_catalogue_in_force_differs_in_nothing(run: Run, house: House) -> None:
    ran = at(run, house, "incentives", "diff", data.path("zhengzhou/incentives.toml"))
    assert (ran.code, ran.out.count("\n")) == (exits.DONE, 1), ran.err
    assert "version 1" in ran.out


def test_who_would_lose_is_told_and_the_command_says_so(run: Run, house: House) -> None:
    raised = swapped(BAND, BAND.replace("excellent", "outstanding"))
    ran = at(run, house, "incentives", "diff", "-", stdin=raised)
    assert ran.code == exits.REFUSED, ran.err
    row = next(line for line in ran.out.splitlines() if "lose it" in line)
    assert row.split() == ["library-card", "lose", "it", "Zhengzhou", "(410100)", "excellent"]
    told = at(run, house, "--json", "incentives", "diff", "-", stdin=raised)
    assert told.code == exits.REFUSED
    assert told.json["changed"] == ["library-card"]
    assert told.json["differences"] == [
        {
            "incentive_id": "library-card",
            "change": "INCENTIVE_CHANGE_LOSES",
            "home_city": "410100",
            "bands": ["excellent"],
            "commended": False,
        }
    ]


def test_who_would_gain_is_told_in_both_languages(run: Run, house: House) -> None:
    more = SHIPPED + "[[incentives]]" + ONE.replace("library-card", "map").replace(BAND, "")
    ran = at(run, house, "--lang", "zh", "incentives", "diff", "-", stdin=more)
    assert ran.code == exits.DONE, ran.err
    assert "新访客" in ran.out
    assert "新得" in ran.out
    assert "郑州（410100）" in ran.out
    more = swapped(BAND, BAND.replace("blood-donor", "volunteer-star"))
    ran = at(run, house, "incentives", "diff", "-", stdin=more)
    assert (ran.code, "Nobody gains or loses" in ran.out) == (exits.DONE, True), ran.out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SHIPPED.replace('"excellent"', '"best"', 1), "line 8"),
        (SHIPPED.replace("recognised &&", "recognized &&", 1), "may read band"),
        ("", "empty"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_nothing_changes(
    run: Run, house: House, tmp_path: Path, text: str, told: str
) -> None:
    before = house.cases.uow.registry.version
    ran = at(run, house, "incentives", "diff", "-", stdin=text)
    assert ran.code == exits.REFUSED
    assert told in ran.err
    assert house.cases.uow.registry.version == before
    assert at(run, house, "incentives", "diff", tmp_path / "none.toml").code != exits.DONE
