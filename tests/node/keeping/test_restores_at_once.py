"""Two restores into one folder at once: the second is refused, and the first is whole."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from federation.errors import HutongError, Reason
from node.config import read_settings
from node.keeping.errors import RESTORE_NOT_EMPTY, RESTORE_RUNS
from node.keeping.restoring import StoreLoad
from node.ports.keeping import TableForm
from node.upkeep import restoring
from tests.node.keeping.rig import Kept, back_up, node, reading, restore, rows


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, Path]:
    """A node on SQLite and a backup of it, which nobody changes."""
    folder = tmp_path_factory.mktemp("made")
    kept = node(folder / "node", f"sqlite:///{folder / 'node.sqlite'}")
    back_up(kept, folder / "one.age")
    return kept, folder / "one.age"


def test_of_two_restores_into_one_folder_the_second_changes_nothing_and_the_first_is_whole(
    made: tuple[Kept, Path], tmp_path: Path
) -> None:
    kept, file = made
    there, reasons = tmp_path / "there", list[Reason]()
    whole = restoring(there, "")

    @contextlib.contextmanager
    def open_load(url: str, schema: str, tables: Sequence[TableForm]) -> Iterator[StoreLoad]:
        with whole.open_load(url, schema, tables) as load:
            # In the middle of the first one.
            with pytest.raises(HutongError) as error:
                restore(kept, file, there)
            reasons.append(error.value.reason)
            yield load

    with reading(kept, file) as found:
        replace(whole, open_load=open_load).run(found, file.name)
    assert reasons == [RESTORE_RUNS]
    assert rows(read_settings(there / "hutong.toml", {}).store_url) == rows(kept.url)
    with pytest.raises(HutongError) as error:
        restore(kept, file, there)
    assert error.value.reason == RESTORE_NOT_EMPTY


def test_of_two_processes_that_restore_into_one_folder_at_once_one_does(
    made: tuple[Kept, Path], tmp_path: Path
) -> None:
    kept, file = made
    there, identity = tmp_path / "there", tmp_path / "key.txt"
    identity.write_bytes(kept.identity)
    command = [sys.executable, "-m", "node.cli", "--json", "restore", str(file), str(there)]
    command += ["--identity", str(identity), "--no-ask"]
    many = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    said = [json.loads(each.communicate(timeout=110)[0]) for each in many]
    refusals = [each["error"]["reason"] for each in said if "error" in each]
    # Where the first was done before the second looked, there is a node.
    assert refusals in ([RESTORE_RUNS.name], [RESTORE_NOT_EMPTY.name]), said
    assert rows(read_settings(there / "hutong.toml", {}).store_url) == rows(kept.url)
