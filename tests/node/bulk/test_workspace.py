import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from federation.errors import HutongError
from node.bulk.snapshot import Snapshot, portions
from node.bulk.workspace import workspace
from node.bulk_limits import PORTION_BYTES

# Says that it holds a copy, then computes until it is told to stop.
HOLDER = """
import sys
from pathlib import Path
from node.bulk.snapshot import Snapshot
from node.bulk.workspace import workspace
with workspace(Path(sys.argv[1])) as directory:
    snapshot = Snapshot(directory)
    print("holding", flush=True)
    while True:
        snapshot.rows("SELECT count(*) FROM range(20000000) AS t(i) WHERE hash(i) = 7")
"""


def test_a_copy_is_its_owner_s_alone_and_goes_with_the_work(tmp_path: Path) -> None:
    with workspace(tmp_path) as directory:
        Snapshot(directory).close()
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert [path.parent for path in directory.iterdir()] == [directory]
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_gone_after_an_exception(tmp_path: Path) -> None:
    def work() -> None:
        with workspace(tmp_path) as directory:
            Snapshot(directory).close()
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        work()
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_kept_where_that_was_asked_for(tmp_path: Path) -> None:
    with workspace(tmp_path, keep=True) as directory:
        pass
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_copy_is_gone_after_sigterm_in_the_middle_of_a_query(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(HutongError) as caught, workspace(tmp_path / "nowhere"):
        pass
    assert caught.value.reason.name == "WORKSPACE_UNUSABLE"


def test_blocks_are_joined_to_portions_and_none_is_lost() -> None:
    blocks = [bytes([65 + place % 26]) * (PORTION_BYTES // 2) for place in range(5)]
    found = list(portions(iter(blocks)))
    assert b"".join(found) == b"".join(blocks)
    assert len(found) == 2 + 1
    assert list(portions(iter([]))) == []
