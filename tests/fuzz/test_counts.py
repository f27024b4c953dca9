"""What was searched is kept in the repository: each target's inputs, and what changed since."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.fuzzing import sources, state
from scripts.fuzzing.__main__ import DONE, main
from scripts.fuzzing.oracle import Target
from scripts.fuzzing.sources import changed, digest, digest_of, read_by
from scripts.fuzzing.state import ASKED, RECORD, Progress, State, growth
from scripts.fuzzing.status import said, summary, verdict
from scripts.fuzzing.targets import beginning, every, find

HERE = {"federation.words": digest_of("federation.words")}
OLD = {"federation.words": "0" * 8}


def turn(inputs: int, source: dict[str, str] | None = None, *samples: float) -> Progress:
    return Progress.turn(inputs, inputs / 1000, list(samples), HERE if source is None else source)


def listed(folder: Path, *words: str) -> str:
    kept = ("--corpus", folder, "--counts", folder / "counts.json")
    result = CliRunner().invoke(main, [*words, *map(str, kept)])
    assert result.exit_code == DONE, result.output
    return result.output


def test_every_target_is_in_the_record_with_what_it_had_or_as_not_yet_done() -> None:
    kept = State(RECORD.parent / "no such folder")
    recorded = json.loads(RECORD.read_text("utf-8"))["targets"]
    assert list(recorded) == sorted(every()), "type scripts/fuzz --record"
    for name in every():
        done = kept.of(name)
        assert 0 <= done.since <= done.inputs, name
        assert (done.inputs > 0) == bool(done.source) == (done.seconds > 0), name
        assert not done.grew_mib, name
        assert verdict(done) == "yes" if done.inputs >= ASKED else verdict(done).startswith("no, ")


def test_the_list_says_of_every_target_what_was_done_and_what_is_not(tmp_path: Path) -> None:
    kept = State(tmp_path, tmp_path / "counts.json")
    kept.add("receipt", turn(12_345))
    kept.add("codes", turn(ASKED))
    kept.add("words", turn(500, OLD))
    text = listed(tmp_path, "--list")
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert set(every()) <= set(lines)
    assert "12,345" in lines["receipt"]
    assert "no, 2.8 h more" in lines["receipt"]
    assert " yes " in lines["codes"]
    assert "not begun" in lines["hello"]
    assert lines["words"].rstrip().endswith("federation.words")
    assert f"1 of {len(every())} have had ten million inputs" in text
    told = json.loads(listed(tmp_path, "--list", "--json"))["targets"]
    assert [each["target"] for each in told] == list(every())
    assert {each["target"]: each["inputs"] for each in told}["receipt"] == 12_345
    by_name = {each["target"]: each for each in told}
    assert by_name["words"]["changed_since"] == ["federation.words"]
    assert by_name["words"]["inputs_since_change"] == 0
    assert by_name["receipt"]["inputs_since_change"] == 12_345


def test_what_is_done_adds_up_over_all_runs(tmp_path: Path) -> None:
    record = tmp_path / "counts.json"
    State(tmp_path, record).add("codes", Progress.turn(1000, 2.0, [40.0], HERE))
    again = State(tmp_path, record)
    assert again.of("codes") == Progress(1000, 1000, 2.0, 40.0, 0.0, HERE)
    again.add("codes", Progress.turn(500, 1.0, [60.0, 55.0], HERE))
    assert State(tmp_path, record).of("codes") == Progress(1500, 1500, 3.0, 60.0, 0.0, HERE)
    assert State(tmp_path, record).of("codes").rate == 500
    assert State(tmp_path, record).of("words") == Progress()


def test_what_is_recorded_outlives_the_machine_and_counts_once(tmp_path: Path) -> None:
    record = tmp_path / "counts.json"
    first = State(tmp_path / "one", record)
    first.add("codes", turn(1000))
    first.record(every())
    first.record(every())
    # Another machine has the record alone, and adds to it.
    other = State(tmp_path / "two", record)
    assert other.of("codes").inputs == 1000
    other.add("codes", turn(200))
    assert other.of("codes").inputs == 1200
    other.record(every())
    assert State(tmp_path / "three", record).of("codes").inputs == 1200


def test_what_is_recorded_while_a_search_goes_on_is_neither_lost_nor_counted_twice(
    tmp_path: Path,
) -> None:
    record = tmp_path / "counts.json"
    searching = State(tmp_path, record)
    searching.add("codes", turn(1000))
    State(tmp_path, record).record(every())
    assert searching.of("codes").inputs == 1000
    assert searching.add("codes", turn(10)).inputs == 1010
    State(tmp_path, record).record(every())
    assert State(tmp_path, record).of("codes").inputs == 1010


def test_a_target_that_is_gone_leaves_the_record_and_a_new_one_is_told_as_not_begun(
    tmp_path: Path,
) -> None:
    record = tmp_path / "counts.json"
    kept = State(tmp_path, record)
    kept.add("of yesterday", turn(1000))
    kept.record(["of yesterday"])
    text = listed(tmp_path, "--record")
    assert "of yesterday" not in record.read_text("utf-8")
    assert sorted(every()) == list(json.loads(record.read_text("utf-8"))["targets"])
    assert text.count("no, not begun") == len(every())


def test_counts_stay_when_a_parser_changes_and_those_since_then_are_told_apart() -> None:
    done = turn(1000, OLD, *[50.0] * 30, *[400.0] * 70).plus(turn(300, HERE))
    assert (done.inputs, done.since, done.source) == (1300, 300, HERE)
    assert done.plus(turn(50, HERE)).since == 350
    # How memory grew is told until a parser changed; then it must be seen anew.
    assert turn(1000, HERE, *[50.0 + 4 * n for n in range(100)]).plus(turn(9)).grew_mib > 100
    assert turn(1000, OLD, *[50.0 + 4 * n for n in range(100)]).plus(turn(9)).grew_mib == 0
    # A process that did nothing changes nothing.
    assert done.plus(turn(0, OLD)) == done


def test_memory_that_grows_all_the_time_is_told_and_a_beginning_is_not() -> None:
    assert growth([100.0 + n for n in range(400)]) > 100
    assert growth([min(50.0 + n, 90.0) for n in range(400)]) == 0
    assert growth([80.0] * 400) == 0
    # One that was short says nothing.
    assert growth([1.0, 1000.0]) == 0


def test_a_comment_changes_no_parser_and_a_condition_does() -> None:
    plain = "def f(x):\n    return x > 1\n"
    told = '"""A module."""\n# A comment.\ndef f(\n x\n):\n "What it does."\n return (x > 1)\n'
    assert digest(plain) == digest(told)
    for other in ("x >= 1", "x > 2", "x > None", "1 > x", "x > 1.0", "not x > 1"):
        assert digest(plain) != digest(plain.replace("x > 1", other))
    assert digest("F = 'a text'\n") != digest("'a text'\n")


def test_a_target_reads_its_parser_and_not_what_was_made_for_it_before() -> None:
    receipt = read_by(find("receipt"), beginning(find("receipt")))
    assert {"federation.receipt", "federation.receipt_check", "federation.keys"} <= set(receipt)
    assert "federation.words" not in receipt
    assert "federation.errors" not in receipt
    assert not changed(receipt)
    assert read_by(find("receipt"), beginning(find("receipt"))) == receipt
    # What a target makes once and keeps is no part of its parser.
    assert "federation.envelope" not in read_by(find("codes"), beginning(find("codes")))


def test_an_input_that_breaks_something_hinders_no_reading() -> None:
    def fall(_: bytes) -> None:
        digest_of("federation.words")
        raise IndexError

    assert read_by(Target("x", "y", fall, list), [b"1"]) == {}


def test_a_module_that_is_gone_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "one.py").write_text("X = 1\n", "utf-8")
    (tmp_path / "node" / "__init__.py").write_text("Y = 1\n", "utf-8")
    known = {name: digest_of(name) for name in ("node.one", "node")}
    assert not changed(known)
    (tmp_path / "node" / "one.py").unlink()
    assert changed(known) == ["node.one"]


def test_a_summary_says_how_much_of_one_processor_is_left() -> None:
    assert summary([turn(ASKED), turn(ASKED)]) == "2 of 2 have had ten million inputs."
    told = summary([turn(ASKED), turn(ASKED - 3_600_000), Progress()])
    assert told.startswith("1 of 3 have had ten million inputs")
    assert "1.0 h" in told
    assert "1 that nobody has begun" in told


def test_the_machine_is_told_the_same(tmp_path: Path) -> None:
    kept = State(tmp_path, tmp_path / "counts.json")
    kept.add("codes", turn(7000, HERE, 12.5))
    told = said("codes", kept)
    assert told["inputs"] == told["inputs_since_change"] == 7000
    assert (told["asked"], told["inputs_per_second"], told["peak_mib"]) == (ASKED, 1000, 12.5)
    assert state.FILE == "state.json"
