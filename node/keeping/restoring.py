"""Puts a backup back into an empty place: whole, verified by its log, or not at all.

1. No other restore to the folder runs, and it is empty. What an earlier one left that was cut off
   before step 5 is removed.
2. The files are written below `.restoring` there, and the settings made to fit the place.
3. The store is filled in one transaction. It was empty.
4. The backup was read to its end and verified; then the log is, as it lies in the store now, with
   every checkpoint, cosignature and subtree. Only then is the transaction committed.
5. The files move up, the settings last: before them there is no node in the folder.

A process that is killed leaves no node, or a whole one: where it was killed after step 4, a store
on a server has everything, and the folder has no settings.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from federation.envelope import Envelope
from federation.errors import HutongError
from federation.identifiers import CityCode
from node.config import SETTINGS_FILE, Settings, read_settings
from node.keeping.errors import (
    BACKUP_LOG_BROKEN,
    BACKUP_NEWER,
    RESTORE_NOT_EMPTY,
    RESTORE_RUNS,
)
from node.keeping.forms import LogHead
from node.keeping.reading import Reading
from node.keeping.verifying import ANCHOR, Found, found_in
from node.keys.files import sync, write_private
from node.ports.keeping import NotEmptyError, Rows, TableForm, UnknownSchemaError
from node.services.log_verifying import keys_of, verify_own
from node.services.log_walking import Snapshot

_WORK: Final = ".restoring"
_SQLITE: Final = "sqlite:///"
_STORE: Final = "sqlite:///hutong.sqlite"
# What is restored is what the file says, whatever node the environment speaks of.
_NO_ENVIRONMENT: Final[Mapping[str, str]] = {}


class LoadedLog(Snapshot, Protocol):
    """The log as it lies in the store that was filled."""

    def partners(self) -> dict[CityCode, Envelope]:
        """The trust bundles of the partners, as they are known now."""


class StoreLoad(Protocol):
    """An empty store that is filled, in one transaction."""

    def put(self, table: TableForm, rows: Rows) -> None:
        """Put rows into a table."""

    def finish(self) -> LoadedLog:
        """Bring the tables up to date; the log as it lies then."""


OpenLoad = Callable[[str, str, Sequence[TableForm]], AbstractContextManager[StoreLoad]]
"""Opens the store of a URL to be filled: with tables of that revision, of those forms."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A node that was put back."""

    settings: Path
    found: Found
    cosignatures: int
    missing: tuple[str, ...]
    """Files that the settings name, and that no backup holds."""


@dataclass(frozen=True, slots=True)
class Restoring:
    """A place to restore to, and how its store is opened; `store` is a URL, "" for the backup's."""

    directory: Path
    store: str
    open_load: OpenLoad

    def run(self, reading: Reading, name: str) -> Restored:
        """Restore what is read from the file of that name.

        Raises:
            HutongError: RESTORE_RUNS, RESTORE_NOT_EMPTY, BACKUP_NEWER, BACKUP_DAMAGED,
                BACKUP_LOG_BROKEN, STORE_UNAVAILABLE, SETTING_INVALID.

        """
        with _alone(self.directory):
            return self._restored(reading, name)

    def _restored(self, reading: Reading, name: str) -> Restored:
        # 1.
        work = self._emptied()
        try:
            # 2.
            settings = self._write(work, reading)
            # 3. 4.
            found, cosignatures = self._fill(settings, reading, name)
        except BaseException:
            # Keys do not lie about where there is no node.
            shutil.rmtree(work, ignore_errors=True)
            raise
        # 5.
        self._move(work)
        moved = read_settings(self.directory / SETTINGS_FILE, _NO_ENVIRONMENT)
        return Restored(self.directory / SETTINGS_FILE, found, cosignatures, _missing(moved))

    def _emptied(self) -> Path:
        work = self.directory / _WORK
        there = {path.name for path in self.directory.iterdir()}
        if there == {_WORK}:
            shutil.rmtree(work)
        elif there:
            raise HutongError(RESTORE_NOT_EMPTY, place=str(self.directory))
        work.mkdir(mode=0o700)
        return work

    def _write(self, work: Path, reading: Reading) -> Settings:
        for name, content in reading.files.items():
            if name != SETTINGS_FILE:
                write_private(work / name, content)
        path = work / SETTINGS_FILE
        text = reading.files[SETTINGS_FILE].decode("utf-8", "replace")
        write_private(path, _fitted(text, self.store).encode())
        for folder in (work, *(each for each in work.iterdir() if each.is_dir())):
            sync(folder)
        settings = read_settings(path, _NO_ENVIRONMENT)
        if settings.code != reading.head.city:
            raise reading.damaged("its settings are another city's")
        return settings

    def _fill(self, settings: Settings, reading: Reading, name: str) -> tuple[Found, int]:
        head = reading.head
        try:
            with self.open_load(settings.store_url, head.schema, head.tables) as load:
                for table, rows in reading.rows():
                    load.put(table, rows)
                log = load.finish()
                return self._verified(reading, log)
        except NotEmptyError as error:
            place = settings.store_url if settings.store.startswith(_SQLITE) else "the database"
            raise HutongError(RESTORE_NOT_EMPTY, place=place) from error
        except UnknownSchemaError as error:
            what = f"tables of revision {head.schema}"
            raise HutongError(BACKUP_NEWER, file=name, version=head.version, what=what) from error

    def _verified(self, reading: Reading, log: LoadedLog) -> tuple[Found, int]:
        city = reading.head.city
        keys = keys_of((*log.partners().values(), *reading.bundles))
        verified = verify_own(log, city, keys, reading.files.get(ANCHOR, b""), _quietly)
        if verified.problems:
            first = verified.problems[0]
            problem = f"{first.name}, from entry {first.entry} on"
            raise HutongError(BACKUP_LOG_BROKEN, problem=problem)
        head = LogHead(verified.size, verified.root, b"")
        return found_in(reading, head), verified.cosignatures

    def _move(self, work: Path) -> None:
        names = sorted(path.name for path in work.iterdir() if path.name != SETTINGS_FILE)
        for name in (*names, SETTINGS_FILE):
            # Everything else is there for good before the settings are.
            sync(self.directory)
            if (work / name).is_file():
                # A store that SQLite made is as open as the process makes files.
                (work / name).chmod(0o600)
            os.rename(work / name, self.directory / name)  # noqa: PTH104 - what is there stays
        work.rmdir()
        sync(self.directory)


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Be the only restore to a folder, which is made where it is not there; raises RESTORE_RUNS."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The lock is on the folder itself: nothing of it lies in there, and it ends with the process.
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HutongError(RESTORE_RUNS, place=str(directory)) from error
        yield
    finally:
        os.close(descriptor)


def _missing(settings: Settings) -> tuple[str, ...]:
    named = (settings.key_passphrase_file, settings.pkcs11_pin_file)
    return tuple(str(path) for path in named if path and not path.exists())


def _fitted(text: str, store: str) -> str:
    """The settings, with everything of the node below their own folder; or a store elsewhere."""
    try:
        kept = tomllib.loads(text)
    except (ValueError, RecursionError):
        # Whoever reads them says what is wrong with them.
        return text
    wanted = {"data_dir": "."} if "data_dir" in kept else {}
    if store:
        wanted["store"] = store
    elif str(kept.get("store", "")).startswith(_SQLITE):
        wanted["store"] = _STORE
    for key, value in wanted.items():
        text = _set(text, key, value, kept)
    return text


def _set(text: str, key: str, value: str, kept: Mapping[str, object]) -> str:
    if kept.get(key) == value:
        return text
    # What a string of JSON may hold, one of TOML may.
    line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    if key not in kept:
        return f"{line}\n{text}"
    return re.sub(rf"(?m)^[ \t]*{key}[ \t]*=.*$", lambda _: line, text, count=1)


def kept_files(settings_path: Path, settings: Settings) -> Iterator[tuple[str, bytes]]:
    """What belongs into a backup beside the store, by the name that it has there.

    Not what opens it: neither a passphrase nor a PIN, so that who has the backup's identity does
    not have the keys by that alone. Nor the anchor of the log: it is read before the store is.
    """
    yield SETTINGS_FILE, settings_path.read_bytes()
    first = settings.data_dir / "trust-bundle.json"
    if first.is_file():
        yield first.name, first.read_bytes()
    for folder in ("bundles", "clients", "drafts", "keys"):
        place = settings.data_dir / folder
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if _belongs(path, settings):
                yield f"{folder}/{path.name}", path.read_bytes()


def _belongs(path: Path, settings: Settings) -> bool:
    secret = {settings.key_passphrase_file, settings.pkcs11_pin_file}
    plain = not path.name.startswith(".") and path.name != "lock"
    return plain and path.is_file() and path.resolve() not in secret


def _quietly(_done: int) -> None:
    """The bytes of the backup are what is told of."""
