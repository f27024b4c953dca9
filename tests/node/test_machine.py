"""What `doctor` sees of a node's machine: each finding's command mends it, or shows it."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from node import machine
from node.bootstrap import examine_files
from node.clock import SystemClock
from node.config import read_settings
from node.initialise import issue_client
from node.limits import DISK_ERROR, DISK_WARNING, EXPIRY_WARNING
from node.model import Finding, Role, Severity
from node.store import open_store
from node.store.looking import schema_finding
from node.store.migrate import NEWEST
from tests.node.services.simulated import MovableClock
from tests.node.services.world import START
from tests.node.test_initialise import init
from tests.node.typed import every_one_can_be_typed


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def bad(settings: Path) -> dict[str, Finding]:
    found = examine_files(settings)
    every_one_can_be_typed(found)
    return {f.subject: f for f in found if f.severity is not Severity.OK}


def typed(finding: Finding) -> None:
    """Do what the finding says, word for word."""
    subprocess.run(["/bin/sh", "-c", finding.command], check=True, capture_output=True)


def test_a_new_node_is_in_order_and_everything_was_looked_at(tmp_path: Path) -> None:
    settings = init(tmp_path)
    assert bad(settings) == {}
    looked_at = {f.subject for f in examine_files(settings)}
    assert looked_at >= {"disk", "key-files", "clients", "schema", "signing-key"}


@pytest.mark.parametrize(
    ("free", "severity"),
    [(DISK_WARNING - 1, Severity.WARNING), (DISK_ERROR - 1, Severity.ERROR), (0, Severity.ERROR)],
)
def test_a_disk_that_is_nearly_full_is_told_with_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, severity: Severity
) -> None:
    settings = init(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**12, 0, free))
    [finding] = bad(settings).values()
    assert (finding.subject, finding.severity) == ("disk", severity)
    assert str(tmp_path) in finding.detail_zh
    typed(finding)


def test_of_two_disks_the_fuller_one_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, other = init(tmp_path / "node"), tmp_path / "other"
    other.mkdir()
    text = settings.read_text("utf-8").replace("hutong.sqlite", f"{other}/hutong.sqlite")
    settings.write_text(text, "utf-8")

    def usage(path: Path) -> Usage:
        return Usage(10**12, 0, DISK_WARNING - 1 if path == other else 10**12)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert str(other) in bad(settings)["disk"].detail_en


def test_secrets_that_others_may_read_are_all_named_and_closed_by_what_is_typed(
    tmp_path: Path,
) -> None:
    settings = init(tmp_path / "a node")
    for name in ("keys/root.pem", "keys/document.key", "clients/venue-default.key"):
        (tmp_path / "a node" / name).chmod(0o640)
    finding = bad(settings)["key-files"]
    for name in ("root.pem", "document.key", "venue-default.key"):
        assert name in finding.detail_en
    assert "signing.pem" not in finding.detail_en
    typed(finding)
    assert bad(settings) == {}


def test_files_that_another_user_owns_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = init(tmp_path)
    foreign = tmp_path / "keys" / "peer.pem"
    plain = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = plain(path, follow_symlinks=follow_symlinks)
        changed = list(found)
        changed[4] += path == foreign
        return os.stat_result(changed)

    monkeypatch.setattr(Path, "stat", stat)
    finding = bad(settings)["owners"]
    assert finding.severity is Severity.ERROR
    assert str(foreign) in finding.detail_en
    assert "root.pem" not in finding.detail_en
    typed(finding)


def test_a_clients_certificate_that_ends_is_named_with_its_renewal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = init(tmp_path)
    made = issue_client(settings, role=Role.VENUE, name="library", directory=tmp_path / "clients")
    year = timedelta(days=365)
    for ahead, severity in (
        (year - EXPIRY_WARNING - timedelta(days=1), None),
        (year - timedelta(days=9), Severity.WARNING),
        (year + timedelta(days=9), Severity.ERROR),
    ):
        later = MovableClock(SystemClock().now() + ahead)
        monkeypatch.setattr(machine, "SystemClock", lambda clock=later: clock)
        found = {f.subject: f for f in machine.examine_machine(read_settings(settings, {}))}
        every_one_can_be_typed(found.values())
        finding = found.get("client venue/library")
        assert (finding and finding.severity) == severity
    assert finding is not None
    assert finding.command == "hutong client issue --role venue --name library"
    monkeypatch.undo()
    made.certificate.write_bytes(b"garbage")
    assert bad(settings)["client venue/library"].severity is Severity.ERROR


def test_who_may_not_look_is_told_as_whom_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = init(tmp_path)

    def denied(_path: object) -> object:
        raise PermissionError(13, "Permission denied", "keys")

    monkeypatch.setattr(machine, "_private_files", denied)
    finding = bad(settings)["data"]
    assert "Permission denied" in finding.detail_en
    assert finding.command.startswith("runuser -u ")


def with_store(tmp_path: Path) -> tuple[str, Path]:
    file = tmp_path / "hutong.sqlite"
    url = f"sqlite:///{file}"

    async def make() -> None:
        async with open_store(url, MovableClock(START)):
            pass

    asyncio.run(make())
    return url, file


@pytest.mark.parametrize(
    ("revision", "severity"),
    [(NEWEST, Severity.OK), ("0001", Severity.ERROR), ("9999", Severity.ERROR)],
)
def test_tables_of_another_version_are_found_without_a_file_made_beside_them(
    tmp_path: Path, revision: str, severity: Severity
) -> None:
    url, file = with_store(tmp_path)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.execute("UPDATE node_state SET serves_from = ?", (revision,))
    connection.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    finding = schema_finding(url)
    assert (finding.subject, finding.severity) == ("schema", severity)
    assert revision in finding.detail_zh
    every_one_can_be_typed([finding])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_is_no_store_is_told_with_a_look_at_it(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_bytes(b"no database at all, but as long as a page of one" * 200)
    finding = schema_finding(f"sqlite:///{file}")
    assert (finding.subject, finding.severity) == ("store", Severity.ERROR)
    typed(finding)
    assert schema_finding(f"sqlite:///{tmp_path}/none").severity is Severity.OK


@pytest.mark.parametrize(
    ("url", "command"),
    [
        ("postgresql://hutong:geheim@127.0.0.1:1/hutong", "pg_isready -h 127.0.0.1 -p 1"),
        ("postgresql+serializable://u:geheim@127.0.0.1:1/h", "pg_isready -h 127.0.0.1 -p 1"),
        ("postgresql://u:geheim@/hutong?host=/no/where", "pg_isready -h /no/where -p 5432"),
    ],
)
def test_a_server_that_does_not_answer_is_named_without_its_password(
    url: str, command: str
) -> None:
    finding = schema_finding(url)
    assert (finding.subject, finding.severity) == ("store", Severity.ERROR)
    assert finding.command == command
    assert "geheim" not in str(finding)
    every_one_can_be_typed([finding])
