import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from node.cli import exits
from node.cli.commands.examining import _merged
from node.initialise import issue_client
from node.model import Finding, Role, Severity
from tests.node.cli.conftest import Run
from tests.node.transport.house import House
from tests.node.typed import parsed


def _finding(subject: str, severity: str) -> dict[str, str]:
    return {"subject": subject, "severity": f"SEVERITY_{severity}"}


def _said(subject: str, severity: str, command: str = "") -> dict[str, str]:
    names = [f"{stem}_{end}" for stem in ("detail", "remedy") for end in ("zh", "en")]
    return _finding(subject, severity) | {name: name for name in names} | {"command": command}


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
    # What others may read is one finding more: of every secret at once.
    wanted = 3 if damage == "open" else 2
    assert errors == ran.out.count("To do:") == ran.out.count("Type:") == wanted


def test_what_runs_is_told_once_and_what_lies_on_disk_only_where_it_is_worse() -> None:
    running = [_finding("key", "OK"), _finding("tls", "WARNING"), _finding("tls", "OK")]
    files = [_finding("key", "ERROR"), _finding("tls", "WARNING"), _finding("settings", "OK")]
    assert _merged(files, running) == [files[0], files[2], *running]


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch, node_folder: Path) -> Callable[..., None]:
    """Let the node find this, and nothing else be found."""
    monkeypatch.setenv("HUTONG_SETTINGS", str(node_folder / "hutong.toml"))

    def found(*findings: dict[str, str]) -> None:
        monkeypatch.setattr("node.cli.commands.examining._running", lambda _: list(findings))
        monkeypatch.setattr("node.cli.commands.examining._files", lambda _, **__: ())

    return found


@pytest.mark.parametrize(
    ("severities", "plain", "strict"),
    [
        (["OK"], exits.DONE, exits.DONE),
        (["OK", "WARNING"], exits.DONE, exits.UNHEALTHY),
        (["WARNING", "ERROR"], exits.UNHEALTHY, exits.UNHEALTHY),
    ],
)
def test_the_exit_code_is_that_of_the_worst(
    run: Run, finds: Callable[..., None], severities: list[str], plain: int, strict: int
) -> None:
    finds(*(_said(f"subject-{s}", s, "df -h") for s in severities))
    for flag in ((), ("--json",)):
        assert run("doctor", *flag).code == plain
        assert run("doctor", "--strict", *flag).code == strict


@pytest.mark.parametrize(
    ("language", "kinds", "errors"),
    [
        ("en", ["ok", "warning", "ERROR"], "Errors were found: 1"),
        ("zh", ["正常", "警告", "错误"], "发现错误 1 项"),
    ],
)
def test_the_worst_stands_last_above_the_sum(
    run: Run, finds: Callable[..., None], language: str, kinds: list[str], errors: str
) -> None:
    finds(_said("a", "ERROR", "df -h"), _said("b", "OK"), _said("c", "WARNING", "df -h"))
    lines = run("doctor", "--lang", language).out.splitlines()
    assert [line[1 : line.index("]")] for line in lines if line.startswith("[")] == kinds
    assert errors in lines[-1]
    assert lines[-2].endswith("df -h")


def test_what_is_to_be_typed_is_for_the_node_that_was_asked(
    run: Run, finds: Callable[..., None], node_folder: Path
) -> None:
    finds(_said("a", "WARNING", "hutong partner sync 330100"), _said("b", "WARNING", "df -h"))
    # Who has set it once for all need not type it.
    assert "--settings" not in run("doctor").out
    settings = node_folder.parent / "a node" / "hutong.toml"
    node_folder.rename(settings.parent)
    typed = f"hutong partner sync 330100 --settings '{settings}'"
    ran = run("--json", "doctor", "--settings", settings)
    assert [f["command"] for f in ran.json["findings"]] == [typed, "df -h"]
    parsed(typed)
    assert typed in run("doctor", "--settings", settings).out


def test_each_finding_on_a_node_that_does_not_run_says_what_to_type(
    run: Run, node_folder: Path
) -> None:
    (node_folder / "keys" / "signing.pem").chmod(0o644)
    ran = run("--json", "--settings", node_folder / "hutong.toml", "doctor")
    for finding in ran.json["findings"]:
        assert finding["severity"] == "SEVERITY_OK" or finding["command"]
        if finding["command"]:
            parsed(finding["command"])


def test_an_operator_whose_own_certificate_has_ended_is_told_how_a_new_one_is_made(
    run: Run, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = house.directory / "hutong.toml"
    with monkeypatch.context() as short:
        short.setattr("node.limits.CLIENT_LIFETIME", timedelta(seconds=-1))
        issue_client(
            settings, role=Role.OPERATOR, name="default", directory=house.directory / "clients"
        )
    ran = run("--json", "doctor", "--settings", settings)
    assert ran.code == exits.UNHEALTHY
    found = {f["subject"]: f for f in ran.json["findings"]}
    assert found["node"]["severity"] == "SEVERITY_ERROR"
    ended = found["client operator/default"]
    assert ended["severity"] == "SEVERITY_ERROR"
    assert run(*shlex.split(ended["command"])[1:]).code == exits.DONE
    mended = run("--json", "doctor", "--settings", settings)
    assert mended.code == exits.DONE
    assert "node" not in {f["subject"] for f in mended.json["findings"]}


def test_what_the_node_says_to_type_comes_whole_over_the_wire(run: Run, house: House) -> None:
    found = [
        Finding("disk", Severity.WARNING, "满了", "full", "清理", "Make room", "du -xhd1 '/a b'")
    ]
    house.cases.examining.look_also(lambda: tuple(found))
    settings = house.directory / "hutong.toml"
    ran = run("--json", "doctor", "--settings", settings)
    [disk] = [f for f in ran.json["findings"] if f["subject"] == "disk"]
    assert disk["command"] == "du -xhd1 '/a b'"
    assert ran.code == exits.DONE
    assert run("doctor", "--strict", "--settings", settings).code == exits.UNHEALTHY
    found.clear()


def test_of_a_store_that_nobody_reaches_it_is_said_where_to_look_for_it() -> None:
    running = [_said("store", "ERROR", "df -h"), _finding("tls", "OK")]
    looked = [_said("store", "ERROR", "pg_isready -h db -p 5432")]
    assert _merged(looked, running) == [*looked, running[1]]
    # Who looks may not read it, though the node does: then nobody looked.
    assert _merged([], running) == running
