"""The endurance run: which faults it draws, and what it does in which order."""

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.harnessing.cli import TREE, harness, main
from scripts.harnessing.commands.scenario import fresh
from scripts.harnessing.endurance import Course, faults, scenario
from scripts.harnessing.expecting import Counts, counts_of, failures
from scripts.harnessing.fault_kinds import KINDS
from scripts.harnessing.layout import Folder
from scripts.harnessing.records import Act, Checked, Deed, Happening, Ruling, Violation
from scripts.harnessing.scenario_format import Expectation, Up
from scripts.harnessing.telling import LANGUAGES, TEXTS
from tests.harness.fake_harness import act

NAMES = {"330100": "hangzhou", "320100": "nanjing"}


def drawn(seed: int, cities: int = 5, minutes: float = 30) -> list[tuple[str, str, str]]:
    course = Course(minutes=minutes, cities=cities, seed=seed, plain=True)
    return [(each.kind, each.city, each.other) for each in faults(course, course.up)]


def test_there_is_one_fault_each_minute_inside_the_load() -> None:
    course = Course()
    assert len(course.instants) == 30
    assert all(60 * k < at < 60 * (k + 1) for k, at in enumerate(course.instants))


def test_one_seed_draws_the_same_faults_and_another_draws_others() -> None:
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_every_kind_and_every_city_comes_before_one_comes_again() -> None:
    found = drawn(3)
    assert {kind for kind, _, _ in found[: len(KINDS)]} == KINDS.keys()
    assert len({city for _, city, _ in found[:5]}) == 5
    assert max(Counter(kind for kind, _, _ in found).values()) == 3


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 20))
def test_whatever_the_seed_a_fault_can_be_made(seed: int, cities: int) -> None:
    course = Course(cities=cities, seed=seed)
    up = Up(cities=cities, processes={"nanjing": 2}, stores={"nanjing": "postgresql"})
    for each in faults(course, up):
        assert each.city != each.other
        assert bool(each.other) == KINDS[each.kind].on_link
        assert each.process < up.names[each.city]
        assert (each.seconds > 0) == KINDS[each.kind].lasts
        assert each.seconds < course.fault_every / 2


def test_the_steps_are_a_load_the_faults_and_a_check() -> None:
    course = Course(minutes=3, plain=True)
    found = scenario(course, course.up, 42.5)
    assert [step.deed for step in found.steps] == [
        *("load", "fault", "fault", "fault", "wait", "wait", "check"),
    ]
    assert found.steps[0].load is not None
    assert (found.steps[0].load.rate, found.steps[0].load.seconds) == (42.5, 180)
    assert [step.at for step in found.steps[1:4]] == [30, 90, 150]
    assert found.faults.keys() == {1, 2, 3}


def _counts() -> Counts:
    lost = Act(Deed.CHECK, "330100", "320100", "x", 1, 1, 2, "DEADLINE", repeated=True)
    alone = Act(Deed.STANDING, "330100", "", "y", 1, 1, 2, "UNREACHABLE")
    full = Act(Deed.REDEEM, "330100", "320100", "z", 1, 1, 2, "CAPACITY_USED_UP")
    away = Act(
        Deed.CHECK, "330100", "320100", "v", 1, 1, 2, "OK", said={"outcome": "HOME_UNREACHABLE"}
    )
    broken = Ruling(
        "capacity", "capacity", "容量", "capacity", 1, (Violation("capacity", "x", "", ""),)
    )
    faulty = [Happening(1, "1", "kill", True), Happening(2, "1", "kill", False)]
    faulty.append(Happening(3, "2", "cut", True))
    acts = [act(1, 1.0), lost, alone, full, away]
    return counts_of(acts, faulty, Checked(1, (broken,)), NAMES)


@pytest.mark.parametrize(
    ("expected", "texts"),
    [
        ({"holds": True}, ["expected_holds"]),
        ({"answered": 2}, []),
        ({"answered": 3}, ["expected_answered"]),
        ({"answered_by": {"hangzhou": 2, "nanjing": 1}}, ["expected_answered_by"]),
        ({"errors": 3}, []),
        ({"errors": 2}, ["expected_errors"]),
        ({"errors_only_with": ["hangzhou"]}, []),
        ({"errors_only_with": ["nanjing"]}, ["expected_with"]),
        ({"errors_only_between": ["nanjing", "hangzhou"]}, ["expected_between"]),
        ({"repeated": 1}, []),
        ({"repeated": 2}, ["expected_repeated"]),
        ({"faults": 2}, ["expected_ended"]),
        ({"faults": 1}, ["expected_faults", "expected_ended"]),
    ],
)
def test_what_did_not_come_about_is_told(expected: dict[str, object], texts: list[str]) -> None:
    found = failures(Expectation.model_validate(expected), _counts())
    assert [each.text for each in found] == texts
    assert all(each.of(language) for each in found for language in LANGUAGES)


def test_what_was_never_checked_does_not_hold() -> None:
    found = failures(Expectation(holds=True), counts_of([], [], None, NAMES))
    assert [each.text for each in found] == ["expected_check"]


def test_every_text_is_there_in_both_languages() -> None:
    assert [name for name, (zh, en) in TEXTS.items() if not zh or not en or zh == en] == []


def test_each_command_of_the_harness_is_there_and_has_help() -> None:
    for name in TREE:
        found = CliRunner().invoke(harness, [name, "--help"])
        assert found.exit_code == 0, found.output
        assert "--dir" in found.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["scenaro"], 2, "the nearest is scenario"),
        (["scenario"], 2, "scenario --list"),
        (["scenario", "kil"], 2, "the nearest is"),
        (["scenario", "x", "--lang", "fr"], 2, "scripts/harness scenario --help"),
        (["endure", "--minutes", "0"], 2, "scripts/harness endure --help"),
        ([], 2, "A first session"),
    ],
)
def test_a_command_line_that_is_wrong_is_told_with_the_next_step(
    words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "负载中强制结束进程"), ("en", "Kill under load")]
)
def test_the_list_has_every_scenario_in_both_languages(
    language: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scenario", "--list", "--lang", language]) == 0
    assert said in capsys.readouterr().out
    assert main(["scenario", "--list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["scenarios"]
    assert {"kill-under-load", "mixed-stores"} <= {row["name"] for row in rows}


def test_a_folder_that_holds_something_else_is_not_thrown_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("dear", "utf-8")
    assert main(["scenario", "kill-under-load", "--dir", str(tmp_path)]) == 2
    assert "something else than a run" in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text("utf-8") == "dear"


@pytest.mark.parametrize("words", [["scenario", "kill-under-load"], ["endure"]])
def test_an_earlier_run_is_thrown_away_only_where_it_is_said(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Folder(tmp_path).plan.write_text("{}", "utf-8")
    assert main([*words, "--dir", str(tmp_path)]) == 2
    assert "throw it away with `--again`" in capsys.readouterr().err
    assert fresh(Folder(tmp_path), again=True).root.is_dir()
    assert list(tmp_path.iterdir()) == []
