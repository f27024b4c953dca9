from pathlib import Path

import pytest

from node.cli import exits
from node.cli.commands.examining import _merged
from tests.node.cli.conftest import Run


def _finding(subject: str, severity: str) -> dict[str, str]:
    return {"subject": subject, "severity": f"SEVERITY_{severity}"}


def test_without_a_node_the_files_are_examined_and_the_silence_is_the_finding(
    run: Run, node_folder: Path
) -> None:
    ran = run("--json", "--settings", node_folder / "hutong.toml", "doctor")
    assert ran.code == exits.UNHEALTHY
    found = {f["subject"]: f for f in ran.json["findings"]}
    assert found["node"]["severity"] == "SEVERITY_ERROR"
    assert "hutong serve" in found["node"]["remedy_en"]
    assert "hutong serve" in found["node"]["remedy_zh"]
    others = {f["severity"] for subject, f in found.items() if subject != "node"}
    assert others == {"SEVERITY_OK"}


@pytest.mark.parametrize("damage", ["missing", "open", "garbage"])
def test_a_damaged_key_is_found_with_what_to_do(run: Run, node_folder: Path, damage: str) -> None:
    key = node_folder / "keys" / "signing.pem"
    if damage == "missing":
        key.unlink()
    elif damage == "open":
        key.chmod(0o644)
    else:
        key.write_bytes(b"garbage")
    ran = run("--settings", node_folder / "hutong.toml", "doctor")
    assert ran.code == exits.UNHEALTHY
    assert "signing.pem" in ran.out
    errors = ran.out.count("[ERROR]")
    assert errors == ran.out.count("To do:") == 2


def test_what_runs_is_told_once_and_what_lies_on_disk_only_where_it_is_worse() -> None:
    running = [_finding("key", "OK"), _finding("tls", "WARNING"), _finding("tls", "OK")]
    files = [_finding("key", "ERROR"), _finding("tls", "WARNING"), _finding("settings", "OK")]
    assert _merged(files, running) == [files[0], files[2], *running]
