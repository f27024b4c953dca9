"""The documented file of incentives: every key, and every mistake with its line and its remedy."""

import re
from datetime import date
from pathlib import Path

import pytest

from federation.identifiers import CityCode
from node import conditions, data
from node.files import incentives as format_of
from node.files import parse_incentives, parse_scale
from node.incentives import (
    HOLD_MINUTES,
    SUBJECTS,
    AcrossCities,
    Capacity,
    Catalogue,
    Incentive,
    Period,
    PerResident,
    Residence,
)
from node.limits import CONDITION_CHARACTERS
from tests.node.files.test_toml_files import line_of, refused, swapped

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs/incentives.md").read_text("utf-8")
EXAMPLE = DOCUMENT.split("```toml\n")[1].split("```")[0]
HERE = CityCode("410100")
SCALE = parse_scale(
    "scale.toml", data.path("zhengzhou/scale.toml").read_bytes(), city=HERE, version=1
)


def catalogue(text: str = EXAMPLE) -> Catalogue:
    return parse_incentives("incentives.toml", text.encode(), city=HERE, scale=SCALE, version=1)


def found(incentive_id: str, text: str = EXAMPLE) -> Incentive:
    return next(i for i in catalogue(text).incentives if i.incentive_id == incentive_id)


def test_the_documented_example_says_what_its_comments_say() -> None:
    evening = found("scenic-evening")
    assert evening.capacity == Capacity(50000, 500, 100, PerResident(2, Period.MONTH))
    assert evening.homes == ("320500", "330100")
    assert evening.subjects == SUBJECTS
    assert "ranks" in evening.condition
    assert (evening.details_zh, evening.details_en) == ("每人每月两次。", "Twice a month each.")
    bicycle = found("bicycle-no-deposit")
    assert bicycle.across_cities == AcrossCities("rental", 1, 30)
    assert bicycle.capacity.per_resident == PerResident(1, Period.DAY)
    room = found("reading-room")
    assert room.is_open_to_all
    assert room.capacity == Capacity()
    assert room.hold_minutes == HOLD_MINUTES


def test_every_key_and_every_variable_is_documented_and_no_other() -> None:
    keys, variables = DOCUMENT.split("## Every key")[1].split("## Conditions")
    first = [row.split("|")[1] for row in keys.splitlines() if row.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", " ".join(first))) == set(format_of._Incentive.model_fields)
    for model in (format_of._Capacity, format_of._PerResident, format_of._AcrossCities):
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}" in keys or f"{field.alias or name} =" in keys
    known = {row.split("`")[1] for row in variables.splitlines() if row.startswith("| `")}
    assert known == set(conditions._TYPES)
    assert f"{CONDITION_CHARACTERS:,}" in variables


def test_a_file_of_the_first_format_is_still_read() -> None:
    first = """
city = "410100"
[[incentives]]
id = "scenic-discount"
scenario = "scenic.discount"
benefit = { zh = "门票八折", en = "a fifth off" }
minimum_band = "excellent"
commendations = []
venues = ["scenic-spot"]
capacity = { total = 1000, per_day = 500, per_resident_per_day = 1 }
valid_from = 2026-01-01
valid_until = 2029-01-01
legal_basis = "a notice"
source = "a test"
illustrative = true
"""
    assert found("scenic-discount", first) == Incentive(
        incentive_id="scenic-discount",
        scenario="scenic.discount",
        benefit_zh="门票八折",
        benefit_en="a fifth off",
        minimum_band="excellent",
        commendations=(),
        venues=("scenic-spot",),
        valid_from=date(2026, 1, 1),
        valid_until=date(2029, 1, 1),
        legal_basis="a notice",
        source="a test",
        illustrative=True,
        capacity=Capacity(1000, 500, None, PerResident(1, Period.DAY)),
    )


def test_subjects_narrow_to_one_kind_of_people() -> None:
    text = swapped(EXAMPLE, '["own", "visitor"]', '["visitor"]')
    assert found("scenic-evening", text).subjects == (Residence.VISITOR,)


BICYCLE = 'minimum_band = "excellent"\n'
EVENING = 'homes = ["330100", "320500"]'
MISTAKES = {
    "no such city": (EVENING, 'homes = ["330199"]', "homes", "no city"),
    "a city by its name": (EVENING, 'homes = ["杭州"]', "homes", "GB/T 2260"),
    "this city as a visitor": (EVENING, 'homes = ["410100"]', "homes", "subjects"),
    "no such agreement": ("agreements = []", 'agreements = ["a"]', "agreements", "agreement list"),
    "nobody": ('["own", "visitor"]', "[]", "subjects", "at least 1"),
    "another kind of people": ('["own", "visitor"]', '["all"]', "subjects", "'own' or 'visitor'"),
    "homes of own residents": ('["own", "visitor"]', '["own"]', "homes", "visitors"),
    "more a day than in all": ("total = 50000", "total = 499", "capacity.per_day", "lower it"),
    "more by venue than by day": ("per_day = 500", "per_day = 99", "per_venue_per_day", "lower"),
    "more by resident than in all": (
        "capacity = { per_day = 50, per_resident_per_day = 1 }",
        'capacity = { total = 1, per_resident = { uses = 2, per = "year" } }',
        "per_resident",
        "lower it",
    ),
    "a day's limit twice": (
        'uses = 2, per = "month" }',
        'uses = 2, per = "month" }, per_resident_per_day = 1',
        "per_resident",
        "not both",
    ),
    "another period": ('per = "month"', 'per = "decade"', "per", "'year'"),
    "no uses": ("uses = 2", "uses = 0", "uses", "greater"),
    "no class": ('class = "rental", ', "", "across_cities", "missing"),
    "a class misspelt": ('class = "rental"', 'clas = "rental"', "clas", "nearest is class"),
    "no use at once": ("most = 1", "most = 0", "most", "greater"),
    "a use without end": ("days = 30", "days = 367", "days", "366"),
    "a limit on newcomers": (BICYCLE, "", "across_cities", "open to everyone"),
    "a count of newcomers": (
        'id = "reading-room"',
        'id = "reading-room"\ncapacity = { per_resident_per_day = 1 }',
        "capacity.per_resident_per_day",
        "open to everyone",
    ),
    "a hold for ever": ("hold_minutes = 15", "hold_minutes = 481", "hold_minutes", "480"),
    "details in one language": (', en = "Twice a month each."', "", "details", "missing"),
    "no condition": ('rank >= ranks["excellent"]', "rank >=", "condition", "line 2, character 3"),
    "a band of no scale": ('ranks["excellent"]', 'ranks["best"]', "condition", "best"),
    "a name of nothing": ("hour >= 18", "clock >= 18", "condition", "line 2, character 7"),
    "another type": ("hour >= 18", "hour", "condition", "no matching overload"),
    "an empty condition": (EXAMPLE.split("'''")[1], "\n", "condition", "empty"),
    "an endless condition": (
        "weekday > 5",
        "weekday > 5" + " " * 1000,
        "condition",
        "at most 1000",
    ),
}


@pytest.mark.parametrize(("old", "new", "place", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_catalogue_is_refused_with_the_place_and_the_remedy_of(
    old: str, new: str, place: str, told: str
) -> None:
    fields = refused(catalogue, swapped(EXAMPLE, old, new))
    assert re.fullmatch(r"line \d+ \(incentives\[[012]\]\..+\)", fields["where"])
    assert place in fields["where"]
    assert told in fields["problem"]


def test_the_line_of_a_mistake_is_the_line_that_an_editor_shows() -> None:
    for old, new, words in (
        ("homes = [", 'homes = ["000000", ', "homes = ["),
        ("most = 1", "most = 0", "most = 0"),
        ("hour >= 18", "clock >= 18", "condition = "),
        ("total = 50000", "total = 5", "capacity = "),
    ):
        text = swapped(EXAMPLE, old, new)
        line = re.match(r"line (\d+)", refused(catalogue, text)["where"])
        assert line is not None
        assert int(line[1]) == line_of(text, words), words
