"""Whoever has the public key makes a backup of anything: it costs who verifies it little memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import TOO_LARGE, HutongError
from node.keeping import age, limits
from node.keeping.errors import AGE_KEY_INVALID, BACKUP_DAMAGED, BACKUP_LOG_BROKEN
from node.keeping.forms import NotOursError, rows_from_json, rows_to_json
from node.keeping.log_check import LogCheck
from node.keeping.making import BUNDLES, FILES
from node.limits import LOCAL_ANSWER_BYTES
from node.ports.keeping import Kind, TableForm, Value
from tests.node.keeping.rig import (
    Kept,
    back_up,
    forge,
    grow,
    inside,
    node,
    restore,
    rows,
    sign,
    verify,
)
from tests.node.store import rig
from tests.node.store.rig import HOME, opened

# A row that is as large as one may be, three times and as text, and some.
_MOST_KIB = 128 * 1024


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, Path]:
    """A node on SQLite and a backup of it, which nobody changes."""
    folder = tmp_path_factory.mktemp("made")
    kept = node(folder / "node", f"sqlite:///{folder / 'node.sqlite'}")
    back_up(kept, folder / "one.age")
    return kept, folder / "one.age"


@pytest.mark.all
def test_a_backup_that_is_forged_to_be_large_costs_its_verifier_little_memory(
    tmp_path: Path,
) -> None:
    words = [sys.executable, "-m", "tests.node.keeping.forged", str(tmp_path / "here")]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=110)
    assert ran.returncode == 0, ran.stderr[-3000:]
    found = json.loads(ran.stdout)
    assert {said for said, _ in found.values()} == {BACKUP_DAMAGED.name}, found
    assert {flaw: size for flaw, (_, size) in found.items() if size > _MOST_KIB} == {}


@pytest.mark.parametrize("name", ["FILES", "FILE_BYTES", "FILES_BYTES", "BUNDLES", "ABOUT_BYTES"])
def test_a_forged_backup_has_no_more_beside_its_store_than_a_node_has(
    made: tuple[Kept, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    kept, file = made
    members = inside(kept, file)
    files = [each for each in members if each.name.startswith(FILES)]
    bundles = [each for each in files if each.name.startswith(FILES + BUNDLES)]
    assert bundles
    sizes = [len(each.content) for each in files]
    largest = max(len(members[0].content), len(members[-1].content))
    has = {
        "FILES": len(files),
        "FILE_BYTES": max(sizes),
        "FILES_BYTES": sum(sizes),
        "BUNDLES": len(bundles),
        "ABOUT_BYTES": largest,
    }
    monkeypatch.setattr(limits, name, has[name])
    forge(kept, tmp_path / "as-it-was.age", members)
    assert verify(kept, tmp_path / "as-it-was.age")
    # One more than may be: it is the limit that moves.
    monkeypatch.setattr(limits, name, has[name] - 1)
    with pytest.raises(HutongError) as error:
        verify(kept, tmp_path / "as-it-was.age")
    assert error.value.reason == BACKUP_DAMAGED
    if name != "ABOUT_BYTES":
        # What nobody would read is not made.
        with pytest.raises(HutongError) as error:
            back_up(kept, tmp_path / "two.age")
        assert error.value.reason == TOO_LARGE
        assert not (tmp_path / "two.age").exists()


def test_a_log_with_any_number_of_checkpoints_or_levels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = node(tmp_path / "node", f"sqlite:///{tmp_path / 'node.sqlite'}", 1)
    check = LogCheck(HOME, kept.keys.signing_keys)
    columns = (("level", Kind.WHOLE), ("tile", Kind.WHOLE), ("hash", Kind.BYTES))
    for level in (-1, 64, 10**6):
        with pytest.raises(HutongError) as error:
            check.rows(TableForm("log_tiles", columns, 1), [[level, 0, bytes(32)]])
        assert error.value.reason == BACKUP_LOG_BROKEN
    monkeypatch.setattr(limits, "CHECKPOINTS", 2)
    with opened(kept.url) as desk:
        notes = list[bytes]()
        for _ in range(3):
            grow(desk, 1)
            notes.append(sign(kept, desk))
    check.signed(notes[0])
    check.signed(notes[1])
    with pytest.raises(HutongError, match="over 2 checkpoints"):
        check.signed(notes[2])


def test_no_backup_is_made_for_more_recipients_than_a_head_may_name(
    made: tuple[Kept, Path], tmp_path: Path
) -> None:
    kept, _ = made
    [recipient] = age.recipients(kept.public.encode(), "test")
    for count, good in ((limits.RECIPIENTS, True), (limits.RECIPIENTS + 1, False)):
        file = tmp_path / "many.age"
        with file.open("wb") as out:
            if not good:
                with pytest.raises(HutongError) as error:
                    age.encrypt([b"content"], out, [recipient] * count)
                assert error.value.reason == AGE_KEY_INVALID
                return
            age.encrypt([b"content"], out, [recipient] * count)
        of = age.identities(kept.identity, "key")
        with file.open("rb") as raw, age.decrypted(raw, "many.age", of, "key") as plain:
            assert plain.read(100) == b"content"


def test_the_largest_answer_that_a_node_keeps_is_restored(tmp_path: Path) -> None:
    kept = node(tmp_path / "node", f"sqlite:///{tmp_path / 'node.sqlite'}", 1)
    large = bytes(range(256)) * (LOCAL_ANSWER_BYTES // 256)
    with opened(kept.url) as desk:
        desk.run(lambda tx: tx.answers.record(rig.answer(2, response=large)))
    back_up(kept, tmp_path / "one.age")
    restore(kept, tmp_path / "one.age", tmp_path / "there")
    found = rows(f"sqlite:///{tmp_path / 'there' / 'hutong.sqlite'}")
    assert large in [value for row in found["answers"] for value in row]
    assert found == rows(kept.url)


FORM = TableForm("some", (("one", Kind.TEXT), ("two", Kind.WHOLE), ("three", Kind.BYTES)), 1)
VALUES = st.tuples(
    st.none() | st.text(st.characters(codec="utf-8")),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.binary(),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=8,
)


def read(content: bytes, at_once: int) -> list[list[Value]] | None:
    """The rows; None where they are refused."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "ROW_AT_ONCE_BYTES", at_once)
        try:
            return [row for some in rows_from_json(FORM, content) for row in some]
        except NotOursError:
            return None


@given(st.lists(VALUES, max_size=4))
def test_a_long_row_is_read_as_a_short_one_is(many: list[tuple[Value, ...]]) -> None:
    content = b"".join(line + b"\n" for line in rows_to_json(FORM, many))
    expected = [list(row) for row in many]
    assert read(content, 1 << 20) == read(content, 0) == expected


@given(st.lists(JSON, max_size=5) | JSON, st.sampled_from(["", " ", "]", ",", "]]", "x"]))
def test_what_is_no_row_is_none_however_long_it_is(value: object, more: str) -> None:
    line = (json.dumps(value, separators=(",", ":")) + more).encode() + b"\n"
    at_once, one_by_one = read(line, 1 << 20), read(line, 0)
    # Spaces are none of ours: of a short row they are looked over.
    assert one_by_one == at_once or (more == " " and one_by_one is None)
