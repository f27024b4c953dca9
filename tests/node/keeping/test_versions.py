"""A backup of another version: an older one is brought up to date, a newer one is told."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from federation.errors import HutongError
from node.config import read_settings
from node.keeping.archive import member
from node.keeping.errors import BACKUP_NEWER
from node.keeping.forms import (
    HEAD,
    MANIFEST,
    head_from_json,
    head_to_json,
    manifest_from_json,
    sign_manifest,
)
from node.keeping.making import Parts
from node.ports.keeping import TableForm
from tests.node.keeping.rig import Kept, back_up, forge, inside, node, restore, rows, verify


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, Path]:
    """A node on SQLite and a backup of it, which nobody changes."""
    folder = tmp_path_factory.mktemp("made")
    kept = node(folder / "node", f"sqlite:///{folder / 'node.sqlite'}")
    back_up(kept, folder / "one.age")
    return kept, folder / "one.age"


def resigned(kept: Kept, file: Path, changed: Path, schema: str, *, older: bool = False) -> None:
    """A backup with another schema, which the city signed; or one as version 0006 made it."""
    members = inside(kept, file)
    head = head_from_json(members[0].content)
    tables = head.tables
    if older:
        members = [m for m in members if "/processes/" not in m.name]
        tables = tuple(_older(table) for table in tables if table.name != "processes")
        place = next(i for i, m in enumerate(members) if "/node_state/" in m.name)
        [row] = members[place].content.splitlines()
        state = next(table for table in head.tables if table.name == "node_state")
        values = zip(state.columns, json.loads(row), strict=True)
        cut = [value for (name, _), value in values if name != "serves_from"]
        members[place] = member(members[place].name, json.dumps(cut).encode() + b"\n")
    head = replace(head, schema=schema, tables=tables)
    members[0] = member(HEAD, head_to_json(head))
    parts = Parts()
    for each in members[:-1]:
        parts.add(each)
    manifest, _ = manifest_from_json(members[-1].content)
    signed = sign_manifest(replace(manifest, parts=parts.listed()), kept.keys)
    forge(kept, changed, [*members[:-1], member(MANIFEST, signed)])


def _older(table: TableForm) -> TableForm:
    kept = tuple(column for column in table.columns if column[0] != "serves_from")
    return replace(table, columns=kept)


def test_a_newer_form_and_a_newer_schema_are_told(made: tuple[Kept, Path], tmp_path: Path) -> None:
    kept, file = made
    changed = tmp_path / "newer.age"
    resigned(kept, file, changed, "9999")
    with pytest.raises(HutongError) as error:
        restore(kept, changed, tmp_path / "there")
    assert error.value.reason == BACKUP_NEWER
    assert "9999" in error.value.text("en")
    assert list((tmp_path / "there").iterdir()) == []
    members = inside(kept, file)
    head = json.loads(members[0].content) | {"form": "hutong-backup/2", "version": "7.0"}
    forge(kept, changed, [member(HEAD, json.dumps(head).encode()), *members[1:]])
    with pytest.raises(HutongError) as error:
        verify(kept, changed)
    assert error.value.reason == BACKUP_NEWER
    assert "hutong 7.0" in error.value.text("en")


def test_a_backup_of_an_older_schema_is_brought_up_to_date(
    made: tuple[Kept, Path], tmp_path: Path
) -> None:
    kept, file = made
    changed = tmp_path / "older.age"
    resigned(kept, file, changed, "0006", older=True)
    restored = restore(kept, changed, tmp_path / "there")
    assert rows(read_settings(restored.settings, {}).store_url) == rows(kept.url)
