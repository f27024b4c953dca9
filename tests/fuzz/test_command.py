"""`scripts/fuzz`: what was done adds up, what is found is written with the way to see it again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scripts.fuzzing import findings
from scripts.fuzzing.__main__ import DONE, FAILED, FOUND, main
from scripts.fuzzing.running import Fleet, Plan, Running
from scripts.fuzzing.sources import ROOT
from scripts.fuzzing.state import Progress, State
from scripts.fuzzing.targets import find
from scripts.fuzzing.worker import Job, Search, options, unguided


def fuzz(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def state_in(folder: Path) -> State:
    return State(folder, folder / "counts.json")


def kept_in(folder: Path) -> tuple[object, ...]:
    return ("--corpus", folder, "--counts", folder / "counts.json")


def turn(inputs: int, seconds: float) -> Progress:
    return Progress.turn(inputs, seconds, [50.0], {})


def command_lines() -> Iterator[bytes]:
    """Of every process."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield file.read_bytes()


def failing(data: bytes) -> None:
    if b"!" in data:
        raise IndexError(data)


def job(folder: Path) -> Job:
    return Job("codes", "texts", str(folder / "codes"), str(folder / "findings"), 10**9, 1e9)


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


def test_a_process_that_died_leaves_the_input_that_it_died_of(tmp_path: Path) -> None:
    told = list[str]()
    fleet = Fleet(Plan(("codes", "words"), tmp_path, 10), state_in(tmp_path), told.append)
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


def test_the_target_that_is_done_soonest_is_next_and_before_it_one_that_nobody_has_timed(
    tmp_path: Path,
) -> None:
    state = state_in(tmp_path)
    for name, inputs, seconds in (("codes", 100, 1.0), ("words", 10, 1.0), ("receipt", 20, 5.0)):
        state.add(name, turn(inputs, seconds))
    names = ("codes", "words", "receipt", "hello")
    fleet = Fleet(Plan(names, tmp_path, 50), state, print)
    order = [fleet._next() for _ in names]
    # Of words 40 inputs are left at 10 a second, of receipt 30 at 4.
    assert [each.target if each else "" for each in order] == ["hello", "words", "receipt", ""]


def test_a_process_says_which_modules_it_reads_and_one_that_is_blind_is_none() -> None:
    fleet = Fleet(Plan(("codes",), Path(), 10), State(Path("/nowhere")), print)
    running = Running("codes")
    fleet._heard(running, b'{"done": 0, "rss_mib": 1, "seconds": 0, "source": {"a": "1"}}')
    fleet._heard(running, b'{"done": 1024, "rss_mib": 40.5, "seconds": 2.5}')
    fleet._heard(running, b"what a library says")
    assert running.turn() == Progress(1024, 1024, 2.5, 40.5, 0.0, {"a": "1"})
    # Loaded as always: nothing in it tells what an input reaches.
    assert unguided(["federation.words"]) == ["federation.words"]


@pytest.mark.all
@pytest.mark.timeout(600)  # four processes load what they search, a minute on a busy machine
def test_a_search_is_guided_and_goes_on_from_where_the_last_one_ended(tmp_path: Path) -> None:
    names = ("checkpoint", "cosignature")
    words = (*(word for name in names for word in ("--target", name)), *kept_in(tmp_path), "--json")
    first = fuzz(*words, "--runs", 3000, "--jobs", 2)
    assert first.exit_code == DONE, first.output
    done = {each["target"]: each["inputs"] for each in json.loads(first.stdout)["targets"]}
    assert done == dict.fromkeys(names, 3000)
    # What reaches something new is kept.
    assert len(list((tmp_path / "checkpoint").iterdir())) > len(find("checkpoint").seeds())
    assert "Instrumenting federation.checkpoint" in (tmp_path / "checkpoint.log").read_text("utf-8")
    assert "federation.checkpoint" in state_in(tmp_path).of("checkpoint").source
    again = fuzz(*words, "--runs", 3500)
    assert [each["inputs"] for each in json.loads(again.stdout)["targets"]] == [3500, 3500]
    assert fuzz(*words, "--runs", 100).exit_code == DONE


@pytest.mark.all
def test_a_search_that_cannot_be_made_is_not_called_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.fuzzing.running.sys.executable", "/bin/false")
    said = fuzz("--target", "codes", *kept_in(tmp_path), "--runs", 100)
    assert said.exit_code == FAILED
    assert "codes ended with 1" in said.output


@pytest.mark.all
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_search_that_is_told_to_end_takes_down_what_it_did_and_leaves_nothing_running(
    number: signal.Signals, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    words = ["--target", "codes", *kept_in(corpus), "--runs", 10**9]
    command = [sys.executable, "-m", "scripts.fuzzing", *map(str, words)]
    # A terminal tells every process of a command, and so may a manager.
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as search:
        try:
            while not list((corpus / "codes").glob("[0-9a-f]" * 40)):
                assert search.poll() is None
                time.sleep(0.1)
            os.killpg(search.pid, number)
            assert search.wait(60) == 128 + number
        finally:
            search.kill()
    assert state_in(corpus).of("codes").inputs > 0
    assert not [line for line in command_lines() if os.fsencode(corpus) in line]


@pytest.mark.all
def test_a_worker_that_is_told_to_end_says_how_far_it_is_first(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.fuzzing.worker", job(tmp_path).to_json()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True) as one:
        try:
            assert one.stdout is not None
            done = 0
            while not done:
                done = json.loads(one.stdout.readline())["done"]
            # What a terminal tells is not for it.
            one.send_signal(signal.SIGINT)
            assert json.loads(one.stdout.readline())["done"] > done
            one.send_signal(signal.SIGTERM)
            told = one.stdout.read().splitlines()
            assert one.wait(60) == 0
        finally:
            one.kill()
    assert json.loads(told[-1])["done"] > done


@pytest.mark.long
def test_some_seconds_of_search_find_nothing(tmp_path: Path) -> None:
    limits = ("--seconds", 5, "--runs", 10**9, "--jobs", 2)
    said = fuzz(*limits, *kept_in(tmp_path), "--json")
    told = json.loads(said.stdout)
    assert told["findings"] == []
    assert said.exit_code == DONE, said.output
    assert all(each["inputs"] > 0 for each in told["targets"])
