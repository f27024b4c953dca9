"""`scripts/fuzz`: what was done adds up, what is found is written with the way to see it again."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scripts.fuzzing import findings
from scripts.fuzzing.__main__ import DONE, FAILED, FOUND, main
from scripts.fuzzing.running import Fleet, Plan
from scripts.fuzzing.state import Progress, State, growth
from scripts.fuzzing.targets import every
from scripts.fuzzing.worker import Job, Search, options


def fuzz(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def failing(data: bytes) -> None:
    if b"!" in data:
        raise IndexError(data)


def job(folder: Path) -> Job:
    return Job("codes", str(folder / "codes"), str(folder / "findings"), 10**9, 1e9)


def test_the_list_names_every_target_and_what_was_done(tmp_path: Path) -> None:
    State(tmp_path).add("receipt", 12_345, 1.0, [50.0])
    said = fuzz("--list", "--corpus", tmp_path)
    assert said.exit_code == DONE
    assert all(name in said.output for name in every())
    assert "12,345" in said.output
    told = json.loads(fuzz("--list", "--json", "--corpus", tmp_path).output)["targets"]
    assert [each["target"] for each in told] == list(every())
    assert {each["target"]: each["inputs"] for each in told}["receipt"] == 12_345


def test_a_target_that_is_none_is_told_with_the_nearest() -> None:
    said = fuzz("--target", "recept")
    assert said.exit_code == 2
    assert "receipt" in said.output


def test_a_fault_is_written_once_with_its_shortest_input_and_the_search_goes_on(
    tmp_path: Path,
) -> None:
    search = Search(job(tmp_path), failing)
    for data in (b"a long one!", b"short!", b"none", b"longer again!"):
        search.one(data)
    [found] = findings.all_of(tmp_path / "findings")
    assert found.target == "codes"
    assert found.file.read_bytes() == b"short!"
    assert "IndexError" in found.where
    told = found.file.with_suffix(".txt").read_text("utf-8")
    assert f"scripts/fuzz --replay {found.file}" in told
    assert "failing" in told


def test_two_faults_of_one_target_are_two_findings(tmp_path: Path) -> None:
    def two(data: bytes) -> None:
        if data == b"a":
            raise ValueError
        raise RecursionError

    search = Search(job(tmp_path), two)
    search.one(b"a")
    search.one(b"b")
    assert len(findings.all_of(tmp_path / "findings")) == 2


def test_a_finding_is_seen_again_by_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "codes--x.bin"
    file.write_bytes(b"410100-")
    said = fuzz("--replay", file)
    assert (said.exit_code, "nothing is wrong" in said.output) == (DONE, True)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("scripts.fuzzing.texts.parse_code", broken)
    assert fuzz("--replay", file).exit_code == FOUND
    assert fuzz("--replay", file, "--target", "words").exit_code == DONE


def test_what_is_done_adds_up_over_all_runs(tmp_path: Path) -> None:
    State(tmp_path).add("codes", 1000, 2.0, [40.0])
    again = State(tmp_path)
    assert again.of("codes") == Progress(1000, 2.0, 40.0, 0.0)
    again.add("codes", 500, 1.0, [60.0, 55.0])
    assert State(tmp_path).of("codes") == Progress(1500, 3.0, 60.0, 0.0)
    assert State(tmp_path).of("codes").rate == 500
    assert State(tmp_path).of("words") == Progress()


def test_memory_that_grows_all_the_time_is_told_and_a_beginning_is_not() -> None:
    assert growth([100.0 + n for n in range(400)]) > 100
    assert growth([min(50.0 + n, 90.0) for n in range(400)]) == 0
    assert growth([80.0] * 400) == 0
    # One that was short says nothing.
    assert growth([1.0, 1000.0]) == 0


def test_a_process_that_died_leaves_the_input_that_it_died_of(tmp_path: Path) -> None:
    told = list[str]()
    fleet = Fleet(Plan(("codes", "words"), tmp_path, 10), State(tmp_path), told.append)
    (tmp_path / "codes.log").write_text("deadly signal\n")
    (tmp_path / "codes.crash-0123").write_bytes(b"poison")
    fleet._died("codes", 77)
    [found] = findings.all_of(tmp_path / "findings")
    assert (found.target, found.file.read_bytes()) == ("codes", b"poison")
    assert "crash" in found.problem
    assert not list(tmp_path.glob("*.crash-*"))
    # One that left nothing never began: that is no finding, and it is not tried again.
    (tmp_path / "words.log").write_text("no module named atheris\n")
    fleet._died("words", 1)
    assert fleet.failed == ["words"]
    assert "no module named atheris" in told[-1]


def test_an_input_that_takes_too_long_or_too_much_ends_the_process(tmp_path: Path) -> None:
    said = options(job(tmp_path), 777)
    assert "-max_len=777" in said
    assert any(word.startswith("-rss_limit_mb=") for word in said)
    assert any(word.startswith("-timeout=") for word in said)


def test_the_target_that_had_the_fewest_inputs_is_next(tmp_path: Path) -> None:
    state = State(tmp_path)
    for name, inputs in (("codes", 30), ("words", 10), ("receipt", 20)):
        state.add(name, inputs, 1.0, [])
    fleet = Fleet(Plan(("codes", "words", "receipt"), tmp_path, 25), state, print)
    order = [fleet._next(), fleet._next(), fleet._next()]
    assert [each.target if each else None for each in order] == ["words", "receipt", None]


@pytest.mark.all
def test_a_search_goes_on_from_where_the_last_one_ended(tmp_path: Path) -> None:
    words = ("--target", "codes", "--target", "history-places", "--corpus", tmp_path, "--json")
    first = fuzz(*words, "--runs", 3000, "--jobs", 2)
    assert first.exit_code == DONE, first.output
    done = {each["target"]: each["inputs"] for each in json.loads(first.stdout)["targets"]}
    assert set(done) == {"codes", "history-places"}
    assert all(inputs == 3000 for inputs in done.values())
    assert list((tmp_path / "codes").iterdir())
    again = fuzz(*words, "--runs", 3500)
    assert [each["inputs"] for each in json.loads(again.stdout)["targets"]] == [3500, 3500]
    assert fuzz(*words, "--runs", 100).exit_code == DONE


@pytest.mark.all
def test_a_search_that_cannot_be_made_is_not_called_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.fuzzing.running.sys.executable", "/bin/false")
    said = fuzz("--target", "codes", "--corpus", tmp_path, "--runs", 100)
    assert said.exit_code == FAILED
    assert "codes ended with 1" in said.output


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_some_seconds_of_search_find_nothing(tmp_path: Path) -> None:
    said = fuzz("--seconds", 5, "--runs", 10**9, "--jobs", 2, "--corpus", tmp_path, "--json")
    told = json.loads(said.stdout)
    assert told["findings"] == []
    assert said.exit_code == DONE, said.output
    assert all(each["inputs"] > 0 for each in told["targets"])
