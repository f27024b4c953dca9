"""Use keys and counted uses as they are typed: the node sees no key, and the resident every use."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from federation.limits import USE_KEY_BYTES
from federation.uses import parse_use_key, use_key_text
from node.cli import exits
from node.model import Role
from scripts.cities import Cities, City
from tests.node.cli.conftest import Ran, Run
from tests.node.services.world import fictional_id
from tests.scenarios.stage import enrolled, of_standing

pytestmark = pytest.mark.all

SHOP, RENTAL, LONG = "rental-shop", "rental.deposit_free", "rental-long-no-deposit"
OTHER = use_key_text(bytes(USE_KEY_BYTES))


@dataclass
class Home:
    """A city whose own residents rent."""

    city: City
    resident: str


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with Cities(tmp_path_factory.mktemp("renting"), ["zhengzhou"]) as cities:
        [city] = cities
        city.environment = {k: v for k, v in os.environ.items() if not k.startswith("HUTONG_")}
        cities.start()
        city.load_rules()
        yield Home(city, of_standing(enrolled(city), "excellent")[0])


def at(run: Run, home: Home, *arguments: object, stdin: str = "") -> Ran:
    return run("--settings", home.city.settings, *arguments, stdin=stdin)


def consent(run: Run, home: Home, *counted: object) -> Ran:
    return at(
        run, home, "--json", "resident", "consent", home.resident, "--host", "zhengzhou",
        "--scenario", RENTAL, "--days", "9", *counted,
    )  # fmt: skip


def test_a_key_is_for_its_owner_alone_and_never_written_over_another(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    for language in ("zh", "en"):
        assert (
            run("--lang", language, "resident", "use-key", "--out", tmp_path / language).code == 0
        )
    assert run("--json", "resident", "use-key", "--out", file).json == {"file": str(file)}
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    assert len(parse_use_key(before, where="key")) == USE_KEY_BYTES
    assert before != (tmp_path / "zh").read_text()
    assert run("resident", "use-key", "--out", file).code == exits.REFUSED
    assert file.read_text() == before


@pytest.mark.parametrize("content", ["", "USE-1234", "\x00\xff", "x" * 5000])
def test_a_file_that_holds_no_key_is_refused_and_not_repeated(
    run: Run, home: Home, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    ran = consent(run, home, "--count", "class", "--use-key", file)
    assert ran.json["error"]["reason"] == "FILE_INVALID"
    assert len(ran.out) < 2000


def test_what_does_not_go_together_is_told(run: Run, home: Home, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(OTHER)
    for wrong in (["--count", "class"], ["--use-key", file], ["--count", "no"]):
        assert consent(run, home, *wrong).code == exits.USAGE


def test_a_draft_says_what_counting_means_without_a_key(run: Run, home: Home) -> None:
    told = {}
    for count in ("anonymous", "class"):
        told[count] = consent(run, home, "--count", count, "--draft").json
        assert told[count]["counting"] == count.upper()
    plain = consent(run, home, "--draft").json
    assert plain["counting"] == "NONE"
    texts = {
        next(i["en"] for i in said["items"] if i["key"] == "counting")
        for said in (plain, *told.values())
    }
    assert len(texts) == 3


def test_a_rental_by_hand_is_counted_shown_and_given_back(
    run: Run, home: Home, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    run("resident", "use-key", "--out", file)
    key = file.read_text().strip()
    given = consent(run, home, "--count", "class", "--use-key", file).json["consent"]
    assert given["counting"] == "USE_COUNTING_CLASS"
    (tmp_path / "other").write_text(OTHER)
    refused = consent(run, home, "--count", "class", "--use-key", tmp_path / "other")
    assert refused.json["error"]["reason"] == "ANOTHER_USE_KEY"
    home.city.client(Role.VENUE, SHOP)
    code = home.city.code(home.resident, given["consent_id"])
    checked = at(
        run, home, "--json", "venue", "check", "--code", code, "--venue", SHOP, "--incentive", LONG
    ).json
    decision, shown = checked["decisions"][0]["decision_id"], checked["visitor_pass"]
    held = at(
        run, home, "--json", "venue", "reserve", decision, "--pass", shown, "--use-key", key,
        "--venue", SHOP,
    ).json["reservation"]  # fmt: skip
    uses = at(run, home, "--json", "resident", "uses-counted", home.resident)
    assert [use["use_class"] for use in uses.json["uses"]] == ["rental"]
    assert not [told for told in (SHOP, LONG, key) if told in uses.out]
    for language, told in (("zh", "使用中"), ("en", "in use until")):
        listed = at(run, home, "--lang", language, "resident", "uses-counted", home.resident)
        assert told in listed.out
        entries = at(run, home, "--lang", language, "resident", "timeline", home.resident)
        assert "rental" in entries.out
    released = at(run, home, "venue", "release", held["reservation_id"], "--venue", SHOP)
    assert released.code == exits.DONE, released.err
    for path in home.city.directory.rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes(), path
            assert parse_use_key(key, where="key") not in path.read_bytes(), path


def test_nothing_counted_is_said_to_be_nothing(run: Run, home: Home) -> None:
    other = home.city.enrol("RESIDENT_ID", fictional_id(77))
    for language, told in (("zh", "没有计数的使用"), ("en", "No use was counted")):
        assert told in at(run, home, "--lang", language, "resident", "uses-counted", other).out
