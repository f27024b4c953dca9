"""Attacks on conditions: whatever an operator writes is refused at load, or costs little."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from federation.scale import Scale
from node import conditions, data
from node.conditions import Mistake
from node.facts import Facts
from node.files import parse_scale
from node.incentives import Incentive, Residence
from node.limits import CONDITION_CHARACTERS
from tests.node.services.world import START

DAY = date(2026, 11, 24)


def scale_of(pinyin: str) -> Scale:
    content = data.path(f"{pinyin}/scale.toml").read_bytes()
    return parse_scale("scale.toml", content, city=data.city(pinyin).code, version=1)


SCALE, LIST = scale_of("zhengzhou"), scale_of("nanjing")
NEWCOMER = Facts(START, DAY, 10, 2, 1, 1)
VISITOR = replace(
    NEWCOMER,
    band_id="excellent",
    local_milli=140_000,
    commendations=("blood-donor",),
    scenarios=("scenic.discount",),
    home="330100",
    residence=Residence.VISITOR,
)


def asking(condition: str) -> Incentive:
    return Incentive(
        incentive_id="scenic-evening",
        scenario="scenic.discount",
        benefit_zh="夜游免票",
        benefit_en="free in the evening",
        minimum_band=None,
        commendations=(),
        venues=(),
        valid_from=date(2026, 1, 1),
        valid_until=date(2029, 1, 1),
        legal_basis="a test",
        source="a test",
        illustrative=True,
        condition=condition,
    )


def checked(condition: str, scale: Scale = SCALE) -> Mistake | None:
    return conditions.check(asking(condition), NEWCOMER, scale)


def opens(condition: str, facts: Facts = VISITOR, scale: Scale = SCALE) -> bool:
    assert checked(condition, scale) is None
    return conditions.opens(asking(condition), facts, scale)


REFUSED = {
    "it divides by zero": ("1 / 0 == 1", "divide by zero"),
    "it divides by zero at one hour": ("10 / (hour - 13) == 1", "hour 13"),
    "it divides by zero on one day": ("10 % (weekday - 7) == 1", "weekday 7"),
    "it divides by zero at one band": ("1 / (rank - 4) == 1", "band outstanding"),
    "it overflows": ("9223372036854775807 + rank > 0", "overflow"),
    "it reads a band that is not there": ('rank >= ranks["best"]', "best"),
    "it reads beyond a list": ('commendations[0] == "a"', "Index error"),
    "it loops": ('commendations.exists(c, c == "a")', "undeclared"),
    "it maps": ("[1, 2].map(x, x * 2) == [2, 4]", "undeclared"),
    "it binds": ("cel.bind(x, 1, x == 1)", "undeclared"),
    "it has a regular expression": ('band.matches("(a+)+$")', "undeclared"),
    "it reads a clock": ("now() > hour", "may read band"),
    "it makes an instant": ('timestamp("2026-01-01T00:00:00Z") == timestamp(day)', "undeclared"),
    "it makes a span": ('duration("1h") == duration("1h")', "undeclared"),
    "it hides a type": ("dyn(rank) == 1", "undeclared"),
    "it asks for a type": ("type(rank) == int", "undeclared"),
    "it makes an object": ("google.protobuf.Struct{} == google.protobuf.Struct{}", "object"),
    "it makes a map": ('{"a": 1}["a"] == 1', "object"),
    "it reads a pseudonym": ('pseudonym == "x"', "may read band"),
    "it reads a record": ("records.size() > 0", "may read band"),
    "it reads inside of a value": ("home.__class__ == home", "select"),
    "it grows a text": ('band + band == "a"', "no matching overload"),
    "it grows a list": ("commendations + commendations == commendations", "no matching overload"),
    "it is a number": ("rank", "type int"),
    "it is of any type": ("[true, 1][0]", "type dyn"),
    "it compares what cannot be": ("local_score > 100", "no matching overload"),
    "it is half a condition": ("rank >=", "Syntax"),
    "it is no condition": ("三级以上", "Syntax"),
    "it is too long": ("true" + " " * CONDITION_CHARACTERS, "at most 1000"),
    "its brackets are deep": ("(" * 490 + "true" + ")" * 490, "recursion"),
    "its lists are deep": ("[" * 490 + "]" * 490 + " == []", "recursion"),
    "its sums are deep": ("1 + " * 240 + "1 == 1", "recursion"),
    "its choices are deep": ("true ? true : " * 70 + "true", "recursion"),
    "its members are deep": ("home." * 190 + "a == 1", "recursion"),
}


@pytest.mark.parametrize(("condition", "told"), REFUSED.values(), ids=REFUSED)
def test_a_condition_is_refused_because(condition: str, told: str) -> None:
    mistake = checked(condition)
    assert mistake is not None
    assert told in mistake.problem
    assert len(mistake.problem) < 400


def test_the_place_of_a_mistake_is_that_in_the_text() -> None:
    mistake = checked('recognised\n  && nothing == "a"')
    assert mistake is not None
    assert (mistake.line, mistake.column) == (2, 6)
    made = checked("recognised &&\n a{} == a{}")
    assert made is not None
    assert (made.line, made.column) == (2, 3)


HOLDS = {
    "recognised": True,
    'band == "excellent"': True,
    'rank >= ranks["excellent"]': True,
    'rank >= ranks["outstanding"]': False,
    '"blood-donor" in commendations': True,
    "size(commendations) == 1": True,
    "local_low == 120.0 && local_high == 150.0": True,
    "local_score > 139.5 && local_score < 140.5": True,
    'home == "330100" && residence == "visitor"': True,
    'scenario == "scenic.discount" && scenario.startsWith("scenic.")': True,
    "hour == 10 && weekday == 2": True,
    'day == "2026-11-24"': True,
    "double(rank) * 2.5 + 1.0 > 8.0 ? true : false": True,
    "!recognised || -rank > 0": False,
    '["330100", "320100"][1] == home': False,
    '"中文" == band': False,
}


@pytest.mark.parametrize("condition", HOLDS)
def test_a_condition_reads_what_it_may(condition: str) -> None:
    assert opens(condition) is HOLDS[condition]


def test_nothing_is_known_of_a_newcomer() -> None:
    known = 'rank == -1 && band == "" && home == "" && residence == "none" && !recognised'
    numbers = "local_low < 0.0 && local_high < 0.0 && local_score < 0.0 && commendations == []"
    assert opens(f"{known} && {numbers}", VISITOR.as_newcomer())


def test_where_only_the_band_is_known_its_low_end_is_gone_by() -> None:
    assert opens("local_score == 120.0", replace(VISITOR, local_milli=None))
    lowest = replace(VISITOR, band_id="poor", local_milli=None)
    assert opens("local_score == 0.0 && local_low == 0.0 && local_high == 80.0", lowest)
    assert opens("local_high == 200.0", replace(VISITOR, band_id="outstanding"))


def test_a_scale_without_numbers_has_ranks_alone() -> None:
    listed = replace(VISITOR, band_id="listed", local_milli=None)
    assert opens('rank >= ranks["listed"] && local_score == -1.0', listed, LIST)


def test_a_band_that_the_scale_no_longer_has_is_below_all() -> None:
    assert opens(
        "rank == -1 && local_score == -1.0", replace(VISITOR, band_id="x", local_milli=None)
    )


def test_an_error_at_run_time_opens_nothing_and_names_nobody() -> None:
    for condition in ("ranks[commendations[0]] == 1 || recognised && 1 / 0 == 1", "nothing", "1 +"):
        with structlog.testing.capture_logs() as logs:
            assert not conditions.opens(asking(condition), VISITOR, SCALE)
        assert [each["event"] for each in logs] == ["condition_erred"]
        assert logs[0]["incentive"] == "scenic-evening"
        assert "blood-donor" not in str(logs)


def test_no_condition_opens_nothing() -> None:
    assert not conditions.opens(asking(""), VISITOR, SCALE)


def test_a_scale_that_is_not_there_opens_by_what_is_known_without_it() -> None:
    assert conditions.opens(asking("recognised"), VISITOR, None)
    assert not conditions.opens(asking('rank >= ranks["excellent"]'), VISITOR, None)


def test_threads_that_evaluate_at_once_do_not_mix_their_facts() -> None:
    incentive = asking("hour == rank + size(commendations) * 2 - 2 + weekday - weekday")

    def run(hour: int) -> list[bool]:
        facts = replace(VISITOR, hour=hour)
        return [conditions.opens(incentive, facts, SCALE) for _ in range(300)]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(run, range(24)))
    assert [set(each) for each in found] == [{hour == 3} for hour in range(24)]


PIECES = (*"abh01!&|()[]\"'<>=+-*/%?:., \n", "rank", "hour", "true", "ranks", "中", "\x00")


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=80))
def test_any_text_is_refused_or_comes_to_true_or_false(pieces: list[str]) -> None:
    condition = "".join(pieces)
    if checked(condition) is None:
        assert isinstance(conditions.opens(asking(condition), VISITOR, SCALE), bool)


@given(condition=st.text(max_size=200))
def test_any_characters_at_all_are_survived(condition: str) -> None:
    checked(condition)
