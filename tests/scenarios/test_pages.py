"""The pages on rules and threats name the tests that attack them; those tests exist."""

import re

import pytest

from tests.scenarios.stage import ROOT

PAGES = ("docs/rules.md", "docs/threat-model.md")
NAMED = re.compile(r"`((?:tests|scripts|node|federation)/[^`\s:]*)(?:::\w+)*`")


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    named = NAMED.findall((ROOT / page).read_text("utf-8"))
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_row_names_a_file_that_attacks_it(page: str) -> None:
    rows = [
        line
        for line in (ROOT / page).read_text("utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| |")
    ]
    assert len(rows) >= 10
    for row in rows:
        last = row.rstrip("| ").rpartition("|")[2]
        tests = [path for path in NAMED.findall(last) if path.startswith("tests/")]
        assert tests, row
        for path in tests:
            assert (ROOT / path).is_file(), path
            assert re.search(r"def test_|\.TestCase", (ROOT / path).read_text("utf-8")), path
