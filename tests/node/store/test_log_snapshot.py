"""A whole log is verified as it lies in the store: what was changed in it is found, and named."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.checkpoint import Checkpoint, cosign, origin_of, sign_checkpoint
from federation.errors import HutongError
from federation.keys import Ed25519Signer
from node.logbook import StoredCheckpoint
from node.ports import Transaction
from node.services.log_verifying import Keys, Verified, verify_leaves, verify_own
from node.store.log_snapshot import open_log
from node.store.trust_tables import (
    CHECKPOINTS,
    COSIGNATURES,
    LOG_ENTRIES,
    LOG_SALTS,
    LOG_STATE,
    LOG_TILES,
)
from tests.conftest import NewStore
from tests.node.store.rig import HOME, HOST, NOW, Desk, entry, opened

OURS = Ed25519Signer.from_seed(b"o" * 32)
THEIRS = Ed25519Signer.from_seed(b"t" * 32)
WINDOW = {"not_before": NOW - timedelta(days=1), "not_after": NOW + timedelta(days=1)}
KEYS = {HOME: (OURS.described(**WINDOW),), HOST: (THEIRS.described(**WINDOW),)}
ENTRIES = 1000
TABLES = {
    LOG_ENTRIES: ("at", "kind", "commitment", "leaf_hash"),
    LOG_TILES: ("hash",),
    LOG_STATE: ("size", "peaks"),
    CHECKPOINTS: ("size", "note"),
    COSIGNATURES: ("line",),
}


def grow(desk: Desk, count: int) -> None:
    """So many more entries, each as the first of its number."""

    def write(tx: Transaction) -> None:
        for serial in range(tx.log.size(), tx.log.size() + count):
            tx.log.append(entry(serial))

    desk.run(write)


def sign(desk: Desk) -> bytes:
    """A checkpoint of the log as it is, cosigned."""
    size, root = desk.read(lambda tx: (tx.log.size(), tx.log.root()))
    note = sign_checkpoint(Checkpoint(origin_of(HOME), size, root), OURS, OURS.public_key)
    line = cosign(note, HOST, THEIRS, THEIRS.public_key, NOW)
    desk.run(lambda tx: tx.checkpoints.add(StoredCheckpoint(size, NOW, note)))
    desk.run(lambda tx: tx.checkpoints.cosign(size, HOST, line))
    return note


def fill(desk: Desk) -> bytes:
    """A log of a thousand entries with three checkpoints; the last note."""
    for count in (300, 400, ENTRIES - 700):
        grow(desk, count)
        note = sign(desk)
    return note


def verified(url: str, anchored: bytes = b"", keys: Keys = KEYS) -> Verified:
    with open_log(url) as snapshot:
        return verify_own(snapshot, HOME, keys, anchored, lambda _: None)


def names(found: Verified) -> list[tuple[str, int]]:
    return [(problem.name, problem.entry) for problem in found.problems]


@pytest.fixture
def filled(new_store: NewStore) -> Iterator[tuple[Desk, str, bytes]]:
    url = new_store("log")
    with opened(url) as desk:
        yield desk, url, fill(desk)


def test_a_log_is_whole_though_a_partner_revoked_the_key_by_which_it_cosigned(
    filled: tuple[Desk, str, bytes],
) -> None:
    """Else no partner's log would verify from then on, and no backup of one could be restored."""
    _, url, note = filled
    revoked = {**KEYS, HOST: (replace(KEYS[HOST][0], revoked_at=NOW),)}
    found = verified(url, note, revoked)
    assert found.problems == ()
    assert (found.cosignatures, found.unchecked) == (0, 3)


def test_a_log_that_nobody_touched_verifies_while_it_grows(
    filled: tuple[Desk, str, bytes],
) -> None:
    desk, url, note = filled
    found = verified(url, note)
    assert (found.size, found.checkpoints, found.cosignatures) == (ENTRIES, 3, 3)
    assert found.problems == ()
    grow(desk, 1)
    assert verified(url, note).problems == ()
    assert verified(url, note).root == desk.read(lambda tx: tx.log.root())


def test_an_empty_log_verifies(new_store: NewStore) -> None:
    url = new_store("log")
    with opened(url):
        assert names(verified(url)) == []


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(HutongError), open_log(f"sqlite:///{tmp_path / 'none.sqlite'}"):
        pass
    assert not list(tmp_path.iterdir())


FLAWS: list[tuple[str, str, list[tuple[str, int]]]] = [
    ("a time", "UPDATE log_entries SET at = at + 1 WHERE sequence = 555", [("entry_changed", 555)]),
    (
        "a kind",
        "UPDATE log_entries SET kind = 'refused' WHERE sequence = 0",
        [("entry_changed", 0)],
    ),
    (
        "a commitment of the last, of which there is no tile",
        "UPDATE log_entries SET commitment = leaf_hash WHERE sequence = 999",
        [("entry_changed", 999)],
    ),
    (
        "a leaf hash",
        "UPDATE log_entries SET leaf_hash = commitment WHERE sequence = 511",
        [("leaf_changed", 511)],
    ),
    (
        "a leaf hash of the last",
        "UPDATE log_entries SET leaf_hash = commitment WHERE sequence = 999",
        [("leaf_changed", 999)],
    ),
    (
        "a tile",
        "UPDATE log_tiles SET hash = (SELECT max(commitment) FROM log_entries) WHERE tile = 1",
        [("tile_changed", 256)],
    ),
    ("a tile is gone", "DELETE FROM log_tiles WHERE tile = 2", [("tile_missing", 512)]),
    (
        "a tile too many",
        "INSERT INTO log_tiles (level, tile, hash) SELECT 1, 9, hash FROM log_tiles WHERE tile = 1",
        [("tiles_beyond", 1000)],
    ),
    ("an entry in the middle", "DELETE FROM log_entries WHERE sequence = 640", [("missing", 640)]),
    ("the last entry", "DELETE FROM log_entries WHERE sequence = 999", [("cut", 999)]),
    ("the size", "UPDATE log_state SET size = 999", [("truncated", 999)]),
    (
        "a checkpoint",
        "UPDATE checkpoints SET size = 701 WHERE size = 700",
        [("checkpoint_bad", 701)],
    ),
    (
        "a cosignature",
        "UPDATE cosignatures SET line = (SELECT o.line FROM cosignatures o WHERE o.size = 300)",
        [("cosignature_bad", 700)],
    ),
]


@pytest.mark.parametrize(("flaw", "change", "expected"), FLAWS, ids=[flaw for flaw, _, _ in FLAWS])
def test_what_was_changed_is_named(
    filled: tuple[Desk, str, bytes], flaw: str, change: str, expected: list[tuple[str, int]]
) -> None:
    desk, url, note = filled
    desk.execute(change)
    assert names(verified(url, note))[: len(expected)] == expected, flaw


# What a column of SQLite takes, whatever its type says; a number asks `bytes` for that much room.
@pytest.mark.parametrize("value", ["'some text'", "1e300", "99999999999999", "NULL"])
@pytest.mark.parametrize(
    ("table", "column"), [(table, c) for table, columns in TABLES.items() for c in columns]
)
def test_a_column_that_holds_what_it_never_does_is_a_problem(
    kept: tuple[Desk, str, bytes], table: sa.Table, column: str, value: str
) -> None:
    _, url, note = kept
    find = f"SELECT rowid, {column} FROM {table.name} LIMIT 1"  # noqa: S608 - our own names
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        before = connection.execute(find).fetchone()
        change = f"UPDATE {table.name} SET {column} = {{}} WHERE rowid = {before[0]}"  # noqa: S608
        try:
            with connection:
                connection.execute(change.format(value))
        except sqlite3.IntegrityError:
            assert value == "NULL"
            return
        try:
            assert verified(url, note).problems
        finally:
            with connection:
                connection.execute(change.format("?"), (before[1],))


def rewritten(desk: Desk, size: int, number: int = -1) -> None:
    """The log again up to a size, with another entry, and all that follows but what was signed."""
    with desk.engine.begin() as connection:
        for table in (LOG_ENTRIES, LOG_SALTS, LOG_TILES):
            connection.execute(sa.delete(table))
        connection.execute(sa.update(LOG_STATE).values(size=0, peaks=b""))
    grow(desk, number if number >= 0 else size)
    if number >= 0:
        desk.run(lambda tx: tx.log.append(entry(number, content=b"another")))
        grow(desk, size - number - 1)


def test_a_log_that_was_rewritten_whole_does_not_fit_what_was_signed(
    filled: tuple[Desk, str, bytes],
) -> None:
    desk, url, note = filled
    rewritten(desk, ENTRIES, 750)
    found = verified(url, note)
    assert names(found) == [("rewritten", 700)]
    assert found.problems[0].fields == {"first": 700, "last": 999, "what": "checkpoint 1000"}


def test_a_truncated_log_does_not_reach_what_was_signed(filled: tuple[Desk, str, bytes]) -> None:
    desk, url, note = filled
    # Cut as whoever knows the format would: entries, tiles, edge, and the later checkpoints.
    rewritten(desk, 700)
    desk.execute("DELETE FROM cosignatures WHERE size > 700")
    desk.execute("DELETE FROM checkpoints WHERE size > 700")
    assert verified(url).problems == ()
    found = verified(url, note)
    assert names(found) == [("truncated", 700)]
    assert found.problems[0].fields == {"what": "anchor", "known": ENTRIES, "size": 700}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, str, bytes]]:
    url = f"sqlite:///{tmp_path_factory.mktemp('log') / 'log.sqlite'}"
    with opened(url) as desk:
        yield desk, url, fill(desk)


@given(data=st.data())
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bit_that_flipped_anywhere_is_found(
    kept: tuple[Desk, str, bytes], data: st.DataObject
) -> None:
    desk, url, note = kept
    table = data.draw(st.sampled_from(sorted(TABLES, key=str)))
    rows = desk.rows(table)
    row = data.draw(st.sampled_from(rows))
    column = data.draw(st.sampled_from(TABLES[table]))
    before = getattr(row, column)
    after = data.draw(flipped(before))
    key = [c == getattr(row, c.name) for c in table.primary_key.columns]
    moved = [
        c == (after if c.name == column else getattr(row, c.name))
        for c in table.primary_key.columns
    ]
    with desk.engine.begin() as connection:
        connection.execute(sa.update(table).where(*key).values({column: after}))
    try:
        found = verified(url, note)
    finally:
        with desk.engine.begin() as connection:
            connection.execute(sa.update(table).where(*moved).values({column: before}))
    assert found.problems, (table.name, column, before, after)
    if table is LOG_ENTRIES:
        assert found.problems[0].entry == row.sequence


def flipped(value: object) -> st.SearchStrategy[object]:
    """The value with one bit of it flipped."""
    if isinstance(value, int):
        return st.integers(0, 62).map(lambda bit: value ^ 1 << bit)
    if isinstance(value, str):
        places = st.tuples(st.integers(0, len(value) - 1), st.integers(0, 6))
        return places.map(
            lambda at: value[: at[0]] + chr(ord(value[at[0]]) ^ 1 << at[1]) + value[at[0] + 1 :]
        )
    assert isinstance(value, bytes)
    places = st.tuples(st.integers(0, len(value) - 1), st.integers(0, 7))
    return places.map(
        lambda at: value[: at[0]] + bytes([value[at[0]] ^ 1 << at[1]]) + value[at[0] + 1 :]
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda leaves: leaves, []),
        (lambda leaves: leaves[:-1], [("truncated", 699)]),
        (lambda leaves: [*leaves[:5], b"\x00" * 32, *leaves[6:]], [("rewritten", 0)]),
        (lambda leaves: [*leaves[1:], leaves[0]], [("rewritten", 0)]),
        (lambda leaves: [*leaves, b"\x00" * 32], [("beyond", 700)]),
    ],
)
def test_a_partners_log_is_held_against_its_checkpoint(
    new_store: NewStore,
    change: Callable[[list[bytes]], list[bytes]],
    expected: list[tuple[str, int]],
) -> None:
    with opened(new_store("log")) as desk:
        grow(desk, 700)
        sign(desk)
        newest = desk.read(lambda tx: tx.checkpoints.newest())
        assert newest is not None
        note = newest.note + b"".join(line for _, line in newest.cosignatures)
        leaves = list(desk.read(lambda tx: tx.log.leaf_hashes(0, 700)))
    found = verify_leaves(change(leaves), HOME, KEYS, note, lambda _: None)
    assert names(found) == expected
    assert found.cosignatures == 1
