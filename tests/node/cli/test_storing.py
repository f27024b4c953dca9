"""What an operator types about the tables of the store: how far they are, and bringing them on."""

from datetime import timedelta
from pathlib import Path

import pytest

from node import bootstrap, limits
from node.cli import exits
from node.store.engine import make_engine
from node.store.migrate import NEEDED, NEWEST
from tests.node.cli.conftest import Run
from tests.node.store.old_stores import upgrade
from tests.node.store.rig import opened


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PROCESS_WATCH", timedelta(milliseconds=300))
    # A node of this process would log for all tests after it.
    monkeypatch.setattr(bootstrap, "configure_logs", lambda *_, **__: None)


def store_of(folder: Path, revision: str) -> str:
    """The store of a node as a version left it; its URL."""
    url = f"sqlite:///{folder / 'hutong.sqlite'}"
    engine = make_engine(url)
    upgrade(engine, revision)
    engine.dispose()
    return url


def test_a_new_store_is_made_and_then_there_is_nothing_to_do(run: Run, node_folder: Path) -> None:
    settings = node_folder / "hutong.toml"
    ran = run("--settings", settings, "migrate", "--json")
    assert (ran.code, ran.json["version"], ran.json["left"]) == (0, NEWEST, [])
    assert ran.json["done"][0]["version"] == "0001"
    ran = run("--settings", settings, "migrate")
    assert (ran.code, ran.err) == (0, "")
    assert NEWEST in ran.out


def test_an_old_store_is_brought_on_in_two_steps(run: Run, node_folder: Path) -> None:
    settings = node_folder / "hutong.toml"
    store_of(node_folder, "0003")
    ran = run("--settings", settings, "serve", "--json")
    assert ran.code == exits.REFUSED
    assert ran.json["error"]["fields"] == {"found": "0003", "needed": NEEDED}
    assert "hutong migrate" in ran.json["error"]["text_en"]
    ran = run("--settings", settings, "migrate", "--dry-run", "--contract")
    assert (ran.code, ran.out.count("would be run")) == (0, 4)
    assert "Nothing was changed" in ran.out
    # What takes away is not run unasked.
    ran = run("--settings", settings, "migrate")
    assert ran.code == exits.REFUSED
    assert "Stop the processes of older versions, then run `hutong migrate --contract`" in ran.out
    # It says one thing to do, not also that this version is to be started first.
    assert ran.out.count("hutong migrate --contract") == 1
    ran = run("--settings", settings, "migrate", "--dry-run")
    assert (ran.code, "would be run" in ran.out) == (exits.REFUSED, False)
    ran = run("--settings", settings, "migrate", "--contract")
    assert ran.code == 0
    assert ran.err.count("is done") == 4


def test_the_status_says_who_serves_and_what_is_to_be_done(run: Run, node_folder: Path) -> None:
    settings = node_folder / "hutong.toml"
    url = store_of(node_folder, "0006")
    ran = run("--settings", settings, "store", "status")
    assert ran.code == exits.REFUSED
    assert f"{NEWEST} (adds) is to be run" in ran.out
    assert run("--settings", settings, "migrate").code == 0
    with opened(url) as desk:
        desk.probe()
        ran = run("--settings", settings, "store", "status", "--json")
    assert ran.code == 0
    assert (ran.json["version"], ran.json["needed"], ran.json["pending"]) == (NEWEST, NEEDED, [])
    # It was seen, and has said nothing since: only who says something new serves.
    assert ran.json["processes"] == []
    ran = run("--settings", settings, "--lang", "zh", "store", "status")
    assert "没有进程在服务" in ran.out


def test_a_store_that_is_not_there_is_told_and_not_made(run: Run, node_folder: Path) -> None:
    settings = node_folder / "hutong.toml"
    for words in (("store", "status"), ("migrate", "--dry-run")):
        ran = run("--settings", settings, *words)
        assert ran.code == exits.UNREACHABLE
        assert "there is no such file" in ran.err
    assert not (node_folder / "hutong.sqlite").exists()


def test_the_roles_are_printed_as_sql_that_names_them(run: Run, node_folder: Path) -> None:
    settings = node_folder / "hutong.toml"
    ran = run("--settings", settings, "store", "roles", "--serve", "city_serve")
    assert ran.code == 0
    assert 'GRANT SELECT, INSERT ON public."log_entries" TO "city_serve"; ' in ran.out
    assert ran.out.rstrip().endswith("COMMIT;")
    ran = run("--settings", settings, "store", "roles", "--json")
    assert ran.json["grants"]
    ran = run("--settings", settings, "store", "roles", "--read", "a; b")
    assert ran.code == exits.REFUSED
    ran = run("--settings", settings, "store", "roles", "--apply")
    assert ran.code == exits.REFUSED
    assert "only PostgreSQL has roles" in ran.err
