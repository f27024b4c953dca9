"""`hutong health`: what a probe is told, and in what it ends."""

import contextlib
import socket
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.cli import exits
from node.store.migrate import NEWEST
from tests.node.cli.conftest import Ran, Run
from tests.node.transport.house import House
from tests.node.transport.test_readiness import looked

Probe = Callable[..., Ran]


@pytest.fixture
def probe(run: Run, house: House) -> Probe:
    """Ask the house how it is, after it has looked at itself."""

    def ask(*options: str) -> Ran:
        looked(house)
        return run("health", "--settings", house.directory / "hutong.toml", *options)

    return ask


def test_a_node_that_serves_is_ready(probe: Probe, house: House) -> None:
    ran = probe()
    assert (ran.code, ran.err) == (exits.DONE, "")
    assert ran.out == f"The node at 127.0.0.1:{house.local_number} serves.\n"
    said = probe("--json").json
    assert (said["live"], said["ready"], said["hindered_by"]) == (True, True, [])
    assert said["parts"]["store"] == said["parts"]["signing"] == said["parts"]["log"] == "SERVING"
    assert said["client_days_left"] > 300


def older_tables(house: House) -> Callable[[], object]:
    def say(revision: str) -> None:
        with contextlib.closing(sqlite3.connect(house.directory / "store.sqlite")) as store, store:
            store.execute("UPDATE alembic_version SET version_num = ?", (revision,))

    say("0001")
    return lambda: say(NEWEST)


def open_key(house: House) -> Callable[[], object]:
    house.folder.signing_key.chmod(0o644)
    return lambda: house.folder.signing_key.chmod(0o600)


def no_anchor(house: House) -> Callable[[], object]:
    anchor = house.directory / "log" / "checkpoint"
    anchor.mkdir(parents=True)
    return anchor.rmdir


@pytest.mark.parametrize(
    ("spoil", "part", "words"),
    [
        (older_tables, "store", ("the store", "存储")),
        (open_key, "signing", ("the signing key", "签名密钥")),
        (no_anchor, "log", ("the log", "日志")),
    ],
)
def test_a_node_that_lives_and_does_not_serve_says_for_what(
    probe: Probe,
    house: House,
    spoil: Callable[[House], Callable[[], object]],
    part: str,
    words: tuple[str, str],
) -> None:
    heal = spoil(house)
    try:
        for word, language in zip(words, ("en", "zh"), strict=True):
            ran = probe("--lang", language)
            assert (ran.code, word in ran.out) == (exits.UNHEALTHY, True)
            assert "hutong doctor" in ran.out
        said = probe("--json")
        assert said.code == exits.UNHEALTHY
        assert (said.json["ready"], said.json["hindered_by"]) == (False, [part])
        # Starting it again would not mend it.
        assert probe("--live").code == exits.DONE
    finally:
        heal()
    assert probe().code == exits.DONE


@pytest.mark.parametrize("options", [(), ("--live",)])
def test_where_nothing_answers_it_is_neither(
    run: Run, node_folder: Path, options: tuple[str, ...]
) -> None:
    settings = ("--settings", node_folder / "hutong.toml")
    ran = run("health", *settings, *options)
    assert (ran.code, ran.out) == (exits.UNREACHABLE, "")
    document = run("health", "--json", *settings, *options)
    assert document.json["error"]["reason"] == "NODE_UNREACHABLE"


def test_what_takes_the_connection_and_never_answers_does_not_live(
    run: Run, node_folder: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        text = (node_folder / "hutong.toml").read_text("utf-8")
        (node_folder / "hutong.toml").write_text(text.replace("127.0.0.1:2", address), "utf-8")
        ran = run("health", "--live", "--within", 1, "--settings", node_folder / "hutong.toml")
    assert (ran.code, "no answer in time" in ran.err) == (exits.UNREACHABLE, True)


@pytest.mark.parametrize("seconds", ["0", "61", "soon"])
def test_the_time_that_it_may_take_has_bounds(run: Run, seconds: str) -> None:
    ran = run("health", "--within", seconds)
    assert (ran.code, "from 1 to 60" in ran.err) == (exits.USAGE, True)


def test_a_certificate_that_has_ended_is_told_and_is_not_taken_for_a_dead_node(
    probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days, code in ((29, exits.DONE), (-1, exits.NOT_ALLOWED)):
        ends = datetime.now(UTC) + timedelta(days=days, hours=1)
        monkeypatch.setattr("node.cli.commands.health.ends_at", lambda _pem, ends=ends: ends)
        ran = probe("--live")
        assert (ran.code, "hutong client issue" in ran.err) == (code, True)
