import platform
import re
import tomllib
from pathlib import Path

import pytest

from node import bootstrap
from node.cli import exits
from node.cli.calling import Node
from node.errors import STORE_UNAVAILABLE, HutongError
from node.model import Role
from tests.node.cli.conftest import Run

PROJECT = Path(__file__).parents[3] / "pyproject.toml"
UUID = "0192f0c1-2b3c-7def-8123-456789abcdef"
ISSUE = ("client", "issue", "--role")
WRONG = (
    (["parnter"], "Did you mean partner?"),
    (["partner", "suspnd", "zhengzhou"], "Did you mean suspend?"),
    (["xyz"], "There are init, serve, doctor"),
    (["partner", "list", "--jsno"], "Did you mean --json?"),
    (["partner", "import", "file", "--fingreprint", "x"], "Did you mean --fingerprint?"),
    (["partner", "list", "--settings"], "--settings needs a value"),
    (["partner", "join", "code"], "--at is missing"),
    (["partner", "suspend"], "CITY is missing"),
    (["partner", "suspend", "nowhere", "--reason", "x"], "give one of zhengzhou"),
    (["partner", "suspend", "wuhan"], "--reason"),
    (["agreement", "sign", "id", "--version", "0"], "from 1 to"),
    (["agreement", "sign", "id", "--version", "one"], "from 1 to"),
    (["top", "--every", "0"], "a number from 0.2 to 60"),
    (["top", "--metrics", "9464"], "write HOST:PORT"),
    (["resident", "enrol", "999999194006122466"], "1 more than it takes"),
    (["resident", "code", "r", "c", "--request-id", "1"], "--request-id: give a UUID"),
    (["resident", "consent", "r", "--host", "wuhan", "--scenario", "s"], "--until or --days"),
    (["resident", "consent", "r", "--host", "wuhan", "--days", "1"], "--scenario is missing"),
    (["venue", "check"], "--code or --pass"),
    (["venue", "check", "--code", "x", "--pass", "y"], "--code or --pass"),
    ([*ISSUE, "king", "--name", "x"], "give one of resident, venue"),
    (["init", "x", "--city", "654321", "--peer-address", "h:1"], "--name-zh and --name-en"),
    (["partner", "list", "--certificate", "c"], "--address, --key, --ca missing"),
    (["partner", "list", "--certificate", "c", "--key", "k", "--ca", "a"], "--address missing"),
    (["envelope", "verify", "x"], "--audience"),
    (["--lang", "fr", "doctor"], "give one of zh, en"),
)


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_a_wrong_command_line_exits_2_with_one_line_that_helps(
    run: Run, arguments: list[str], said: str
) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (exits.USAGE, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1
    assert re.search(r"See `hutong[a-z ]* --help`\.$", ran.err.strip())


@pytest.mark.parametrize("arguments", [arguments for arguments, _ in WRONG[:8]])
def test_a_wrong_command_line_is_one_json_document_in_both_languages(
    run: Run, arguments: list[str]
) -> None:
    ran = run("--json", *arguments)
    assert (ran.code, ran.err) == (exits.USAGE, "")
    assert ran.json["error"]["reason"] == "COMMAND_LINE"
    assert "--help" in ran.json["error"]["text_zh"]
    assert ran.json["error"]["text_zh"] != ran.json["error"]["text_en"]


def test_a_stray_document_number_is_not_repeated(run: Run) -> None:
    ran = run("resident", "enrol", "999999194006122466")
    assert "9999" not in ran.out + ran.err


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    ran = run()
    assert ran.code == exits.USAGE
    assert "partner" in ran.err


def test_help_is_done_and_speaks_the_language(run: Run) -> None:
    assert run("--help").code == exits.DONE
    assert "列出伙伴城市" in run("partner", "list", "-h", "--lang", "zh").out


def test_the_version_is_that_of_the_project(run: Run) -> None:
    version = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"]
    ran = run("--version")
    assert (ran.code, ran.err) == (exits.DONE, "")
    assert ran.out == f"hutong {version} (Python {platform.python_version()})\n"
    for arguments in (["--json", "--version"], ["--version", "--json"]):
        ran = run(*arguments)
        assert (ran.code, ran.json["version"]) == (exits.DONE, version)
    assert run("partner", "--version").code == exits.USAGE


@pytest.mark.parametrize("place", ["before", "after"])
def test_common_options_may_stand_before_or_after_the_command(run: Run, place: str) -> None:
    common = ["--json", "--settings", "elsewhere.toml"]
    command = ["partner", "list"]
    ran = run(*common, *command) if place == "before" else run(*command, *common)
    assert ran.code == exits.REFUSED
    assert ran.json["error"]["reason"] == "SETTINGS_MISSING"
    assert ran.json["error"]["fields"] == {"path": "elsewhere.toml"}


def test_without_settings_an_operator_is_told_all_three_ways(run: Run) -> None:
    ran = run("partner", "list")
    assert ran.code == exits.REFUSED
    for way in ("--settings", "hutong init", "--address"):
        assert way in ran.err


def test_settings_of_the_environment_are_found(
    run: Run, node_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUTONG_SETTINGS", str(node_folder / "hutong.toml"))
    assert run("partner", "list").code == exits.UNREACHABLE


def test_settings_of_the_command_line_win_over_another_machine_of_the_environment(
    run: Run, node_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ADDRESS", "CERTIFICATE", "KEY", "CA"):
        monkeypatch.setenv(f"HUTONG_{name}", "/nowhere")
    assert "/nowhere" in run("partner", "list").err
    ran = run("partner", "list", "--settings", node_folder / "hutong.toml")
    assert "127.0.0.1:2" in ran.err


def test_a_misspelt_setting_is_answered_by_the_nearest(run: Run, node_folder: Path) -> None:
    with (node_folder / "hutong.toml").open("a") as file:
        file.write('stor = "x"\n')
    ran = run("doctor", "--settings", node_folder / "hutong.toml")
    assert ran.code == exits.REFUSED
    assert "nearest is store" in ran.err


def test_a_node_that_is_down_is_said_at_once_with_the_way_to_repeat(
    run: Run, node_folder: Path
) -> None:
    settings = node_folder / "hutong.toml"
    ran = run("--settings", settings, "partner", "suspend", "wuhan", "--reason", "test")
    assert ran.code == exits.UNREACHABLE
    assert "hutong serve" in ran.err
    assert re.search(r"--request-id [0-9a-f-]{36}", ran.err)
    ran = run("--settings", settings, "--json", "partner", "suspend", "wuhan",
              "--reason", "x", "--request-id", UUID)  # fmt: skip
    assert ran.json["error"]["request_id"] == UUID
    assert (
        "request_id" not in run("--json", "--settings", settings, "partner", "list").json["error"]
    )


def test_a_missing_client_is_said_with_the_command_that_makes_it(
    run: Run, node_folder: Path
) -> None:
    settings = ("--settings", node_folder / "hutong.toml")
    ran = run(*settings, "venue", "incentives", "--venue", "library")
    assert ran.code == exits.REFUSED
    assert "hutong client issue --role venue --name library" in ran.err
    assert run(*settings, *ISSUE, "venue", "--name", "library").code == exits.DONE
    assert run(*settings, "venue", "incentives", "--as", "library").code == exits.UNREACHABLE


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b", "", "名"])
def test_a_client_name_leads_to_no_other_folder(run: Run, node_folder: Path, name: str) -> None:
    settings = ("--settings", node_folder / "hutong.toml")
    assert run(*settings, "venue", "incentives", "--venue", name).code == exits.REFUSED
    assert run(*settings, *ISSUE, "venue", "--name", name).code == exits.REFUSED


@pytest.mark.parametrize("content", ["file", "folder"])
def test_an_unreadable_file_is_named(run: Run, node_folder: Path, content: str) -> None:
    (node_folder / "folder").mkdir()
    path = node_folder / content
    for command in (["scale", "load"], ["incentives", "load"], ["records", "load"]):
        ran = run("--settings", node_folder / "hutong.toml", *command, path)
        assert ran.code == exits.REFUSED
        assert str(path) in ran.err


def test_a_bug_of_ours_is_one_line_and_the_traceback_only_on_demand(
    run: Run, node_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Node, "__init__", broken)
    settings = ("--settings", node_folder / "hutong.toml")
    ran = run(*settings, "partner", "list")
    assert ran.code == exits.INTERNAL
    assert len(ran.err.splitlines()) == 1
    assert "ZeroDivisionError" in ran.err
    assert "Traceback" in run(*settings, "partner", "list", "--debug").err
    assert run(*settings, "partner", "list", "--json").json["error"]["reason"] == "UNEXPECTED"


def test_an_error_ends_with_the_name_that_the_pages_have_and_a_mistyped_line_does_not(
    run: Run, tmp_path: Path
) -> None:
    missing = run("--settings", tmp_path / "none.toml", "partner", "list")
    assert missing.err.rstrip().endswith("(SETTINGS_MISSING)")
    told = run("--lang", "zh", "--settings", tmp_path / "none.toml", "partner", "list")
    assert told.err.rstrip().endswith("（SETTINGS_MISSING）")
    assert "COMMAND_LINE" not in run("partner", "no-such").err


def test_ctrl_c_ends_in_130(run: Run, node_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Node, "__init__", interrupted)
    ran = run("--settings", node_folder / "hutong.toml", "partner", "list")
    assert (ran.code, ran.out, ran.err) == (exits.INTERRUPTED, "", "")


def test_a_node_that_cannot_serve_says_why(
    run: Run, node_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_: object) -> int:
        raise HutongError(STORE_UNAVAILABLE, problem="disk full")

    monkeypatch.setattr(bootstrap, "serve", refuses)
    ran = run("serve", "--settings", node_folder / "hutong.toml")
    assert (ran.code, ran.out) == (exits.UNREACHABLE, "")
    assert "disk full" in ran.err


def test_init_makes_a_node_and_says_what_comes_next(run: Run, node_folder: Path) -> None:
    for role in Role:
        made = (node_folder / "clients" / f"{role.value}-default.crt").exists()
        assert made is (role is not Role.AUDITOR)
    assert 'city = "410100"' in (node_folder / "hutong.toml").read_text("utf-8")


def test_init_never_overwrites(run: Run, node_folder: Path) -> None:
    before = (node_folder / "keys" / "root.pem").read_bytes()
    ran = run("init", "--city", "410100", "--peer-address", "127.0.0.1:1", node_folder)
    assert ran.code == exits.REFUSED
    assert "never overwritten" in ran.err
    assert (node_folder / "keys" / "root.pem").read_bytes() == before


def test_init_of_another_city_takes_its_names(run: Run, tmp_path: Path) -> None:
    ran = run(
        "--json", "init", "--city", "370200", "--name-zh", "青岛", "--name-en", "Qingdao",
        "--peer-address", "node.example:7443", tmp_path / "qd",
    )  # fmt: skip
    assert ran.code == exits.DONE
    assert ran.json["next_steps"][1] == "hutong serve"
    assert "青岛" in run("envelope", "show", tmp_path / "qd" / "bundles" / "000001.json").out


@pytest.mark.parametrize("address", ["nonsense", "host:", ":1", "host:99999", "host:0"])
def test_init_refuses_an_address_that_nobody_can_dial(
    run: Run, tmp_path: Path, address: str
) -> None:
    ran = run("init", "--city", "wuhan", "--peer-address", address, tmp_path / "n")
    assert ran.code == exits.REFUSED
    assert not (tmp_path / "n" / "keys").exists()


def test_init_below_a_file_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    ran = run("init", "--city", "wuhan", "--peer-address", "127.0.0.1:1", tmp_path / "file" / "n")
    assert ran.code == exits.REFUSED
