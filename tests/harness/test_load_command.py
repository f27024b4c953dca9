"""What is wrong with a command line, or missing, is told with the remedy; texts are complete."""

import json
import re
import string
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.harnessing import cli
from scripts.harnessing.commands import loading
from scripts.harnessing.commands.loading import load
from scripts.harnessing.layout import Folder
from scripts.harnessing.loading.concessions import CONCESSIONS
from scripts.harnessing.loading.mixes import KINDS
from scripts.harnessing.loading.texts import TEXTS

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mix", "visit=1"], "visit-code"),
        (["--rate", "0"], "--rate"),
        (["--for", "-1"], "--for"),
        (["--processes", "0"], "--processes"),
        (["--lang", "fr"], "--lang"),
    ],
)
def test_a_mistake_is_bad_usage(words: list[str], said: str) -> None:
    found = CliRunner().invoke(load, words)
    assert found.exit_code == cli.USAGE
    assert said in found.stderr


def test_a_load_on_nothing_says_how_to_bring_cities_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["load", "--dir", str(tmp_path)]) == cli.FAILED
    assert "scripts/harness up" in capsys.readouterr().err


@pytest.mark.parametrize(("rate", "code"), [(81.5, 0), (0.0, 1)])
def test_a_peak_that_was_looked_for_is_kept_for_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float, code: int
) -> None:
    monkeypatch.setattr(loading, "peak", lambda *_, **__: rate)
    words = ["load", "--find-peak", "--for", "7", "--dir", str(tmp_path)]
    assert cli.main(words) == code
    kept = json.loads(Folder(tmp_path).peak.read_text("utf-8"))
    assert kept == {"rate": rate, "tried": 0, "seconds": 7.0}


def test_the_help_has_every_journey() -> None:
    shown = CliRunner().invoke(load, ["--help"]).stdout
    assert all(f"{kind.name} " in shown and kind.en in shown for kind in KINDS.values())


def test_every_text_is_there_in_both_languages_with_the_same_fields() -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert [name for name, (zh, en) in TEXTS.items() if fields(zh) != fields(en)] == []
    for zh, en in [
        *((k.zh, k.en) for k in KINDS.values()),
        *((z, e) for e, z in CONCESSIONS.items()),
    ]:
        assert CHINESE.search(zh)
        assert not CHINESE.search(en)
