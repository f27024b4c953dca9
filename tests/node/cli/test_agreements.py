"""`hutong agreement` against two real cities, as two operators type it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import data
from node.cli import exits
from scripts.cities import Cities
from scripts.city import City
from tests.node.cli.conftest import Ran, Run
from tests.scenarios.stage import eventually

pytestmark = pytest.mark.all

FILE = data.agreement("zhengzhou", "nanjing")


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cities]:
    with Cities(tmp_path_factory.mktemp("cities"), ["zhengzhou", "nanjing"]) as made:
        for city in made:
            city.environment = {k: v for k, v in os.environ.items() if not k.startswith("HUTONG_")}
        made.start()
        for city in made:
            city.load_rules()
        made.connect()
        yield made


@pytest.fixture
def one(cities: Cities) -> City:
    return cities["zhengzhou"]


@pytest.fixture
def other(cities: Cities) -> City:
    return cities["nanjing"]


def _at(run: Run, city: City, *arguments: object) -> Ran:
    return run("--settings", city.settings, "agreement", *arguments)


def _id(run: Run, city: City) -> str:
    return str(_at(run, city, "list", "--json").json["agreements"][0]["agreement_id"])


def _newest(run: Run, city: City) -> int:
    found = _at(run, city, "list", "--json").json["agreements"]
    return max(int(agreement["version"]) for agreement in found)


def test_an_agreement_reads_like_one_in_both_languages(run: Run, one: City) -> None:
    agreement = _id(run, one)
    english = _at(run, one, "show", agreement).out
    for said in (
        "Nanjing (320100), Zhengzhou (410100)",
        "in force",
        "24 h",
        "5 min",
        "30 days",
        "the band (BAND)",
        "library.deposit_free",
        "PIA-320100-410100-2026",
        "How Zhengzhou (410100) reads the bands of Nanjing (320100):",
    ):
        assert said in english
    assert re.search(r"on the red list +excellent +<- the line", english)
    assert re.search(r"any lower band +newcomer", english)
    assert re.search(r"outstanding +on the red list\n", english)
    chinese = _at(run, one, "show", agreement, "--lang", "zh").out
    for said in ("南京（320100）、郑州（410100）", "24 小时", "5 分钟", "30 天", "新访客"):
        assert said in chinese
    assert re.search(r"优秀 +列入红名单 +◀ 互认线", chinese)
    whole = _at(run, one, "show", agreement, "--json").json["agreements"][0]
    assert (whole["notice"], whole["version"]) == ("2592000s", 1)
    assert whole["tables"][0]["bands"][0]["is_line"] is True


def test_an_amendment_is_read_signed_and_replaces_the_version(
    run: Run, one: City, other: City
) -> None:
    agreement, version = _id(run, one), _newest(run, one)
    wrong = _at(run, one, "amend", agreement, FILE, "--version", version + 1)
    assert (wrong.code, f"--version {version}" in wrong.err) == (exits.REFUSED, True)
    amended = _at(run, one, "amend", agreement, FILE, "--version", version)
    assert f"hutong agreement sign {agreement} --version {version + 1}" in amended.out
    waiting = _at(run, one, "show", agreement).out
    assert "waiting for the partner" in waiting
    assert f"Other versions: {version} (in force)" in waiting
    shown = _at(run, other, "show", agreement).out
    command = re.search(r"hutong agreement (sign \S+ --version \d+)", shown)
    assert command
    assert _at(run, other, *command[1].split()).code == exits.DONE
    every = _at(run, one, "show", agreement, "--all").out
    assert ("replaced" in every, "in force" in every) == (True, True)


def test_a_proposal_is_taken_back_and_cannot_be_signed(run: Run, one: City, other: City) -> None:
    agreement, version = _id(run, one), _newest(run, one) + 1
    assert _at(run, one, "amend", agreement, FILE, "--version", version - 1).code == exits.DONE
    foreign = _at(run, other, "withdraw", agreement, "--version", version)
    assert (foreign.code, "sign, amend" in foreign.err) == (exits.REFUSED, True)
    assert _at(run, one, "withdraw", agreement, "--version", version).code == exits.DONE
    late = _at(run, other, "sign", agreement, "--version", version)
    assert (late.code, "took its proposal" in late.err) == (exits.REFUSED, True)
    assert "withdrawn" in _at(run, other, "list").out


def test_who_suspended_is_shown_in_both_cities_and_alone_resumes(
    run: Run, one: City, other: City
) -> None:
    agreement = _id(run, one)
    assert _at(run, one, "suspend", agreement).code == exits.USAGE
    said = _at(run, one, "suspend", agreement, "--reason", "a drill").out
    assert f"hutong agreement resume {agreement}" in said
    assert "suspended (Zhengzhou)" in _at(run, one, "list").out
    assert eventually(lambda: "suspended (Zhengzhou)" in _at(run, other, "list").out)
    there = _at(run, other, "show", agreement, "--lang", "zh").out
    assert re.search(r"暂停方 +郑州（410100）", there)
    refused = _at(run, other, "resume", agreement, "--reason", "a drill")
    assert (refused.code, "amend, suspend, end" in refused.err) == (exits.REFUSED, True)
    assert "in force" in _at(run, one, "resume", agreement, "--reason", "over").out
    assert eventually(lambda: "suspended" not in _at(run, other, "list").out)


def test_a_changed_scale_asks_for_an_amendment_in_both_cities(
    run: Run, one: City, other: City, tmp_path: Path
) -> None:
    agreement, version = _id(run, one), _newest(run, one)
    path = tmp_path / "scale.toml"
    shipped = data.path("zhengzhou/scale.toml").read_text("utf-8")
    path.write_text(shipped.replace("value = 120", "value = 121"), "utf-8")
    assert run("--settings", one.settings, "scale", "load", path).code == exits.DONE
    for city in (one, other):
        assert eventually(lambda c=city: "needs a new" in _at(run, c, "list").out)  # type: ignore[misc]
        shown = _at(run, city, "show", agreement).out
        assert "Zhengzhou (410100): version 1 is mapped, 2 is the newest" in shown
        assert f"hutong agreement amend {agreement} FILE --version" in shown
    live = max(
        int(a["version"])
        for a in _at(run, other, "list", "--json").json["agreements"]
        if a["state"] == "AGREEMENT_STATE_NEEDS_MAPPING"
    )
    assert _at(run, other, "amend", agreement, FILE, "--version", live).code == exits.DONE
    assert _at(run, one, "sign", agreement, "--version", version + 1).code == exits.DONE
    assert "needs a new mapping" not in _at(run, one, "list").out


def test_an_end_keeps_the_notice_and_is_shown_in_both_cities(
    run: Run, one: City, other: City
) -> None:
    agreement = _id(run, one)
    missing = _at(run, other, "end", agreement, "--reason", "no longer needed")
    assert (missing.code, "--on" in missing.err) == (exits.USAGE, True)
    late = ("end", agreement, "--on", "2026-01-01", "--reason", "no longer needed")
    early = _at(run, other, *late)
    assert (early.code, "30 days of notice" in early.err) == (exits.REFUSED, True)
    ends = _at(run, other, "show", agreement, "--json").json["agreements"]
    last = next(a["valid_until"] for a in ends if a["state"] == "AGREEMENT_STATE_ACTIVE")[:10]
    month = f"{int(last[:4]) - 1 if last[5:7] == '01' else last[:4]}-"
    month += f"{(int(last[5:7]) - 2) % 12 + 1:02d}-15"
    ended = _at(run, other, "end", agreement, "--on", month, "--reason", "no longer needed")
    assert (ended.code, f"ends at {month[:8]}16 00:00:00" in ended.out) == (exits.DONE, True)
    shown = _at(run, other, "show", agreement).out
    assert f"by Nanjing (320100), it ends at {month[:8]}16" in shown
    assert eventually(lambda: "by Nanjing (320100)" in _at(run, one, "show", agreement).out)
    again = _at(run, one, "end", agreement, "--on", month, "--reason", "the same")
    assert (again.code, "by itself" in again.err) == (exits.REFUSED, True)
