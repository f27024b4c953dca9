"""Processes of one city write to one file one after another, and nobody waits for the dead."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from node.store.engine import make_engine, memory_engine
from node.store.write_turns import WriteTurns, turns_of
from tests.conftest import NewStore
from tests.node.store.rig import opened, resident
from tests.node.store.test_processes import ROOT

_HOLDS = """
import sys
from pathlib import Path
from node.store.write_turns import WriteTurns
with WriteTurns(Path(sys.argv[1])).mine():
    print("mine", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def held_by_another(store: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process has the turn until it ends."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS, str(store)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "mine\n"
            yield other
        finally:
            other.kill()


def is_taken(store: Path) -> bool:
    """Whether somebody has the turn."""
    file = os.open(f"{store}-turn", os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def file_of(url: str) -> Path:
    return Path(sa.make_url(url).database or "")


def test_a_turn_is_of_one_at_a_time_and_ends(tmp_path: Path) -> None:
    store = tmp_path / "hutong.sqlite"
    turns = WriteTurns(store)
    with turns.mine():
        assert is_taken(store)
    assert not is_taken(store)
    with pytest.raises(LookupError), turns.mine():
        raise LookupError
    assert not is_taken(store)
    assert (tmp_path / "hutong.sqlite-turn").stat().st_mode & 0o777 == 0o600
    turns.close()


@pytest.mark.all
def test_whoever_is_killed_in_its_turn_holds_nobody_up(tmp_path: Path) -> None:
    store = tmp_path / "hutong.sqlite"
    with held_by_another(store) as other:
        assert is_taken(store)
        other.send_signal(signal.SIGKILL)
        other.wait()
        with WriteTurns(store).mine():
            assert is_taken(store)


@pytest.mark.all
def test_whoever_is_stopped_in_its_turn_holds_up_no_write_for_good(new_sqlite: NewStore) -> None:
    url = new_sqlite("stopped")
    with opened(url) as desk, held_by_another(file_of(url)) as other:
        other.send_signal(signal.SIGSTOP)
        desk.run(lambda tx: tx.residents.add(resident(1)))
        assert is_taken(file_of(url))
        other.send_signal(signal.SIGCONT)


def test_a_turn_that_cannot_be_had_leaves_it_to_the_store_to_say_why(tmp_path: Path) -> None:
    with WriteTurns(tmp_path / "nowhere" / "hutong.sqlite").mine():
        pass
    assert list(tmp_path.iterdir()) == []


def test_only_a_file_that_others_may_open_has_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    urls = ("postgresql://somebody@nowhere.example/city",)
    for engine in (*map(make_engine, urls), memory_engine("room")):
        with turns_of(engine).mine():
            assert list(tmp_path.iterdir()) == []
    with turns_of(make_engine("sqlite:///hutong.sqlite")).mine():
        assert [each.name for each in tmp_path.iterdir()] == ["hutong.sqlite-turn"]


def test_a_store_that_is_closed_holds_no_file(new_sqlite: NewStore) -> None:
    url = new_sqlite("closed")
    with opened(url) as desk:
        desk.run(lambda tx: tx.residents.add(resident(1)))
    held = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    assert not [each for each in held if each.startswith(str(file_of(url)))]
