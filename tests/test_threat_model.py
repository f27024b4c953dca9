"""docs/threat-model.md: every threat names tests that there are, and no boundary forgets a kind."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = "docs/threat-model.md"
SECTION: Final = "Threats, by boundary"
STRIDE: Final = set("STRIDE")
BOUNDARIES: Final = {
    "Peer port",
    "Onboarding port",
    "Local port",
    "Officers",
    "Store",
    "Keys",
    "Log",
    "Bulk files",
    "Trial room, demo and harness",
    "Codes, passes and work without a node",
    "Backups and erasure",
    "Metrics, traces, health and logs",
    "Supply chain and the service",
}
NODE_ID: Final = re.compile(r"`(tests/[\w/]+\.py(?:::\w+)+)`")
NUMBER: Final = re.compile(r"[A-Z][0-9]+")
CELLS: Final = 5


@dataclass(frozen=True)
class Threat:
    """One row of the page."""

    boundary: str
    number: str
    kind: str
    cells: tuple[str, ...]

    @property
    def tests(self) -> list[str]:
        return NODE_ID.findall(self.cells[-1])


def threats(page: str) -> list[Threat]:
    found, boundary = list[Threat](), ""
    section = page.partition(f"## {SECTION}\n")[2]
    for line in re.split(r"^## ", section, maxsplit=1, flags=re.MULTILINE)[0].splitlines():
        if line.startswith("### "):
            boundary = line.removeprefix("### ")
        elif line.startswith("| ") and not line.startswith("| |"):
            cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
            found.append(Threat(boundary, cells[0], cells[1] if len(cells) > 1 else "", cells))
    return found


@cache
def defined(path: Path) -> frozenset[str]:
    """What pytest calls each test of a file, after its path."""
    if not path.is_file():
        return frozenset()
    found = set[str]()
    for node in ast.parse(path.read_bytes()).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        head = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {
            head + each.name
            for each in inside
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            and each.name.startswith("test_")
        }
    return frozenset(found)


def is_there(node_id: str) -> bool:
    path, _, name = node_id.partition("::")
    return name in defined(ROOT / path)


def faults(page: str) -> list[str]:
    """What is wrong with a page; nothing where it may stay as it is."""
    rows = threats(page)
    found = [f"no threat at: {name}" for name in BOUNDARIES - {row.boundary for row in rows}]
    found += [f"unknown boundary: {name}" for name in {r.boundary for r in rows} - BOUNDARIES]
    for name in sorted(BOUNDARIES & {row.boundary for row in rows}):
        kinds = {row.kind for row in rows if row.boundary == name}
        found += [f"{name}: nothing of {kind}" for kind in sorted(STRIDE - kinds)]
    numbers = [row.number for row in rows]
    for row in rows:
        if len(row.cells) != CELLS or not all(row.cells):
            found.append(f"not {CELLS} cells: {row.number}")
        if not NUMBER.fullmatch(row.number) or numbers.count(row.number) != 1:
            found.append(f"no number of its own: {row.number}")
        if row.kind not in STRIDE:
            found.append(f"no kind of STRIDE: {row.number}")
        if not row.tests:
            found.append(f"no test: {row.number}")
        if len(row.tests) != row.cells[-1].count("`") // 2:
            found.append(f"not only tests by their node ids: {row.number}")
        found += [f"no such test: {row.number} {t}" for t in row.tests if not is_there(t)]
    return found


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / PAGE).read_text("utf-8")


def test_every_threat_names_the_tests_that_check_it(page: str) -> None:
    assert faults(page) == []
    assert len(threats(page)) > 100


def test_the_tests_are_there_for_pytest_too(page: str, pytestconfig: pytest.Config) -> None:
    named = {test.partition("::")[0] for row in threats(page) for test in row.tests}
    patterns = pytestconfig.getini("python_files")
    assert [path for path in named if not any(Path(path).match(each) for each in patterns)] == []


def last(page: str) -> Threat:
    return threats(page)[-1]


def test_a_threat_without_a_test_is_found(page: str) -> None:
    cell = last(page).cells[-1]
    assert f"no test: {last(page).number}" in faults(page.replace(f"| {cell} |", "| later |"))
    assert f"no test: {last(page).number}" in faults(page.replace(f"| {cell} |", "|  |"))
    only_a_file = page.replace(cell, "`tests/test_house.py`")
    assert f"no test: {last(page).number}" in faults(only_a_file)


@pytest.mark.parametrize(
    "other",
    [
        "tests/test_house.py::test_that_was_taken_away",
        "tests/test_gone.py::test_no_test_is_skipped",
        "tests/test_house.py::_found",
        "tests/test_house.py::Class::test_no_test_is_skipped",
    ],
)
def test_a_test_that_is_not_there_any_more_is_found(page: str, other: str) -> None:
    gone = page.replace(last(page).cells[-1], f"`{other}`")
    assert [fault for fault in faults(gone) if other in fault]


def test_a_boundary_that_was_forgotten_is_found(page: str) -> None:
    assert "no threat at: Store" in faults(page.replace("### Store\n", "### Sore\n"))
    assert "unknown boundary: Sore" in faults(page.replace("### Store\n", "### Sore\n"))


@pytest.mark.parametrize("kind", sorted(STRIDE))
def test_a_kind_that_was_forgotten_at_a_boundary_is_found(page: str, kind: str) -> None:
    lines = [
        line
        for line in page.splitlines(keepends=True)
        if not (line.startswith("| K") and f" | {kind} | " in line)
    ]
    assert f"Keys: nothing of {kind}" in faults("".join(lines))


def test_a_number_twice_or_a_row_of_another_shape_is_found(page: str) -> None:
    again = page.replace("| S2 | ", "| S1 | ")
    assert "no number of its own: S1" in faults(again)
    assert [f for f in faults(page.replace("| S2 | T | ", "| S2 | T ")) if f.endswith(": S2")]
