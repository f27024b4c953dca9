"""The pages for operators are typed word for word on real nodes, and answer what they promise."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import data
from node.transport import status
from scripts import forging
from scripts.city import City
from tests.scenarios.stage import ROOT
from tests.scenarios.typist import Terminals, Typist, steps_of, terminals, words_of

DAY_ONE = "docs/operating/day-one.md"
ROTATION = "docs/operating/rotation.md"
BAD_PARTNER = "docs/operating/bad-partner.md"
PAGES = (DAY_ONE, ROTATION, BAD_PARTNER)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"(?m)^#+ (.*)$")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminals]:
    with terminals(tmp_path_factory.mktemp("pages")) as made:
        Typist(made).type(DAY_ONE)
        yield made


@pytest.mark.all
@pytest.mark.timeout(600)  # a minute on a machine that has nothing else to do
def test_day_one_leads_from_nothing_to_a_first_visit(desk: Terminals) -> None:
    assert (desk.folder / "var" / "hangzhou" / "hutong.toml").exists()


@pytest.mark.all
@pytest.mark.timeout(600)
def test_a_rotation_goes_as_the_page_says(desk: Terminals) -> None:
    Typist(desk).type(ROTATION)


@pytest.mark.all
@pytest.mark.timeout(600)
def test_a_bad_partner_is_met_as_the_page_says(desk: Terminals) -> None:
    def forks() -> None:
        """Its officer stops it, rewrites an entry, signs all of it anew, and starts it again."""
        _, said = desk.type("Hangzhou", "hutong log checkpoint")
        assert "has cosigned it" in said
        desk.stop("Hangzhou")
        folder = desk.folder / "var" / "hangzhou"
        forger = City(data.city("330100"), folder, 0, 0, 0)
        forging.rewrite(forger, 2)
        forging.sign_again(forger)
        code, said = desk.type(
            "Hangzhou",
            "hutong serve 2>>var/hangzhou.log &\n"
            "until hutong health 2>/dev/null; do sleep 0.2; done\n"
            "hutong log checkpoint || true",
        )
        assert code == 0, said

    act = "Hangzhou rewrites an entry of its log, and signs everything anew"
    Typist(desk, {act: forks}).type(BAD_PARTNER)


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
