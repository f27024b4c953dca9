"""Files of steps: what may be written, and how a mistake is told."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.harnessing.fault_kinds import KINDS
from scripts.harnessing.loading.mixes import KINDS as JOURNEYS
from scripts.harnessing.loading.mixes import MIX
from scripts.harnessing.scenario_files import SHIPPED, Scenario, ScenarioError, find, read, shipped
from scripts.harnessing.scenario_format import DEEDS, Expectation, seconds_of

HEAD = """
name = { zh = "名", en = "name" }
description = { zh = "说明", en = "what for" }
"""
NO_LINES = '[up]\nlinks = "none"\n'
TWO = '[up]\nstores = { nanjing = "postgresql" }\nprocesses = { nanjing = 2 }'
LOAD = '[[steps]]\nload = { rate = 5, for = "10s" }\n'


def problems(steps: str, head: str = HEAD) -> list[str]:
    with pytest.raises(ScenarioError) as found:
        Scenario.parse(head + steps, "mine.toml")
    assert all(line.startswith("mine.toml: ") for line in str(found.value).splitlines())
    return list(found.value.problems)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("", "steps: it is missing; add it"),
        ("[[steps]]\n", "step 1: a step does one thing of load, fault, mend"),
        ('[[steps]]\nlode = { rate = 5, for = "1s" }', "step 1, lode: there is no such key; the n"),
        ("[[steps]]\nload = { rate = 5 }", "step 1, load.for: it is missing; add it"),
        ('[[steps]]\nload = { rate = "x", for = "1s" }', "step 1, load.rate = 'x': write a number"),
        ('[[steps]]\nload = { rate = nan, for = "1s" }', "step 1, load.rate = nan: write a number"),
        (
            '[[steps]]\nload = { rate = 5, for = "10" }',
            'write a duration as "500ms", "10s" or "2m"',
        ),
        ('[[steps]]\nload = { rate = 5, for = "25h" }', "a duration is a day at most"),
        ('[[steps]]\nwait = "settld"', 'write "load", "settled" or a duration'),
        ('[[steps]]\nfault = { kind = "kil", city = "wuhan" }', "there is no fault 'kil'; there a"),
        ('[[steps]]\nfault = { kind = "kill", city = "paris" }', "city = 'paris' is none of: zhe"),
        ('[[steps]]\nfault = { kind = "kill", city = "nanjing" }\nfor = "1s"', "leave out `for`"),
        ('[[steps]]\ncheck = true\nwait = "1s"', "not wait and check"),
        ('[[steps]]\ncheck = true\nfor = "1s"', "step 1, for: only a fault has it here"),
        ('[[steps]]\nat = "1s"\ncheck = true', "put a load before it"),
        (LOAD + LOAD, 'step 2, load: one runs already; put wait = "load" before it'),
        (
            '[[steps]]\nrotate = { city = "hangzhu" }',
            "'hangzhu': there is no such city here; the n",
        ),
        ("[[steps]]\nsuspend = { city = 'wuhan', partner = 'nanjing' }", "suspend.city = 'wuhan'"),
        ("[[steps]]\nresume = { city = 'nanjing', partner = 'nanjing' }", "no partner of itself"),
        ('[[steps]]\nmend = "pauze"', "the nearest is pause"),
        ("[[steps]]\nexpect = { holds = true }", "put check = true before it"),
        ("[[steps]]\nexpect = { errors_only_with = ['x'] }", "expect.errors_only_with = 'x'"),
        (
            '[[steps]]\nfault = { kind = "pause", city = "nanjing" }\n[[steps]]\nwait = "settled"',
            "the fault of step 1 lasts until it is mended",
        ),
        (
            '[[steps]]\nfault = { kind = "clock", city = "nanjing", seconds = 0 }',
            "seconds = 0 is no jump",
        ),
        (
            '[[steps]]\nfault = { kind = "certificate", city = "nanjing", process = 1 }\n' + TWO,
            "certificate is of all processes of a city",
        ),
        ("[[steps]]\ncheck = true\n[up]\ncities = 99", "up.cities = 99"),
        (
            "[[steps]]\ncheck = true\n[up]\nprocesses = { nanjing = 2 }",
            'add nanjing = "postgresql" to up.stores',
        ),
        ("[[steps]]\ncheck = true\n[up]\nstores = { nanjng = 'sqlite' }", "the nearest is nanjing"),
        (
            '[[steps]]\nfault = { kind = "cut", city = "nanjing", other = "*" }\n' + NO_LINES,
            'up.links = "none"',
        ),
        ("[[steps]\n", "no TOML"),
        ("[[steps]]\nexpect = { errors = 0x" + "f" * 5000 + " }", "step 1, expect.errors"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_write(steps: str, said: str) -> None:
    assert any(said in problem for problem in problems(steps)), problems(steps)


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    steps = "[[steps]]\nmend = 'x'\n[[steps]]\nrotate = { city = 'y' }\n"
    assert [each.split(",")[0] for each in problems(steps)] == ["step 1", "step 2"]


def test_a_load_after_a_load_has_ended_is_no_mistake() -> None:
    between = '[[steps]]\nwait = "load"\n'
    assert len(Scenario.parse(HEAD + LOAD + between + LOAD, "x.toml").steps) == 3


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("10s", 10), (" 1.5 m ", 90), ("24h", 86_400)]
)
def test_a_duration_is_read_as_it_is_written(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1d", "1e3s", "１s", 10, None, True, "9" * 99])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds_of(text)


_NAMES = (
    "name description up steps at for zh en cities stores kind city other partner rate mix seconds"
    " process holds errors nanjing hangzhou"
)
_KEYS = st.sampled_from([*DEEDS, *KINDS, *_NAMES.split()])
_WORDS = st.sampled_from([*KINDS, "nanjing", "hangzhou", "*", "settled", "load", "3s", "0ms", ""])
_SCALARS = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(max_size=5), _WORDS, st.just(10**400)
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


def written(value: object) -> str:
    """A value as TOML has it."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return hex(value) if value >= 0 else str(value)
        case float():
            return repr(value)
        case str():
            return '"' + "".join(f"\\U{ord(c):08x}" for c in value) + '"'
        case list():
            return "[" + ", ".join(map(written, value)) + "]"
        case dict():
            return "{" + ", ".join(f'"{k}" = {written(v)}' for k, v in value.items()) + "}"
        case _:
            raise AssertionError(value)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(_KEYS, _VALUES, max_size=5),
    st.lists(st.dictionaries(_KEYS, _VALUES, max_size=3), max_size=4),
    st.booleans(),
)
def test_any_toml_is_a_scenario_or_an_error_that_says_where(
    top: dict[str, object], steps: list[dict[str, object]], headed: bool
) -> None:
    rest = {k: v for k, v in top.items() if not headed or k not in {"name", "description"}}
    rest |= {"steps": steps} if steps else {}
    text = (HEAD if headed else "") + "\n".join(f'"{k}" = {written(v)}' for k, v in rest.items())
    _taken_or_told(text)


@given(st.text(max_size=200))
def test_any_text_is_a_scenario_or_an_error_that_says_where(text: str) -> None:
    _taken_or_told(text)


def _taken_or_told(text: str) -> None:
    problems: tuple[str, ...] = ()
    try:
        found = Scenario.parse(text, "any.toml")
    except ScenarioError as error:
        problems = error.problems or ("",)
    else:
        assert all(step.deed for step in found.steps)
    assert all(": " in problem for problem in problems)


def test_what_is_nested_too_deeply_is_told_so() -> None:
    assert problems("x = " + "[" * 5000, "") == ["it is nested too deeply to be a scenario"]


def test_at_least_twelve_are_shipped_and_all_their_names_resolve() -> None:
    found = shipped()
    assert len(found) >= 12
    loads = [step.load for each in found for step in each.steps if step.load]
    assert {name for load in loads for name in load.mix} <= MIX.keys()
    assert {fault.kind for each in found for fault in each.faults.values()} == KINDS.keys()


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_one_is_small_says_why_and_ends_with_what_it_expects(path: Path) -> None:
    found = read(path)
    assert path.read_text("utf-8").startswith("# ")
    assert found.up.cities == 3
    assert sum(step.load.seconds for step in found.steps if step.load) <= 60
    assert [step.deed for step in found.steps[-4:]] == ["wait", "wait", "check", "expect"]
    assert found.name.zh != found.name.en
    assert found.description.of("zh") == tomllib.loads(path.read_text("utf-8"))["description"]["zh"]


def test_a_shipped_one_is_found_by_name_and_another_by_its_path(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(HEAD + LOAD, "utf-8")
    assert find(str(mine)).slug == "mine"
    assert find("kill-under-load").slug == "kill-under-load"


def test_a_name_that_there_is_not_is_told_with_the_nearest() -> None:
    with pytest.raises(ScenarioError, match="the nearest is cut-and-heal; see --list"):
        find("cut-and-hael")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match="UTF-8"):
        find(str(tmp_path / "x.toml"))


MANUAL = (SHIPPED.parents[2] / "docs" / "harness.md").read_text("utf-8")


def test_the_example_of_the_manual_is_a_scenario() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)
    assert len(Scenario.parse(example, "manual.toml").steps) == 6


def test_the_manual_has_every_step_expectation_scenario_fault_and_journey() -> None:
    names = {*DEEDS, *KINDS, *Expectation.model_fields, *(each.slug for each in shipped())}
    assert {name for name in names if f"`{name}" not in MANUAL} == set()
    rows = {f"| `{name}` | {kind.weight:g} |" for name, kind in JOURNEYS.items()}
    assert {row for row in rows if row not in MANUAL} == set()
