"""What a clever insider does to a city's history: one entry rewritten, and all that follows.

For the demo and the tests. The insider has the store and the keys, and stops the node before.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint
from federation.identifiers import CityCode
from federation.log_entry import entry_leaf
from federation.merkle_log import Frontier, leaf_hash
from node.keys import FileKeys, KeyFolder
from scripts.city import City


def size(city: City) -> int:
    """How many entries the log has."""
    with _store(city) as store:
        return int(store.execute("SELECT size FROM log_state").fetchone()[0])


def rewrite(city: City, number: int) -> None:
    """Put another commitment in the place of one, and grow the tree anew over all entries."""
    with _store(city) as store:
        kind, at = store.execute(
            "SELECT kind, at FROM log_entries WHERE sequence = ?", (number,)
        ).fetchone()
        other = os.urandom(32)
        store.execute(
            "UPDATE log_entries SET commitment = ?, leaf_hash = ? WHERE sequence = ?",
            (other, leaf_hash(entry_leaf(kind, at, other)), number),
        )
        tree = Frontier()
        for (leaf,) in store.execute("SELECT leaf_hash FROM log_entries ORDER BY sequence"):
            tree.append(leaf)
        store.executemany(
            "UPDATE log_tiles SET hash = ? WHERE level = ? AND tile = ?",
            [(root, level, tile) for level, tile, root in tree.tiles],
        )
        store.execute("UPDATE log_state SET peaks = ?", (b"".join(tree.peaks),))


def sign_again(city: City) -> None:
    """Sign every checkpoint anew, as of the rewritten entries, and lay the newest beside the store.

    What partners cosigned stays where it is: their signatures are the one thing that nobody forges.
    """
    keys = FileKeys(KeyFolder(city.directory))
    public = next(k.public_key for k in keys.signing_keys if k.key_id == keys.key_id)
    with _store(city) as store:
        leaves = [
            row[0] for row in store.execute("SELECT leaf_hash FROM log_entries ORDER BY sequence")
        ]
        sizes = [row[0] for row in store.execute("SELECT size FROM checkpoints ORDER BY size")]
        note = b""
        for each in sizes:
            tree = Frontier()
            for leaf in leaves[:each]:
                tree.append(leaf)
            head = Checkpoint(origin_of(CityCode(city.about.code)), each, tree.root())
            note = sign_checkpoint(head, keys, public)
            store.execute("UPDATE checkpoints SET note = ? WHERE size = ?", (note, each))
    (city.directory / "log" / "checkpoint").write_bytes(note)


@contextlib.contextmanager
def _store(city: City) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(city.directory / "hutong.sqlite")) as store, store:
        yield store
