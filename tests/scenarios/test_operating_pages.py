"""Day one is typed word for word, from nothing; and what all pages for operators have in common."""

import contextlib
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from node.transport import status
from scripts.cities import free_ports
from tests.scenarios.pages import OPERATING, Terminal, Typist, sat_at, steps_of, words_of
from tests.scenarios.stage import ROOT

DAY_ONE = f"{OPERATING}day-one.md"
PAGES = tuple(f"{OPERATING}{name}.md" for name in ("day-one", "rotation", "bad-partner"))
FIRST_PORTS = (7443, 8443)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"(?m)^#+ (.*)$")


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Mapping[str, Terminal]]:
    """The terminals of two officers in one folder, that looks like a checkout."""
    (tmp_path / "node").symlink_to(ROOT / "node")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    places = dict[str, str]()
    for first in FIRST_PORTS:
        base = three_free()
        places |= {f":{first + i}": f":{base + i}" for i in range(3)}
    names = ("Zhengzhou", "Hangzhou")
    with sat_at(*(Terminal(tmp_path, name, places) for name in names)) as made:
        yield made


def three_free() -> int:
    """The first of three ports in a row that nobody has: the third is the onboarding port's."""
    while True:
        [base] = free_ports(1)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for port in range(base, base + 3):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return base


@pytest.mark.all
@pytest.mark.timeout(600)  # a minute on a machine that has nothing else to do
def test_day_one_leads_from_nothing_to_a_first_visit(desks: Mapping[str, Terminal]) -> None:
    Typist(desks).type(DAY_ONE)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_typed_and_every_word_in_capitals_is_given(page: str) -> None:
    steps = steps_of(page)
    assert {step.who for step in steps if not step.happens} == {"Zhengzhou", "Hangzhou"}
    given = set[str]()
    for step in steps:
        typed = set(re.findall(r"\b[A-Z]{4,}\b", step.commands))
        assert typed - words_of(page) <= {"PATH"}, (page, step.line)
        given |= {w for each in step.promised for w in words_of(page) if w in each}


@pytest.mark.parametrize("page", PAGES)
def test_every_reason_that_a_page_names_is_one(page: str) -> None:
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+|MALFORMED)`", (ROOT / page).read_text("utf-8")))
    assert named <= {*status._REASONS}


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs/operating").glob("*.md")), ids=lambda p: p.name
)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """How headings are linked to."""
    found = set[str]()
    for heading in HEADING.findall(page.read_text("utf-8")):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found
