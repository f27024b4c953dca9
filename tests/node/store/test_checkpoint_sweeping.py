"""Checkpoints of the last week stay; of older ones the last of each day, with its cosignatures."""

from datetime import timedelta

from node import limits
from node.logbook import PartnerCheckpoint, StoredCheckpoint
from node.store.trust_tables import CHECKPOINTS, COSIGNATURES, PARTNER_CHECKPOINTS
from tests.conftest import NewStore
from tests.node.store.rig import HOME, HOST, NOW, Desk, opened

HOUR = timedelta(hours=1)
SIZES = range(1, 49)


def fill(desk: Desk) -> None:
    """A checkpoint for each of 48 hours from 02:00 on: 22 of the first day, 24, and 2."""
    for size in SIZES:
        at = NOW + (size - 1) * HOUR
        desk.run(lambda tx, s=size, a=at: tx.checkpoints.add(StoredCheckpoint(s, a, b"note")))  # type: ignore[misc]
        desk.run(lambda tx, s=size: tx.checkpoints.cosign(s, HOST, b"line"))  # type: ignore[misc]
        for city in (HOME, HOST):
            kept = PartnerCheckpoint(city, size, at, b"note", b"line")
            desk.run(lambda tx, k=kept: tx.checkpoints.add_of_partner(k))  # type: ignore[misc]


def sizes(desk: Desk) -> tuple[list[int], list[int], list[tuple[str, int]]]:
    return (
        sorted(row.size for row in desk.rows(CHECKPOINTS)),
        sorted(row.size for row in desk.rows(COSIGNATURES)),
        sorted((row.city, row.size) for row in desk.rows(PARTNER_CHECKPOINTS)),
    )


def test_of_older_checkpoints_the_last_of_each_day_stays(new_store: NewStore) -> None:
    with opened(new_store("one")) as desk:
        fill(desk)
        before = sizes(desk)
        desk.clock.instant = NOW + limits.CHECKPOINTS_KEPT
        assert desk.sweep() == 0
        assert sizes(desk) == before
        desk.clock.instant = NOW + limits.CHECKPOINTS_KEPT + 30 * HOUR
        desk.sweep()
        own = [22, *range(31, 49)]
        assert sizes(desk) == (own, own, [(city, s) for city in (HOST, HOME) for s in own])
        desk.clock.instant = NOW + timedelta(days=3650)
        desk.sweep()
        own = [22, 46, 48]
        assert sizes(desk) == (own, own, [(city, s) for city in (HOST, HOME) for s in own])
        assert desk.sweep() == 0
        newest = desk.read(lambda tx: tx.checkpoints.of_partner(HOST))
        assert newest is not None
        assert newest.size == 48
