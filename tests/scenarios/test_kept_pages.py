"""The pages on lost keys and on other versions, followed by whoever keeps a city."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from node.cli import exits
from node.keys import KeyFolder
from node.model import Role
from scripts.cities import Cities, City
from tests.node.services.world import fictional_id
from tests.scenarios.pages import Operator, blocks

pytestmark = pytest.mark.all


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """A city that serves, and whoever keeps it; there is a backup of it."""
    folder = tmp_path_factory.mktemp("pages")
    with Cities(folder / "cities", ("330100",)) as cities:
        cities.start()
        city = cities["hangzhou"]
        city.load_rules()
        for name in ("elsewhere", "backups"):
            (folder / name).mkdir()
        places = {
            "/var/lib/hutong": str(city.directory),
            "/var/backups/hutong": str(folder / "backups"),
            "/etc/hutong": str(folder / "elsewhere"),
        }
        made = Operator(city, folder / "elsewhere", places)
        for block in blocks("backup.md")[:2]:
            made.follow(block)
        yield made


def key_of(city: City, use: str) -> str:
    keys = city.client(Role.OPERATOR).call("OperatorService/GetKeys", {})["key_set"]["keys"]
    current = "KEY_STATE_CURRENT"
    return next(
        str(k["key"]) for k in keys if k["use"] == f"KEY_USE_{use}" and k["state"] == current
    )


def test_another_version_is_put_in_place_as_the_page_says(operator: Operator) -> None:
    city = operator.city
    for block in blocks("upgrade.md"):
        operator.follow(block)
    assert city.enrol("RESIDENT_ID", fictional_id(1))


def test_a_version_refuses_newer_tables_and_touches_nothing(operator: Operator) -> None:
    city = operator.city
    city.stop()
    store = city.directory / "hutong.sqlite"
    with closing(sqlite3.connect(store)) as tables, tables:
        [known] = tables.execute("SELECT serves_from FROM node_state").fetchone()
        tables.execute("UPDATE node_state SET serves_from = '9999'")
    words = "hutong serve --settings /var/lib/hutong/hutong.toml"
    assert "9999" in operator.follow(words, code=exits.UNREACHABLE).out
    with closing(sqlite3.connect(store)) as tables, tables:
        tables.execute("UPDATE node_state SET serves_from = ?", (known,))
    city.start()
    city.wait()


def test_a_file_of_keys_that_is_lost_comes_back_as_the_page_says(operator: Operator) -> None:
    city = operator.city
    before = key_of(city, "SIGNING")
    city.kill()
    city.forget_clients()
    for path in KeyFolder(city.directory).keys("signing"):
        path.unlink()
    document = KeyFolder(city.directory).document_key
    document.unlink()
    city.start()
    assert city.process is not None
    assert city.process.wait(30) != 0
    for block in blocks("lost-key.md", "A file of keys is lost"):
        operator.follow(block)
    assert key_of(city, "SIGNING") == before
    assert not Path(f"{city.directory}-beside").exists()
    # Whoever took part before is known again by the document.
    assert city.enrol("RESIDENT_ID", fictional_id(2)) == city.enrol("RESIDENT_ID", fictional_id(2))


def test_stolen_keys_are_revoked_as_the_page_says(operator: Operator) -> None:
    city = operator.city
    [revoke] = blocks("lost-key.md", "A signing key or a TLS key is stolen")
    places = operator.places
    for use in ("SIGNING", "TLS"):
        stolen = key_of(city, use)
        operator.places = {**places, "KEY": stolen}
        operator.follow(revoke)
        city.forget_clients()
        assert key_of(city, use) != stolen
    operator.places = places
    root = key_of(city, "ROOT")
    [new] = blocks("lost-key.md", "The root key")
    operator.follow(new)
    assert key_of(city, "ROOT") != root


def test_a_lost_identity_of_backups_gets_another_as_the_page_says(operator: Operator) -> None:
    make, use = blocks("lost-key.md", "The identity of backups")
    operator.follow(make)
    operator.follow(use)
    words = "hutong backup verify /var/backups/hutong/*-new-key.age --identity"
    operator.follow(f"{words} backup-key-2.txt")
    operator.follow(f"{words} backup-key.txt", code=exits.REFUSED)
