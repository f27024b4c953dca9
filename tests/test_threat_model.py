"""Each fault of a threat model is planted, and found; `test_house` looks at the one there is."""

from pathlib import Path

import pytest

from tests.threats import PAGE, ROOT, STRIDE, Threat, faults, threats


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / PAGE).read_text("utf-8")


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
