"""The log names no one: salted commitments that stand without their salts (rule 8)."""

import hashlib

import pytest

from federation.log_entry import commitment
from federation.merkle_log import merkle_root
from node.errors import HutongError
from node.ports import Transaction
from node.store.trust_tables import LOG_ENTRIES, LOG_SALTS
from tests.conftest import NewStore
from tests.node.store.rig import NOW, entry, opened, text_id

SAID = b"an attestation about somebody"


def test_with_its_salt_a_commitment_proves_what_was_said(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        desk.run(lambda tx: tx.log.append(entry(1, text_id(7), SAID)))
        [row], [salt] = desk.rows(LOG_ENTRIES), desk.rows(LOG_SALTS)
        assert row.commitment == commitment(salt.salt, SAID)
        assert row.commitment != commitment(salt.salt, SAID + b".")
        assert row.kind == "issued"
        assert row.at == NOW.timestamp() * 1_000_000


def test_without_its_salt_it_still_stands_and_says_nothing(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        for serial in (1, 2):
            desk.run(lambda tx, s=serial: tx.log.append(entry(s, text_id(7), SAID)))  # type: ignore[misc]
        desk.run(lambda tx: tx.log.append(entry(3, text_id(8), SAID)))
        before = desk.rows(LOG_ENTRIES)
        desk.execute(f"DELETE FROM log_salts WHERE subject = '{text_id(7)}'")  # noqa: S608 - ours
        assert desk.rows(LOG_ENTRIES) == before
        assert [row.sequence for row in desk.rows(LOG_SALTS)] == [2]
        # One thing said of one person twice looks like two things, and is no bare hash.
        erased = [row.commitment for row in before[:2]]
        assert len({*erased, hashlib.sha256(SAID).digest()}) == 3
        assert {column.name for column in LOG_ENTRIES.columns} == {
            "sequence",
            "at",
            "kind",
            "commitment",
            "leaf_hash",
        }


def test_what_was_said_is_nowhere_in_the_store(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        desk.run(lambda tx: tx.log.append(entry(1, "", SAID)))
        kept = repr(desk.rows(LOG_ENTRIES) + desk.rows(LOG_SALTS))
        assert SAID.decode() not in kept


def test_an_entry_is_never_written_over(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        desk.run(lambda tx: tx.log.append(entry(1, "", SAID)))
        before = desk.rows(LOG_ENTRIES)
        # Another process that saw the same tree would take the same number: the database refuses.
        desk.execute("UPDATE log_state SET size = 0, peaks = substr(peaks, 1, 0)")
        with pytest.raises(HutongError):
            desk.run(lambda tx: tx.log.append(entry(1, "", b"something else")))
        assert desk.rows(LOG_ENTRIES) == before


def test_a_tree_that_is_read_while_it_grows_is_written_once(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:

        def grow(tx: Transaction) -> tuple[bytes, ...]:
            for serial in range(300):
                tx.log.append(entry(serial))
            assert len(tx.log.leaf_hashes(0, 1000)) == 300
            for serial in range(300, 600):
                tx.log.append(entry(serial))
            return tx.log.tiles(1, 0, 5)

        tiles = desk.run(grow)
        leaves = desk.read(lambda tx: tx.log.leaf_hashes(0, 600))
        assert tiles == (merkle_root(leaves[:256]), merkle_root(leaves[256:512]))
        assert desk.read(lambda tx: tx.log.tiles(1, 0, 5)) == tiles
        assert desk.read(lambda tx: tx.log.root()) == merkle_root(leaves)
