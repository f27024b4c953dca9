"""A standing at the terminal, exported, and as a page that a real browser prints."""

import json
import subprocess
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from node.cli import exits
from node.cli.commands import standing
from node.cli.session import Session
from node.model import Role
from node.services.explaining import explain
from node.transport.local_client import _from_wire
from node.transport.standing import standing_to_wire
from tests.node.cli.conftest import Run
from tests.node.services.counting import DAY, catalogue, indicator, record, scale_of

RESIDENT = "0192f0c1-2b3c-7def-8123-456789abcdef"
HOSTILE = (
    "<script>document.title = 1</script>",
    '"><img src="https://example.org/x.png" onerror="alert(1)">',
    "{{ 7 * 191 }}{% raw %}",
    "</td></table></body><style>@import 'https://example.org'</style>",
    "&lt;b&gt; \u202e reversed",
)
A4 = (595, 842)

Answer = dict[str, Any]


def told(names: tuple[str, ...] = (), city: str = "zhengzhou", most: int = 100) -> Answer:
    """The answer of a node about somebody with a record of each name, and of some more."""
    known = [indicator(f"up-{each}", 2) for each in range(most)]
    known += [indicator("down", -4), indicator("coming", 9, attestable=False)]
    known += [
        replace(indicator(f"named-{place}", 1), name_zh=name, name_en=name, legal_basis=name)
        for place, name in enumerate(names)
    ]
    found = [
        record(each.indicator_id, DAY - timedelta(days=place % 40), number=f"r-{place}")
        for place, each in enumerate(known)
    ]
    found.append(record("gone", number="r-gone"))
    found = [
        replace(r, occurred_on=DAY + timedelta(days=2)) if r.indicator_id == "coming" else r
        for r in found
    ]
    now = datetime(2026, 3, 1, 4, tzinfo=UTC)
    report = explain(found, catalogue(*known), scale_of(city), now, DAY)
    return _from_wire(standing_to_wire(report))


@pytest.fixture
def node_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], None]:
    """What the node that is called answers."""

    def says(answer: Answer) -> None:
        class Fixed:
            def __init__(self, _session: Session, role: Role) -> None:
                assert role is Role.RESIDENT

            def ask(self, method: str, **request: object) -> Answer:
                assert (method, request) == ("GetStanding", {"resident_id": RESIDENT})
                return answer

        monkeypatch.setattr(standing, "Node", Fixed)

    return says


NodeSays = Callable[[Answer], None]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("优秀", "计入", "尚未开始", "指标已不在目录中，不计入", "时间将带来的变化")),
        (
            "en",
            ("excellent", "counts", "to come", "not in the catalogue", "What time alone"),
        ),
    ],
)
def test_the_terminal_shows_the_sum_each_record_and_what_will_change(
    run: Run, node_says: NodeSays, language: str, words: tuple[str, ...]
) -> None:
    node_says(told(most=15))
    ran = run("--lang", language, "resident", "standing", RESIDENT)
    assert ran.code == exits.DONE, ran.err
    shown = "".join(ran.out.split())
    assert "126=" in shown
    for word in words:
        assert "".join(word.split()) in shown
    for place in range(15):
        assert f"office/r-{place}" in shown
    node_says(told(city="nanjing", most=1))
    listed = run("--lang", language, "resident", "standing", RESIDENT)
    assert listed.code == exits.DONE
    assert "=" not in listed.out


def test_an_export_as_json_has_every_key_and_numbers_that_are_numbers(
    run: Run, node_says: NodeSays, tmp_path: Path
) -> None:
    node_says(told(most=15))
    ran = run("resident", "standing", RESIDENT, "--export", "mine.json")
    assert ran.code == exits.DONE, ran.err
    path = tmp_path / "mine.json"
    found = json.loads(path.read_text("utf-8"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(found) == {
        "format", "format_version", "resident_id", "scale_id", "scale_version", "scale_zh",
        "scale_en", "base_milli", "points_milli", "score_milli", "band_id", "band_zh", "band_en",
        "commendations", "shared_score_milli", "shared_band_id", "shared_band_zh",
        "shared_band_en", "exportable", "records", "advice_zh", "advice_en", "changes",
        "catalogue_version", "as_of",
    }  # fmt: skip
    assert (found["format"], found["format_version"]) == ("hutong-standing", 1)
    assert found["base_milli"] + found["points_milli"] == found["score_milli"] == 126_000
    assert set(found["records"][0]) == {
        "source", "record_number", "revision", "indicator", "indicator_zh", "indicator_en",
        "department_zh", "department_en", "points_milli", "occurred_on", "counts_until",
        "commendation", "counts", "disputed", "attestable", "disclosure_class", "legal_basis",
        "repairable_from", "evidence",
    }  # fmt: skip
    assert sum(r["points_milli"] for r in found["records"] if r["counts"]) == 26_000
    assert set(found["changes"][0]) == {"on", "score_milli", "band_id", "band_zh", "band_en"}


def test_an_export_from_a_red_list_says_null_where_there_is_no_score(
    run: Run, node_says: NodeSays, tmp_path: Path
) -> None:
    node_says(told(city="nanjing", most=1))
    assert run("resident", "standing", RESIDENT, "--export", "mine.json").code == exits.DONE
    found = json.loads((tmp_path / "mine.json").read_text("utf-8"))
    assert [found[key] for key in ("base_milli", "score_milli", "shared_score_milli")] == [None] * 3
    assert found["changes"][0]["score_milli"] is None


def test_an_export_of_another_kind_or_to_nowhere_is_refused_and_leaves_nothing(
    run: Run, node_says: NodeSays, tmp_path: Path
) -> None:
    node_says(told(most=1))
    ran = run("resident", "standing", RESIDENT, "--export", "mine.docx")
    assert (ran.code, ".json, .html" in ran.err) == (exits.USAGE, True)
    ran = run("resident", "standing", RESIDENT, "--export", tmp_path / "no" / "mine.html")
    assert ran.code != exits.DONE
    assert list(tmp_path.iterdir()) == []


class _Page(HTMLParser):
    """The tags, the attributes and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = set[str](), list[tuple[str, str]](), list[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_whatever_an_indicator_is_called_it_is_text_on_the_page_and_nothing_else(
    run: Run, node_says: NodeSays, tmp_path: Path, language: str
) -> None:
    node_says(told(HOSTILE, most=1))
    ran = run("--lang", language, "resident", "standing", RESIDENT, "--export", "mine.html")
    assert ran.code == exits.DONE, ran.err
    page = _Page((tmp_path / "mine.html").read_text("utf-8"))
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "object", "a", "form", "svg"})
    assert not [name for name, _ in page.attributes if name in {"src", "href", "style"}]
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    assert ("content", policy) in page.attributes
    for name in HOSTILE:
        assert name in page.text


def test_a_page_needs_nothing_from_elsewhere(run: Run, node_says: NodeSays, tmp_path: Path) -> None:
    node_says(told(most=3))
    run("resident", "standing", RESIDENT, "--export", "mine.html")
    page = (tmp_path / "mine.html").read_text("utf-8")
    assert not [word for word in ("://", "url(", "@import", "<script") if word in page]
    assert (tmp_path / "mine.html").stat().st_mode & 0o777 == 0o600


@pytest.mark.all
@pytest.mark.parametrize(
    ("language", "words", "heading"),
    [
        ("zh", ("商鼎分：个人信用状况", "极好", "事项 up-99", "时间将带来的变化"), "计至"),
        ("en", ("Shangding score: personal standing", "outstanding", "act up-99"), "Until"),
    ],
)
def test_a_browser_prints_the_page_on_a4_with_page_numbers_and_headings_on_each(
    run: Run,
    node_says: NodeSays,
    tmp_path: Path,
    language: str,
    words: tuple[str, ...],
    heading: str,
) -> None:
    node_says(told(HOSTILE))
    run("--lang", language, "resident", "standing", RESIDENT, "--export", "mine.html")
    printed = tmp_path / "mine.pdf"
    subprocess.run(
        [
            "/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--no-first-run", f"--user-data-dir={tmp_path / 'profile'}",
            "--no-pdf-header-footer", f"--print-to-pdf={printed}",
            (tmp_path / "mine.html").as_uri(),
        ],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    reader = PdfReader(printed)
    # A browser may write a character as another that looks the same.
    pages = [unicodedata.normalize("NFKC", page.extract_text()) for page in reader.pages]
    count = len(pages)
    assert count > 2
    whole = "".join("".join(pages).split())
    for word in (*words, RESIDENT, HOSTILE[0], HOSTILE[2]):
        assert "".join(unicodedata.normalize("NFKC", word).split()) in whole
    for number, (page, text) in enumerate(zip(reader.pages, pages, strict=True), 1):
        assert f"{number} / {count}" in text
        assert (round(page.mediabox.width), round(page.mediabox.height)) == A4
    # The table of records goes over all pages but perhaps the last: each has its headings.
    assert all(heading in text for text in pages[:-1])
    assert reader.metadata is not None
    assert unicodedata.normalize("NFKC", words[0]) in unicodedata.normalize(
        "NFKC", reader.metadata.title or ""
    )
