"""What an auditor types: a period read over the local port, and verified where there is no node."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from federation.envelope import envelope_to_json
from node.cli import exits
from node.model import Role
from tests.node.cli.conftest import HOST, Ran, Towns
from tests.node.transport.house import stranger

CITY = "410100"


@pytest.fixture
def since(towns: Towns, monkeypatch: pytest.MonkeyPatch) -> str:
    """An hour ago; a period may end now, and an auditor was let in."""
    monkeypatch.setattr("node.services.auditing.CLOCK_SKEW", timedelta(0))
    issued = towns.run("client", "issue", "--role", "auditor", "--name", "province")
    assert issued.code == exits.DONE, issued.err
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def exported(towns: Towns, since: str, file: Path, *more: object) -> Ran:
    return towns.run(
        "audit", "export", "--from", since, "--out", file, "--auditor", "province", *more
    )


def test_a_period_is_exported_and_verified_without_a_node(
    towns: Towns, since: str, tmp_path: Path
) -> None:
    towns.grow(5000)
    file = tmp_path / "period.audit"
    ran = exported(towns, since, file)
    assert ran.code == exits.DONE, ran.out + ran.err
    assert "hutong audit verify" in ran.out
    trust = list[object]()
    for house in (towns.home, towns.host):
        bundle = tmp_path / f"{house.cases.here.city}.json"
        bundle.write_text(envelope_to_json(house.keys.bundle))
        trust += ["--trust", bundle]
    said = towns.command("--json", "audit", "verify", file, *trust).json
    assert said["verified"]
    assert said["fingerprints"] == {}
    [period] = said["periods"]
    assert period["in_period"] >= 5000
    assert period["kinds"]["administrative"] >= 5000
    assert [each["city"] for each in period["cosigned"]] == [HOST, HOST]
    ran = towns.command("audit", "verify", file)
    assert ran.code == exits.DONE
    assert "It is whole" in ran.out
    assert ran.out.count("has the fingerprint") == 2
    assert "没有缺失" in towns.command("--lang", "zh", "audit", "verify", file).out
    # A bundle of the same city's name that another root made is not that city's.
    impostor = stranger(tmp_path / "impostor", HOST)
    bundle.write_text(envelope_to_json(impostor.keys.bundle))
    assert towns.command("audit", "verify", file, "--trust", bundle).code == exits.NOT_ALLOWED


def test_a_file_that_was_changed_is_refused_with_what_was_found(
    towns: Towns, since: str, tmp_path: Path
) -> None:
    towns.grow(20)
    file = tmp_path / "period.audit"
    assert exported(towns, since, file).code == exits.DONE
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines[:9], *lines[10:]]))
    ran = towns.command("audit", "verify", file)
    assert ran.code == exits.REFUSED
    assert "an entry was left out" in ran.out
    [problem] = towns.command("--json", "audit", "verify", file).json["periods"][0]["problems"]
    assert problem["name"] == "truncated"
    assert "文件不完整" in problem["text_zh"]
    file.write_text("".join([*lines[:9], lines[10], lines[9], *lines[11:]]))
    assert "changed, replaced or moved" in towns.command("audit", "verify", file).out
    head = json.loads(lines[0]) | {"until": datetime.now(UTC).isoformat()}
    file.write_text("".join([json.dumps(head) + "\n", *lines[1:]]))
    assert "entries after it may be missing" in towns.command("audit", "verify", file).out


def test_two_periods_are_one_history_or_it_is_said_that_they_are_not(
    towns: Towns, since: str, tmp_path: Path
) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    towns.grow(20)
    assert exported(towns, since, one).code == exits.DONE
    ended = json.loads(one.read_text().splitlines()[0])["until"]
    towns.grow(20)
    assert exported(towns, ended, two).code == exits.DONE
    ran = towns.command("audit", "verify", two, one)
    assert ran.code == exits.DONE, ran.out
    towns.grow(20)
    later = datetime.now(UTC).isoformat()
    towns.grow(20)
    assert exported(towns, later, three).code == exits.DONE
    ran = towns.command("audit", "verify", one, three)
    assert ran.code == exits.REFUSED
    assert "No file is about the time from" in ran.out


def test_what_was_there_stays_where_nothing_whole_comes(
    towns: Towns, since: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "period.audit"
    file.write_text("the last one")
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    ran = exported(towns, since, file, "--to", future)
    assert ran.code == exits.REFUSED
    assert "leave it out for the latest end" in ran.err
    towns.grow(5000)

    async def fails(first: int, count: int) -> object:
        raise OSError(first, count)

    monkeypatch.setattr(towns.home.cases.auditing, "entries", fails)
    assert exported(towns, since, file).code == exits.INTERNAL
    assert file.read_text() == "the last one"
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_a_period_that_was_not_asked_for_is_not_taken(
    towns: Towns, since: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    towns.grow(20)
    asked, file = datetime.now(UTC), tmp_path / "period.audit"
    sooner = asked - timedelta(minutes=30)
    monkeypatch.setattr("node.services.auditing._over", lambda *_: sooner)
    ran = exported(towns, since, file, "--to", asked.isoformat())
    assert ran.code == exits.REFUSED
    assert "another period" in ran.err
    assert not file.exists()


def test_nobody_is_an_auditor_who_was_not_let_in(towns: Towns, since: str, tmp_path: Path) -> None:
    asked = ("audit", "export", "--from", since, "--out", tmp_path / "none")
    ran = towns.run(*asked)
    assert ran.code == exits.REFUSED
    assert "hutong client issue --role auditor --name default" in ran.err
    files = towns.home.directory / "clients"
    for role in set(Role) - {Role.AUDITOR}:
        stem = files / f"{role.value}-default"
        with_their = [
            f"--{name}={stem}.{end}" for name, end in (("certificate", "crt"), ("key", "key"))
        ]
        ran = towns.run(*asked, *with_their, f"--ca={stem}.ca")
        assert ran.code == exits.NOT_ALLOWED, role
    assert not (tmp_path / "none").exists()
