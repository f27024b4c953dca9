"""What docs/threat-model.md is held against: the tests that there are, and the kinds of threats."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

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
