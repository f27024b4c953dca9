"""A log of before the tree: each entry keeps its place and its salt, and all of it verifies."""

import sqlite3
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from federation.log_entry import commitment
from federation.merkle_log import check_inclusion, inclusion_proof
from node.store.engine import make_engine
from tests.conftest import NewStore
from tests.node.store.old_stores import upgrade
from tests.node.store.rig import entry, opened
from tests.node.store.test_log_snapshot import verified

# More than two tiles, and some.
ENTRIES = 700
SUBJECTS = 7


def content(number: int) -> bytes:
    return b"what was said %d" % number


def salt(number: int) -> bytes:
    return number.to_bytes(16, "big")


@pytest.fixture
def old(new_store: NewStore) -> Iterator[tuple[str, sa.Engine]]:
    """A store of before, with a log whose rows were written in any order."""
    url = new_store("old")
    engine = make_engine(url)
    upgrade(engine, "0003")
    # 11 shares no divisor with their count: each comes once.
    numbers = [n * 11 % ENTRIES for n in range(ENTRIES)]
    insert = "INSERT INTO log_entries (entry_id, at, kind, commitment) VALUES (:id, :at, :kind, :c)"
    keep = "INSERT INTO log_salts (entry_id, subject, salt) VALUES (:id, :whose, :salt)"
    with engine.begin() as connection:
        for n in numbers:
            committed = commitment(salt(n), content(n))
            of = {"id": f"{n:08d}", "at": n, "kind": "issued", "c": committed}
            connection.execute(sa.text(insert), of)
            # Some were erased: of them no salt is left.
            if n % 10:
                whose = f"resident {n % SUBJECTS}"
                connection.execute(
                    sa.text(keep), {"id": f"{n:08d}", "whose": whose, "salt": salt(n)}
                )
    yield url, engine
    engine.dispose()


def test_an_old_log_moves_into_its_tree_as_it_was(old: tuple[str, sa.Engine]) -> None:
    url, engine = old
    upgrade(engine)
    with opened(url) as desk:
        assert desk.read(lambda tx: tx.log.size()) == ENTRIES
        moved = desk.read(lambda tx: tx.log.entries(0, ENTRIES))
        assert [e.commitment for e in moved] == [
            commitment(salt(n), content(n)) for n in range(ENTRIES)
        ]
        assert desk.read(
            lambda tx: [tx.log.salt(f"resident {n % SUBJECTS}", n) for n in range(ENTRIES)]
        ) == [salt(n) if n % 10 else None for n in range(ENTRIES)]
        found = verified(url)
        assert (found.size, found.problems) == (ENTRIES, ())
        # It grows on from there, and proves what was there before.
        desk.run(lambda tx: tx.log.append(entry(ENTRIES)))
        leaf, root = desk.read(lambda tx: (tx.log.leaf_hashes(300, 1)[0], tx.log.root()))
        proof = desk.read(lambda tx: inclusion_proof(300, ENTRIES + 1, tx.log.node))
        check_inclusion(leaf, 300, ENTRIES + 1, proof, root)
        assert verified(url).problems == ()


def test_a_long_log_is_moved_in_time_that_grows_with_it(new_sqlite: NewStore) -> None:
    engine = make_engine(new_sqlite("old"))
    upgrade(engine, "0003")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO log_entries VALUES ('1', 1, 'issued', x'00')")
        connection.exec_driver_sql("INSERT INTO log_salts VALUES ('1', 'somebody', x'00')")
    plans = list[str]()

    @sa.event.listens_for(engine, "before_cursor_execute")
    def plan(
        _: object,
        cursor: sqlite3.Cursor,
        statement: str,
        values: tuple[object, ...],
        *_more: object,
    ) -> None:
        if "FROM old_salts" in statement:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.extend(str(row[-1]) for row in cursor.fetchall())

    upgrade(engine)
    engine.dispose()
    assert plans
    assert not [each for each in plans if each.startswith("SCAN")]
