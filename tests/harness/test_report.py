"""The report: complete, in both languages, and nothing from outside, whatever a run left."""

import html
import re
import shutil
import string
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from scripts.harnessing import records, reporting
from scripts.harnessing.commands.reporting import report
from scripts.harnessing.layout import Folder, Place
from scripts.harnessing.loading.concessions import CONCESSIONS
from scripts.harnessing.records import (
    Checked,
    Counted,
    Deed,
    Happening,
    Load,
    Peak,
    Ruling,
    Violation,
)
from scripts.harnessing.reporting import series
from scripts.harnessing.reporting.gathering import gather
from scripts.harnessing.reporting.texts import LANGUAGES, TEXTS, Words
from scripts.harnessing.wishes import Wish
from tests.harness import made_run

CHINESE = re.compile(r"[\u4e00-\u9fff]")
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"
SECONDS, RATE = 150.0, 10.0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return made_run.fill(tmp_path_factory.mktemp("run"), SECONDS, RATE)


@pytest.fixture
def empty(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.plan.write_text(made_run.plan().to_json(), "utf-8")
    return folder


def page(folder: Folder, lang: str = "en") -> str:
    return reporting.write(folder, lang).read_text("utf-8")


class Outside(HTMLParser):
    """Finds all that a browser would run, or fetch from somewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "img", "link", "iframe", "object", "embed", "base", "form", "a"}:
            self.found.append(tag)
        fetching = {"src", "href", "xlink:href", "srcset", "data", "action"}
        self.found += [name for name, _ in attrs if name in fetching or name.startswith("on")]


def is_well_formed(text: str) -> bool:
    ET.fromstring(text.removeprefix("<!DOCTYPE html>"))  # noqa: S314 - our own page
    return True


def outside(text: str) -> list[str]:
    parser = Outside()
    parser.feed(text)
    return parser.found + re.findall(r"https?:|url\(|@import|javascript:", text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_part_is_there_in_both_languages(run: Folder, lang: str) -> None:
    text, words = page(run, lang), Words(lang)
    headings = (
        "title what_ran loads on_time faults invariants figures histogram percentiles counts"
        " outcomes growth safeties concessions plot_faults plot_rate plot_errors plot_waits"
        " plot_memory plot_files plot_cpu plot_log point_invariants point_lost point_figures"
        " point_memory point_files concession_one_machine concession_proxies"
    )
    assert [
        name
        for name in headings.split()
        if html.escape(words[name]).replace("&#x27;", "&#39;") not in text
    ] == []
    assert text.count("<svg") == 11


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_well_formed_and_fetches_and_runs_nothing(run: Folder, lang: str) -> None:
    text = page(run, lang)
    assert is_well_formed(text)
    assert outside(text) == []


def test_a_text_says_the_same_in_both_languages() -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    pairs = {k: v for k, v in TEXTS.items() if k not in {"violated", "invalid"}}
    either = {"kind", "zh"}
    assert [k for k, (zh, en) in pairs.items() if fields(zh) - either != fields(en) - either] == []
    assert [k for k, (zh, en) in pairs.items() if not zh or not en or CHINESE.search(en)] == []
    names_alone = {k for k, (zh, _) in pairs.items() if not CHINESE.search(zh)}
    assert names_alone <= {"memory", "files"}


def test_every_deed_rule_and_kind_of_fault_has_a_name_in_both_languages() -> None:
    from scripts.harnessing.checking import INVARIANTS  # noqa: PLC0415
    from scripts.harnessing.fault_kinds import KINDS  # noqa: PLC0415

    assert {f"deed_{deed.value}" for deed in Deed} <= TEXTS.keys()
    assert {f"kind_{kind}" for kind in KINDS} <= TEXTS.keys()
    unnumbered = {each.rule for each in INVARIANTS if not each.rule.isdecimal()}
    assert {f"rule_{rule}" for rule in unnumbered} <= TEXTS.keys()
    assert all(CHINESE.search(Words("zh").rule(rule)) for rule in unnumbered)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_text_stays_text_wherever_it_comes_from(empty: Folder, lang: str) -> None:
    plan = replace(
        made_run.plan(HOSTILE),
        places=(*made_run.PLACES[:2], Place("320500", HOSTILE, HOSTILE)),
        versions={HOSTILE: HOSTILE},
    )
    empty.plan.write_text(plan.to_json(), "utf-8")
    of = replace(made_run.load(60), mix={HOSTILE: 1.0}, concessions=(HOSTILE,))
    records.append(empty.loads, [of])
    empty.histories.mkdir()
    acts = [replace(act, outcome=HOSTILE) for act in made_run.acts(of)][:50]
    records.append(empty.histories / "x.jsonl", acts)
    where = {"city": HOSTILE, "other": HOSTILE, "numbers": {HOSTILE: 1.0}}
    fault = Happening(of.began + 1, HOSTILE, HOSTILE, True, where, said=HOSTILE)
    records.append(empty.faults, [fault])
    records.append(empty.samples, [replace(s, city=HOSTILE) for s in made_run.samples(60)])
    wrong = Violation(HOSTILE, HOSTILE, HOSTILE, HOSTILE, {HOSTILE: HOSTILE})
    ruling = Ruling(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1, (wrong,))
    made_run.put_check(empty, Checked(of.ended + 1, (ruling,)))
    text = page(empty, lang)
    assert outside(text) == []
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 20
    assert is_well_formed(text)


def test_what_a_load_concedes_is_told_in_chinese_too(empty: Folder) -> None:
    records.append(empty.loads, [replace(made_run.load(60), concessions=tuple(CONCESSIONS))])
    text = html.unescape(page(empty, "zh"))
    assert [en for en, zh in CONCESSIONS.items() if zh not in text or en in text] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_clients_stores_and_logs_are_counted_beside_each_other_and_what_is_short_stands_out(
    empty: Folder, lang: str
) -> None:
    for logged, bad in ((7001, False), (7000, True)):
        found = Checked(made_run.BEGAN, (), (Counted("use", 7001, 7001, logged),))
        made_run.put_check(empty, found)
        row = r'<tr( class="bad")?>\s*<td>{}</td>\s*<td class="number">7,001</td>'
        shown = re.search(row.format(Words(lang)["counted_use"]), page(empty, lang))
        assert shown is not None
        assert bool(shown[1]) is bad


@pytest.mark.parametrize(("lang", "named"), [("zh", "处理器核数"), ("en", "Processor cores")])
def test_the_machine_and_the_reason_for_its_lines_are_told_in_the_language_of_the_page(
    empty: Folder, lang: str, named: str
) -> None:
    why = {"zh": "本机可以塑形。", "en": "They can be shaped here."}
    made = Wish(2).plan("namespaces", why)
    assert made.versions.keys() >= {"machine", "processor", "cores", "memory"}
    assert all(made.versions.values())
    empty.plan.write_text(made.to_json(), "utf-8")
    text = html.unescape(page(empty, lang))
    assert named in text
    assert made.versions["processor"] in text
    other = next(each for each in LANGUAGES if each != lang)
    assert why[lang].rstrip(".。") in text
    assert why[other].rstrip(".。") not in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_rate_that_is_sustained_is_told_where_it_was_looked_for(
    empty: Folder, lang: str
) -> None:
    said = html.escape(Words(lang).say("peak", rate="81.5", tried=9, seconds="10"))
    assert said not in page(empty, lang)
    empty.peak.write_text(records.line(Peak(81.5, 9, 10.0)), "utf-8")
    assert said in page(empty, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_calls_that_are_sustained_are_told_where_a_load_says_how_many_a_journey_takes(
    run: Folder, tmp_path: Path, lang: str
) -> None:
    whole = Folder(Path(shutil.copytree(run.root, tmp_path / "whole")))
    whole.peak.write_text(records.line(Peak(81.5, 9, 10.0)), "utf-8")
    found = gather(whole).figures
    assert found is not None
    each = found.calls_a_second / found.rate
    said = Words(lang).say("peak_calls", each=f"{each:.2f}", calls=f"{81.5 * each:,.0f}")
    assert html.escape(said) in page(whole, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_without_anything_says_what_to_type(empty: Folder, lang: str) -> None:
    text = page(empty, lang)
    assert "scripts/harness load --rate 50 --for 60" in text
    assert "scripts/harness check" in text
    assert "scripts/harness fault" in text
    assert 'class="verdict unseen"' in text


def test_where_nothing_was_brought_up_it_says_how_to(tmp_path: Path) -> None:
    found = CliRunner().invoke(report, ["--dir", str(tmp_path)])
    assert found.exit_code == 1
    assert "scripts/harness up" in found.output
    assert not (tmp_path / "report.html").exists()


def test_a_file_that_is_not_as_the_harness_writes_it_is_named_without_a_traceback(
    empty: Folder,
) -> None:
    empty.samples.write_text('{"at": 1}\n', "utf-8")
    with pytest.raises(reporting.ReportError, match="not as the harness writes it"):
        gather(empty)


def test_a_line_that_a_crash_cut_is_left_out(tmp_path: Path) -> None:
    folder = made_run.fill(tmp_path, 60, 5)
    before = len(gather(folder).calls)
    with (folder.histories / "load.jsonl").open("a") as file:
        file.write('{"deed":"check","ci')
    assert len(gather(folder).calls) == before


def test_the_command_says_what_the_run_came_to_and_where_the_file_is(
    run: Folder, tmp_path: Path
) -> None:
    out = tmp_path / "sent.html"
    found = CliRunner().invoke(report, ["--dir", str(run.root), "--out", str(out), "--lang", "zh"])
    assert found.exit_code == 0, found.output
    assert "不变量全部成立" in found.output
    assert out.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_file_that_cannot_be_written_is_told(run: Folder, tmp_path: Path) -> None:
    with pytest.raises(reporting.ReportError, match="--out FILE"):
        reporting.write(run, "en", tmp_path / "nowhere" / "x.html")


def test_a_long_run_is_drawn_in_coarser_steps(run: Folder) -> None:
    found = gather(run)
    day = Load(0.0, 86_400.0, 1.0, {}, 1, 10.0, 86_000.0)
    axis = series.axis(replace(found, loads=(day,), outages=()))
    assert axis.step > 1
    assert axis.count <= 1803


def test_only_so_much_evidence_is_shown_and_the_rest_is_counted(
    run: Folder, tmp_path: Path
) -> None:
    folder = made_run.fill(tmp_path, 60, 5)
    wrong = Violation("acts", "410100", "错", "wrong", {"blob": "x" * 5000})
    ruling = Ruling("acts", "acts", "甲", "a", 900, (wrong,) * 90)
    made_run.put_check(folder, Checked(made_run.BEGAN + 999, (ruling,)))
    text = page(folder)
    assert "and 70 more" in text
    assert "x" * 1000 not in text
