"""A backup that anybody can make, with settings of theirs, found these: each was a traceback."""

from io import BytesIO
from pathlib import Path

import pytest

from federation.errors import HutongError
from node import upkeep
from node.config import SETTINGS_FILE
from node.keeping.archive import END, member
from node.keeping.making import FILES
from node.keeping.reading import Reading
from scripts.fuzzing.backups import parts_of
from scripts.fuzzing.targets import find

DEEP = b"a = " + b"[" * 5000
LONG = b"a = " + b"9" * 5000


@pytest.mark.parametrize("settings", [DEEP, LONG], ids=["deep brackets", "5000 digits"])
def test_settings_that_cannot_be_read_are_told_where_a_backup_is_put_back(
    settings: bytes, tmp_path: Path
) -> None:
    name = FILES + SETTINGS_FILE
    given = parts_of(find("backup").seeds()[0])
    changed = [member(name, settings) if each.name == name else each for each in given]
    plain = b"".join(block for each in changed for block in each.blocks()) + END
    reading = Reading(BytesIO(plain), "backup.age", None)
    there = tmp_path / "there"
    with pytest.raises(HutongError):
        upkeep.restoring(there, "").run(reading, "backup.age")
    assert list(there.iterdir()) == []
