"""The whole city from the command line, on the machine of its store."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from node.config import read_settings
from tests.node.bulk.stored import ZHENGZHOU, StoredCity, stored
from tests.node.bulk.test_desk import MADE, SCALE_ABOVE, town
from tests.node.cli.conftest import Run

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def city(node_folder: Path) -> Iterator[StoredCity]:
    settings = read_settings(node_folder / "hutong.toml", {})
    with stored(settings.store_url) as found:
        found.put_scale()
        found.put_catalogue(MADE)
        found.put(town())
        found.recount()
        yield found


@pytest.fixture
def settings(node_folder: Path, city: StoredCity) -> tuple[str, Path]:
    del city
    return ("--settings", node_folder / "hutong.toml")


@pytest.fixture
def tried(tmp_path: Path) -> Path:
    file = tmp_path / "tried.toml"
    file.write_bytes(SCALE_ABOVE)
    return file


def test_what_is_kept_of_everybody_is_verified(run: Run, settings: tuple[str, Path]) -> None:
    ran = run("score", "verify", *settings)
    assert ran.code == 0, ran.err
    assert "Nothing differs" in ran.out
    ran = run("score", "verify", *settings, "--lang", "zh")
    assert "没有差异" in ran.out
    ran = run("score", "verify", *settings, "--json")
    assert ran.json["different"] == 0
    assert ran.json["differences"] == []


def test_a_wrong_sum_is_told_by_its_resident_s_id_without_the_sum_and_put_right(
    run: Run, settings: tuple[str, Path], city: StoredCity
) -> None:
    city.desk.execute("UPDATE residents SET points_milli = 777 WHERE resident_id = 'resident-2'")
    ran = run("score", "verify", *settings)
    assert ran.code == 3
    assert "resident-2" in ran.out
    assert "points_milli" in ran.out
    assert "777" not in ran.out
    assert "resident-1" not in ran.out
    ran = run("score", "rescore", *settings)
    assert ran.code == 0, ran.err
    assert run("score", "verify", *settings).code == 0


def test_a_rehearsal_says_in_numbers_who_would_move(
    run: Run, settings: tuple[str, Path], tried: Path, city: StoredCity
) -> None:
    before = city.everything()
    ran = run("score", "rehearse", "--scale", tried, *settings, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["residents"], ran.json["moved"]) == (4, 2)
    assert ran.json["mean_change_milli"] == 20_000
    assert "resident-" not in ran.out
    ran = run("score", "rehearse", "--scale", tried, *settings)
    assert "2 would be in another band" in ran.out
    assert "+20.000" in ran.out
    assert "█" in ran.out
    ran = run("score", "rehearse", "--scale", tried, *settings, "--lang", "zh")
    assert "2 名的档次会变动" in ran.out
    assert "resident-" not in ran.out
    assert city.everything() == before


@pytest.mark.parametrize(("language", "word"), [("zh", "优秀"), ("en", "excellent")])
def test_the_picture_has_words_and_fetches_nothing(
    run: Run, settings: tuple[str, Path], tried: Path, tmp_path: Path, language: str, word: str
) -> None:
    file = tmp_path / "moves.svg"
    ran = run("score", "rehearse", "--scale", tried, "--plot", file, *settings, "--lang", language)
    assert ran.code == 0, ran.err
    assert str(file) in ran.out
    drawn = ET.fromstring(file.read_text("utf-8"))  # noqa: S314 - made a line above
    assert word in "".join(drawn.itertext())
    assert list(drawn.iter(f"{SVG}script")) == []
    links = re.findall(r"(?:href|src)=[\"'](?!#)|url\((?!#)|@import", file.read_text("utf-8"))
    assert links == []


def test_a_file_with_a_mistake_is_refused_with_its_line(
    run: Run, settings: tuple[str, Path], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_bytes(ZHENGZHOU.replace(b"base = 100", b"base = 1000"))
    ran = run("score", "rehearse", "--scale", wrong, *settings)
    assert ran.code == 3
    assert "line" in ran.err
    assert run("score", "rehearse", *settings).code == 2
    ran = run("score", "rehearse", "--scale", wrong, "--plot", "no/such/x.svg", *settings)
    assert ran.code == 3


def test_a_city_that_never_served_has_no_store_to_look_at(run: Run, node_folder: Path) -> None:
    ran = run("score", "verify", "--settings", node_folder / "hutong.toml")
    assert ran.code == 5
    assert "hutong serve" in ran.err
    assert list(node_folder.glob("*.sqlite")) == []


def test_a_copy_stays_only_where_it_was_asked_for(
    run: Run, settings: tuple[str, Path], tmp_path: Path
) -> None:
    place = tmp_path / "copies"
    place.mkdir()
    assert run("score", "verify", "--work-dir", place, *settings).code == 0
    assert list(place.iterdir()) == []
    ran = run("score", "verify", "--work-dir", place, "--keep", *settings)
    [kept] = place.iterdir()
    assert str(kept) in ran.err
    ran = run("score", "verify", "--work-dir", place / "none", *settings)
    assert ran.code == 3
    assert "--work-dir" in ran.err
