"""A backup has everything, and is believed whole or not at all; what was changed is refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint
from federation.errors import HutongError, Reason
from federation.identifiers import CityCode
from node.anchor import FileAnchor
from node.config import read_settings
from node.errors import FILE_INVALID
from node.keeping import age
from node.keeping.archive import member
from node.keeping.errors import (
    AGE_KEY_INVALID,
    BACKUP_DAMAGED,
    BACKUP_LOG_BROKEN,
    BACKUP_NOT_FOR_THIS_KEY,
    BACKUP_NOT_TRUSTED,
    BACKUP_OF_ANOTHER_CITY,
    RESTORE_NOT_EMPTY,
)
from node.keeping.forms import (
    MANIFEST,
    manifest_from_json,
    sign_manifest,
)
from node.keeping.making import Parts
from node.keys import KeyFolder
from node.ports import Transaction
from node.services.cosigning import current_public
from node.store.trust_tables import LOG_ENTRIES, LOG_SALTS, LOG_STATE, LOG_TILES
from node.store_errors import STORE_OLD
from tests.conftest import NewStore
from tests.node.keeping.rig import (
    ENTRIES,
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
from tests.node.store.rig import HOME, entry, opened
from tests.node.transport.house import stranger


@pytest.fixture
def kept(tmp_path: Path, new_store: NewStore) -> Kept:
    return node(tmp_path / "node", new_store("node"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, Path]:
    """A node on SQLite and a backup of it, which nobody changes."""
    folder = tmp_path_factory.mktemp("made")
    kept = node(folder / "node", f"sqlite:///{folder / 'node.sqlite'}")
    back_up(kept, folder / "one.age")
    return kept, folder / "one.age"


def refused(kept: Kept, file: Path, to: Path | None = None) -> Reason:
    """Why a backup is refused by who verifies it, and by who restores it; nothing is left there."""
    with pytest.raises(HutongError) as verified:
        verify(kept, file)
    if to is None:
        return verified.value.reason
    with pytest.raises(HutongError) as restored:
        restore(kept, file, to)
    assert restored.value.reason == verified.value.reason
    assert not to.exists() or list(to.iterdir()) == []
    return verified.value.reason


def test_what_was_backed_up_is_what_is_restored(
    kept: Kept, tmp_path: Path, new_store: NewStore
) -> None:
    file, to = tmp_path / "one.age", tmp_path / "there"
    made = back_up(kept, file)
    assert (made.log.size, verify(kept, file, trusted=kept.trusted).manifest) == (
        ENTRIES + 7,
        made,
    )
    sqlite = kept.url.startswith("sqlite")
    restored = restore(kept, file, to, "" if sqlite else new_store("there"))
    settings = read_settings(restored.settings, {})
    assert rows(settings.store_url) == rows(kept.url)
    if sqlite:
        assert settings.store_url == f"sqlite:///{(to / 'hutong.sqlite').resolve()}"
    for folder in ("keys", "bundles", "clients", "log"):
        files = [p for p in (kept.directory / folder).iterdir() if p.name != "lock"]
        assert files
        assert [p.read_bytes() for p in files] == [
            (to / folder / p.name).read_bytes() for p in files
        ]


@pytest.mark.all
@pytest.mark.parametrize("way", [("sqlite", "postgres"), ("postgres", "sqlite")])
def test_a_store_moves_to_the_other_database(
    way: tuple[str, str], tmp_path: Path, new_sqlite: NewStore, new_postgres: NewStore
) -> None:
    new = {"sqlite": new_sqlite, "postgres": new_postgres}
    kept = node(tmp_path / "node", new[way[0]]("here"))
    back_up(kept, tmp_path / "one.age")
    url = new[way[1]]("there")
    restore(kept, tmp_path / "one.age", tmp_path / "there", url)
    assert rows(url) == rows(kept.url)
    with opened(url) as desk:
        grow(desk, 300)
        assert desk.read(lambda tx: tx.log.size()) == ENTRIES + 307


def test_what_comes_after_the_instant_is_not_in_it(kept: Kept, tmp_path: Path) -> None:
    with opened(kept.url) as desk:

        def write(_done: int) -> None:
            grow(desk, 1)

        made = back_up(kept, tmp_path / "one.age", write)
        assert desk.read(lambda tx: tx.log.size()) > made.log.size
    assert made.log.size == ENTRIES + 7
    assert verify(kept, tmp_path / "one.age").manifest == made


def test_only_its_own_identity_opens_it(made: tuple[Kept, Path]) -> None:
    kept, file = made
    other, _ = age.new_identity("now")
    with pytest.raises(HutongError) as error:
        verify(kept, file, identity=other)
    assert error.value.reason == BACKUP_NOT_FOR_THIS_KEY
    with pytest.raises(HutongError) as error:
        verify(kept, file, identity=b"AGE-SECRET-KEY-1NONSENSE")
    assert error.value.reason == AGE_KEY_INVALID
    assert "NONSENSE" not in error.value.text("en") + error.value.text("zh")
    # Of several identities one is enough.
    assert verify(kept, file, identity=other + kept.identity)


def test_nothing_of_a_person_is_in_the_clear(made: tuple[Kept, Path]) -> None:
    kept, file = made
    content = file.read_bytes()
    for clear in (b"culture-office", "文书".encode(), b"PRIVATE KEY", kept.public.encode()):
        assert clear not in content


def test_a_byte_that_was_changed_anywhere_is_found(made: tuple[Kept, Path], tmp_path: Path) -> None:
    kept, file = made
    content = file.read_bytes()
    changed = tmp_path / "changed.age"
    last = len(content) - 1
    places = [*range(0, 400, 13), *range(400, len(content), len(content) // 25), last]
    for place in places:
        spoilt = bytearray(content)
        spoilt[place] ^= 1
        changed.write_bytes(spoilt)
        reason = refused(kept, changed, tmp_path / "there" if place in {0, last} else None)
        assert reason in {BACKUP_DAMAGED, BACKUP_NOT_FOR_THIS_KEY}, place
        assert place < 400 or reason == BACKUP_DAMAGED, place


def test_a_file_that_was_cut_or_goes_on_is_found(made: tuple[Kept, Path], tmp_path: Path) -> None:
    kept, file = made
    content = file.read_bytes()
    head = content.index(b"\n--- ") + 64
    chunk = 64 * 1024 + 16
    sizes = {0, 1, 100, head, head + 16, head + 16 + chunk, len(content) - 17, len(content) - 1}
    changed = tmp_path / "changed.age"
    for size in sorted(sizes):
        changed.write_bytes(content[:size])
        to = tmp_path / "there" if size == len(content) - 1 else None
        assert refused(kept, changed, to) == BACKUP_DAMAGED, size
    changed.write_bytes(content + b"\0" * 512)
    assert refused(kept, changed) == BACKUP_DAMAGED


def test_whoever_has_the_public_key_alone_makes_no_backup_of_the_city(
    made: tuple[Kept, Path], tmp_path: Path
) -> None:
    kept, file = made
    members = inside(kept, file)
    forged = tmp_path / "forged.age"
    rest = [each for each in members if each.name != MANIFEST]
    place = next(i for i, each in enumerate(members) if each.name.startswith("store/records/"))
    more = member(members[place].name, members[place].content.replace(b"r-1", b"r-2"))
    assert more.content != members[place].content
    changed = [*members[:place], more, *members[place + 1 :]]
    impostor = stranger(tmp_path / "impostor", HOME).keys
    parts = Parts()
    for each in changed[:-1]:
        parts.add(each)
    manifest, _ = manifest_from_json(members[-1].content)
    signed = sign_manifest(replace(manifest, parts=parts.listed()), impostor)
    for number, told in enumerate(
        (
            changed,
            rest,
            [*members, members[-1]],
            [*rest, members[-1], members[1]],
            members[1:],
            [members[0], *members[2:]],
            [*changed[:-1], member(MANIFEST, signed)],
        )
    ):
        forge(kept, forged, told)
        to = None if number else tmp_path / "there"
        assert refused(kept, forged, to) == BACKUP_DAMAGED, number
    # The very members that were signed are believed, whoever encrypted them.
    forge(kept, forged, members)
    assert verify(kept, forged).manifest == manifest


def test_a_backup_of_another_city_or_another_root_is_refused(
    made: tuple[Kept, Path], tmp_path: Path
) -> None:
    kept, file = made
    for city, reason in (
        (CityCode("330100"), BACKUP_OF_ANOTHER_CITY),
        (HOME, BACKUP_NOT_TRUSTED),
    ):
        other = stranger(tmp_path / city, city).keys.published[-1]
        with pytest.raises(HutongError) as error:
            verify(kept, file, trusted=other.bundle)
        assert error.value.reason == reason


def test_nothing_is_restored_over_something(made: tuple[Kept, Path], tmp_path: Path) -> None:
    kept, file = made
    there = tmp_path / "there"
    there.mkdir()
    (there / "mine").write_text("mine")
    with pytest.raises(HutongError) as error:
        restore(kept, file, there)
    assert error.value.reason == RESTORE_NOT_EMPTY
    assert [path.name for path in there.iterdir()] == ["mine"]
    store = shutil.copy(kept.url.removeprefix("sqlite:///"), tmp_path / "used.sqlite")
    before = rows(f"sqlite:///{store}")
    with pytest.raises(HutongError) as error:
        restore(kept, file, tmp_path / "elsewhere", f"sqlite:///{store}")
    assert error.value.reason == RESTORE_NOT_EMPTY
    assert rows(f"sqlite:///{store}") == before
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_backup_is_never_written_over_a_file(made: tuple[Kept, Path]) -> None:
    kept, file = made
    before = file.read_bytes()
    with pytest.raises(HutongError) as error:
        back_up(kept, file)
    assert error.value.reason == FILE_INVALID
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entries SET kind = 'refused' WHERE sequence = 300",
        "DELETE FROM log_entries WHERE sequence = 300",
        "DELETE FROM log_entries WHERE sequence > 500",
        "UPDATE log_entries SET at = 'never' WHERE sequence = 300",
        "UPDATE log_tiles SET hash = zeroblob(32)",
        "DELETE FROM log_tiles",
        "UPDATE log_state SET size = size + 1",
        "UPDATE checkpoints SET note = replace(note, 'hutong', 'hutung')",
    ],
)
def test_of_a_log_that_does_not_hold_no_backup_is_made(
    made: tuple[Kept, Path], tmp_path: Path, statement: str
) -> None:
    kept, _ = made
    shutil.copytree(kept.directory, tmp_path / "node")
    store = shutil.copy(kept.url.removeprefix("sqlite:///"), tmp_path / "node.sqlite")
    broken = replace(kept, directory=tmp_path / "node", url=f"sqlite:///{store}")
    text = broken.path.read_text("utf-8").replace(kept.url, broken.url)
    broken.path.write_text(text, "utf-8")
    with opened(broken.url) as desk:
        desk.execute(statement)
    with pytest.raises(HutongError) as error:
        back_up(broken, tmp_path / "one.age")
    assert error.value.reason == BACKUP_LOG_BROKEN
    assert not list(tmp_path.glob("*.age*")) + list(tmp_path.glob(".*.part"))


def test_a_log_that_was_grown_anew_over_what_was_signed_makes_no_backup(
    kept: Kept, tmp_path: Path
) -> None:
    def regrow(tx: Transaction) -> None:
        for serial in range(ENTRIES + 7):
            tx.log.append(entry(serial, content=b"another"))

    with opened(kept.url) as desk:
        for table in (LOG_ENTRIES, LOG_SALTS, LOG_TILES):
            with desk.engine.begin() as connection:
                connection.execute(sa.delete(table))
        with desk.engine.begin() as connection:
            connection.execute(sa.update(LOG_STATE).values(size=0, peaks=b""))
        desk.run(regrow)
    with pytest.raises(HutongError, match=f"checkpoint of {ENTRIES} entries"):
        back_up(kept, tmp_path / "one.age")


def test_a_store_behind_its_anchor_makes_no_backup(kept: Kept, tmp_path: Path) -> None:
    head = Checkpoint(origin_of(HOME), ENTRIES + 100, b"\1" * 32)
    keys = kept.keys
    FileAnchor(kept.directory).write(sign_checkpoint(head, keys, current_public(keys)))
    with pytest.raises(HutongError, match="LOG_BROKEN"):
        back_up(kept, tmp_path / "one.age")


def test_tables_of_another_version_make_no_backup(kept: Kept, tmp_path: Path) -> None:
    with opened(kept.url) as desk:
        desk.execute("UPDATE alembic_version SET version_num = '0003'")
    with pytest.raises(HutongError) as error:
        back_up(kept, tmp_path / "one.age")
    assert error.value.reason == STORE_OLD


def test_a_restored_node_goes_on_with_its_log(made: tuple[Kept, Path], tmp_path: Path) -> None:
    kept, file = made
    restored = restore(kept, file, tmp_path / "there")
    there = replace(
        kept, directory=tmp_path / "there", url=read_settings(restored.settings, {}).store_url
    )
    with opened(there.url) as desk:
        grow(desk, 500)
        sign(there, desk)
    assert back_up(there, tmp_path / "two.age").log.size == ENTRIES + 507
    assert KeyFolder(there.directory).sequences() == (1,)


def test_restored_keys_are_for_the_nodes_user_alone(
    made: tuple[Kept, Path], tmp_path: Path
) -> None:
    kept, file = made
    restore(kept, file, tmp_path / "there")
    folders = ("keys", "clients", "bundles", "log", ".")
    paths = [path for folder in folders for path in (tmp_path / "there" / folder).iterdir()]
    assert {path.name for path in paths if path.stat().st_mode & 0o077} == set()
    assert not (tmp_path / "there").stat().st_mode & 0o077
