"""Lives in a simulated federation under trouble: whatever the seed, every rule holds."""

import tomllib
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

import pytest
from click.testing import CliRunner

from scripts.simulation.__main__ import main
from scripts.simulation.history import History
from scripts.simulation.run import Outcome, Plan, play
from scripts.simulation.search import search
from scripts.simulation.violations import Violation
from tests.simulation.put_back import MISTAKES

ALL: Final = pytest.mark.all

# As short as a run can be in which all of it happens.
SHORT: Final = Plan(seed=0, cities=5, seconds=30.0, residents=1, steps=6, look_every=15.0, pace=3.0)
FAILED: Final = tomllib.loads((Path(__file__).parent / "seeds.toml").read_text("utf-8"))
STORIES: Final[list[dict[str, Any]]] = FAILED.get("seeds", [])


def holds(plan: Plan) -> Outcome:
    outcome = play(plan)
    told = "\n".join(map(str, outcome.broken))
    assert not outcome.broken, f"{plan.command}\nbreaks at {outcome.at:.1f} s:\n{told}"
    return outcome


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(n, marks=ALL) for n in range(4, 24))])
def test_every_rule_holds_through_trouble(seed: int) -> None:
    outcome = holds(replace(SHORT, seed=seed, cities=5 + seed % 4))
    assert outcome.acts > 10
    assert outcome.looks > 2


def test_each_seed_that_failed_once_holds_and_has_its_story() -> None:
    for story in STORIES:
        assert story["wrong"].strip()
        assert story["mended"].strip()
        holds(Plan(**story["plan"]))


@pytest.mark.all
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["mistake"])
def test_a_seed_that_failed_once_fails_again_where_its_mistake_is_put_back(
    monkeypatch: pytest.MonkeyPatch, story: dict[str, Any]
) -> None:
    MISTAKES[story["mistake"]](monkeypatch)
    outcome = play(Plan(**story["plan"]))
    assert {violation.rule for violation in outcome.broken} == {story["rule"]}


def test_a_run_is_its_plan_and_another_seed_is_another_run() -> None:
    plan = replace(SHORT, seed=3)
    digests = [play(each).digest for each in (plan, plan, replace(plan, seed=4))]
    assert digests[0] == digests[1] != digests[2]


def test_a_broken_rule_is_told_with_the_command_that_plays_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def lie(_cities: object, _history: History) -> list[Violation]:
        return [Violation("planted", "410100", "this is wrong")]

    monkeypatch.setattr("scripts.simulation.invariants.RULES", (lie,))
    words = ["run", "--seed", "9", "--cities", "2", "--hours", "0.01", "--pace", "3"]
    trace = tmp_path / "trace"
    said = CliRunner().invoke(main, [*words, "--trace", str(trace)])
    assert said.exit_code == 1
    assert "planted: 410100: this is wrong" in said.output
    assert Plan(seed=9, cities=2, seconds=36.0, pace=3.0).command in said.output
    assert trace.read_text("utf-8").endswith("planted: 410100: this is wrong\n")


def test_the_command_of_a_plan_is_that_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Plan(5, 7, 12.6, 3, 4, 2.5, trouble=False, degree=2, pace=2.0)
    played = list[Plan]()

    def told(plan: Plan, **_: object) -> Outcome:
        played.append(plan)
        return Outcome(plan, "0" * 64, 0.0, 0, 0, 0, 0)

    monkeypatch.setattr("scripts.simulation.__main__.play", told)
    said = CliRunner().invoke(main, wanted.command.split()[1:])
    assert said.exit_code == 0, said.output
    assert played == [wanted]


@pytest.mark.parametrize(
    "words",
    [
        ["search", "--seeds", "9..1"],
        ["search", "--seeds", "some"],
        ["growth", "--cities", "5,many"],
        ["run", "--seed", "1", "--cities", "6", "--degree", "3"],
    ],
)
def test_a_mistyped_command_says_what_to_write(words: list[str]) -> None:
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 2
    assert "write" in said.output or "give an even number" in said.output


@pytest.mark.all
@pytest.mark.parametrize("seed", range(100, 112))
def test_every_rule_holds_through_longer_trouble(seed: int) -> None:
    holds(Plan(seed, cities=5 + seed % 4, seconds=60.0))


@pytest.mark.all
def test_every_rule_holds_among_fifty_cities() -> None:
    outcome = holds(Plan(1, cities=50, seconds=20.0, residents=1, steps=4, pace=4.0))
    assert outcome.acts > 100


@pytest.mark.long
# An hour on a good day of a machine with two processors, three on a bad one.
@pytest.mark.timeout(6 * 3600)
def test_every_rule_holds_whatever_the_seed() -> None:
    plan = replace(SHORT, cities=6, residents=2)
    broken = search(plan, range(1000, 3000), processes=2, told=lambda _outcome: None)
    assert broken is None, broken.plan.command


@pytest.mark.long
def test_every_rule_holds_among_the_cities_of_a_country() -> None:
    plan = Plan(1, 337, 10.0, residents=1, steps=2, look_every=10.0, degree=16, pace=10.0)
    outcome = holds(plan)
    assert outcome.acts > 300


def test_a_search_stops_at_the_first_seed_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (Violation("planted", "410100", "this is wrong"),)

    class Pool:
        """One process, which is this one."""

        def __init__(self, *_: object, **__: object) -> None: ...
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...
        def submit(self, _play: object, plan: Plan) -> Any:  # noqa: ANN401 - as the pool has it

            future = Future[Outcome]()
            found = broken if plan.seed == 3 else ()
            future.set_result(Outcome(plan, "", 0.0, 1, 0, 0, 0, found))
            return future

    monkeypatch.setattr("scripts.simulation.search.ProcessPoolExecutor", Pool)
    told = list[int]()
    outcome = search(
        SHORT, range(1, 100), processes=2, told=lambda outcome: told.append(outcome.plan.seed)
    )
    assert outcome is not None
    assert outcome.plan.seed == 3
    assert max(told) <= 5
