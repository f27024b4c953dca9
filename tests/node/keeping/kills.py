"""Kills a backup or a restore at its steps: `python -m tests.node.keeping.kills WHAT FOLDER URL`.

A step is a call by which something comes to be on the disk, or a portion of rows. For each of some
a child is forked, and killed right before it. What is left then is looked at from here; what does
not hold is printed, and ends in exit code 1.
"""

import functools
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from federation.errors import HutongError
from node.config import read_settings
from node.keeping.errors import RESTORE_NOT_EMPTY
from node.store.connection import Session
from node.store.engine import make_engine
from tests.node.keeping.rig import Kept, back_up, node, restore, rows, verify

STEPS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (os, "mkdir"),
    (os, "open"),
    (os, "rename"),
    (os, "replace"),
    (os, "unlink"),
    (Session, "write_rows"),
)
_SOME = 4
# A file that moves takes three steps.
_ENDS, _EACH = 20, 3


def steps(act: Callable[[], object], kill_at: int) -> int:
    """Act in a child that is killed before that step; how many steps it made, -1 where killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _count(act, kill_at, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return -1
    if not said:
        raise RuntimeError("the child failed; it said why")
    return int(said)


def _count(act: Callable[[], object], kill_at: int, writing: int) -> None:
    """As a child: never returns."""
    done = 0

    def stepping(function: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - any function's
            nonlocal done
            done += 1
            if done == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **options)

        return step

    for owner, name in STEPS:
        setattr(owner, name, stepping(getattr(owner, name)))
    code = 1
    try:
        act()
        os.write(writing, str(done).encode())
        code = 0
    finally:
        os._exit(code)


def chosen(count: int) -> Iterator[int]:
    """The first step, some of all, and each of the last ones."""
    some = range(2, count, max(1, count // _SOME))
    yield from sorted({1, *some, *range(count, max(0, count - _ENDS), -_EACH)})


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are restored to: a folder, and a server for its store, "" for SQLite."""

    folder: Path
    server: str

    def store(self) -> str:
        """The URL of an empty store."""
        if not self.server:
            return ""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(b"DROP DATABASE IF EXISTS killed WITH (FORCE)")
            connection.execute(b"CREATE DATABASE killed")
        return self.server.replace("/postgres?", "/killed?")


def killed_backup(kept: Kept, folder: Path) -> list[str]:
    """What does not hold when a backup is killed."""
    wrong, file = list[str](), folder / "one.age"
    count = steps(lambda: back_up(kept, file), 0)
    file.unlink()
    for step in chosen(count):
        if steps(lambda: back_up(kept, file), step) >= 0:
            wrong.append(f"step {step} of {count} was not reached")
        if file.exists():
            verify(kept, file)
            file.unlink()
        # What is left is in nobody's way.
        back_up(kept, file)
        verify(kept, file)
        file.unlink()
        if left := [path.name for path in folder.iterdir()]:
            wrong.append(f"step {step}: {left}")
    return wrong


def killed_restore(kept: Kept, folder: Path, place: Place) -> list[str]:
    """What does not hold when a restore is killed."""
    file, wrong = folder / "one.age", list[str]()
    back_up(kept, file)
    expected = rows(kept.url)
    url = place.store()
    count = steps(functools.partial(restore, kept, file, place.folder, url), 0)
    files = names(place.folder)
    shutil.rmtree(place.folder)
    # A server takes seconds for each: between its commit and the settings are two steps.
    for step in [count // 2, count - 2] if url else chosen(count):
        url = place.store()
        if steps(functools.partial(restore, kept, file, place.folder, url), step) >= 0:
            wrong.append(f"step {step} of {count} was not reached")
        whole = (place.folder / "hutong.toml").exists()
        if not whole:
            url = _again(kept, file, place, url)
        if (there := names(place.folder)) != files:
            wrong.append(f"step {step} of {count}: {files ^ there}, whole: {whole}")
        elif rows(read_settings(place.folder / "hutong.toml", {}).store_url) != expected:
            wrong.append(f"step {step} of {count}: another store, whole: {whole}")
        shutil.rmtree(place.folder)
    return wrong


def names(folder: Path) -> set[str]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _again(kept: Kept, file: Path, place: Place, url: str) -> str:
    """Restore once more where there is no node; as the error says, where something is left."""
    try:
        restore(kept, file, place.folder, url)
    except HutongError as error:
        if error.reason != RESTORE_NOT_EMPTY:
            raise
        if url:
            # A server's store is empty, or whole: never half.
            engine = make_engine(url)
            tables = sa.inspect(engine).get_table_names()
            engine.dispose()
            if tables and rows(url) != rows(kept.url):
                raise
        shutil.rmtree(place.folder)
        url = place.store()
        restore(kept, file, place.folder, url)
    return url


def main() -> int:
    """What does not hold is printed."""
    what, folder, server = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    folder.mkdir()
    kept = node(folder / "node", f"sqlite:///{folder / 'node.sqlite'}")
    work = folder / "work"
    work.mkdir()
    place = Place(folder / "there", server)
    found = killed_backup(kept, work) if what == "backup" else killed_restore(kept, work, place)
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
